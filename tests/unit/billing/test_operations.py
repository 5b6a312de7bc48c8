"""Operations on the stand's BILLmanager: error, tries, task for staff."""

from typing import Callable, List

import pytest

from tests.doubles.billmanager import CoreFault, Stand
from tests.unit.billing.given import module, order
from utils.base import errors, xml
from utils.billing.billmanager import Billing
from utils.billing.operations import Operations, Queued, Standing, Waiting


def test_a_call_without_an_operation_has_none(billing: Billing) -> None:
    assert billing.operations.tries() is None
    assert billing.operations.waits() is False
    assert billing.operations.has_task() is False


def test_the_tries_and_the_task_of_an_operation_are_read(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item, trycount=7)
    billing = serving(operation)
    assert billing.operations.tries() == 7
    assert billing.operations.has_task() is False
    [kind] = stand.sql("SELECT id FROM tasktype WHERE intname = 'open'")
    task = stand.database.insert(
        "task", item=item, runningoperation=operation, type=kind["id"], status=1
    )
    assert billing.operations.has_task() is True
    stand.sql("UPDATE task SET status = 2 WHERE id = %s", task)
    assert billing.operations.has_task() is False


def test_an_error_that_stands_on_any_operation_of_the_module_is_shown(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    module_id = module(stand)
    items = [order(stand, module_id), order(stand, module_id), order(stand)]
    operations = [stand.add_operation("open", item) for item in items]
    found = serving(operations[0]).operations
    assert not found.shows(module_id, "cloud_login_refused")
    serving(operations[2]).operations.save_error(errors.LoginRefused("x"))
    assert not found.shows(module_id, "cloud_login_refused")
    serving(operations[1]).operations.save_error(errors.LoginRefused("x"))
    assert found.shows(module_id, "cloud_login_refused")
    assert not found.shows(module_id, "cloud_login")
    stand.sql("UPDATE runningoperation SET errorxml = REPLACE(errorxml, '\"', '\\'')")
    assert found.shows(module_id, "cloud_login_refused")
    stand.sql("DELETE FROM runningoperation WHERE id = %s", operations[1])
    assert not found.shows(module_id, "cloud_login_refused")


def test_where_nobody_can_see_an_error_on_operations_it_counts_as_shown(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    module_id = stand.item(item)["processingmodule"]
    assert serving(999_999).operations.shows(module_id, "cloud_login_refused")
    operation = stand.add_operation("open", item)
    stand.sql("ALTER TABLE runningoperation CHANGE errorxml something MEDIUMTEXT NULL")
    try:
        assert serving(operation).operations.shows(module_id, "cloud_login_refused")
    finally:
        stand.sql("ALTER TABLE runningoperation CHANGE something errorxml MEDIUMTEXT NULL")


def called(stand: Stand, operation: int) -> List[str]:
    """The functions that were called about an operation, in their order."""
    about = {str(operation)}
    return [
        call.function
        for call in stand.calls
        if about & {call.args.get("elid"), call.args.get("runningoperation")}
    ]


def test_an_error_is_saved_as_the_error_document(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    operation = stand.add_operation("open", order(stand))
    serving(operation).operations.save_error(errors.QuotaZero("0 <GiB>"))
    saved = stand.operation(operation)
    assert saved is not None
    error = xml.parse(saved["errorxml"].encode()).find("error")
    assert error is not None
    assert error.get("type") == "quota_zero"
    assert error.findtext("param") == "0 <GiB>"
    assert saved["manual"] is None


def test_an_operation_that_is_left_to_staff_is_stopped_and_has_one_task(
    stand: Stand, serving: Callable[[int], Billing], caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item)
    operations = serving(operation).operations
    for _ in range(2):
        operations.leave_to_staff(item, "open", errors.QuotaZero("0"))
    saved = stand.operation(operation)
    assert saved is not None
    assert saved["manual"] == "on"
    [task] = stand.sql("SELECT * FROM task WHERE runningoperation = %s", operation)
    [kind] = stand.sql("SELECT id FROM tasktype WHERE intname = 'open'")
    assert (task["item"], task["type"]) == (item, kind["id"])
    stop = "runningoperation.setmanual"
    assert called(stand, operation) == [stop, "task.edit", stop]
    assert f"operation {operation} is left to staff: quota_zero: 0" in caplog.text


def test_staff_is_told_of_what_does_not_stop_an_operation(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("close", item)
    operations = serving(operation).operations
    for _ in range(2):  # a run that was killed after it tells nothing twice
        operations.tell_staff(item, "close", errors.AccountShared("user_7: 8 <9>"))
    [task] = [one for one in stand.tasks() if one["item"] == item]
    assert (task["type_name"], task["runningoperation"]) == ("close", operation)
    error = xml.parse(task["params"].encode()).find("error")
    assert error is not None
    assert (error.get("type"), error.findtext("param")) == ("account_shared", "user_7: 8 <9>")
    saved = stand.operation(operation)
    assert saved is not None
    assert saved["manual"] is None
    assert "account_shared" in saved["errorxml"]
    assert not [call for call in stand.calls if "account_shared" in " ".join(call.argv)]


def test_an_operation_that_has_ended_gets_no_task(
    stand: Stand, serving: Callable[[int], Billing], caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    operations = serving(4711).operations
    before = len(stand.calls)
    operations.tell_staff(item, "close", errors.AccountShared("user_7: 8"))
    assert len(stand.calls) == before
    assert "account_shared: user_7: 8" in caplog.text


def test_a_command_without_a_type_of_task_has_none(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item)
    serving(operation).operations.leave_to_staff(item, "no such", errors.QuotaZero("0"))
    assert called(stand, operation) == ["runningoperation.setmanual"]
    assert stand.sql("SELECT * FROM task WHERE runningoperation = %s", operation) == []


def test_a_task_whose_answer_is_lost_is_not_made_again(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item)
    billing = serving(operation)
    stand.core_faults.append(CoreFault("task.edit", kind="cut_after_effect", times=None))
    try:
        with pytest.raises(errors.CoreUnavailable):
            billing.operations.leave_to_staff(item, "open", errors.QuotaZero("0"))
    finally:
        stand.core_faults.clear()
    assert len(stand.sql("SELECT * FROM task WHERE runningoperation = %s", operation)) == 1


def test_an_operation_is_not_stopped_where_nobody_knows_its_tasks(
    stand: Stand, serving: Callable[[int], Billing], monkeypatch: pytest.MonkeyPatch
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item)
    operations = serving(operation).operations

    def lost(self: Operations) -> bool:
        raise errors.DatabaseUnavailable("gone")

    monkeypatch.setattr(Operations, "has_task", lost)
    with pytest.raises(errors.DatabaseUnavailable):
        operations.leave_to_staff(item, "open", errors.QuotaZero("0"))
    assert called(stand, operation) == []


def test_operations_that_wait_for_staff_are_listed_by_module(
    stand: Stand, billing: Billing
) -> None:
    first, second, other = module(stand), module(stand), module(stand, module="pmother")
    stopped = {}
    for module_id in (first, second, other):
        stand.add_operation("open", order(stand, module_id))
        stopped[module_id] = stand.add_operation("open", order(stand, module_id))
        stand.sql("UPDATE runningoperation SET manual = 'on' WHERE id = %s", stopped[module_id])
    assert billing.operations.stopped(first) == [stopped[first]]
    assert billing.operations.stopped(other) == []
    found = [one for one in billing.operations.stopped() if one in stopped.values()]
    assert found == [stopped[first], stopped[second]]


def test_a_billmanager_that_does_not_tell_stopped_operations_has_none(
    stand: Stand, billing: Billing
) -> None:
    operation = stand.add_operation("open", order(stand))
    stand.sql("UPDATE runningoperation SET manual = 'on' WHERE id = %s", operation)
    stand.sql("ALTER TABLE runningoperation RENAME COLUMN manual TO by_hand")
    try:
        assert billing.operations.stopped() == []
    finally:
        stand.sql("ALTER TABLE runningoperation RENAME COLUMN by_hand TO manual")
    assert operation in billing.operations.stopped()


def test_operations_that_stand_are_told_with_their_services(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    items = [order(stand, module_id) for _ in range(3)]
    waiting, stopped, over = (stand.add_operation("open", item) for item in items)
    stand.sql("UPDATE runningoperation SET manual = 'on' WHERE id = %s", stopped)
    stand.sql("DELETE FROM runningoperation WHERE id = %s", over)
    assert billing.operations.standing([stopped, waiting, over]) == [
        Standing(waiting, items[0], "backupservice", is_stopped=False),
        Standing(stopped, items[1], "backupservice", is_stopped=True),
    ]
    assert billing.operations.standing([over]) == []


def test_all_operations_of_our_modules_wait_each_with_its_tries(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    first = stand.add_operation("open", order(stand, module_id), trycount=3)
    second = stand.add_operation("close", order(stand, module_id))
    stand.add_operation("open", order(stand, module(stand, module="pmother")))
    stand.sql("UPDATE runningoperation SET manual = 'on' WHERE id = %s", second)
    own = [one for one in billing.operations.queue() if one.module_id == module_id]
    assert own == [
        Queued(first, module_id, 3, is_stopped=False),
        Queued(second, module_id, 0, is_stopped=True),
    ]
    others = {row["id"] for row in stand.sql("SELECT id FROM runningoperation")}
    assert len(others) > len(billing.operations.queue())


def test_an_older_billmanager_does_not_tell_which_waiting_operation_is_stopped(
    stand: Stand, billing: Billing
) -> None:
    number = stand.add_operation("open", order(stand))
    stand.sql("ALTER TABLE runningoperation CHANGE manual something VARCHAR(3) NULL")
    try:
        told = {one.id: one.is_stopped for one in billing.operations.queue()}
    finally:
        stand.sql("ALTER TABLE runningoperation CHANGE something manual VARCHAR(3) NULL")
    assert told[number] is None


def test_all_that_waits_in_some_modules_is_told_with_its_error_and_its_task(
    stand: Stand, billing: Billing
) -> None:
    first, second = module(stand), module(stand)
    items = [order(stand, one) for one in (first, second, first)]
    calm, failed, _ = (stand.add_operation("open", item, trycount=3) for item in items)
    other = stand.add_operation("open", order(stand))
    stand.sql(
        "UPDATE runningoperation SET manual = 'on', errorxml = %s WHERE id = %s",
        "<doc><error object='' type='quota_zero'/></doc>",
        failed,
    )
    task = stand.database.insert("task", item=items[1], runningoperation=failed, status=1)
    found = billing.operations.waiting([first, second])
    assert [one.id for one in found] == [calm, failed, failed + 1]
    assert other not in [one.id for one in found]
    assert found[0] == Waiting(calm, items[0], 3, is_stopped=False, has_task=False, code="")
    assert found[1] == Waiting(
        failed, items[1], 3, is_stopped=True, has_task=True, code="quota_zero"
    )
    stand.sql("UPDATE task SET status = 2 WHERE id = %s", task)
    assert not billing.operations.waiting([second])[0].has_task


@pytest.mark.parametrize("column", ["manual", "errorxml"])
def test_where_billmanager_tells_less_what_waits_is_told_all_the_same(
    stand: Stand, billing: Billing, column: str
) -> None:
    module_id = module(stand)
    operation = stand.add_operation("open", order(stand, module_id))
    stand.sql(f"ALTER TABLE runningoperation RENAME COLUMN {column} TO something")
    try:
        [one] = billing.operations.waiting([module_id])
    finally:
        stand.sql(f"ALTER TABLE runningoperation RENAME COLUMN something TO {column}")
    assert (one.id, one.is_stopped, one.code) == (operation, False, "")
