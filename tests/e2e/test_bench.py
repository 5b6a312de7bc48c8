"""The bench measures every command that BILLmanager starts; a round of it, for what it measures."""

import pytest

from tests.e2e.world import World
from tests.tools import bench, compare, keeping, table


def test_every_command_of_billmanager_is_measured(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.setattr(bench, "STANDING", 1)
    bare_ms, rows = bench.all_commands(world).measure()
    assert {row.name for row in rows} == set(table.FOR_BILLMANAGER)
    assert bare_ms > 0
    for row in rows:
        assert min(row.total_ms, row.imports_ms) > 0, row
        assert (row.requests > 0) is (row.name in table.AT_CLOUDS), row


def test_another_revision_is_compared_command_by_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "ROUNDS", 1)
    monkeypatch.setattr(bench, "STANDING", 1)
    monkeypatch.setattr("shutil.which", lambda name: None)  # counting takes minutes
    rows = compare.compare("HEAD")
    assert {row.name for row in rows} == set(table.FOR_BILLMANAGER)
    for row in rows:
        assert min(row.base.processor_ms, row.now.processor_ms) > 0, row
    compare.show("HEAD", rows)
    assert capsys.readouterr().out.count("\n| `") == len(rows)


def test_each_way_to_keep_a_record_is_measured_with_a_record_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keeping, "ROUNDS", 2)
    taken = keeping.measure()
    assert set(taken) == set(keeping.WAYS)
    assert min(taken.values()) > 0
