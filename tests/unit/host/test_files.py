"""Files that are replaced whole, and made under names that count elsewhere too."""

import os
from pathlib import Path

import pytest

from utils.host import files


def test_a_file_is_replaced_whole_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_text("old")
    files.replace(str(path), b"new", f"{path}.new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["one"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "one"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        files.replace(str(path), b"new", f"{path}.new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["one"]


def test_what_is_written_in_pieces_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:2]))
    files.create(str(tmp_path / "one"), b"12345")
    assert (tmp_path / "one").read_bytes() == b"12345"


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_what_stands_at_the_name_is_never_written_into(tmp_path: Path, link: object) -> None:
    other, path = tmp_path / "other", tmp_path / "one"
    other.write_text("counts")
    assert callable(link)
    link(other, path)
    files.create(str(path), b"mine")
    assert (other.read_text(), path.read_text()) == ("counts", "mine")
