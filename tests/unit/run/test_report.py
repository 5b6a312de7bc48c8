"""What BILLmanager is told of a failure, and who: operation, staff, problem of the module."""

from pathlib import Path
from typing import Any, Callable, List, Optional, Type
from unittest.mock import create_autospec

import pytest

from tests.unit.conftest import make_item
from utils.base import errors, xml
from utils.base.secret import Secret
from utils.billing.billmanager import Billing
from utils.billing.mgrctl import Mgrctl
from utils.host.locks import LockFile
from utils.host.root import Host
from utils.run import report
from utils.run.call import Call
from utils.run.context import Context
from utils.run.visit import Visit


@pytest.fixture
def billing() -> Any:
    """A BILLmanager that knows one task type and has tried twice."""
    one = create_autospec(Billing, instance=True)
    one.mgrctl = create_autospec(Mgrctl, instance=True)
    one.mgrctl.call.return_value = xml.parse(b"<doc><task_type>21</task_type></doc>")
    one.mgrctl.call_once.return_value = xml.parse(b"<doc/>")
    one.operation_has_task.return_value = False
    one.operation_tries.return_value = 2
    one.module_name.return_value = "Cloud"
    one.item.return_value = make_item()
    return one


def make(tmp_path: Path, billing: Any, log: Any, **args: Optional[int]) -> Context:
    """The context of `open` for a service with an operation, unless `args` say otherwise."""
    given = {"item": 1001, "runningoperation": 900001, **args}
    call = Call("open", given["item"], given.get("module"), given["runningoperation"])
    return Context(call, Host(str(tmp_path)), billing=billing, log=log)


def functions(billing: Any) -> List[str]:
    """The functions that were called, in their order, by either way of calling."""
    return [one[1][0] for one in billing.mgrctl.mock_calls]


def once(billing: Any) -> List[str]:
    """The functions that are not asked again where the core does not answer."""
    return [one[0][0] for one in billing.mgrctl.call_once.call_args_list]


SAVED = "runningoperation.edit"
TO_STAFF = [SAVED, "runningoperation.setmanual", "task.gettype", "task.edit"]
PROBLEM = [SAVED, "problems.register"]


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
    assert functions(billing) == expected
    adds_something = {"task.edit", "problems.register"}
    assert once(billing) == [name for name in expected if name in adds_something]


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
    billing.operation_tries.return_value = tries
    report.failed(make(tmp_path, billing, log), error("x"))
    assert functions(billing) == (TO_STAFF if to_staff else [SAVED])


def test_a_fault_of_the_module_never_goes_to_staff(tmp_path: Path, billing: Any, log: Any) -> None:
    billing.operation_tries.return_value = 1000
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert "runningoperation.setmanual" not in functions(billing)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.QuotaZero("0"), TO_STAFF[:2]),
        (errors.CloudLost("x"), TO_STAFF[:1]),
    ],
)
def test_staff_has_one_task_of_an_operation(
    tmp_path: Path, billing: Any, log: Any, error: errors.PmError, expected: List[str]
) -> None:
    billing.operation_has_task.return_value = True
    billing.operation_tries.return_value = 10
    report.failed(make(tmp_path, billing, log), error)
    assert functions(billing) == expected


def test_a_command_without_a_type_of_task_has_none(tmp_path: Path, billing: Any, log: Any) -> None:
    billing.mgrctl.call.return_value = xml.parse(b"<doc/>")
    report.failed(make(tmp_path, billing, log), errors.QuotaZero("0"))
    assert functions(billing) == TO_STAFF[:3]


def test_what_is_saved_is_the_error_document(tmp_path: Path, billing: Any, log: Any) -> None:
    report.failed(make(tmp_path, billing, log), errors.QuotaZero("0 <GiB>"))
    arguments = billing.mgrctl.call.call_args_list[0][1]
    assert (arguments["sok"], arguments["elid"]) == ("ok", 900001)
    error = xml.parse(arguments["errorxml"].encode()).find("error")
    assert error is not None
    assert error.get("type") == "quota_zero"
    assert error.findtext("param") == "0 <GiB>"
    task = billing.mgrctl.call_once.call_args[1]
    assert task == {"sok": "ok", "item": 1001, "runningoperation": 900001, "type": "21"}


def test_a_problem_is_registered_once_until_it_changes_or_is_gone(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    for error in (errors.LoginRefused("x"), errors.LoginRefused("y"), errors.CloudMaintenance("z")):
        report.failed(make(tmp_path, billing, log, runningoperation=None), error)
    assert functions(billing) == ["problems.register"] * 2
    report.succeeded(seen(make(tmp_path, billing, log)))
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    assert functions(billing) == ["problems.register"] * 3


def test_a_problem_names_the_module(tmp_path: Path, billing: Any, log: Any) -> None:
    context = make(tmp_path, billing, log, item=None, module=32, runningoperation=None)
    report.failed(context, errors.LoginRefused("GET /x"))
    assert billing.mgrctl.call_once.call_args[1] == {
        "sok": "ok",
        "name": "processingmodule_connect",
        "id": 32,
        "level": "error",
        "param_pm_name": "Cloud",
        "param_pm_id": 32,
        "param_errormsg": "cloud_login_refused: GET /x",
    }


def test_a_form_is_nobodys_problem(tmp_path: Path, billing: Any, log: Any) -> None:
    context = make(tmp_path, billing, log, item=None, runningoperation=None)
    report.failed(context, errors.LoginRefused("x"))
    assert functions(billing) == []


def seen(context: Context, has_answer: bool = True, module_id: int = 31) -> Context:
    """The context after its run has reached for the module's cloud."""
    visit: Any = create_autospec(Visit, instance=True, has_answer=has_answer, module_id=module_id)
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
    assert functions(billing) == ["problems.register"]


@pytest.mark.parametrize("failing", [SAVED, "problems.register"])
def test_a_report_that_fails_hides_neither_the_rest_nor_the_error(
    tmp_path: Path, billing: Any, log: Any, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    def answer(function: str, **params: object) -> Any:
        if function == failing:
            raise errors.CoreUnavailable("down")
        return xml.parse(b"<doc/>")

    billing.mgrctl.call.side_effect = answer
    billing.mgrctl.call_once.side_effect = answer
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert functions(billing) == PROBLEM
    assert "could not report cloud_login_refused" in caplog.text


def test_a_problem_that_could_not_be_registered_is_registered_next_time(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    billing.mgrctl.call_once.side_effect = errors.CoreUnavailable("down")
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    billing.mgrctl.call_once.side_effect = None
    report.failed(make(tmp_path, billing, log, runningoperation=None), errors.LoginRefused("x"))
    assert once(billing) == ["problems.register"] * 2


def test_the_cloud_that_was_reached_for_is_the_one_with_the_problem(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    context = seen(make(tmp_path, billing, log, module=31), module_id=77)
    report.failed(context, errors.LoginRefused("x"))
    assert billing.mgrctl.call_once.call_args[1]["id"] == 77
    billing.item.assert_not_called()


def test_a_problem_never_tells_a_secret(tmp_path: Path, billing: Any, log: Any) -> None:
    secret = Secret("Made-up-pw-77")
    error = errors.CloudMoved(f"https://new.example/?p={secret.reveal()}")
    report.failed(make(tmp_path, billing, log), error)
    assert "Made-up" not in str(billing.mgrctl.mock_calls)
    assert "p=***" in billing.mgrctl.call_once.call_args[1]["param_errormsg"]


def test_a_problem_that_another_process_is_registering_is_left_to_it(
    tmp_path: Path, billing: Any, log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LockFile, "take", lambda self, numbers, wait_s: None)
    report.failed(make(tmp_path, billing, log), errors.LoginRefused("x"))
    assert functions(billing) == [SAVED]


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
    assert functions(billing) == PROBLEM
    report.succeeded(context)
    assert caplog.text.count("state_unwritable: full") == 2


def test_an_operation_of_a_whole_module_never_goes_to_staff(
    tmp_path: Path, billing: Any, log: Any
) -> None:
    context = make(tmp_path, billing, log, item=None, module=31)
    report.failed(context, errors.QuotaZero("0"))
    assert functions(billing) == [SAVED]


def test_an_operation_that_is_gone_has_had_no_tries(tmp_path: Path, billing: Any, log: Any) -> None:
    billing.operation_tries.return_value = None
    report.failed(make(tmp_path, billing, log), errors.CloudLost("x"))
    assert functions(billing) == [SAVED]
