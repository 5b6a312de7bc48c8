"""Addresses of clouds: their one form, where secrets may be sent, which server they name."""

import hashlib
from itertools import chain
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from utils.base import address, errors

PIECES = st.sampled_from(
    ["http://", "https://", "HTTPS://", "ftp://", "//", "/", "/index.php", "cloud.example.com"]
    + ["/login", "/apps/files", "/settings/user", "/apps/xcloud", "xn--80a", "xn--"]
    + ["127.0.0.1", "[::1]", ":443", ":80", ":8443", ":0", ":", "@", "?a=b", "#x", "%20", " "]
    + ["\\", "\x00", "\n", "nc", "..", "пример.рф", "user:Made-up-pw-77@", ":99999", ":x", "["]
)
ADDRESSES = st.lists(PIECES, max_size=7).map("".join) | st.text(max_size=30)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_a_missing_address_is_told(text: str) -> None:
    with pytest.raises(errors.UrlMissing):
        address.clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "cloud.example.com",
        "//cloud.example.com",
        "/nc",
        "ftp://cloud.example.com",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "https:///nc",
        "https://:443",
        "https://cloud.example.com:0",
        "https://cloud.example.com:99999",
        "https://cloud.example.com:port",
        "https://cloud.example.com?x=1",
        "https://cloud.example.com/#files",
        "https://user@cloud.example.com",
        "https://cloud example.com",
        "https://cloud.example.com/a b",
        "https://cloud.example.com/a\nb",
        "https://cloud.example.com/a\\b",
        "https://cloud.example.com/<x>",
        'https://cloud.example.com/"',
        "https://[::1",
        "https://cloud.example.com/\u202e",
    ],
)
def test_what_is_no_address_of_a_cloud_is_refused(text: str) -> None:
    with pytest.raises(errors.UrlInvalid):
        address.clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://admin:Made-up-pw-77@cloud.example.com",
        "ftp://admin:Made-up-pw-77@cloud.example.com",
        "https://admin:Made-up-pw-77@cloud.example.com:port",
        "https://admin:Made-up-pw-77@cloud.example.com:99999",
        "https://admin:Made-up-pw-77@cloud.example.com/?x#y",
        "https://admin:Made-up-pw-77@[::1",
        "https://admin:Made-up-pw-77@",
        "https://admin:Made-up-pw-77@cloud example.com",
        "admin:Made-up-pw-77@cloud.example.com",
    ],
)
def test_credentials_in_an_address_are_never_repeated(text: str) -> None:
    with pytest.raises(errors.UrlInvalid) as caught:
        address.clean(text)
    assert "Made-up" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://cloud.example.com", "https://cloud.example.com"),
        ("  https://cloud.example.com/ \n", "https://cloud.example.com"),
        ("HTTPS://Cloud.Example.COM/NC/", "https://cloud.example.com/NC"),
        ("https://cloud.example.com:8443/nc///", "https://cloud.example.com:8443/nc"),
        ("https://cloud.example.com/index.php", "https://cloud.example.com"),
        ("https://cloud.example.com/nc/index.php/", "https://cloud.example.com/nc"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443"),
        ("https://cloud.example.com/a%20b", "https://cloud.example.com/a%20b"),
        ("https://cloud.example.com/apps/nextcloud", "https://cloud.example.com/apps/nextcloud"),
        ("https://cloud.example.com/apps", "https://cloud.example.com/apps"),
        ("https://cloud.example.com/settings", "https://cloud.example.com/settings"),
        ("https://cloud.example.com/loginserver", "https://cloud.example.com/loginserver"),
    ],
)
def test_an_address_has_one_form(text: str, clean: str) -> None:
    assert address.clean(text) == clean


PAGES = (
    "/login",
    "/login?redirect_url=/apps/files",
    "/index.php/login",
    "/index.php/apps/files/",
    "/index.php/apps/files/?dir=/&fileid=7#top",
    "/apps/dashboard/",
    "/apps/files/files?dir=/",
    "/apps/files",
    "/settings/user/security",
    "/settings/admin/overview#x",
    "/settings/users",
    "/status.php",
    "/remote.php/dav/files/admin/",
    "/ocs/v1.php/cloud/users?format=json",
    "/f/4711",
    "/index.php/settings/apps?category=x",
)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "cloud",
    [
        "https://cloud.example.com",
        "https://cloud.example.com:8443/nc",
        "https://cloud.example.com/apps/nextcloud",
        "https://облако.рф",
    ],
)
def test_what_a_browser_shows_may_be_pasted(cloud: str, page: str) -> None:
    assert address.clean(cloud + page) == cloud


@pytest.mark.parametrize("name", ["облако.рф", "bücher.example", "cloud.例え.jp", "a.ПРИМЕР.рф"])
@pytest.mark.parametrize("rest", ["", ":8443", "/nc", ":8443/nc"])
def test_a_name_in_its_own_letters_and_in_ascii_is_one_server(name: str, rest: str) -> None:
    own, ascii_ = (
        address.clean(f"https://{one}{rest}") for one in (name, name.encode("idna").decode())
    )
    assert own != ascii_
    assert address.digest(own) == address.digest(ascii_)
    assert address.origin(own) == address.origin(ascii_)
    assert address.host(own) == address.host(ascii_)


@pytest.mark.parametrize("name", ["облако.рф", "bücher.example"])
def test_marks_that_bear_the_digest_of_the_other_spelling_stay_valid(name: str) -> None:
    """Earlier versions took the digest of the name as it was written."""
    earlier = hashlib.sha256(f"{name}:/nc".encode()).hexdigest()[:16]
    for spelling in (name, name.encode("idna").decode()):
        found = address.digests(address.clean(f"https://{spelling}/nc"))
        assert {earlier, address.digest(f"https://{name}/nc")} <= found


LOOKALIKES = [
    ("straße.example", "strasse.example"),
    ("cloud.busineß.example", "cloud.business.example"),
    ("βόλος.example", "βόλοσ.example"),
]
"""Two domains each, of which an older rule for such names made one."""


@pytest.mark.parametrize("name", ["облако.рф", "bücher.example", *chain(*LOOKALIKES)])
def test_a_server_is_named_as_the_library_asks_for_it(name: str) -> None:
    asked = requests.Request("GET", f"https://{name}/").prepare().url
    assert address.host(f"https://{name}") == urlsplit(asked or "").hostname


@pytest.mark.parametrize(("one", "other"), LOOKALIKES)
def test_names_that_look_alike_are_two_servers(one: str, other: str) -> None:
    first, second = f"https://{one}", f"https://{other}"
    assert address.origin(first) != address.origin(second)
    assert not address.digests(first) & address.digests(second)


@pytest.mark.parametrize("text", ["https://cloud.example.com", "http://127.0.0.1:8080/nc"])
def test_an_address_in_ascii_has_one_digest_alone(text: str) -> None:
    assert address.digests(text) == {address.digest(text)}


@given(ADDRESSES)
@example("https://cloud.example.com/index.php/index.php")
@example("https://cloud.example.com/index.php//")
@example("https://İ.example.com")
def test_cleaning_never_crashes_and_need_not_be_repeated(text: str) -> None:
    try:
        clean = address.clean(text)
    except (errors.UrlMissing, errors.UrlInvalid):
        return
    assert address.clean(clean) == clean
    assert urlsplit(clean).scheme in ("http", "https")
    assert "@" not in urlsplit(clean).netloc
    assert not clean.endswith("/")
    assert len(address.digest(clean)) == 16
    assert address.origin(clean)[1]
    assert address.host(clean)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "https://a.example/nc", True),
        ("https://a.example", "https://a.example:443", True),
        ("http://a.example", "http://a.example:80", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.example", False),
        ("https://a.example:80", "http://a.example", False),
    ],
)
def test_a_secret_is_sent_to_its_own_scheme_host_and_port_alone(
    one: str, other: str, same: bool
) -> None:
    assert (address.origin(one) == address.origin(other)) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example", "http://a.example", True),
        ("https://a.example", "https://a.example:443", True),
        ("https://a.example.", "https://a.example", True),
        ("https://a.example/nc", "https://a.example", False),
        ("https://a.example/nc", "https://a.example/NC", False),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.example", False),
        ("https://a.example:8443", "http://a.example:8443", True),
    ],
)
def test_a_server_is_known_by_host_port_and_path(one: str, other: str, same: bool) -> None:
    assert (address.digest(one) == address.digest(other)) is same


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("http://127.0.0.1", True),
        ("http://127.0.0.1:8080/nc", True),
        ("http://127.8.9.1", True),
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://cloud.example.com", False),
        ("http://[2001:db8::1]", False),
    ],
)
def test_only_this_very_machine_is_loopback(text: str, loopback: bool) -> None:
    assert address.is_loopback(text) is loopback
    assert address.is_plain(text) is not loopback
    assert not address.is_plain(text.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("text", "host"),
    [("", ""), ("http://[", ""), ("cloud.example.com", ""), ("HTTP://A.Example:1/x", "a.example")],
)
def test_the_host_of_any_text_is_told(text: str, host: str) -> None:
    assert address.host(text) == host
