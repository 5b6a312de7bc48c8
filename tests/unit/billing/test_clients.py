"""Clients, as far as a version of BILLmanager tells who they are."""

import logging
from typing import Iterator

import pytest

from tests.doubles.billmanager import Stand
from tests.unit.conftest import opened
from utils.base.values import Client
from utils.billing.clients import Clients


@pytest.fixture
def clients(stand: Stand, log: logging.Logger) -> Iterator[Clients]:
    """The clients of a BILLmanager."""
    for billing in opened(stand, log):
        yield billing.clients


def test_a_client_is_known_by_his_first_enabled_user(stand: Stand, clients: Clients) -> None:
    account = stand.add_account(
        "Firm", ["off@example.com", "on@example.com", "late@example.com"], [True], realname=" Ivan "
    )
    assert clients.of([account]) == {
        account: Client("Firm", "Ivan", "on@example.com", "on@example.com", "")
    }


@pytest.mark.parametrize(
    ("columns", "language"),
    [
        ({"lang": "de"}, "de"),
        ({"language": "fr"}, "fr"),
        ({"lang": "de", "language": "fr"}, "de"),
        ({"lang": " ", "language": "fr"}, "fr"),
        ({}, ""),
    ],
)
def test_his_language_stands_in_either_column(
    stand: Stand, clients: Clients, columns: "dict[str, str]", language: str
) -> None:
    account = stand.add_account("Firm", **columns)
    assert clients.of([account])[account].language == language


def test_whoever_has_no_user_and_whoever_is_not_there_is_nobody(
    stand: Stand, clients: Clients
) -> None:
    alone = stand.add_account("Alone", [])
    assert clients.of([alone, 4711]) == {alone: Client("Alone"), 4711: Client()}
    assert clients.of([]) == {}


def test_a_version_that_tells_nothing_but_the_e_mail_is_read_all_the_same(
    log: logging.Logger,
) -> None:
    with Stand() as stand:
        account = stand.add_account("Firm", ["a@example.com"], realname="Ivan", lang="de")
        for column in ("name", "realname", "disabled", "lang", "language"):
            stand.sql(f"ALTER TABLE user DROP COLUMN {column}")
        for billing in opened(stand, log):
            assert billing.clients.of([account]) == {account: Client("Firm", email="a@example.com")}
