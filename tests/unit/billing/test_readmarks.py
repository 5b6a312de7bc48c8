"""What marks say is remembered where there are many, and read anew wherever it is not known."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, List

import pytest

from tests.doubles.billmanager import Stand
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark, readmarks
from utils.billing.key import Key
from utils.billing.readmarks import ReadMarks, Said
from utils.host.state import READ_MARKS, State


class Watched:
    """BILLmanager's key, which notes what it decrypts."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self.decrypted: List[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)

    def decrypt(self, text: str) -> Secret:
        """Decrypts, and notes it."""
        self.decrypted.append(text)
        return self._key.decrypt(text)


@pytest.fixture
def doors(stand: Stand, tmp_path: Path) -> Any:
    """The ways to the module's own files and to the key."""
    key = Watched(Key(str(stand.root / "etc/billmgr.pem")))
    return SimpleNamespace(state=State(str(tmp_path / "state")), key=key)


def crypted(doors: Any, number: int) -> str:
    """The encrypted mark of a service."""
    own_mark = Mark(number, f"name{number}", "0" * 16, Secret("made-up-77"))
    text: str = doors.key.encrypt(Secret(mark.to_text(own_mark, doors.key.seal)))
    return text


def read_twice(doors: Any) -> List[str]:
    """Reads three marks in two runs, and gives what was decrypted for that."""
    texts = [crypted(doors, number) for number in range(3)]
    for _ in range(2):
        marks = ReadMarks(doors)
        said = [marks.read(text) for text in texts]
        marks.keep()
        assert said == [Said(number, f"name{number}", True) for number in range(3)]
    decrypted: List[str] = doors.key.decrypted
    assert set(decrypted) == set(texts)
    return decrypted


def test_a_few_marks_are_read_each_time_and_leave_nothing(doors: Any) -> None:
    assert len(read_twice(doors)) == 6
    assert doors.state.read(READ_MARKS) is None


def test_many_marks_are_read_once(doors: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readmarks, "FEW", 3)
    assert len(read_twice(doors)) == 3
    assert "made-up" not in str(doors.state.read(READ_MARKS))


def test_a_mark_that_is_written_anew_is_read_anew(
    doors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readmarks, "FEW", 1)
    marks = ReadMarks(doors)
    for number in (1, 2):
        assert marks.read(crypted(doors, number)) == Said(number, f"name{number}", True)
        marks.keep()
    assert len(doors.key.decrypted) == 2


def test_no_more_are_remembered_than_a_file_holds(
    doors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readmarks, "FEW", 2)
    monkeypatch.setattr(readmarks, "MOST", 3)
    for first in (0, 2):
        marks = ReadMarks(doors)
        for number in (first, first + 1):
            marks.read(crypted(doors, number))
        marks.keep()
    kept = doors.state.read(READ_MARKS)
    assert sorted(entry[0] for entry in kept.values()) == [2, 3]


@pytest.mark.parametrize("kept", [7, [1, "x"], ["1", "x", True], [1, 2, True], [1, "x", 1]])
def test_a_damaged_memory_is_none(doors: Any, kept: Any) -> None:
    text = crypted(doors, 1)
    marks = ReadMarks(doors)
    marks.read(text)
    [name] = marks._new
    doors.state.write(READ_MARKS, {name: kept})
    assert ReadMarks(doors).read(text) == Said(1, "name1", True)


def test_no_mark_says_nothing_and_a_broken_one_is_told(doors: Any) -> None:
    assert ReadMarks(doors).read("") is None
    with pytest.raises(errors.SecretBroken):
        ReadMarks(doors).read("bm90IGEgbWFyaw==")


def test_where_nothing_can_be_written_marks_are_read_all_the_same(
    doors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readmarks, "FEW", 1)

    def fail(name: str, value: object) -> None:
        raise errors.StateUnwritable(name)

    monkeypatch.setattr(doors.state, "write", fail)
    marks = ReadMarks(doors)
    assert marks.read(crypted(doors, 1)) == Said(1, "name1", True)
    marks.keep()
