"""What staff can do about an operation, as lines that a shell takes."""

import shlex

import pytest

from utils.billing.operations import Standing
from utils.history.means import means

STANDING = Standing(99, 15, "backupservice", is_stopped=True)


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("open", "backupservice.open"),
        ("suspend", "service.postsuspend"),
        ("resume", "service.postresume"),
        ("setparam", "service.postsetparam"),
        ("prolong", "service.postprolong"),
        ("close", "service.postclose"),
    ],
)
def test_an_operation_is_repeated_ended_and_stopped_by_calls_of_the_core(
    command: str, function: str
) -> None:
    found = means(STANDING, command, "/usr/local/mgr5/sbin/mgrctl")
    head = "/usr/local/mgr5/sbin/mgrctl -m billmgr"
    assert found.repeat == f"{head} runningoperation.edit elid=99 manual=off sok=ok"
    assert found.done_by_hand == f"{head} {function} elid=15 sok=ok"
    assert found.stop == f"{head} runningoperation.setmanual elid=99 sok=ok"


@pytest.mark.parametrize("command", ["sync_item", "stat", "nonsense", ""])
def test_what_has_no_closing_call_is_ended_by_none(command: str) -> None:
    assert means(STANDING, command, "mgrctl").done_by_hand is None


@pytest.mark.parametrize("odd", ["/opt/my panel/mgrctl", "/opt/$(reboot)/mgrctl", "/o'p;t/mgrctl"])
def test_odd_paths_and_names_are_one_word_to_a_shell(odd: str) -> None:
    found = means(STANDING._replace(itemtype="a;reboot"), "open", odd)
    for line in found:
        assert line is not None
        assert shlex.split(line)[0] == odd
        assert len(shlex.split(line)) in (6, 7)
    assert found.done_by_hand is not None
    assert shlex.split(found.done_by_hand)[3] == "a;reboot.open"
