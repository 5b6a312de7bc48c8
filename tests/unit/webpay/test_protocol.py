"""WEBPAY's texts: each signature against worked examples, and what no digits may do."""

import hashlib
import re
import string
from contextlib import suppress
from typing import Dict, List, Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.webpay import vectors
from utils.base.secret import Secret
from utils.webpay import protocol

KEY = Secret(vectors.KEY)

DIGITS = st.text(string.digits, min_size=1, max_size=12)
SECRETS = st.text(string.ascii_letters + string.digits, min_size=10, max_size=40)
TAGS = st.text(string.digits + string.ascii_uppercase, min_size=2, max_size=6)


@st.composite
def notifications(draw: st.DrawFn) -> Dict[str, str]:
    """The fields of a notification about an order of ours."""
    return {
        "batch_timestamp": draw(DIGITS),
        "currency_id": draw(st.sampled_from(["BYN", "USD", "EUR", "RUB"])),
        "amount": draw(st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,2})?", fullmatch=True)),
        "payment_method": draw(st.sampled_from(["cc", "erip", "test"])),
        "order_id": draw(DIGITS),
        "site_order_id": protocol.order_number(draw(st.integers(1, 10**7)), draw(TAGS)),
        "transaction_id": draw(DIGITS),
        "payment_type": draw(st.sampled_from([str(number) for number in range(1, 12)])),
        "rrn": draw(st.one_of(st.just(""), st.text(string.digits, min_size=12, max_size=12))),
    }


def signed(fields: Dict[str, str], secret: str = vectors.KEY, card: bool = False) -> Dict[str, str]:
    signature = protocol.sign_notification(fields, Secret(secret), card)
    return {**fields, "wsb_signature": signature}


# -- worked examples ------------------------------------------------------------------------------


@pytest.mark.parametrize(("fields", "key", "signature"), vectors.ORDERS)
def test_an_order_is_signed_as_in_the_worked_example(
    fields: Dict[str, str], key: str, signature: str
) -> None:
    assert protocol.sign_order(fields, Secret(key)) == signature


@pytest.mark.parametrize(("fields", "key", "with_card", "signature"), vectors.NOTIFICATIONS)
def test_a_notification_is_signed_as_in_the_worked_example(
    fields: Dict[str, str], key: str, with_card: bool, signature: str
) -> None:
    assert protocol.sign_notification(fields, Secret(key), with_card) == signature
    for written in (signature, signature.upper()):
        assert protocol.fits({**fields, "wsb_signature": written}, Secret(key))


@pytest.mark.parametrize(("kind", "signature"), vectors.ANSWERS)
def test_an_answer_about_a_transaction_is_signed_as_in_the_worked_example(
    kind: str, signature: str
) -> None:
    assert protocol.sign_answer({**vectors.FIRST, "payment_type": kind}, KEY) == signature


def test_the_digest_of_orders_is_none_of_notifications() -> None:
    assert not protocol.fits({**vectors.FIRST, "wsb_signature": vectors.OF_SHA1}, KEY)


# -- properties of both signatures ----------------------------------------------------------------


@given(notifications(), SECRETS, st.booleans())
def test_a_notification_fits_its_secret_and_no_other(
    fields: Dict[str, str], secret: str, with_card: bool
) -> None:
    fields = {**fields, "card": vectors.CARD} if with_card else fields
    made = signed(fields, secret, with_card)
    assert protocol.fits(made, Secret(secret))
    assert not protocol.fits(made, Secret(secret + "x"))
    assert not protocol.fits(signed(fields, ""), Secret("")), "an empty secret fits nothing"


@given(notifications(), st.sampled_from(protocol.NOTIFICATION_SIGNED), st.data())
def test_a_changed_field_does_not_fit(
    fields: Dict[str, str], name: str, data: st.DataObject
) -> None:
    made = signed(fields)
    other = data.draw(st.text(string.digits, min_size=1, max_size=6))
    assume(other != fields[name])
    assert not protocol.fits({**made, name: other}, KEY)


@given(
    st.dictionaries(st.sampled_from(protocol.ORDER_SIGNED), DIGITS, min_size=1),
    st.sampled_from(protocol.ORDER_SIGNED),
    DIGITS,
    SECRETS,
)
def test_a_changed_field_or_secret_of_an_order_has_another_signature(
    fields: Dict[str, str], name: str, value: str, secret: str
) -> None:
    made = protocol.sign_order(fields, Secret(secret))
    assert protocol.sign_order(dict(reversed(fields.items())), Secret(secret)) == made
    assert protocol.sign_order({**fields, "unsigned": value}, Secret(secret)) == made
    assert protocol.sign_order(fields, Secret(secret + "x")) != made
    if fields.get(name) != value:
        assert protocol.sign_order({**fields, name: value}, Secret(secret)) != made


@given(st.text(string.ascii_lowercase, min_size=5), st.integers(1, 10**9), SECRETS)
def test_what_is_sent_is_what_is_signed(shop: str, amount: int, secret: str) -> None:
    order = protocol.Order(
        *("B1-ABE", "11111111", "BYN", amount, "Payment", shop, "russian"),
        *(False, "https://a.example/n", "https://a.example/r", "https://a.example/c"),
    )
    fields = protocol.order_fields(order, Secret(secret), "seed")
    text = "seed11111111B1-ABE0BYN" + fields["wsb_total"] + secret
    assert fields["wsb_signature"] == hashlib.new("sha1", text.encode()).hexdigest()  # noqa: S324  WEBPAY's choice
    assert re.fullmatch(r"\d+\.\d\d", fields["wsb_total"])
    assert fields["wsb_invoice_item_price[0]"] == fields["wsb_total"]


def divided(text: str, names: Sequence[str]) -> List[Dict[str, str]]:
    """All divisions of a signed text into fields of a notification about an order of ours."""
    forms = {**protocol._FORMS, "card": protocol._CARD}

    def rest(left_names: Sequence[str], left: str) -> List[Dict[str, str]]:
        if not left_names:
            return [{}] if not left else []
        name, *others = left_names
        found = []
        for length in range(min(len(left), 32) + 1):
            part = left[:length]
            is_other = name == "site_order_id" and protocol.payment_of(part) is None
            if forms[name].fullmatch(part) and not is_other:
                found += [{name: part, **one} for one in rest(others, left[length:])]
        return found

    return rest(names, text)


@settings(max_examples=30)
@given(notifications(), st.sampled_from(["", vectors.CARD, "555555******4444"]))
def test_no_digits_moved_between_fields_make_another_clear_payment(
    fields: Dict[str, str], card: str
) -> None:
    with_card = bool(card)
    names = [*protocol.NOTIFICATION_SIGNED, *(["card"] if card else [])]
    fields = {**fields, "card": card}
    text = "".join(fields[name] for name in names)
    divisions = divided(text, names)
    assert fields in [{**other, "card": card} for other in divisions]
    for other in divisions:
        one = protocol.read_notification(signed(other, card=with_card))
        assert (one.order, other["order_id"]) == (fields["site_order_id"], fields["order_id"])
        assert one.fields["amount"] == fields["amount"]
        if one.is_clear(with_card) and one.type in protocol.PAID:
            assert fields["payment_type"] in (*protocol.PAID, protocol.REFUNDED)


def test_a_card_that_lacks_a_digit_is_not_clear() -> None:
    refusal = signed({**vectors.FIRST, "payment_type": "2", "card": vectors.CARD}, card=True)
    moved = {
        **refusal,
        **{"transaction_id": "1234567892", "payment_type": "1", "rrn": "547896481544"},
        "card": vectors.CARD[1:],
    }
    assert protocol.match(moved, KEY) == (True, True), "the signature does not tell them apart"
    assert not protocol.read_notification(moved).is_clear(with_card=True)
    assert protocol.read_notification(refusal).is_clear(with_card=True)


def test_a_refusal_read_as_a_payment_by_moved_digits_is_not_clear() -> None:
    refusal = signed({**vectors.FIRST, "payment_type": "2"})
    moved = {
        **refusal,
        **{"transaction_id": "1234567892", "payment_type": "1", "rrn": "54789648154"},
    }
    assert protocol.fits(moved, KEY), "the signature does not tell them apart"
    assert not protocol.read_notification(moved).is_clear(with_card=False)


# -- order numbers --------------------------------------------------------------------------------


@given(st.integers(1, 36**8 - 1), TAGS)
def test_an_order_number_leads_back_to_its_payment(payment: int, tag: str) -> None:
    number = protocol.order_number(payment, tag)
    assert protocol.payment_of(number) == payment
    assert (number[0] + number[-1]).isalpha()
    assert number.isascii()
    for wrong in (
        "4" + number,
        number + "4",
        number.lower(),
        number + "\n",
        number.replace("-", ""),
    ):
        assert protocol.payment_of(wrong) is None


@pytest.mark.parametrize("longest", [protocol.LONGEST_ORDER, protocol.LONGEST_ERIP_ORDER])
@pytest.mark.parametrize("payment", [1, 35, 36, 99_999, 10**6, 36**5 - 1, 36**6])
def test_an_order_number_is_never_too_long(payment: int, longest: int) -> None:
    length = protocol.tag_length(payment, longest)
    if length:
        number = protocol.order_number(payment, protocol.make_tag(length))
        assert len(number) <= longest
        assert protocol.payment_of(number) == payment
    else:
        assert longest == protocol.LONGEST_ERIP_ORDER
        assert payment >= 36**5


def test_tags_are_made_by_chance() -> None:
    tags = {protocol.make_tag(6) for _ in range(50)}
    assert {len(tag) for tag in tags} == {6}
    assert len(tags) == 50


# -- what is no notification ----------------------------------------------------------------------

WRONG = {
    "batch_timestamp": ["", "-1", "1e9", "1700000000000", "١٢"],
    "currency_id": ["", "byn", "BYNN", "BY1"],
    "amount": ["", "-21.90", "+21.90", "21,90", "2e1", "21.900", " 21.90", "21.", "NaN"],
    "payment_method": ["", "CC", "c1", "cc\n"],
    "order_id": ["", "58423698x", "1234567890123"],
    "site_order_id": ["", "a b", "a\n", "ORDER" * 20],
    "transaction_id": ["", "x1", "1234567890123"],
    "payment_type": ["", "0", "04", "type", "100"],
    "rrn": ["x", "1" * 33],
    "wsb_signature": ["", "0" * 31, "0" * 40, "g" * 32],
    "card": ["4" * 33, "<b>"],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_field_of_another_form_is_no_notification(name: str, value: str) -> None:
    fields = {**signed(vectors.FIRST), name: value}
    with pytest.raises(protocol.Malformed, match=f"^{name}$"):
        protocol.read_notification(fields)


@pytest.mark.parametrize("name", [*protocol.NOTIFICATION_SIGNED, "wsb_signature"])
def test_a_missing_field_is_no_notification_but_the_network_s_number(name: str) -> None:
    fields = signed(vectors.FIRST)
    del fields[name]
    if name == "rrn":
        assert protocol.read_notification(fields).rrn == ""
        return
    with pytest.raises(protocol.Malformed):
        protocol.read_notification(fields)


@given(st.dictionaries(st.sampled_from([*protocol._FORMS, "card", "x"]), st.text(), max_size=12))
def test_any_fields_are_a_notification_or_none(fields: Dict[str, str]) -> None:
    with suppress(protocol.Malformed):
        assert protocol.read_notification(fields).fields == fields
