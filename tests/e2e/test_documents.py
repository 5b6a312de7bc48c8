"""What the documents draw is what happens."""

import re
import shlex
from typing import List

import pytest

from tests.doubles.billmanager import ACTIVE
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from tests.meta.documents import page
from tests.meta.messages import LANGUAGES, read

SAVED = ("pmnextcloud_mark", "username", "url", "userpassword")
"""What `open` saves on a service, in the form in which the parameter's name is an argument's."""


def drawn(language: str, login: str) -> List[str]:
    """What the sequence of an order sends to cloud and core, the service having that login."""
    arrows = re.findall(r"P->>[CM]: ([^,\n]+)", read(f"docs/{language}/architecture.md"))
    return [text.replace("user_15", login).replace("TYPE", "backupservice") for text in arrows]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_goes_as_it_is_drawn(world: World, language: str) -> None:
    assert isinstance(world.site, DoubleSite)
    cloud = world.site.cloud
    cloud.add_group(world.group)
    sent: List[str] = []
    cloud.before = lambda seen: sent.append(
        f"{seen.method} {re.sub('.*/cloud/|^/', '', seen.path)}"
    )
    world.stand.before_call = lambda call: sent.append(
        f"{call.function} {next((name for name in SAVED if name in call.args), '')}".strip()
    )
    login = world.login(world.opened())
    assert sent == drawn(language, login)


def written(name: str) -> List[List[str]]:
    """The words of each call of the program in a page, in their order."""
    lines = [line for block in page(name).blocks("sh") for line in block.splitlines()]
    calls = [shlex.split(line) for line in lines if line.strip().startswith("processing/")]
    return [words[1:] for words in calls]


@pytest.mark.parametrize("language", LANGUAGES)
def test_customers_from_before_are_adopted_as_it_is_written(world: World, language: str) -> None:
    assert isinstance(world.site, DoubleSite)
    world.site.add_group(world.group)
    items, password = [], "Known-to-people-77"
    for number in range(4):
        item = world.order(crypted_params={"userpassword": password})
        client = world.stand.add_account(f"Client {number}", [f"client{number}0@example.com"])
        world.stand.sql("UPDATE item SET account = %s WHERE id = %s", client, item)
        world.stand.set_status(item, ACTIVE)
        world.site.cloud.add_user(f"old{number}", password, email=f"client{number}0@example.com")
        items.append(item)
    single = zip(items, ("old0", "old1", "old2"))
    for words in written(f"docs/{language}/adoption.md"):
        item, login = next(single) if "--login" in words else (world.module, "")
        given = {"NUMBER": str(item), "LOGIN": login}
        given["/root/customers.csv"] = str(world.stand.root / "customers.csv")
        extra = [given.get(word, word) for word in words[2:]]
        run = world.stand.run(words[1], extra=extra, stdin=password)
        assert run.exit_code == 0, str(run)
    for number, item in enumerate(items):
        assert world.stand.params(item)["username"] == f"old{number}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_commands_of_the_page_on_the_audit_do_what_it_says(world: World, language: str) -> None:
    assert isinstance(world.site, DoubleSite)
    item = world.opened()
    user = world.site.cloud.users[world.login(item)]
    user.quota = "9 GB"
    blocks = page(f"docs/{language}/audit.md").blocks("sh")
    lines = [line for block in blocks for line in block.splitlines()[1:]]
    assert len(lines) == 9
    ended = []
    for line in lines:
        words = shlex.split(line.replace("NUMBER", "0").replace("НОМЕР", "0"))
        assert words[:2] == ["processing/pmnextcloud", "--command"]
        module = world.module if "--module" in words else None
        extra = [word for word in words[3:] if word not in ("--module", "0")]
        run = world.stand.run(words[2], module=module, extra=extra)
        ended.append((words[2], run.exit_code))
        if "--repair" in extra and "--dry-run" not in extra or words[2] == "sync_item":
            assert (user.quota == "5 GB") is ("--dry-run" not in extra)
            user.quota = "9 GB"
    assert [code for _, code in ended] == [1, 1, 1, 0, 0, 1, 0, 1, 1]
