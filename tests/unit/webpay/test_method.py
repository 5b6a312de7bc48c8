"""The form of a payment method: what is refused, what is read, how secrets are stored."""

from typing import Dict

import pytest

from tests.doubles.billmanager import Stand
from tests.unit.webpay.conftest import FIELDS, LIVE_SECRET
from utils.base import errors
from utils.base.secret import Secret
from utils.billing.payments import StoredMethod
from utils.host.root import Host
from utils.webpay import method
from utils.webpay.sealing import PREFIX, Sealer


def check(currency: str = "BYN", allows_plain: bool = False, **changes: str) -> None:
    """Checks a form that is good but for the changes."""
    method.check({**FIELDS, **changes}, Secret, currency, allows_plain)


def read(**changes: str) -> method.Method:
    return method.read(StoredMethod(41, "WEBPAY", True, "BYN", changes), Secret)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"currency": ""},
        {"wp_test_store": "", "wp_test_secret": ""},
        {"wp_test": "on", "wp_store": "", "wp_secret": ""},
        {"wp_currencies": "BYN, USD", "currency": "USD"},
        {"wp_lost_after": "720"},
        {"wp_addresses": "178.163.225.84 2001:db8::5"},
        {"wp_secret": "!\"#$%'()*+,-./:;<=>?@[]^_`{|}~"},
        {"wp_public_url": "https://billing.example.com:8443/"},
        {"wp_public_url": "", "allows_plain": True},
        {"wp_pay_url": "http://127.0.0.1:8080/", "allows_plain": True},
    ],
)
def test_a_good_form_is_taken(changes: Dict[str, str]) -> None:
    check(**changes)


@pytest.mark.parametrize(
    ("error", "changes"),
    [
        *((errors.StoreInvalid, {"wp_store": one}) for one in ("", "12a", "-1", "1" * 21)),
        (errors.StoreInvalid, {"wp_test_store": ""}),
        (errors.StoreInvalid, {"wp_test": "on", "wp_test_store": "", "wp_test_secret": ""}),
        *(
            (errors.WebpaySecretInvalid, {"wp_secret": one})
            for one in (
                "",
                "short",
                "with&ampersand",
                "with blank in it",
                "ключ-из-букв",
                "x" * 201,
            )
        ),
        (errors.WebpaySecretInvalid, {"wp_test_secret": ""}),
        (errors.WebpaySecretsEqual, {"wp_test_secret": LIVE_SECRET}),
        (errors.PaymentCurrency, {"wp_currencies": "BYN GBP"}),
        (errors.PaymentCurrency, {"currency": "USD"}),
        *(
            (errors.PublicUrlInvalid, {"wp_public_url": one})
            for one in (
                *("", "billing.example.com", "http://billing.example.com", "https://localhost"),
                *("https://192.0.2.1", "https://billing.local", "https://a.example.com/billmgr"),
                *("https://user@a.example.com", "https://a.example.com?x=1", "ftp://a.example.com"),
            )
        ),
        (errors.PublicUrlInvalid, {"wp_pay_url": "http://payment.example.com"}),
        (errors.PublicUrlInvalid, {"wp_query_url": "nowhere"}),
        *((errors.NotifyAddressInvalid, {"wp_addresses": one}) for one in ("300.1.1.1", "any")),
        *((errors.WaitInvalid, {"wp_lost_after": one}) for one in ("0", "721", "x", "-1", "٢")),
    ],
)
def test_a_form_that_cannot_work_is_refused(
    error: "type[errors.PmError]", changes: Dict[str, str]
) -> None:
    with pytest.raises(error) as caught:
        check(**changes)
    for secret in (LIVE_SECRET, changes.get("wp_secret") or LIVE_SECRET):
        assert secret not in str(caught.value)


def test_what_is_not_set_has_its_default() -> None:
    one = read()
    assert one.currencies == ("BYN",)
    assert (one.lost_after_h, one.longest_order) == (24, 14)
    assert one.pay_url == "https://payment.webpay.by/"
    assert one.query_url == "https://billing.webpay.by/"
    assert (one.is_test, bool(one.live.secret), one.addresses) == (False, False, ())


def test_each_mode_has_its_store_and_its_addresses() -> None:
    test, live = (read(**FIELDS, wp_test=mode) for mode in ("on", "off"))
    assert (test.store.number, live.store.number) == ("11111111", "987654321")
    assert (test.store.is_test, live.store.is_test) == (True, False)
    assert test.pay_url == "https://securesandbox.webpay.by/"
    assert test.query_url == "https://sandbox.webpay.by/"


def test_what_is_read_is_cut_and_bounded() -> None:
    one = read(wp_shop="я" * 100, wp_erip="on", wp_lost_after="9999", wp_public_url="https://a.by/")
    assert one.shop == "я" * 64
    assert one.longest_order == 10
    assert one.lost_after_h == 720
    assert one.public_url == "https://a.by"
    assert read(wp_lost_after="soon").lost_after_h == 24


# -- sealing --------------------------------------------------------------------------------------


@pytest.fixture
def sealer(stand: Stand) -> Sealer:
    return Sealer(Host(str(stand.root)))


@pytest.mark.parametrize("text", ["0123456789", "ключ", "x" * 200])
def test_a_sealed_secret_is_opened_by_the_same_key(sealer: Sealer, text: str) -> None:
    sealed = sealer.seal(Secret(text))
    assert sealed.startswith(PREFIX)
    assert text not in sealed
    assert sealer.unseal(sealed).reveal() == text
    assert sealer.seal(Secret(text)) != sealed, "two seals of one text are not alike"
    assert sealer.seal(Secret(sealed)) == sealed


def test_what_is_not_sealed_is_the_secret_itself(sealer: Sealer) -> None:
    assert sealer.unseal("in clear").reveal() == "in clear"
    assert not sealer.unseal("")
    assert sealer.seal(Secret("")) == ""


def test_a_changed_seal_is_not_opened(sealer: Sealer) -> None:
    sealed = sealer.seal(Secret("0123456789"))
    for at in range(len(PREFIX), len(sealed) - 2):
        changed = sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :]
        with pytest.raises(errors.SecretBroken):
            sealer.unseal(changed)
    for wrong in (PREFIX, PREFIX + "AAAA", PREFIX + "ключ", sealed[:-4]):
        with pytest.raises(errors.SecretBroken):
            sealer.unseal(wrong)


def test_another_key_opens_nothing(stand: Stand, sealer: Sealer) -> None:
    sealed = sealer.seal(Secret("0123456789"))
    key = stand.read("etc/billmgr.pem")
    try:
        stand.write("etc/billmgr.pem", key.replace("\n", "\r\n"), mode=0o600)
        assert sealer.unseal(sealed).reveal() == "0123456789", "line ends do not count"
        stand.write("etc/billmgr.pem", key[:60] + "x" + key[61:], mode=0o600)
        with pytest.raises(errors.SecretBroken):
            sealer.unseal(sealed)
        for content in ("", "no key"):
            stand.write("etc/billmgr.pem", content, mode=0o600)
            with pytest.raises(errors.KeyUnavailable):
                sealer.unseal(sealed)
    finally:
        stand.write("etc/billmgr.pem", key, mode=0o600)


@pytest.mark.parametrize("name", method.SECRET_FIELDS)
def test_a_secret_that_another_key_has_sealed_cannot_be_saved(stand: Stand, name: str) -> None:
    changes = {**FIELDS, name: PREFIX + "AAAA"}
    with pytest.raises(errors.WebpaySecretInvalid):
        method.check(changes, Sealer(Host(str(stand.root))).unseal, "BYN", allows_plain=False)
