"""BILLmanager in a dry run tells what it would tell after the same calls, and gets none of them."""

import logging
from datetime import date
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from tests.doubles.billmanager import ACTIVE, PROCESSING, Stand
from tests.unit.billing.given import module, order
from tests.unit.conftest import close
from utils.base import errors
from utils.base.intended import Plan
from utils.base.secret import Secret
from utils.base.values import Disk, Mark
from utils.billing.billmanager import Billing
from utils.billing.dry import DryBilling
from utils.billing.needs import FUNCTIONS, QUESTIONS
from utils.billing.statistics import stat_row
from utils.host.drystate import DryState
from utils.host.root import Host

Step = Callable[[Billing, int], Any]


def mark(item: int) -> Mark:
    """A mark of the service."""
    return Mark(item, f"user_{item}", "0123456789ab", Secret("Made-up-pw-77"))


STEPS: Dict[str, List[Step]] = {
    "a mark": [lambda one, item: one.services.save_mark(mark(item))],
    "a mark that is taken off": [
        lambda one, item: one.services.save_mark(mark(item)),
        lambda one, item: one.services.drop_mark(item),
    ],
    "what the customer sees": [
        lambda one, item: one.services.save_login(
            item, f"user_{item}", Secret("Made-up-pw-77"), "https://cloud.example.com"
        )
    ],
    "the same twice": [
        lambda one, item: one.services.save(item, {"url": "https://cloud.example.com"}),
        lambda one, item: one.services.save(item, {"url": "https://cloud.example.com"}),
    ],
    "a secret in the place of a text": [
        lambda one, item: one.services.save(item, {"userpassword": "in clear"}),
        lambda one, item: one.services.save(item, {"userpassword": Secret("Made-up-pw-77")}),
    ],
    "suspended": [lambda one, item: one.closing.post(one.services.item(item), "suspend")],
    "closed": [lambda one, item: one.closing.post(one.services.item(item), "close")],
    "opened": [lambda one, item: one.closing.post_open(one.services.item(item))],
}


@pytest.fixture
def plan() -> Plan:
    """What would be done."""
    return Plan()


@pytest.fixture
def dry(stand: Stand, log: logging.Logger, plan: Plan) -> Iterator[DryBilling]:
    """The stand's BILLmanager in a dry run."""
    state = DryState(str(stand.root / "var/pmnextcloud"))
    one = DryBilling(plan, state, Host(str(stand.root)), log)
    yield one
    close(one)


def seen(one: Billing, item: int) -> Any:
    """What a run reads back."""
    service = one.services.item(item)
    return service._replace(status=one.services.status(item))


@pytest.mark.parametrize("form", ["pairs", "name"])
@pytest.mark.parametrize("name", STEPS)
def test_after_calls_a_dry_billing_tells_what_the_real_one_tells(
    stand: Stand, dry: DryBilling, billing: Billing, plan: Plan, name: str, form: str
) -> None:
    stand.saveparam_form = form
    learnt = order(stand)
    billing.services.save(learnt, {"url": "https://cloud.example.com"})  # the form is known now
    item = order(stand)
    before, calls = seen(billing, item), len(stand.calls)
    for step in STEPS[name]:
        step(dry, item)
    told = seen(dry, item)
    assert len(stand.calls) == calls
    assert seen(billing, item) == before
    for step in STEPS[name]:
        step(billing, item)
    assert told == seen(billing, item)
    done = [call.function for call in stand.calls[calls:]]
    assert [note.deed.name for note in plan.notes()] == done
    assert "Made-up" not in " ".join(note.deed.words for note in plan.notes())


def test_a_secret_too_long_for_the_key_is_not_saved(stand: Stand, dry: DryBilling) -> None:
    with pytest.raises(errors.NotSaved):
        dry.services.save(order(stand), {"userpassword": Secret("x" * 600)})


def test_whoever_would_name_a_login_by_now_is_a_rival(stand: Stand, dry: DryBilling) -> None:
    first, second = order(stand), order(stand)
    assert dry.namings.of("moved-in", second) == {}
    dry.services.save(first, {"username": " Moved-In"})
    assert dry.namings.of("moved-in", second) == {first: stand.item(first)["processingmodule"]}
    assert dry.namings.of("moved-in", first) == {}


def test_a_service_that_is_gone_has_no_status(dry: DryBilling) -> None:
    dry.closing._doors.core.call(FUNCTIONS.post_close, sok="ok", elid=999_999)
    assert dry.services.status(999_999) is None


def test_rows_are_noted_one_by_one(stand: Stand, dry: DryBilling, plan: Plan) -> None:
    disk = Disk("disk", 3, 1024**3)
    day = date(2026, 1, 31)
    dry.statistics.write([stat_row(item, day, item * 1024**3, disk) for item in (7, 8)])
    assert [str(note.deed) for note in plan.notes()] == [
        "itemstat item=7 statdate=2026-01-31 param=disk value=7 measure=3",
        "itemstat item=8 statdate=2026-01-31 param=disk value=8 measure=3",
    ]
    assert not stand.sql("SELECT * FROM itemstat WHERE statdate = '2026-01-31'")


def test_questions_are_asked(stand: Stand, dry: DryBilling, plan: Plan) -> None:
    calls = len(stand.calls)
    dry.ask_core()
    assert dry.modules.shows_fields(module(stand)) in (True, False)
    assert {call.function for call in stand.calls[calls:]} <= set(QUESTIONS)
    assert len(stand.calls) == calls + 2
    assert not plan.notes()


def test_whatever_is_no_question_is_not_asked(stand: Stand, dry: DryBilling, plan: Plan) -> None:
    calls = len(stand.calls)
    for function in (*(set(FUNCTIONS) - set(QUESTIONS)), "item.delete"):
        dry.closing._doors.core.call(function, elid=order(stand), name="url")
    dry.closing._doors.core.call(FUNCTIONS.show_module, sok="ok", elid=1)
    assert len(stand.calls) == calls
    assert len(plan.notes()) == len(set(FUNCTIONS) - set(QUESTIONS)) + 2


def test_the_module_s_own_files_stay(stand: Stand, dry: DryBilling) -> None:
    folder = Path(stand.root, "var/pmnextcloud")
    before = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    item = order(stand)
    dry.services.save_mark(mark(item))
    assert {path.name: path.read_bytes() for path in folder.glob("*.json")} == before
    assert {ACTIVE, PROCESSING} >= {stand.item(item)["status"]}
