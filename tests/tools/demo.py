"""The whole life of a service through the real program, told step by step: `make demo`.

BILLmanager and the cloud are the doubles of tests/doubles; with CLOUD_URL, CLOUD_USER and
CLOUD_PASSWORD set the cloud is a real server.
"""

import os
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

from tests.doubles.billmanager import Run, Stand
from tests.doubles.cloud import Cloud
from tests.e2e.shop import AMOUNT, WholeShop, whole_shop
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World, real_world

PAYMENT = {2: "being paid", 4: "credited", 8: "begun"}
STATUS = {1: "ordered", 2: "active", 3: "suspended", 4: "closed", 5: "in progress"}
USED_BYTES = 3 * 1024**2


class Story:
    """Plays commands and tells what each changed in billing and in the cloud."""

    def __init__(self, world: World, item: int) -> None:
        self._world = world
        self._item = item
        self.shop: Optional[WholeShop] = None
        self.payment = 0
        self._seen = self._look()
        self.table: List[Tuple[str, str, str]] = []

    def play(self, title: str, command: str, expected: Dict[str, Any], **options: Any) -> Run:
        """Runs a command on the service and tells it; remembers whether it did what it should."""
        if command == "stat":
            run = self._world.stand.run("stat", module=self._world.module)
        else:
            run = self._world.run(command, self._item, **options)
        return self.tell(title, run, expected)

    def tell(self, title: str, run: Run, expected: Dict[str, Any]) -> Run:
        """Shows a run and its effects, and compares them with what was expected."""
        print(f"\n=== {title}")
        print("  $ processing/pmnextcloud " + " ".join(run.argv[1:]))
        for line in run.stdout.decode("utf-8").splitlines():
            print(f"  < {line}")
        print(f"    exit {run.exit_code}, {run.seconds * 1000:.0f} ms")
        self._compare(title, run.seconds, expected, run.exit_code == 0 and run.error is None)
        return run

    def show(self, title: str, lines: List[str], took_s: float, expected: Dict[str, Any]) -> None:
        """Shows what is no run of the processing module, and its effects."""
        print(f"\n=== {title}")
        for line in lines:
            print(f"  {line}")
        self._compare(title, took_s, expected, good=True)

    def _compare(self, title: str, took_s: float, expected: Dict[str, Any], good: bool) -> None:
        seen = self._look()
        for name in sorted({*seen, *self._seen}):
            before, after = self._seen.get(name), seen.get(name)
            if before != after:
                print(f"    {name}: {_shown(before)} -> {_shown(after)}")
        self._seen = seen
        wrong = {name: seen.get(name) for name in expected if seen.get(name) != expected[name]}
        if wrong:
            print(f"    EXPECTED {expected}, FOUND {wrong}")
        verdict = "ok" if good and not wrong else "FAILED"
        self.table.append((title, f"{took_s * 1000:.0f} ms", verdict))

    def _look(self) -> Dict[str, Any]:
        """The service as billing and the cloud have it."""
        world, item = self._world, self._item
        params = world.stand.params(item)
        seen: Dict[str, Any] = {"billing: status": STATUS[world.status(item)]}
        if self.shop is not None and self.payment:
            seen["billing: payment"] = PAYMENT[self.shop.status(self.payment)]
            seen["billing: credited"] = len(self.shop.payments.credited(self.payment))
        for name in ("username", "url"):
            if name in params:
                seen[f"billing: {name}"] = params[name]
        if "userpassword" in params:
            seen["billing: userpassword"] = "saved, encrypted"
            seen["customer gets in"] = world.customer_gets_in(item)
        for row in world.stand.stats(item):
            seen[f"billing: {row['param']} of {row['statdate']}"] = f"{row['value']:f} MiB"
        account = world.site.account(world.login(item))
        if account is not None:
            quota = account.quota_bytes
            seen["cloud: account"] = world.login(item)
            seen["cloud: enabled"] = account.enabled
            seen["cloud: quota"] = "unlimited" if quota is None else f"{quota / 1024**3:g} GiB"
            seen["cloud: groups"] = ", ".join(sorted(account.groups))
            seen["cloud: email"] = account.email
        return seen


def _shown(value: Optional[object]) -> str:
    return "-" if value in (None, "") else str(value)


def _check_connection(world: World, story: Story) -> None:
    run = world.stand.run("check_connection", stdin=world.form())
    story.tell("The administrator saves the module's form", run, {})


def _buy(world: World, story: Story, item: int) -> None:
    """From the order to the first login, with the money in between."""
    with whole_shop(world.stand, world.client) as shop:
        shop.order_unpaid(item)
        story.shop, story.payment = shop, shop.add_payment()
        browser, began = shop.browser("en"), time.monotonic()
        page = browser.open(f"{shop.web.url}/mancgi/webpaypayment?elid={story.payment}")
        lines = [f"$ GET /mancgi/webpaypayment?elid={story.payment}", f"< {page.title}"]
        lines += [f"< {name} = {value}" for name, value in page.forms[0].fields.items()]
        took_s = time.monotonic() - began
        begun = {"billing: payment": "being paid", "billing: status": "ordered"}
        story.show(f"The customer orders, {AMOUNT} BYN are to be paid", lines, took_s, begun)
        card, began = browser.press(), time.monotonic()
        result = browser.press()
        shop.webpay.settle()
        sent, status = shop.webpay.sent[-1]
        lines = [f"WEBPAY: {card.title}", f"WEBPAY: {result.title}"]
        lines += [f"WEBPAY > {name} = {value}" for name, value in sent.items()]
        lines += [f"< {status}"]
        paid = {
            **{"billing: payment": "credited", "billing: credited": 1},
            "billing: status": "in progress",
        }
        story.show("He pays at WEBPAY, which notifies", lines, time.monotonic() - began, paid)
        began = time.monotonic()
        shop.webpay.send(f"{shop.web.url}/mancgi/webpayresult", sent)
        back = browser.follow()
        where = back.url[len(shop.web.url) :]
        took_s = time.monotonic() - began
        story.show("The notification repeats, he comes back", [f"< {where}"], took_s, paid)
        (operation,) = (row["id"] for row in world.stand.operations(item))
        opened = {"billing: status": "active", "cloud: quota": "8 GiB", "customer gets in": True}
        story.tell(
            "BILLmanager opens what is paid: 5 GiB and 3 more",
            world.stand.run_operation(operation),
            opened,
        )
        params = world.stand.params(item)
        letter = [f"Your cloud: {params['url']}", f"Login: {params['username']}"]
        story.show("The letter goes out, the customer gets in", letter, 0, opened)


def play(world: World) -> List[Tuple[str, str, str]]:
    """The life of a service; the table of its steps."""
    small = world.tariff(gib=5, measure="mib", limit=5 * 1024)
    large = world.tariff(gib=1, measure="mib", limit=20 * 1024, group="pmnextcloud-gold")
    item = world.order(small, ordered=3 * 1024)
    story = Story(world, item)
    _check_connection(world, story)
    run = world.stand.run("get_server_config", module=world.module)
    story.tell("BILLmanager reads the cloud's groups", run, {})
    _buy(world, story, item)
    opened = {"billing: status": "active", "cloud: quota": "8 GiB", "customer gets in": True}
    story.play("The same operation once more changes nothing", "open", opened)
    story.play("The customer does not pay", "suspend", {"customer gets in": False})
    story.play("He pays", "resume", {"customer gets in": True})
    world.stand.change_tariff(item, large)
    changed = {"cloud: quota": "20 GiB", "cloud: groups": "pmnextcloud-gold"}
    story.play("He takes the larger tariff", "setparam", changed)
    params = world.stand.params(item)
    world.site.store_bytes(params["username"], params["userpassword"], USED_BYTES)
    story.play("The night comes: usage is counted", "stat", {})
    story.play("The end", "close", {"billing: status": "closed", "cloud: account": None})
    return story.table


def main() -> int:
    """Plays the story; 0 if every step did what it should."""
    with Stand() as stand:
        if os.environ.get("CLOUD_URL"):
            with real_world(stand) as world:
                table = play(world)
        else:
            with Cloud() as cloud:
                table = play(World(stand, DoubleSite(cloud)))
        leaks = len(stand.leaks)
    print()
    for title, took, verdict in table:
        print(f"{title:<48} {took:>8}  {verdict}")
    print(f"secrets seen on a command line: {leaks}")
    failed = leaks + sum(verdict != "ok" for _, _, verdict in table)
    print("The whole life went as it should." if not failed else f"{failed} FAILED")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
