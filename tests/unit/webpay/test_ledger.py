"""What is written of payments: whole, for root alone, and never taken for empty."""

import os
from pathlib import Path

import pytest

from utils.base import errors
from utils.host.root import Host
from utils.webpay import ledger
from utils.webpay.ledger import Entry, Ledger


@pytest.fixture
def book(tmp_path: Path) -> Ledger:
    return Ledger(Host(str(tmp_path)))


def test_what_is_written_is_read_again(book: Ledger) -> None:
    entry = book.read(7)
    assert (entry.orders, entry.is_pending, book.pending()) == ({}, False, [])
    entry.orders["B7-AAE"] = {"at": 1, "test": False}
    entry.intent = {"transaction": "5", "order": "B7-AAE", "at": 1, "answered": False}
    book.write(entry)
    assert book.pending() == [7]
    again = book.read(7)
    assert again.as_data() == entry.as_data()
    again.intent, again.paid = None, {"transaction": "5", "at": 2}
    book.write(again)
    assert book.pending() == []


def test_a_repeat_is_kept_once_and_the_oldest_told_one_gives_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ledger, "MOST_KEPT", 3)
    entry = Entry(0)
    for number in (1, 2, 3):
        assert entry.keep(why="stray", transaction=str(number), at=number)
        assert not entry.keep(why="stray", transaction=str(number), at=number + 9)
    assert entry.is_full
    entry.kept[1]["told"] = entry.kept[2]["told"] = True
    assert not entry.is_full
    for number in (4, 5):
        assert entry.keep(why="stray", transaction=str(number), at=number)
    assert [one["transaction"] for one in entry.kept] == ["1", "4", "5"]


def test_what_nobody_was_told_of_never_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_KEPT", 2)
    entry = Entry(0)
    for number in range(4):
        assert entry.keep(why="stray", transaction=str(number), at=number)
    assert len(entry.kept) == 4


def test_those_that_wait_longest_for_a_visit_are_first(book: Ledger) -> None:
    for number in (7, 8, 9):
        entry = Entry(number)
        entry.keep(why="stray", at=1)
        book.write(entry)
        book.visit(number, 1000.0 + number)
    assert book.pending() == [7, 8, 9]
    book.visit(7, 2000.0)
    book.visit(10, 2000.0)
    assert book.pending() == [8, 9, 7]


def test_what_a_killed_claim_has_left_is_swept_and_changes_no_other(book: Ledger) -> None:
    book.sweep(0)
    book.claim("123", 7)
    claims = Path(book.folder) / "claims"
    # Killed before its last step, a claim leaves another name of the file that counts.
    os.link(Path(book.folder) / "transactions/23/123", claims / str(os.getpid()))
    assert book.claim("124", 8) == 8
    assert book.claim("123", 9) == 7
    left = claims / "1"
    left.write_text("7")
    made_at = left.stat().st_mtime
    book.sweep(made_at + ledger.LEFT_S)
    assert list(claims.iterdir()) == [left]
    book.sweep(made_at + ledger.LEFT_S + 1)
    assert list(claims.iterdir()) == []


def test_a_transaction_belongs_to_the_first_that_claims_it(book: Ledger) -> None:
    assert [book.claim("123", payment) for payment in (7, 8, 7)] == [7, 7, 7]
    assert book.claim("124", 8) == 8
    assert not [path for path in Path(book.folder).rglob("*") if path.name.endswith(".new")]


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"\xff", b"7", b'{"told_at": "x"}', b'{"kept": [7]}', b'{"kept": {}}'),
        *(b'{"orders": []}', b'{"orders": {"B7-AAE": 1}}', b'{"orders": {"B7-AAE": {"at": 1}}}'),
        *(b'{"paid": "5"}', b'{"paid": null}', b'{"paid": {"transaction": "5", "at": "now"}}'),
        *(b'{"intent": {"transaction": "5", "at": 1}}', b'{"returned": {}}'),
    ],
)
def test_a_damaged_file_is_an_error_and_never_empty(book: Ledger, content: bytes) -> None:
    book.write(Entry(7, {"told_at": 1.0}))
    (Path(book.folder) / "payments/7.json").write_bytes(content)
    with pytest.raises(errors.StateUnwritable):
        book.read(7)


def test_a_disk_that_is_full_is_an_error_and_leaves_what_was(
    book: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.write(Entry(7, {"told_at": 1.0}))
    write = os.write

    def fill(descriptor: int, data: bytes) -> int:
        if len(data) < 5:
            raise OSError(28, "No space left on device")
        return write(descriptor, data[:-4])

    monkeypatch.setattr(os, "write", fill)
    with pytest.raises(errors.StateUnwritable):
        book.write(Entry(7, {"told_at": 2.0}))
    monkeypatch.undo()
    assert book.read(7).told_at == 1.0


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    book = Ledger(Host(str(tmp_path)))
    with pytest.raises(errors.StateUnwritable):
        book.write(Entry(7))
    with pytest.raises(errors.StateUnwritable):
        book.lock(7, 0)
    assert book.last_seen() is None
    book.see()


def test_the_last_notification_is_seen(book: Ledger) -> None:
    assert book.last_seen() is None
    book.write(Entry(7))
    book.see()
    assert book.last_seen() is not None


@pytest.mark.parametrize("content", [b"", b"x", b"\xff"])
def test_a_damaged_claim_is_an_error_of_the_record(book: Ledger, content: bytes) -> None:
    book.claim("123", 7)
    (Path(book.folder) / "transactions/23/123").write_bytes(content)
    with pytest.raises(errors.StateUnwritable):
        book.claim("123", 8)
    assert [path.name for path in (Path(book.folder) / "transactions/23").iterdir()] == ["123"]
