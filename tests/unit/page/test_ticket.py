"""The ticket of a form: only who was shown the form can send it."""

import time

import pytest

from tests.unit.page.given import Site, asked
from utils.base import errors
from utils.page import ticket

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


def test_the_ticket_of_a_form_that_was_shown_is_taken(site: Site) -> None:
    ticket.check(asked(ticket=ticket.make(asked(), site.billing)), site.billing)


@pytest.mark.parametrize(("later_s", "holds"), [(1800, True), (3600, False)])
def test_a_ticket_is_good_for_half_an_hour_and_not_for_two(
    site: Site, monkeypatch: pytest.MonkeyPatch, later_s: int, holds: bool
) -> None:
    own = asked(ticket=ticket.make(asked(), site.billing))
    monkeypatch.setattr(time, "time", lambda: NOW + later_s)
    if holds:
        ticket.check(own, site.billing)
        return
    with pytest.raises(errors.PageExpired):
        ticket.check(own, site.billing)


@pytest.mark.parametrize(
    "changes", [{"user": "402"}, {"item_id": 1002}, {"function": "pmnextcloud.other"}]
)
def test_no_ticket_is_good_for_anything_else(site: Site, changes: "dict[str, object]") -> None:
    made = ticket.make(asked(), site.billing)
    with pytest.raises(errors.PageExpired):
        ticket.check(asked(ticket=made, **changes), site.billing)


@pytest.mark.parametrize("given", ["", "0" * 32, "\udcff", "тикет"])
def test_what_is_no_ticket_is_refused(site: Site, given: str) -> None:
    with pytest.raises(errors.PageExpired):
        ticket.check(asked(ticket=given), site.billing)
