"""Closing calls on the stand's BILLmanager: made once, and believed when the status is read."""

from typing import Callable

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    PROCESSING,
    SUSPENDED,
    CoreFault,
    Stand,
)
from tests.unit.billing.given import order
from utils.base import errors
from utils.billing.billmanager import Billing


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("suspend", ACTIVE, SUSPENDED),
        ("resume", SUSPENDED, ACTIVE),
        ("close", SUSPENDED, DELETED),
        ("close", PROCESSING, DELETED),
    ],
)
def test_a_post_call_ends_the_operation(
    stand: Stand, serving: Callable[[int], Billing], action: str, before: int, after: int
) -> None:
    item = order(stand)
    stand.set_status(item, before)
    operation = stand.add_operation(action, item)
    billing = serving(operation)
    assert billing.operations.waits()
    billing.closing.post(billing.services.item(item), action)
    assert stand.item(item)["status"] == after
    assert stand.operation(operation) is None
    assert not billing.operations.waits()


def test_what_an_earlier_run_posted_is_not_posted_again(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    stand.set_status(item, SUSPENDED)
    before = len(stand.calls)
    billing.closing.post(billing.services.item(item), "suspend")
    assert len(stand.calls) == before
    assert "already done" in caplog.text


def test_a_waiting_operation_is_posted_though_the_status_is_there(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    stand.set_status(item, SUSPENDED)
    operation = stand.add_operation("suspend", item)
    billing = serving(operation)
    billing.closing.post(billing.services.item(item), "suspend")
    assert stand.operation(operation) is None


@pytest.mark.usefixtures("no_pauses")
def test_a_post_whose_answer_is_lost_is_looked_up(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.core_faults.append(CoreFault("service.postsuspend", kind="cut_after_effect", times=None))
    billing.closing.post(billing.services.item(item), "suspend")
    assert stand.item(item)["status"] == SUSPENDED


@pytest.mark.usefixtures("no_pauses")
def test_a_post_that_never_took_effect_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.core_down = True
    with pytest.raises(errors.CoreUnavailable):
        billing.closing.post(billing.services.item(item), "suspend")


def test_a_status_that_does_not_follow_is_a_warning(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.after_call = lambda call: stand.set_status(item, PROCESSING)
    try:
        billing.closing.post(billing.services.item(item), "suspend")
    finally:
        stand.after_call = None
    assert "service.postsuspend was taken, but the status is 5" in caplog.text


def test_an_opened_service_is_told_by_its_types_own_function(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    billing.closing.post_open(billing.services.item(item))
    assert stand.item(item)["status"] == ACTIVE
    assert stand.calls[-1].function == "backupservice.open"


def test_a_core_without_that_function_is_told_and_the_operation_stays(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    stand.hidden_functions.add("backupservice.open")
    item = order(stand)
    operation = stand.add_operation("open", item)
    billing = serving(operation)
    with pytest.raises(errors.OpenUnknown, match=r"backupservice\.open"):
        billing.closing.post_open(billing.services.item(item))
    assert stand.calls[-1].function == "backupservice.open"
    assert stand.item(item)["status"] == PROCESSING
    assert stand.operation(operation) is not None


def test_a_service_that_is_gone_is_no_missing_function(stand: Stand, billing: Billing) -> None:
    item = billing.services.item(order(stand))._replace(id=999_999)
    with pytest.raises(errors.CoreRefused, match="missed"):
        billing.closing.post_open(item)


def test_another_refusal_of_an_opened_service_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.core_faults.append(CoreFault("backupservice.open", kind="error"))
    with pytest.raises(errors.CoreRefused, match=r"backupservice\.open: internal"):
        billing.closing.post_open(billing.services.item(item))
    assert stand.calls[-1].function == "backupservice.open"


def test_an_opened_service_whose_status_does_not_follow_is_told(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    stand.after_call = lambda call: stand.set_status(item, PROCESSING)
    try:
        with pytest.raises(errors.NotPosted, match="status 5, not 2"):
            billing.closing.post_open(billing.services.item(item))
    finally:
        stand.after_call = None


def test_applied_parameters_end_the_change_of_tariff(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    stand.change_tariff(item, stand.add_tariff(stand.add_itemtype("backupservice")))
    operation = stand.add_operation("setparam", item)
    billing = serving(operation)
    billing.closing.post_set_param(billing.services.item(item))
    assert stand.item(item)["lastpricelist"] is None
    assert stand.operation(operation) is None


def test_a_renewal_is_told_while_it_waits_and_never_again(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("prolong", item)
    billing = serving(operation)
    before = len(stand.called("service.postprolong"))
    billing.closing.post_prolong(billing.services.item(item))
    assert stand.operation(operation) is None
    billing.closing.post_prolong(billing.services.item(item))
    assert len(stand.called("service.postprolong")) == before + 1


def test_a_changed_password_is_told(stand: Stand, serving: Callable[[int], Billing]) -> None:
    item = order(stand)
    operation = stand.add_operation("changepassword", item)
    billing = serving(operation)
    billing.closing.post_password(billing.services.item(item))
    assert stand.operation(operation) is None


def test_a_core_that_does_not_know_of_passwords_is_told_of_none(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("changepassword", item)
    stand.hidden_functions.add("service.postchangepassword")
    try:
        billing = serving(operation)
        with pytest.raises(errors.CoreRefused):
            billing.closing.post_password(billing.services.item(item))
        stand.sql("DELETE FROM runningoperation WHERE id = %s", operation)
        billing.closing.post_password(billing.services.item(item))
    finally:
        stand.hidden_functions.clear()


def test_a_change_of_tariff_is_taken_back(
    stand: Stand, serving: Callable[[int], Billing], caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    old = stand.item(item)["pricelist"]
    stand.change_tariff(item, stand.add_tariff(stand.add_itemtype("backupservice")))
    billing = serving(stand.add_operation("setparam", item))
    billing.closing.roll_back_tariff(billing.services.item(item))
    assert (stand.item(item)["pricelist"], stand.item(item)["lastpricelist"]) == (old, None)
    assert stand.calls[-1].function == "service.changepricelist.rollback"
    assert "the change of tariff was taken back" in caplog.text
