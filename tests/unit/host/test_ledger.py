"""A ledger: whole texts, on the disk, and nothing else where they cannot be."""

import os
from pathlib import Path
from typing import Type

import pytest

from utils.base import errors
from utils.host.ledger import MOST_BYTES, DryLedger, Ledger


@pytest.mark.parametrize("kind", [Ledger, DryLedger])
def test_what_is_written_is_read_and_listed(tmp_path: Path, kind: Type[Ledger]) -> None:
    ledger = kind(str(tmp_path / "new/folder"))
    assert ledger.names() == []
    assert ledger.read("15-1") is None
    ledger.write("15-1", "one")
    ledger.write("7-1", "other")
    ledger.write("15-1", "two")
    assert ledger.names() == ["15-1", "7-1"]
    assert ledger.read("15-1") == "two"
    assert ledger.has("15-1")
    ledger.remove("15-1")
    ledger.remove("15-1")
    assert ledger.names() == ["7-1"]
    assert not ledger.has("15-1")


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "folder/2026"))
    ledger.write("15-1", "one")
    for folder in (tmp_path / "folder", tmp_path / "folder/2026"):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "folder/2026/15-1.json").stat().st_mode & 0o777 == 0o600


def test_a_dry_run_leaves_the_disk_alone(tmp_path: Path) -> None:
    Ledger(str(tmp_path)).write("15-1", "one")
    dry = DryLedger(str(tmp_path))
    dry.write("15-1", "two")
    dry.write("15-2", "new")
    dry.remove("15-2")
    assert dry.read("15-1") == "two"
    assert dry.names() == ["15-1"]
    dry.remove("15-1")
    assert dry.read("15-1") is None
    assert Ledger(str(tmp_path)).read("15-1") == "one"


def test_a_write_that_is_cut_off_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.write("15-1", "one")

    def fail(source: str, target: str) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("utils.host.ledger.os.replace", fail)
    with pytest.raises(errors.StateUnwritable):
        ledger.write("15-1", "two")
    assert ledger.read("15-1") == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["15-1.json"]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"0" * (MOST_BYTES + 1)])
def test_what_is_no_text_of_ours_reads_as_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "15-1.json").write_bytes(data)
    assert Ledger(str(tmp_path)).read("15-1") == ""


def test_what_cannot_be_read_is_told_and_not_taken_for_missing(tmp_path: Path) -> None:
    (tmp_path / "15-1.json").mkdir()
    with pytest.raises(errors.StateUnwritable):
        Ledger(str(tmp_path)).read("15-1")
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.StateUnwritable):
        Ledger(str(tmp_path / "file")).names()
    with pytest.raises(errors.StateUnwritable):
        Ledger(str(tmp_path / "file/below")).write("15-1", "one")


def test_folders_of_years_are_no_texts(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path))
    ledger.write("15-1", "one")
    Ledger(str(tmp_path / "2026")).write("7-1", "over")
    (tmp_path / "other").mkdir()
    assert ledger.folders() == ["2026"]
    assert ledger.names() == ["15-1"]
