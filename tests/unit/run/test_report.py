"""What BILLmanager is told of a failure, and who: operation, staff, problem of the module."""

from pathlib import Path
from typing import Any, Callable, List, Optional, Type

import pytest

from tests.unit.conftest import make_billing
from tests.unit.specs import double_of
from utils.base import errors
from utils.host.locks import LockFile
from utils.host.root import Host
from utils.host.state import State
from utils.run import report
from utils.run.call import Call
from utils.run.context import Context
from utils.run.visit import Visit


@pytest.fixture
def billing() -> Any:
    """A BILLmanager that has tried twice; staff has no task."""
    one = make_billing()
    one.operations.has_task.return_value = False
    one.operations.tries.return_value = 2
    one.services.module_of.return_value = 31
    return one


def make(tmp_path: Path, billing: Any, log: Any, **args: Optional[int]) -> Context:
    """The context of `open` for a service with an operation, unless `args` say otherwise."""
    given = {"item": 1001, "runningoperation": 900001, **args}
    call = Call("open", given["item"], given.get("module"), given["runningoperation"])
    return Context(call, Host(str(tmp_path)), billing=billing, log=log)


TELLING = ("operations.save_error", "operations.leave_to_staff", "modules.register_problem")


def told(billing: Any) -> List[str]:
    """What billing was told, in its order; what was read of it is left out."""
    return [one[0] for one in billing.mock_calls if one[0] in TELLING]


SAVED, LEFT_TO_STAFF, REGISTERED = TELLING
TO_STAFF = [SAVED, LEFT_TO_STAFF]
PROBLEM = [SAVED, REGISTERED]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.QuotaZero("0"), TO_STAFF),
        (errors.LoginTaken("user_1001"), TO_STAFF),
        (errors.CloudLost("x"), [SAVED]),
        (errors.NotAsOrdered("x"), [SAVED]),
        (errors.Unexpected("x"), [SAVED]),
        (errors.OutOfTime("x"), [SAVED]),
        (errors.CoreUnavailable("x"), [SAVED]),
        (errors.DatabaseUnavailable("x"), [SAVED]),
        (errors.SettingsBroken("x"), [SAVED]),
        (errors.BadArguments("x"), [SAVED]),
        (errors.LoginRefused("x"), PROBLEM),
        (errors.CloudMaintenance("x"), PROBLEM),
        (errors.CloudCertificate("x"), PROBLEM),
        (errors.ModuleUnset("x"), PROBLEM),
    ],
)
def test_everybody_is_told_who_can_do_something(
    tmp_path: Path, billing: Any, log: Any, error: errors.PmError, expected: List[str]
) -> None:
    report.failed(make(tmp_path, billing, log), error)
    assert told(billing) == expected


@pytest.mark.parametrize("error", [errors.CloudLost, errors.NotAsOrdered])
@pytest.mark.parametrize(("tries", "to_staff"), [(9, False), (10, True), (11, True)])
def test_a_passing_fault_goes_to_staff_after_ten_tries(
    tmp_path: Path,
    billing: Any,
    log: Any,
    error: Type[errors.PmError],
    tries: int,
    to_staff: bool,
) -> None:
    billing.operations.tries.return_value = tries
    report.failed(make(tmp_path, billing, log), error("x"))
    assert told(billing) == (TO_STAFF if to_staff else [SAVED])


def test_a_fault_of_the_module_never_goes_to_staff(tmp_path: Path, billing: Any, log: Any) -> None:
    billing.operations.tries.return_value = 1000
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert LEFT_TO_STAFF not in told(billing)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(errors.QuotaZero("0"), TO_STAFF), (errors.CloudLost("x"), [SAVED])],
)
def test_an_operation_that_staff_works_on_is_stopped_for_permanent_faults_alone(
    tmp_path: Path, billing: Any, log: Any, error: errors.PmError, expected: List[str]
) -> None:
    billing.operations.has_task.return_value = True
    billing.operations.tries.return_value = 10
    report.failed(make(tmp_path, billing, log), error)
    assert told(billing) == expected


def test_staff_is_told_the_service_and_the_command(tmp_path: Path, billing: Any, log: Any) -> None:
    error = errors.QuotaZero("0")
    report.failed(make(tmp_path, billing, log), error)
    billing.operations.save_error.assert_called_once_with(error)
    billing.operations.leave_to_staff.assert_called_once_with(1001, "open", error)


def test_a_problem_is_registered_once_until_it_changes_or_is_gone(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    for error in (errors.LoginRefused("x"), errors.LoginRefused("y"), errors.CloudMaintenance("z")):
        report.failed(make(tmp_path, billing, log, runningoperation=None), error)
    assert told(billing) == [REGISTERED] * 2
    report.succeeded(seen(make(tmp_path, billing, log)))
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    assert told(billing) == [REGISTERED] * 3


def test_a_problem_names_the_module(tmp_path: Path, billing: Any, log: Any) -> None:
    context = make(tmp_path, billing, log, item=None, module=32, runningoperation=None)
    report.failed(context, errors.LoginRefused("GET /x"))
    [[(module_id, error), _]] = billing.modules.register_problem.call_args_list
    assert (module_id, str(error)) == (32, "cloud_login_refused: GET /x")


def test_a_form_is_nobodys_problem(tmp_path: Path, billing: Any, log: Any) -> None:
    context = make(tmp_path, billing, log, item=None, runningoperation=None)
    report.failed(context, errors.LoginRefused("x"))
    assert told(billing) == []


def seen(context: Context, has_answer: bool = True, module_id: int = 31) -> Context:
    """The context after its run has reached for the module's cloud."""
    visit: Any = double_of(Visit, has_answer=has_answer, module_id=module_id)
    context.visit = visit
    return context


def no_cloud(context: Context) -> Context:
    """The context of a command that needed no cloud."""
    return context


def no_answer(context: Context) -> Context:
    """The context of a command whose cloud was never asked."""
    return seen(context, has_answer=False)


@pytest.mark.parametrize("what", [no_cloud, no_answer])
def test_success_without_a_cloud_forgets_nothing(
    tmp_path: Path, billing: Any, log: Any, what: Callable[[Context], Context]
) -> None:
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    context = what(make(tmp_path, billing, log))
    report.succeeded(context)
    if context.visit is not None:
        visit: Any = context.visit
        visit.forget.assert_not_called()
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    assert told(billing) == [REGISTERED]


@pytest.mark.parametrize("failing", PROBLEM)
def test_a_report_that_fails_hides_neither_the_rest_nor_the_error(
    tmp_path: Path, billing: Any, log: Any, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    noun, _, method = failing.partition(".")
    getattr(getattr(billing, noun), method).side_effect = errors.CoreUnavailable("down")
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert told(billing) == PROBLEM
    assert "could not report cloud_login_refused" in caplog.text


def test_an_operation_is_not_stopped_where_staff_could_not_see_why(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    billing.operations.save_error.side_effect = errors.CoreRefused("x", "missed")
    report.failed(make(tmp_path, billing, log), errors.QuotaZero("0"))
    assert told(billing) == [SAVED]


def test_a_problem_that_could_not_be_registered_is_registered_next_time(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    billing.modules.register_problem.side_effect = errors.CoreUnavailable("down")
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    billing.modules.register_problem.side_effect = None
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    assert told(billing) == [REGISTERED] * 2


def test_the_cloud_that_was_reached_for_is_the_one_with_the_problem(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    context = seen(make(tmp_path, billing, log, module=31), module_id=77)
    report.failed(context, errors.LoginRefused("x"))
    assert billing.modules.register_problem.call_args[0][0] == 77
    billing.services.module_of.assert_not_called()


def test_a_problem_is_registered_though_nothing_of_the_service_can_be_decrypted(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    billing.services.item.side_effect = errors.SecretBroken("x")
    report.failed(make(tmp_path, billing, log), errors.ModuleSecretBroken("module 31"))
    assert told(billing) == PROBLEM
    assert billing.modules.register_problem.call_args[0][0] == 31


def test_a_problem_that_another_process_is_registering_is_left_to_it(
    tmp_path: Path, billing: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LockFile, "take", lambda self, numbers, wait_s: None)
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert told(billing) == [SAVED]


def test_a_refusal_is_remembered_and_forgotten(tmp_path: Path, billing: Any, log: Any) -> None:
    context = seen(make(tmp_path, billing, log))
    visit: Any = context.visit
    error = errors.LoginRefused("x")
    report.failed(context, error)
    visit.remember.assert_called_once_with(error)
    report.succeeded(context)
    visit.forget.assert_called_once_with()


def test_a_memory_that_cannot_be_written_hides_neither_the_rest_nor_the_error(
    tmp_path: Path, billing: Any, log: Any, caplog: pytest.LogCaptureFixture
) -> None:
    context = seen(make(tmp_path, billing, log))
    visit: Any = context.visit
    visit.remember.side_effect = errors.StateUnwritable("full")
    visit.forget.side_effect = errors.StateUnwritable("full")
    report.failed(context, errors.LoginRefused("x"))
    assert told(billing) == PROBLEM
    report.succeeded(context)
    assert caplog.text.count("state_unwritable: full") == 2


def test_an_operation_of_a_whole_module_never_goes_to_staff(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    context = make(tmp_path, billing, log, item=None, module=31)
    report.failed(context, errors.QuotaZero("0"))
    assert told(billing) == [SAVED]


def test_an_operation_that_is_gone_has_had_no_tries(tmp_path: Path, billing: Any, log: Any) -> None:
    billing.operations.tries.return_value = None
    report.failed(make(tmp_path, billing, log), errors.CloudLost("x"))
    assert told(billing) == [SAVED]


# -- a memory that cannot be written ----------------------------------------------------------


def folder_is_a_file(tmp_path: Path) -> None:
    """Nothing can be written where the module keeps its files."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "pmnextcloud").write_text("a file")


def registered(billing: Any) -> List[str]:
    """The codes of the problems that BILLmanager was told of, in their order."""
    return [one[0][1].code for one in billing.modules.register_problem.call_args_list]


def test_without_a_folder_each_problem_is_registered_once_and_the_folder_is_one(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    folder_is_a_file(tmp_path)
    for _ in range(10):
        report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert registered(billing) == ["cloud_login_refused", "state_unwritable"]
    report.failed(make(tmp_path, billing, log), errors.CloudMaintenance("x"))
    assert registered(billing)[2:] == ["cloud_maintenance"]


@pytest.fixture
def without_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the folder nor what stands in for it can be written."""
    monkeypatch.setattr("utils.host.state.SPARES", "/proc")
    folder_is_a_file(tmp_path)


@pytest.mark.usefixtures("without_memory")
@pytest.mark.parametrize("is_shown", [False, True])
def test_without_any_memory_a_problem_is_registered_unless_an_operation_shows_it(
    tmp_path: Path, billing: Any, log: Any, is_shown: bool
) -> None:
    billing.operations.shows.return_value = is_shown
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    billing.operations.shows.assert_called_once_with(31, "cloud_login_refused")
    assert told(billing) == ([SAVED] if is_shown else [REGISTERED, SAVED, SAVED])


@pytest.mark.usefixtures("without_memory")
def test_without_any_memory_the_operation_has_the_error_though_it_cannot_be_registered(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    billing.operations.shows.side_effect = errors.DatabaseUnavailable("x")
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert told(billing) == [SAVED]


@pytest.mark.usefixtures("without_memory")
def test_what_is_no_problem_of_the_module_is_not_looked_up(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    report.failed(make(tmp_path, billing, log), errors.CloudLost("x"))
    billing.operations.shows.assert_not_called()


def test_without_any_memory_who_registers_keeps_the_others_out(
    tmp_path: Path, billing: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(State, "can_keep", lambda self: False)
    monkeypatch.setattr(LockFile, "take", lambda self, numbers, wait_s: None)
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert told(billing) == [SAVED]


def test_a_success_tells_of_a_folder_that_could_not_be_written_and_of_its_next_fault(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    state_path = tmp_path / "var" / "pmnextcloud"
    for expected in (1, 2):
        state_path.parent.mkdir(exist_ok=True)
        state_path.write_text("a file")
        for _ in range(3):
            context = seen(make(tmp_path, billing, log))
            assert context.state.can_keep()
            report.succeeded(context)
        assert registered(billing) == ["state_unwritable"] * expected
        state_path.unlink()
        report.succeeded(seen(make(tmp_path, billing, log)))


@pytest.mark.parametrize("left", ["cloud_login_refused", {"told": True}])
def test_what_was_told_is_not_told_again(tmp_path: Path, billing: Any, log: Any, left: Any) -> None:
    """The first is how earlier versions kept it."""
    context = make(tmp_path, billing, log)
    kept = {"code": "cloud_login_refused", **left} if isinstance(left, dict) else left
    context.state.write("problem-31", kept)
    report.failed(context, errors.LoginRefused("x"))
    assert told(billing) == [SAVED]


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_run_that_is_killed_while_it_tells_is_followed_by_one_that_tells(
    tmp_path: Path, billing: Any, log: Any, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_args: Any) -> None:
        raise Killed

    if where == "before":
        billing.modules.register_problem.side_effect = die
    else:
        billing.modules.register_problem.side_effect = lambda *_args: monkeypatch.setattr(
            "utils.host.state._write", die
        )
    with monkeypatch.context():
        with pytest.raises(Killed):
            report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
        monkeypatch.undo()
    billing.modules.register_problem.side_effect = None
    for _ in range(2):
        report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert len(registered(billing)) == 2
