"""How a tariff says that services are suspended and end."""

from typing import Any

import pytest

from tests.doubles.billmanager import Stand
from utils.base import errors
from utils.billing.billmanager import Billing
from utils.billing.endterms import EndTerms
from utils.host.settings import Settings


@pytest.fixture
def tariff(stand: Stand) -> int:
    """A tariff whose form was never saved."""
    return stand.add_tariff(stand.add_itemtype("backupservice"))


def test_a_tariff_that_says_nothing_follows_the_settings(billing: Billing, tariff: int) -> None:
    assert billing.end_terms.of(tariff) == EndTerms("delete", 30, "lock", 7)
    settings = Settings(on_close="wait", keep_days=9)
    billing.end_terms._settings = lambda: settings
    assert billing.end_terms.of(tariff) == EndTerms("wait", 9, "lock", 7)


def test_what_a_tariff_says_counts(billing: Billing, stand: Stand, tariff: int) -> None:
    for name, value in (
        ("cloud_on_close", "wait"),
        ("cloud_keep_days", " 14 "),
        ("cloud_suspension", "read_only"),
        ("cloud_warn_days", "3"),
    ):
        stand.set_terms(tariff, **{name: value})
    assert billing.end_terms.of(tariff) == EndTerms("wait", 14, "read_only", 3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cloud_on_close", "purge"),
        ("cloud_keep_days", "0"),
        ("cloud_keep_days", "3651"),
        ("cloud_keep_days", "-1"),
        ("cloud_keep_days", "ten"),
        ("cloud_keep_days", "١٤"),
        ("cloud_suspension", "Lock"),
        ("cloud_warn_days", "61"),
    ],
)
def test_a_value_that_is_none_is_no_default(
    billing: Billing, stand: Stand, tariff: int, name: str, value: str
) -> None:
    stand.set_terms(tariff, **{name: value})
    with pytest.raises(errors.TermUnusable) as caught:
        billing.end_terms.of(tariff)
    assert f"{tariff}, {name}" in caught.value.value


def test_the_group_of_trials_is_never_that_of_administrators(
    billing: Billing, stand: Stand, tariff: int
) -> None:
    other = stand.add_tariff(stand.add_itemtype("nextcloud"))
    stand.set_terms(tariff, cloud_trial_group="trials")
    stand.set_terms(other, cloud_trial_group="Admin ")
    found: Any = billing.end_terms.trial_groups([tariff, other])
    assert found == {tariff: "trials"}
