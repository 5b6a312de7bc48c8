"""The addresses of an account, for programs and for a phone."""

from urllib.parse import unquote

import pytest

from utils.page.addresses import of

CLOUD = "https://cloud.example.com:8443/nc"


def test_an_account_has_addresses_for_files_calendars_and_contacts() -> None:
    found = of(CLOUD, "user_15", "Nextcloud")
    assert found.webdav == f"{CLOUD}/remote.php/dav/files/user_15/"
    assert found.caldav == found.carddav == f"{CLOUD}/remote.php/dav/principals/users/user_15/"


@pytest.mark.parametrize(
    "login", ["a b@example.com", "ü&server:https://evil", "../x", "a%26b", "+"]
)
def test_no_login_gets_out_of_its_place(login: str) -> None:
    for product in ("Nextcloud", "ownCloud", ""):
        found = of(CLOUD, login, product)
        assert found.webdav.count("/") == of(CLOUD, "x", product).webdav.count("/")
        assert unquote(found.webdav).endswith(f"/files/{login}/")
    link = of(CLOUD, login, "Nextcloud").phone
    [user, server] = link[len("nc://login/") :].split("&")
    assert unquote(user) == f"user:{login}"
    assert unquote(server) == f"server:{CLOUD}"


@pytest.mark.parametrize("product", ["ownCloud", "", "something"])
def test_another_clouds_code_opens_its_login_page(product: str) -> None:
    assert of(CLOUD, "user_15", product).phone == f"{CLOUD}/index.php/login?user=user_15"


@pytest.mark.parametrize("product", ["Nextcloud", "ownCloud"])
def test_no_address_has_a_password_in_it(product: str) -> None:
    assert "password" not in " ".join(of(CLOUD, "user_15", product))
