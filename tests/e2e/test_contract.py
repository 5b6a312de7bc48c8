"""What the client promises, the same on every cloud: each double, and with -m live a server."""

import logging
import os
import secrets
from typing import Any, Iterator, List, NamedTuple, Optional

import pytest

from tests.doubles.cloud import PROFILES, Cloud
from tests.e2e.conftest import REAL
from tests.e2e.sites import GIB, RealSite
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.secret import Secret
from utils.base.values import Account, Server

PASSWORD = Secret("Contract-Pw-for-tests-7!")
MIB = 1024**2


class Contract(NamedTuple):
    """A client of a cloud, a login and a group that nobody has there."""

    cloud: NextcloudAPIClient
    login: str
    group: str

    def created(self, quota_bytes: float = 5 * GIB, **more: Any) -> Account:
        """The account, made and brought to its quota as provisioning does."""
        self.cloud.create_user(self.login, PASSWORD, quota_bytes, **more)
        if not self.cloud.product.creates_whole:
            self.cloud.set_quota(self.login, quota_bytes)
        return self.read()

    def read(self) -> Account:
        """The account, which must be there."""
        account = self.cloud.get_user(self.login)
        assert account is not None
        return account


def _client(url: str, secret: str, confirm: Optional[str], ca_file: str = "") -> NextcloudAPIClient:
    server = Server(0, url, "admin", Secret(secret), True, 60.0, Secret(confirm or ""))
    return NextcloudAPIClient(server, logging.getLogger("contract"), ca_file)


@pytest.fixture(params=[*PROFILES, REAL])
def contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """Each double with an app password, or the server of the environment with its login."""
    number = secrets.token_hex(6)
    login, group = f"contract_{number}", f"contract group {number}"
    if request.param != "real":
        with Cloud(PROFILES[request.param]) as made:
            secret = made.mint_app_password("admin")
            yield Contract(_client(made.url, secret, made.admin_password), login, group)
        return
    site = RealSite()
    assert site.login == "admin"
    client = _client(site.url, site.password, site.confirm_password, os.environ.get("CLOUD_CA", ""))
    yield Contract(client, login, group)
    site.remove_account(login)
    site.remove_group(group)


def test_the_connection_is_good(contract: Contract) -> None:
    contract.cloud.test_connection()
    assert contract.cloud.own_login() == "admin"


def test_nobody_is_none(contract: Contract) -> None:
    assert contract.cloud.get_user(contract.login) is None


def test_a_new_account_is_read_back_in_any_letter_case(contract: Contract) -> None:
    account = contract.created()
    assert (account.login, account.enabled, account.groups) == (contract.login, True, ())
    assert (account.quota_bytes, account.used_bytes) == (5 * GIB, 0)
    other_case = contract.cloud.get_user(contract.login.upper())
    assert other_case is not None
    assert other_case.login.casefold() == contract.login


def test_a_taken_login_is_refused_in_any_letter_case(contract: Contract) -> None:
    contract.created()
    for login in (contract.login, contract.login.upper()):
        with pytest.raises(errors.CloudRefused) as caught:
            contract.cloud.create_user(login, PASSWORD, GIB)
        assert caught.value.ocs_code == 102
    assert contract.read().quota_bytes == 5 * GIB


def test_a_missing_group_is_told_and_nothing_made(contract: Contract) -> None:
    with pytest.raises(errors.NoSuchGroup):
        contract.cloud.create_user(contract.login, PASSWORD, GIB, group=contract.group)
    assert contract.cloud.get_user(contract.login) is None


def test_an_account_is_made_in_its_group(contract: Contract) -> None:
    contract.cloud.create_group(contract.group)
    contract.cloud.create_group(contract.group)
    assert contract.created(group=contract.group).groups == (contract.group,)
    assert contract.group in set(contract.cloud.groups())


@pytest.mark.parametrize(
    "asked", [1000, 10 * MIB, 1100 * MIB, 1536 * MIB, 1040 * GIB, 10 * 1024 * GIB, sizes.UNLIMITED]
)
def test_a_quota_is_kept_as_the_rounding_rule_says(contract: Contract, asked: float) -> None:
    contract.created()
    contract.cloud.set_quota(contract.login, asked)
    kept = contract.read().quota_bytes
    assert kept is not None
    assert sizes.same_quota(kept, sizes.stored_bytes(asked))
    contract.cloud.set_quota(contract.login, sizes.bytes_to_ask(asked))
    enough = contract.read().quota_bytes
    assert enough is not None
    assert enough >= asked or sizes.same_quota(enough, asked)


def test_words_are_set_and_read_back(contract: Contract) -> None:
    contract.created()
    contract.cloud.set_email(contract.login, "somebody@example.com")
    contract.cloud.set_display_name(contract.login, "Имя & <name>")
    account = contract.read()
    assert (account.email, account.display_name) == ("somebody@example.com", "Имя & <name>")
    with pytest.raises(errors.CloudRefused):
        contract.cloud.set_email(contract.login, "no address")


def test_groups_are_joined_and_left_twice_alike(contract: Contract) -> None:
    contract.created()
    with pytest.raises(errors.NoSuchGroup):
        contract.cloud.add_to_group(contract.login, contract.group)
    contract.cloud.create_group(contract.group)
    for _ in range(2):
        contract.cloud.add_to_group(contract.login, contract.group)
        assert contract.read().groups == (contract.group,)
    for _ in range(2):
        contract.cloud.remove_from_group(contract.login, contract.group)
        assert contract.read().groups == ()


def test_a_disabled_account_is_locked_out_and_enabled_again(contract: Contract) -> None:
    contract.created()
    assert contract.cloud.accepts(contract.login, PASSWORD)
    for _ in range(2):
        contract.cloud.disable_user(contract.login)
        assert contract.read().enabled is False
    assert not contract.cloud.accepts(contract.login, PASSWORD)
    for _ in range(2):
        contract.cloud.enable_user(contract.login)
        assert contract.read().enabled is True
    assert contract.cloud.accepts(contract.login, PASSWORD)


def test_the_modules_own_session_proves_no_password(contract: Contract) -> None:
    """In a kept session a server answers as its user, whoever logs in."""
    contract.created()
    for _ in range(8):
        contract.read()
    assert not contract.cloud.accepts(contract.login, Secret("Not-its-password-1"))
    assert not contract.cloud.accepts("admin", PASSWORD)


def test_a_deleted_account_is_gone_and_cannot_be_changed(contract: Contract) -> None:
    contract.created()
    contract.cloud.delete_user(contract.login)
    assert contract.cloud.get_user(contract.login) is None
    for change in (
        lambda: contract.cloud.delete_user(contract.login),
        lambda: contract.cloud.set_quota(contract.login, GIB),
        lambda: contract.cloud.enable_user(contract.login),
        lambda: contract.cloud.disable_user(contract.login),
        lambda: contract.cloud.add_to_group(contract.login, "admin"),
    ):
        with pytest.raises(errors.NoSuchUser):
            change()
    contract.created(GIB)


def test_pages_have_everybody_once(contract: Contract) -> None:
    contract.created()
    if not contract.cloud.product.lists_details:
        return  # read one by one there

    def paged(page_size: int) -> List[str]:
        """The logins on three pages."""
        pages = [
            contract.cloud.users_page(page_size * number, page_size).accounts for number in range(3)
        ]
        return [account.login for page in pages for account in page]

    for page_size in (1, 500):
        seen = paged(page_size)
        assert len(set(seen)) == len(seen)
    assert {contract.login, "admin"} <= set(seen)
