"""BILLmanager's own files."""

from pathlib import Path

import pytest

from utils.host.root import Host


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with an empty folder of configuration."""
    (tmp_path / "etc" / "billmgr.conf.d").mkdir(parents=True)
    return tmp_path


def test_missing_files_are_empty(tmp_path: Path) -> None:
    assert Host(str(tmp_path)).config() == {}


def test_an_unreadable_file_is_empty(root: Path) -> None:
    (root / "etc" / "billmgr.conf").mkdir()
    (root / "etc" / "billmgr.conf.d" / "db.conf").write_text("DBName billmgr\n")
    assert Host(str(root)).config() == {"DBName": "billmgr"}


def test_a_value_is_the_rest_of_its_line(root: Path) -> None:
    text = "# DBName no\n\n  DBName  billmgr  \nDBPassword a #;=%$&'\"\\<>{}* b\nAlone\nDBUser\tr\n"
    (root / "etc" / "billmgr.conf.d" / "db.conf").write_text(text)
    config = Host(str(root)).config()
    assert config["DBName"] == "billmgr"
    assert config["DBPassword"] == "a #;=%$&'\"\\<>{}* b"
    assert config["Alone"] == ""


def test_a_tab_separates_like_a_blank(root: Path) -> None:
    (root / "etc" / "billmgr.conf.d" / "db.conf").write_text("DBName\tbillmgr\n")
    assert Host(str(root)).config() == {"DBName": "billmgr"}


def test_later_files_win_and_others_are_not_read(root: Path) -> None:
    (root / "etc" / "billmgr.conf").write_text("DBName first\nOption x\n")
    for name, value in (("a.conf", "second"), ("b.conf", "third"), ("c.conf.bak", "fourth")):
        (root / "etc" / "billmgr.conf.d" / name).write_text(f"DBName {value}\n")
    assert Host(str(root)).config()["DBName"] == "third"


def test_bytes_that_are_no_utf8_survive(root: Path) -> None:
    (root / "etc" / "billmgr.conf.d" / "db.conf").write_bytes(b"DBPassword \xff\xfe\n")
    value = Host(str(root)).config()["DBPassword"]
    assert value.encode("utf-8", "surrogateescape") == b"\xff\xfe"


def test_do_nothing_is_a_file(root: Path) -> None:
    host = Host(str(root))
    assert host.does_nothing() is False
    (root / "etc" / "billmgr.DoNothing").touch()
    assert host.does_nothing() is True


def test_paths_are_under_the_root(root: Path) -> None:
    assert Host(str(root)).path("etc", "x") == str(root / "etc" / "x")
