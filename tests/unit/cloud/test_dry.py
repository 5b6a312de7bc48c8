"""A cloud in a dry run answers as the cloud itself would after the same changes, and gets none."""

import inspect
import logging
import re
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from tests.doubles.cloud import NEXTCLOUD_29, OWNCLOUD_10, Cloud
from tests.tools.remembered import Remembered
from tests.unit.conftest import make_server
from tests.unit.specs import double_of
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.intended import Plan
from utils.base.secret import Secret
from utils.base.values import Account
from utils.cloud.connection import Connection, Request
from utils.cloud.dry import PAGE_SIZE, DryConnection
from utils.cloud.products import NEXTCLOUD, OWNCLOUD

GIB = 1024**3
Step = Callable[[NextcloudAPIClient], Any]
PRODUCTS = {"nextcloud": NEXTCLOUD, "owncloud": OWNCLOUD}


def create(cloud: NextcloudAPIClient, **more: Any) -> None:
    """A new account."""
    given = {"quota_bytes": 5 * GIB, "group": "clients", "email": "a@b.example", **more}
    cloud.create_user("user_8", Secret("Made-up-Pw-77"), **given)


def on(login: str, method: str, *args: Any) -> Step:
    """One call about an account."""
    return lambda cloud: getattr(cloud, method)(login, *args)


STEPS: Dict[str, List[Step]] = {
    "made": [create],
    "made without a limit": [partial(create, quota_bytes=sizes.UNLIMITED)],
    "made with a name": [partial(create, display_name="Client 8")],
    "made in a group that is not there": [partial(create, group="gold")],
    "made after its group": [
        lambda cloud: cloud.create_group("gold"),
        partial(create, group="gold"),
    ],
    "made and filled": [
        create,
        on("user_8", "set_quota", GIB),
        on("user_8", "set_email", "b@b.example"),
        on("user_8", "set_display_name", "Client 8"),
    ],
    "made, switched off and deleted": [
        create,
        on("user_8", "disable_user"),
        on("user_8", "delete_user"),
        on("user_8", "delete_user"),
    ],
    "a quota that is rounded": [on("user_7", "set_quota", 1100 * 1024**2)],
    "a quota that is small": [on("user_7", "set_quota", 1024)],
    "no limit": [on("user_7", "set_quota", sizes.UNLIMITED)],
    "another address": [on("user_7", "set_email", "c@b.example")],
    "another name": [on("user_7", "set_display_name", "Somebody")],
    "another language": [on("user_7", "set_language", "de")],
    "a token put on and taken off": [
        on("user_7", "set_token", "pm x"),
        on("user_7", "set_token", ""),
    ],
    "made with a language and a token": [partial(create, language="de", token="pm x")],
    "another password": [on("user_7", "set_password", Secret("Made-up-Pw-78"))],
    "switched off": [on("user_7", "disable_user")],
    "switched off and on": [on("user_7", "disable_user"), on("user_7", "enable_user")],
    "in another group": [on("user_7", "add_to_group", "clients")],
    "in a group that is not there": [on("user_7", "add_to_group", "silver")],
    "out of its group": [on("user_7", "remove_from_group", "others")],
    "out of its group and in again": [
        on("user_7", "remove_from_group", "others"),
        on("user_7", "add_to_group", "others"),
    ],
    "in a group that it is in": [on("user_7", "add_to_group", "others")],
    "deleted": [on("user_7", "delete_user")],
    "deleted in another spelling": [on("USER_7", "delete_user")],
    "deleted and made anew": [on("user_7", "delete_user"), create],
    "deleted and changed": [on("user_7", "delete_user"), on("user_7", "set_quota", GIB)],
    "deleted and switched": [on("user_7", "delete_user"), on("user_7", "enable_user")],
    "deleted and put into a group": [
        on("user_7", "delete_user"),
        on("user_7", "add_to_group", "clients"),
    ],
}


NEXTCLOUDS = ("another language", "a token put on and taken off")
"""What only a Nextcloud takes."""


@pytest.fixture(params=[NEXTCLOUD_29, OWNCLOUD_10], ids=lambda one: one.product)
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A cloud with one account and two groups."""
    with Cloud(request.param) as made:
        made.rate_limit.enabled = False
        for group in ("clients", "others", "vip clients"):
            made.add_group(group)
        made.add_user("user_7", "Made-up-Pw-77", quota="1 GB", groups={"others"})
        made.users["user_7"].email = "a@b.example"
        yield made


def client(cloud: Cloud, log: logging.Logger, plan: Optional[Plan] = None) -> NextcloudAPIClient:
    """A client of the cloud; one of a dry run where there is a plan."""
    server = make_server(base_url=cloud.url, username="admin", secret=Secret(cloud.admin_password))
    connect = Connection if plan is None else partial(DryConnection, plan)
    memory = Remembered(PRODUCTS[cloud.profile.product])
    return NextcloudAPIClient(server, log, memory=memory, connect=connect)


def play(one: NextcloudAPIClient, steps: List[Step]) -> List[str]:
    """How each step ended: the code of its error, or "done"."""
    ended = []
    for step in steps:
        try:
            step(one)
            ended.append("done")
        except errors.PmError as error:
            ended.append(error.code)
    return ended


def seen(one: NextcloudAPIClient) -> List[Optional[Account]]:
    """Both accounts, as far as a dry run can know them: nobody knows the space of a new one."""
    accounts = [one.get_user(login) for login in ("user_7", "user_8")]
    return [
        account
        and account._replace(
            groups=tuple(sorted(account.groups)), used_bytes=account.used_bytes and 1
        )
        for account in accounts
    ]


PROBES = {"is_full", "probe"}
"""What is sent to learn from its refusal. No command with a dry run asks so but after a refusal."""


def test_every_change_that_the_client_can_make_is_tried() -> None:
    sends = re.compile(r"ask\(\s*\"(POST|PUT|DELETE)\"|self\._edit\(")
    sources = {
        name: inspect.getsource(one)
        for name, one in vars(NextcloudAPIClient).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }
    tried = double_of(NextcloudAPIClient)
    for steps in STEPS.values():
        for step in steps:
            step(tried)
    changes = {name for name, source in sources.items() if sends.search(source)}
    assert {one[0] for one in tried.method_calls} == changes - PROBES


@pytest.mark.parametrize("name", STEPS)
def test_after_changes_a_dry_cloud_tells_what_the_real_one_tells(
    cloud: Cloud, log: logging.Logger, name: str
) -> None:
    if name in NEXTCLOUDS and cloud.profile is not NEXTCLOUD_29:
        pytest.skip("never asked of ownCloud")
    plan = Plan()
    dry, real = client(cloud, log, plan), client(cloud, log)
    before = seen(real)
    ended = play(dry, STEPS[name])
    told = seen(dry)
    assert [one.method for one in cloud.requests if one.method != "GET"] == []
    assert seen(real) == before
    assert ended == play(real, STEPS[name])
    assert told == seen(real)
    done = [one for one in cloud.requests if one.method != "GET"]
    assert [(note.deed.name, note.deed.words.split(" ")[0]) for note in plan.notes()] == [
        (one.method, one.path) for one in done
    ]


def test_no_login_but_the_module_s_own_is_tried(cloud: Cloud, log: logging.Logger) -> None:
    plan = Plan()
    one = client(cloud, log, plan)
    assert one.accepts("user_7", Secret("whatever-77"))
    assert one.accepts("user_7", Secret("whatever-78"))
    assert plan.assumed == ["user_7"]
    assert not cloud.requests


def test_a_password_that_would_be_set_is_known(cloud: Cloud, log: logging.Logger) -> None:
    plan = Plan()
    one = client(cloud, log, plan)
    create(one)
    one.set_password("user_7", Secret("Made-up-Pw-78"))
    for login, password in (("user_7", "Made-up-Pw-78"), ("user_8", "Made-up-Pw-77")):
        assert one.accepts(login, Secret(password))
        assert not one.accepts(login, Secret("Made-up-Pw-70"))
    assert not plan.assumed


@pytest.mark.parametrize("groups", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1])
@pytest.mark.parametrize("is_there", [True, False])
def test_a_group_is_found_behind_others_that_have_its_name_in_theirs(
    cloud: Cloud, log: logging.Logger, groups: int, is_there: bool
) -> None:
    for number in range(groups):
        cloud.add_group(f"a zebra {number:04}")
    if is_there:
        cloud.add_group("zebra")
    assert play(client(cloud, log, Plan()), [on("user_7", "add_to_group", "zebra")]) == [
        "done" if is_there else "group_missing"
    ]


def test_who_may_not_look_for_groups_is_not_told_that_one_is_missing(
    cloud: Cloud, log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise errors.RightsMissing("GET /cloud/groups")

    monkeypatch.setattr(Connection, "_ask", refuse)
    one = client(cloud, log, Plan())
    assert play(one, [on("user_7", "add_to_group", "zebra")]) == ["done"]


def test_what_nobody_has_foreseen_is_not_sent(cloud: Cloud, log: logging.Logger) -> None:
    one = client(cloud, log, Plan())._connection
    for path in ("/core/apppassword/confirm", "/cloud/apps/files"):
        with pytest.raises(errors.Unexpected):
            one.ask("PUT", path, data={"password": "made-up-77"})
    with pytest.raises(errors.Unexpected):
        one._send(Request("PUT", "/ocs/v1.php/cloud/users/user_7"))
    assert not cloud.requests
