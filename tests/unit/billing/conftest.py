"""What tests of this room need beside a BILLmanager."""

import pytest


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A core that does not answer is asked again without a pause."""
    monkeypatch.setattr("utils.billing.mgrctl.time.sleep", lambda seconds: None)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
