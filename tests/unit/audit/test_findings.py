"""What was found is counted, kept on disk, and given back as it was told."""

import errno
from typing import Any, Callable, Iterator, List, Optional

import pytest

from tests.unit.conftest import make_billing
from utils.audit import findings as findings_module
from utils.audit.differences import VERDICTS, Difference
from utils.audit.findings import DONE, SHOWN, Findings, Outcome, Planned
from utils.base import errors
from utils.base.secret import Secret

GIB = 1024**3


def difference(kind: str, item: Optional[int] = 15, **changes: Any) -> Difference:
    """A difference of a service."""
    one = Difference(kind, 31, f"user_{item}", {}, {}, item, 201, 501)
    return one._replace(**changes)


Make = Callable[..., Findings]


@pytest.fixture
def findings() -> Iterator[Make]:
    """Makes one that has found nothing yet."""
    billing = make_billing()
    billing.tariffs.names.side_effect = lambda ids: {one: f"Tariff {one}" for one in ids}
    billing.clients.names.side_effect = lambda ids: {one: f"Client {one}" for one in ids}
    made: List[Findings] = []

    def make(most: Optional[int] = None, classes: Any = VERDICTS) -> Findings:
        made.append(Findings(billing, classes, most))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_what_is_told_comes_back_with_the_names_of_client_and_tariff(findings: Make) -> None:
    one = findings()
    side = {"services": [16, "a\nb"], "enabled": True}
    one.tell([difference("duplicate", billing=side, login="user\x1b_15")])
    [record] = one.records({})
    assert record["client"] == {"id": 201, "name": "Client 201"}
    assert record["tariff"] == {"id": 501, "name": "Tariff 501"}
    assert (record["class"], record["verdict"], record["item"]) == ("duplicate", "fault", 15)
    assert record["billing"] == {"services": [16, "a?b"], "enabled": True}
    assert (record["login"], record["repair"]) == ("user?_15", None)


def test_an_account_of_nobody_has_neither(findings: Make) -> None:
    one = findings()
    one.tell([difference("unbilled", None, account_id=None, tariff_id=None)])
    [record] = one.records({})
    assert (record["item"], record["client"], record["tariff"]) == (None, None, None)


def test_only_wanted_classes_are_kept(findings: Make) -> None:
    one = findings(classes=("quota",))
    one.tell([difference("quota"), difference("group")])
    one.tell([difference("email")])
    assert [record["class"] for record in one.records({})] == ["quota"]
    assert one.count() == 1


def test_many_differences_are_on_disk_and_the_first_of_each_class_at_hand(
    monkeypatch: pytest.MonkeyPatch, findings: Make
) -> None:
    monkeypatch.setattr(findings_module, "IN_MEMORY_BYTES", 1000)
    one = findings()
    for start in range(0, 300, 100):
        one.tell([difference("quota", item) for item in range(start, start + 100)])
    assert [record["item"] for record in one.records({})] == list(range(300))
    assert [record["item"] for record in one.records({})] == list(range(300)), "a second time"
    assert [record["item"] for record in one.shown[31, "quota"]] == list(range(SHOWN))
    assert one.counts[31]["quota"] == 300
    assert one._file.name is not None


def test_sums_are_of_what_is_given_and_of_what_nobody_pays_for(findings: Make) -> None:
    one = findings()
    one.tell(
        [
            difference("quota", above_bytes=2 * GIB),
            difference("quota", cloud={"quota_bytes": "unlimited"}),
            difference("quota", cloud={"quota_bytes": "default"}),
            difference("closed_alive", used_bytes=3),
            difference("unbilled", None, used_bytes=4),
            difference("uncounted", cloud={"used_bytes": 100}),
        ]
    )
    assert (one.above_bytes, one.unlimited, one.unpaid_bytes) == (2 * GIB, 2, 7)


@pytest.mark.parametrize(("most", "held"), [(None, 3), (2, 2), (5, 3)])
def test_all_changes_are_counted_and_no_more_held_than_may_be_made(
    most: Optional[int], held: int, findings: Make
) -> None:
    one = findings(most)
    one.tell([difference("quota", item, change="quota") for item in (1, 2, 3)])
    one.tell([difference("quota", 4)])
    assert one.changes == 3
    assert one.planned == [Planned(31, item, "quota") for item in (1, 2, 3)][:held]


def test_an_outcome_stands_with_its_difference(findings: Make) -> None:
    one = findings()
    one.tell([difference("quota", item, change="quota") for item in (1, 2)])
    states: List[Any] = [record["repair"] for record in one.records({(2, "quota"): Outcome(DONE)})]
    assert states == [
        {"change": "quota", "state": "possible", "why": ""},
        {"change": "quota", "state": "done", "why": ""},
    ]


def test_no_secret_stands_in_a_record(findings: Make) -> None:
    secret = Secret("Made-up-secret-77")
    one = findings()
    one.tell([difference("unproved", cloud={"why": f"it was {secret.reveal()}"})])
    assert "Made-up-secret-77" not in str(list(one.records({})))


def test_a_full_disk_is_told_as_such(monkeypatch: pytest.MonkeyPatch, findings: Make) -> None:
    one = findings()

    def full(text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(one._file, "write", full)
    with pytest.raises(errors.StateUnwritable, match="No space left"):
        one.tell([difference("quota")])
