"""Adoption in trouble: every answer broken, every call of the core failing, two at the same time.

The doubles first watch an undisturbed run. Then each of its requests and calls is met by a fault,
the command is run, the fault goes away and the command is run again: it has to end as undisturbed,
to claim nothing that is not so meanwhile, and to touch no stranger.
"""

import time
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    SUSPENDED,
    CoreFault,
    ModuleProcess,
    Run,
    Stand,
)
from tests.doubles.cloud import LATE, NEXTCLOUD_29, OWNCLOUD_10, Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.consts import ITEM_MARK

pytestmark = pytest.mark.preloaded

PASSWORD = "Known-to-people-77"
EMAIL = "client7@example.com"
PAIRS = 6
DELAY_S = 0.3

Record = Callable[[str, object], None]


class Rig:
    """A provider with strangers in his cloud; each case has a debtor and his account."""

    def __init__(self, stand: Stand, cloud: Cloud) -> None:
        self.stand, self.cloud = stand, cloud
        cloud.rate_limit.enabled = False
        stand.write("etc/pmnextcloud.conf", "budget_s = 30\n")
        self.world = World(stand, DoubleSite(cloud), timeout=5)
        self.tariff = self.world.tariff()
        cloud.add_group(self.world.group)
        cloud.add_user("bystander", PASSWORD, quota="1 GB", groups={"others"}, email=EMAIL)
        self.other = self.world.opened(self.tariff)
        self.world.know_cloud()

    def debtor(self) -> Tuple[int, str]:
        """A suspended service on which the password is saved, and its account, still enabled."""
        item = self.world.order(self.tariff, crypted_params={"userpassword": PASSWORD})
        self.stand.set_status(item, SUSPENDED)
        login = f"old-{item}"
        self.cloud.add_user(login, PASSWORD, quota="1 GB", email=EMAIL)
        return item, login

    def start(self, item: int, login: str, *extra: str) -> ModuleProcess:
        """Starts the command."""
        words = ["--login", login, *extra]
        return self.stand.start("adopt", item=item, extra=words)

    def adopt(self, item: int, login: str) -> Run:
        """The command, which brings the account to what was ordered."""
        return self.start(item, login, "--sync").finish()

    def state(self, item: int, login: str) -> Dict[str, Any]:
        """Everything that the service is, in words that do not name it."""
        params, user = self.stand.params(item), self.cloud.users[login]
        return {
            "saved": sorted(params),
            "encrypted": self.stand.crypted_names(item),
            "login": params.get("username") == login,
            "mark": f'"{login}"' in params.get(ITEM_MARK, ""),
            "account": (user.enabled, user.quota, sorted(user.groups), user.email, user.password),
            "status": self.stand.item(item)["status"],
        }

    def others(self, *logins: str) -> object:
        """All accounts but those of the logins, and the service that nobody works on."""
        users = {name: repr(user) for name, user in self.cloud.users.items() if name not in logins}
        return users, self.stand.params(self.other), len(self.stand.problems())

    def forget(self) -> None:
        """Ten minutes go by."""
        for path in (self.stand.root / "var/pmnextcloud").glob("refused-*.json"):
            path.unlink()
        for path in (self.stand.root / "var/pmnextcloud").glob("guesses-*.json"):
            path.unlink()


@pytest.fixture(
    scope="module",
    params=[NEXTCLOUD_29, pytest.param(OWNCLOUD_10, marks=pytest.mark.long)],
    ids=lambda one: one.name,
)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """One provider for all cases of a cloud."""
    with Stand(preloaded=True) as stand, Cloud(request.param) as cloud:
        yield Rig(stand, cloud)
        assert not stand.leaks
        assert not [one for one in stand.secrets if len(one) > 5 and one in stand.log]


CLOUD_FAULTS: Dict[str, Dict[str, Any]] = {
    "cut_before": {},
    "cut_after": {},
    "half": {},
    "html": {},
    "garbage": {},
    "status": {"code": 503},
    "ocs": {"code": 996},
    "maintenance": {},
    "throttle_http": {},
    "unauthorized": {},
}
WAITED_OUT = ("throttle_http",)
"""Faults that a run pauses for: tried at length."""

CORE_FAULTS = ("exit1", "error", "cut_after_effect", "garbage")


def check(rig: Rig, run: Run, item: int, login: str, wanted: Dict[str, Any], what: str) -> None:
    """Raises AssertionError where a run claims what is not so, or the next does not mend it."""
    assert run.exit_code in (0, 1), f"{what}: {run}"
    state = rig.state(item, login)
    if run.exit_code == 0:
        assert state == wanted, f"{what}: {run}"
    if not state["mark"]:
        assert ": adopted\n" not in run.stdout.decode(), f"{what}: {run}"
        assert state["account"] == (True, "1 GB", [], EMAIL, PASSWORD), what
    rig.forget()
    again = rig.adopt(item, login)
    assert (again.exit_code, rig.state(item, login)) == (0, wanted), f"{what}: {again}"


@pytest.mark.proof("fault cases")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.long if kind in WAITED_OUT else ())
        for kind in CLOUD_FAULTS
    ],
)
def test_every_request_of_an_adoption_broken(rig: Rig, kind: str, record_property: Record) -> None:
    item, login = rig.debtor()
    asked = len(rig.cloud.requests)
    assert rig.adopt(item, login).exit_code == 0
    count, wanted = len(rig.cloud.requests) - asked, rig.state(item, login)
    assert count > 4
    for number in range(1, count + 1):
        item, login = rig.debtor()
        before = rig.others(login)
        rig.cloud.faults[:] = [Fault(kind, nth=number, **CLOUD_FAULTS[kind])]
        run = rig.adopt(item, login)
        rig.cloud.faults.clear()
        assert rig.others(login) == before
        check(rig, run, item, login, wanted, f"{kind} {number} of {count}")
    record_property("tried", count)


@pytest.mark.proof("fault cases")
@pytest.mark.parametrize("kind", CORE_FAULTS)
def test_every_call_of_an_adoption_failing(rig: Rig, kind: str, record_property: Record) -> None:
    item, login = rig.debtor()
    called = len(rig.stand.calls)
    assert rig.adopt(item, login).exit_code == 0
    count, wanted = len(rig.stand.calls) - called, rig.state(item, login)
    assert count >= 3
    for number in range(1, count + 1):
        item, login = rig.debtor()
        before = rig.others(login)
        rig.stand.core_faults[:] = [CoreFault(".*", nth=number, kind=kind)]
        run = rig.adopt(item, login)
        rig.stand.core_faults.clear()
        assert rig.others(login) == before
        check(rig, run, item, login, wanted, f"{kind} {number} of {count}")
    record_property("tried", count)


# -- at the same time -----------------------------------------------------------------------------


def slowly(rig: Rig, effect: Any = None) -> None:
    """Every answer takes its time."""
    rig.cloud.faults[:] = [Fault("stall", times=None, seconds=DELAY_S, effect=effect)]


@pytest.mark.proof("races")
@pytest.mark.parametrize("extra", [(), ("--trust",), ("--sync",)], ids=lambda one: "".join(one))
def test_of_two_services_that_adopt_the_same_account_one_gets_it(
    rig: Rig, extra: Tuple[str, ...], record_property: Record
) -> None:
    slowly(rig)
    started: List[Tuple[int, str, ModuleProcess]] = []
    for place in range(PAIRS):
        (first, login), (second, _) = rig.debtor(), rig.debtor()
        for item, spelling in ((first, login), (second, login.upper())):
            started.append((item, login, rig.start(item, spelling, *extra)))
            time.sleep(0.05 * (place % 3))
    ended = [(item, login, process.finish()) for item, login, process in started]
    rig.cloud.faults.clear()
    for one, other in zip(ended[0::2], ended[1::2]):
        runs = sorted((one, other), key=lambda each: each[2].exit_code or 0)
        (winner, login, won), (loser, _, lost) = runs
        assert (won.exit_code, lost.exit_code) == (0, 1), f"{won}{lost}"
        assert "(account_named)" in lost.stdout.decode() or "(busy)" in lost.stdout.decode()
        assert rig.stand.params(winner)["username"].lower() == login
        assert ITEM_MARK not in rig.stand.params(loser)
    record_property("tried", PAIRS)


@pytest.mark.proof("races")
def test_the_same_adoption_five_times_at_once_is_one(rig: Rig) -> None:
    slowly(rig)
    item, login = rig.debtor()
    runs = [one.finish() for one in [rig.start(item, login) for _ in range(5)]]
    rig.cloud.faults.clear()
    told = [run.stdout.decode() for run in runs]
    assert sum(": adopted\n" in text for text in told) == 1
    assert all(": adopted" in text or "adopted before" in text or "(busy)" in text for text in told)


@pytest.mark.proof("races")
@pytest.mark.parametrize("first", ["adopt", "close"])
@pytest.mark.parametrize("effect", [None, LATE], ids=["late-answer", "late-effect"])
def test_adopt_against_close_ends_as_one_after_the_other(
    rig: Rig, first: str, effect: Any, record_property: Record
) -> None:
    slowly(rig, effect)
    started = []
    for place in range(PAIRS):
        item, login = rig.debtor()
        rig.stand.set_status(item, ACTIVE)
        operation = rig.stand.add_operation("close", item)

        def close(item: int = item, operation: int = operation) -> ModuleProcess:
            return rig.stand.start("close", item=item, runningoperation=operation)

        def adopt(item: int = item, login: str = login) -> ModuleProcess:
            return rig.start(item, login)

        both = [adopt, close] if first == "adopt" else [close, adopt]
        one = both[0]()
        time.sleep(0.05 * (place % 3))
        other = both[1]()
        started.append((item, login, (one, other) if first == "adopt" else (other, one)))
    ended = [(item, login, a.finish(), c.finish()) for item, login, (a, c) in started]
    rig.cloud.faults.clear()
    for item, login, adopting, closing in ended:
        closing.check()
        assert rig.stand.item(item)["status"] == DELETED
        is_adopted = adopting.exit_code == 0
        assert is_adopted is (login not in rig.cloud.users), f"{adopting}{closing}"
        assert is_adopted or "(service_closed)" in adopting.stdout.decode()
    record_property("tried", PAIRS)
