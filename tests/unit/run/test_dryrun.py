"""The words of a dry run."""

from pathlib import Path

import pytest

from utils.base import deeds, errors
from utils.host.root import Host
from utils.run import dryrun
from utils.run.call import Call
from utils.run.context import Context


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A dry run of a closing of service 7."""
    return Context(Call("close", item=7, lang="en", dry_run=True), Host(str(tmp_path)))


def note(ctx: Context, deed: deeds.Deed) -> None:
    """Something that would be done."""
    with ctx.plan.noted(deed):
        pass


def text(ctx: Context, **more: errors.PmError) -> str:
    """What people read."""
    return dryrun.tell(ctx, **more).document.decode()


def test_nothing_to_do_is_said_and_nothing_beside_it(ctx: Context) -> None:
    said = text(ctx)
    assert "close 7" in said
    assert said.endswith("It would do nothing.\n")


def test_deeds_are_told_in_order_with_where_they_are_done(ctx: Context) -> None:
    note(ctx, deeds.request("DELETE", "/ocs/v1.php/cloud/users/user_7", {}))
    note(ctx, deeds.call("service.postclose", {"sok": "ok", "elid": 7}))
    assert [line.split() for line in text(ctx).splitlines() if ". " in line[:6]] == [
        ["1.", "cloud", "DELETE", "/ocs/v1.php/cloud/users/user_7"],
        ["2.", "BILLmanager", "service.postclose", "sok=ok", "elid=7"],
    ]


def test_what_the_cloud_would_refuse_is_told_with_it(ctx: Context) -> None:
    with pytest.raises(errors.NoSuchGroup), ctx.plan.noted(deeds.request("POST", "/users", {})):
        raise errors.NoSuchGroup("POST /users", 104)
    assert "POST /users -> group_missing" in text(ctx)


def test_what_nobody_knows_before_something_is_done_is_said_last(ctx: Context) -> None:
    note(ctx, deeds.call("service.postclose", {}))
    assert text(ctx).splitlines()[-1].startswith("Not known beforehand")


def test_an_assumption_is_told(ctx: Context) -> None:
    ctx.plan.assumed.append("user_7")
    assert "Whether the account user_7 accepts the password" in text(ctx)


def test_a_failure_is_told_as_people_read_it_and_is_the_exit_code(ctx: Context) -> None:
    reply = dryrun.tell(ctx, errors.ServiceClosed(7))
    said = reply.document.decode()
    assert "The command would fail: " in said
    assert "service_closed" not in said
    assert (reply.exit_code, dryrun.tell(ctx).exit_code) == (1, 0)


def test_russian_is_spoken_to_whom_wants_it(ctx: Context) -> None:
    ctx.call = ctx.call._replace(lang="ru")
    assert "Не было бы сделано ничего." in text(ctx)


def test_without_the_program_s_messages_names_stand_for_them(
    ctx: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("utils.host.messages.HOME", tmp_path)
    assert "dry_nothing" in text(ctx)
