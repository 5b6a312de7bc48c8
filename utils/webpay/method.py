"""A payment method's settings: the fields of its form, how they are read, when they are refused."""

import re
from typing import Callable, Dict, Mapping, NamedTuple, Tuple

from utils.base import errors
from utils.base.secret import Secret
from utils.billing.payments import StoredMethod
from utils.webpay import protocol

STORE, SECRET, TEST_MODE = "wp_store", "wp_secret", "wp_test"
TEST_STORE, TEST_SECRET = "wp_test_store", "wp_test_secret"
SHOP, ITEM, ERIP, CURRENCIES = "wp_shop", "wp_item", "wp_erip", "wp_currencies"
PUBLIC_URL, PAY_URL, ADDRESSES = "wp_public_url", "wp_pay_url", "wp_addresses"
LOST_AFTER, LOGIN, PASSWORD, QUERY_URL = "wp_lost_after", "wp_login", "wp_password", "wp_query_url"
FIELDS = (
    *(STORE, SECRET, SHOP, ITEM, CURRENCIES, ERIP, TEST_MODE, TEST_STORE, TEST_SECRET),
    *(PUBLIC_URL, PAY_URL, ADDRESSES, LOST_AFTER, LOGIN, PASSWORD, QUERY_URL),
)
"""The fields of the form, in its order."""
SECRET_FIELDS = (SECRET, TEST_SECRET, PASSWORD)

PAY_URLS = {False: "https://payment.webpay.by/", True: "https://securesandbox.webpay.by/"}
QUERY_URLS = {False: "https://billing.webpay.by/", True: "https://sandbox.webpay.by/"}
"""WEBPAY's addresses, of production and of the sandbox (docs/en/payments.md, "Addresses")."""

KNOWN_CURRENCIES = ("BYN", "USD", "EUR", "RUB")
DEFAULT_CURRENCIES = ("BYN",)

LONGEST_NAME = 64
"""Characters of a name; how many WEBPAY takes is not known."""

DEFAULT_LOST_AFTER_H = 24
LEAST_LOST_AFTER_H, MOST_LOST_AFTER_H = 1, 720
"""WEBPAY repeats a notification for thirty days at most."""

LEAST_SECRET, MOST_SECRET = 10, 200
_STORE = re.compile("[0-9]{1,20}", re.ASCII)
_SECRET = re.compile(r"[\x21-\x25\x27-\x7e]+", re.ASCII)
"""Printable ASCII without `&`, which WEBPAY does not take."""
_URL = re.compile(r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?/?", re.ASCII)
_PUBLIC_HOST = re.compile(r"([A-Za-z0-9-]{1,63}\.)+[A-Za-z][A-Za-z0-9-]+", re.ASCII)
_PRIVATE_ENDS = (".localhost", ".local", ".dev", ".test", ".internal", ".lan")
"""Ends of names that nobody reaches from outside; WEBPAY refuses an order with one of some."""


class Store(NamedTuple):
    """A store at WEBPAY; sandbox and production have one each."""

    number: str
    secret: Secret
    is_test: bool


class Method(NamedTuple):
    """The settings of a payment method, ready for use."""

    id: int
    live: Store
    test: Store
    is_test: bool
    shop: str
    item: str
    longest_order: int
    currencies: Tuple[str, ...]
    public_url: str
    pay_url: str
    addresses: Tuple[str, ...]
    lost_after_h: int
    login: str
    password: Secret
    query_url: str

    @property
    def store(self) -> Store:
        """The store that orders are made for now."""
        return self.test if self.is_test else self.live


def read(stored: StoredMethod, unseal: Callable[[str], Secret]) -> Method:
    """The method with what is not set at its default. Raises KeyUnavailable, SecretBroken."""
    fields = {name: stored.fields.get(name, "").strip() for name in FIELDS}
    is_test = fields[TEST_MODE] == "on"
    is_erip = fields[ERIP] == "on"
    return Method(
        id=stored.id,
        live=Store(fields[STORE], unseal(fields[SECRET]), is_test=False),
        test=Store(fields[TEST_STORE], unseal(fields[TEST_SECRET]), is_test=True),
        is_test=is_test,
        shop=fields[SHOP][:LONGEST_NAME],
        item=fields[ITEM][:LONGEST_NAME],
        longest_order=protocol.LONGEST_ERIP_ORDER if is_erip else protocol.LONGEST_ORDER,
        currencies=tuple(_words(fields[CURRENCIES])) or DEFAULT_CURRENCIES,
        public_url=fields[PUBLIC_URL].rstrip("/"),
        pay_url=fields[PAY_URL] or PAY_URLS[is_test],
        addresses=tuple(_words(fields[ADDRESSES])),
        lost_after_h=_read_hours(fields[LOST_AFTER]),
        login=fields[LOGIN],
        password=unseal(fields[PASSWORD]),
        query_url=fields[QUERY_URL] or QUERY_URLS[is_test],
    )


def _read_hours(text: str) -> int:
    try:
        return min(max(int(text), LEAST_LOST_AFTER_H), MOST_LOST_AFTER_H)
    except ValueError:
        return DEFAULT_LOST_AFTER_H


def _words(text: str) -> "list[str]":
    return text.replace(",", " ").split()


# -- the form -------------------------------------------------------------------------------------


def check(
    fields: Mapping[str, str], unseal: Callable[[str], Secret], currency: str, allows_plain: bool
) -> None:
    """Whether a form can be saved.

    `currency` has the letters of the method's currency, or is empty where it is not known yet.
    `allows_plain` is for a stand: http, and addresses that nobody reaches from outside. Raises what
    is wrong with the first field that is: StoreInvalid, WebpaySecretInvalid, WebpaySecretsEqual,
    PaymentCurrency, PublicUrlInvalid, NotifyAddressInvalid, WaitInvalid, KeyUnavailable.
    """
    is_test = fields.get(TEST_MODE, "") == "on"
    secrets: Dict[str, str] = {}
    for store, secret, is_needed in (
        (STORE, SECRET, not is_test),
        (TEST_STORE, TEST_SECRET, is_test),
    ):
        secrets[secret] = _check_store(fields, store, secret, is_needed, unseal)
    if secrets[SECRET] and secrets[SECRET] == secrets[TEST_SECRET]:
        raise errors.WebpaySecretsEqual
    _unseal(fields.get(PASSWORD, "").strip(), unseal)
    _check_currencies(fields, currency)
    if fields.get(PUBLIC_URL, "").strip() or not allows_plain:
        _check_url(fields.get(PUBLIC_URL, "").strip(), allows_plain)
    for name in (PAY_URL, QUERY_URL):
        if fields.get(name, "").strip():
            _check_url(fields[name].strip(), allows_plain)
    _check_addresses(fields.get(ADDRESSES, ""))
    _check_hours(fields.get(LOST_AFTER, "").strip())


def _check_store(
    fields: Mapping[str, str],
    store: str,
    secret: str,
    is_needed: bool,
    unseal: Callable[[str], Secret],
) -> str:
    """The secret of a store in clear, empty where the store is not set."""
    number, text = fields.get(store, "").strip(), fields.get(secret, "").strip()
    if not number and not text and not is_needed:
        return ""
    if not _STORE.fullmatch(number):
        raise errors.StoreInvalid(number)
    clear = _unseal(text, unseal)
    if not LEAST_SECRET <= len(clear) <= MOST_SECRET or not _SECRET.fullmatch(clear):
        raise errors.WebpaySecretInvalid
    return clear


def _unseal(text: str, unseal: Callable[[str], Secret]) -> str:
    """A secret of the form in clear. One that nobody can open would stop all notifications."""
    try:
        return unseal(text).reveal()
    except errors.SecretBroken as error:
        raise errors.WebpaySecretInvalid(error.value) from error


def _check_currencies(fields: Mapping[str, str], currency: str) -> None:
    allowed = _words(fields.get(CURRENCIES, "")) or [*DEFAULT_CURRENCIES]
    for one in allowed:
        if one not in KNOWN_CURRENCIES:
            raise errors.PaymentCurrency(one)
    if currency and currency not in allowed:
        raise errors.PaymentCurrency(currency)


def _check_url(url: str, allows_plain: bool) -> None:
    found = _URL.fullmatch(url)
    if found is None:
        raise errors.PublicUrlInvalid(url)
    host = found[2].lower()
    is_public = bool(_PUBLIC_HOST.fullmatch(host)) and not host.endswith(_PRIVATE_ENDS)
    if not allows_plain and (found[1] != "https" or not is_public):
        raise errors.PublicUrlInvalid(url)


def _check_addresses(text: str) -> None:
    from ipaddress import ip_address  # only the form asks

    for word in _words(text):
        try:
            ip_address(word)
        except ValueError:
            raise errors.NotifyAddressInvalid(word) from None


def _check_hours(text: str) -> None:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise errors.WaitInvalid(text)
    if text and not LEAST_LOST_AFTER_H <= int(text) <= MOST_LOST_AFTER_H:
        raise errors.WaitInvalid(text)
