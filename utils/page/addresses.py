"""Where programs reach an account (docs/en/clouds.md, "Addresses of an account")."""

from typing import NamedTuple
from urllib.parse import quote

from utils.base.address import login_page
from utils.cloud.products import NEXTCLOUD


class Addresses(NamedTuple):
    """Where files, calendars and contacts of an account are, and what a phone is shown."""

    webdav: str
    caldav: str
    carddav: str
    phone: str


def of(base_url: str, login: str, product: str) -> Addresses:
    """The addresses of an account. None has a password in it.

    The app of Nextcloud reads a link of its own from a QR code. Of other clouds it is the login
    page, which a phone's browser opens.
    """
    name = quote(login, safe="")
    dav = f"{base_url}/remote.php/dav"
    if product == NEXTCLOUD.name:
        server = quote(base_url, safe=":/[]")  # the app decodes it
        phone = f"nc://login/user:{name}&server:{server}"
    else:
        phone = login_page(base_url, login)
    principal = f"{dav}/principals/users/{name}/"
    return Addresses(f"{dav}/files/{name}/", principal, principal, phone)
