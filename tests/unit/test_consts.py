"""The fixed words: what counts as one of them."""

from pathlib import Path

import pytest

from tests import ROOT
from tests.meta.test_imports import COMMANDS, UTILS, imported
from utils.consts import is_admin_group


@pytest.mark.parametrize("group", ["", "administrators", "admins", "ad min", "клиенты"])
def test_other_groups_are_not_the_administrators(group: str) -> None:
    assert not is_admin_group(group)


@pytest.mark.parametrize("group", ["admin", "Admin", "ADMIN", "admin ", " admin"])
def test_every_spelling_that_a_database_may_take_for_it_is_the_administrators(group: str) -> None:
    assert is_admin_group(group)


@pytest.mark.parametrize("path", [*UTILS, *COMMANDS], ids=lambda path: path.name)
def test_nobody_compares_with_the_administrators_group_by_himself(path: Path) -> None:
    is_home = path == ROOT / "utils" / "consts.py"
    assert is_home or "utils.consts.ADMIN_GROUP" not in imported(path)
