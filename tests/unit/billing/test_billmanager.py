"""Billing: what it says of BILLmanager itself, and that it makes no more than is asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.doubles.billmanager import Stand, keys
from tests.unit.conftest import NOUNS
from utils.base import errors
from utils.billing.billmanager import Billing
from utils.billing.key import Key


@pytest.mark.usefixtures("no_pauses")
def test_a_core_that_is_down_is_told(stand: Stand, billing: Billing) -> None:
    stand.core_down = True
    with pytest.raises(errors.CoreUnavailable):
        billing.ask_core()


def test_a_core_that_answers_is_asked_for_nothing_that_changes_anything(
    stand: Stand, billing: Billing
) -> None:
    before = len(stand.calls)
    billing.ask_core()
    assert [call.function for call in stand.calls[before:]] == ["paramlist"]


def test_each_noun_is_made_once(billing: Billing) -> None:
    for name, noun in NOUNS.items():
        assert isinstance(getattr(billing, name), noun)
        assert getattr(billing, name) is getattr(billing, name)


def test_what_is_told_of_the_key_is_what_the_key_tells(stand: Stand, billing: Billing) -> None:
    key = Key(str(stand.root / "etc" / "billmgr.pem"))
    assert billing.key_digest() == key.shown_digest()
    assert billing.fingerprint("made-up-77") == key.fingerprint("made-up-77")
    assert billing.fingerprint("made-up-77") != billing.fingerprint("made-up-78")
    assert billing.secret_capacity_bytes() == keys.PLAINTEXT_MAX_BYTES


def test_the_version_of_the_database_is_told(stand: Stand, billing: Billing) -> None:
    [row] = stand.sql("SELECT VERSION() AS version")
    assert billing.database_version() == row["version"]


def test_nothing_is_loaded_before_it_is_asked_for(tmp_path: Path) -> None:
    code = f"""
import logging, sys
from utils.billing.billmanager import Billing
from utils.host.root import Host
before = set(sys.modules)
billing = Billing(Host({str(tmp_path)!r}), logging.getLogger())
assert set(sys.modules) == before
billing.services
print(*sorted(name for name in sys.modules if name.startswith("utils.billing.")))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert loaded == {"billmanager", "doors", "mark", "needs", "oldmarks", "services"}
