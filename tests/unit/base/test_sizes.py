"""Sizes: the cloud's rounding, what to ask for, texts and measures."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.doubles.cloud import sizes as recorded_rounding
from utils.base import sizes
from utils.base.sizes import UNLIMITED

MIB, GIB, TIB = 1024**2, 1024**3, 1024**4
SIZES = st.integers(1, 2**53 - 1) | st.integers(0, 53).flatmap(
    lambda power: st.integers(max(1, 2**power - 2000), min(2**53 - 1, 2**power + 2000))
)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        (5368709120, 5368709120),
        (5368709121, 5368709120),
        (1153433600, 1181116006),
        (1500 * MIB, 1610612736),
        (123456789, 123417395),
        (1000, 1000),
        (1000000000, 1000026931),
        (GIB // 2, GIB // 2),
        (3 * TIB // 2, 3 * TIB // 2),
        (1500000000, 1503238554),
        (TIB, TIB),
        (1040 * GIB, TIB),
        (0, 0),
        (1, 1),
        (1023, 1023),
        (1025, 1024),
        (1535, 1024),
        (1536, 2048),
        (1024 * 1024 - 1, MIB),
        (UNLIMITED, UNLIMITED),
    ],
)
def test_the_cloud_keeps_what_was_recorded(asked: float, stored: float) -> None:
    assert sizes.stored_bytes(asked) == stored


@given(SIZES)
@example(1100 * MIB)
@example(2**53 - 1)
def test_the_cloud_double_rounds_the_same(quota_bytes: int) -> None:
    """Two readings of the recordings, made apart from each other."""
    text = recorded_rounding.human_file_size(quota_bytes)
    kept = recorded_rounding.computer_file_size(text)
    assert kept is not None
    assert sizes.same_quota(sizes.stored_bytes(quota_bytes), kept)


@given(SIZES)
@example(1040 * GIB)
@example(1023 * MIB + 972 * 1024)
@example(1024 * 1024 - 1)
def test_the_customer_never_gets_less_nor_much_more(quota_bytes: int) -> None:
    kept = sizes.stored_bytes(sizes.bytes_to_ask(quota_bytes))
    assert quota_bytes <= kept < max(quota_bytes * 1.11, quota_bytes + 1024)


@given(SIZES)
def test_what_to_ask_for_need_not_be_asked_again(quota_bytes: int) -> None:
    asked = sizes.bytes_to_ask(quota_bytes)
    assert sizes.bytes_to_ask(asked) == asked
    assert asked == int(asked)


@given(SIZES, SIZES)
def test_who_pays_for_more_is_not_given_less(one: int, other: int) -> None:
    less, more = sorted((one, other))
    less_kept, more_kept = (sizes.stored_bytes(sizes.bytes_to_ask(n)) for n in (less, more))
    assert less_kept <= more_kept


@pytest.mark.parametrize("quota_bytes", [GIB, 5 * GIB, 10 * GIB, 100 * GIB, 512 * MIB, 2 * TIB])
def test_usual_sizes_are_asked_for_as_they_are(quota_bytes: int) -> None:
    assert sizes.bytes_to_ask(quota_bytes) == quota_bytes
    assert sizes.stored_bytes(quota_bytes) == quota_bytes


def test_unlimited_stays_unlimited() -> None:
    assert sizes.bytes_to_ask(UNLIMITED) == UNLIMITED


def test_1040_gib_become_more_than_a_terabyte() -> None:
    kept = sizes.stored_bytes(sizes.bytes_to_ask(1040 * GIB))
    assert kept == int((Decimal("1.1") * TIB).to_integral_value())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (UNLIMITED, UNLIMITED, True),
        (UNLIMITED, GIB, False),
        (GIB, UNLIMITED, False),
        (1181116006, 1181116007, True),
        (GIB, GIB + 1024, True),
        (GIB, GIB + 1025, False),
        (0, UNLIMITED, False),
    ],
)
def test_the_same_quota_is_known_in_spite_of_float_arithmetic(
    one: float, other: float, same: bool
) -> None:
    assert sizes.same_quota(one, other) is same


@pytest.mark.parametrize(
    "text",
    ["", " ", " B", "B", "GB", "lots", "default", "-1", "-3", "1,5 GB", "5 GiB", "0x10", "1e9", "."]
    + ["5 GB extra", "5  5", "nan", "inf", "None of it", "5 EB"],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        sizes.parse_text(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("none", UNLIMITED),
        ("None", UNLIMITED),
        ("5 GB", 5 * GIB),
        ("5gb", 5 * GIB),
        ("5G", 5 * GIB),
        (" 5 GB ", 5 * GIB),
        ("1.1 GB", 1181116006),
        ("117.7 MB", 123417395),
        ("1.5 TB", 3 * TIB // 2),
        ("2 PB", 2 * 1024 * TIB),
        ("120 KB", 120 * 1024),
        ("0 B", 0),
        ("1000 B", 1000),
        ("1048576", MIB),
        (".5 GB", GIB // 2),
    ],
)
def test_a_size_is_read_from_text(text: str, size: float) -> None:
    assert sizes.parse_text(text) == size


@given(SIZES)
def test_the_text_that_the_cloud_keeps_means_what_it_stores(quota_bytes: int) -> None:
    text = recorded_rounding.human_file_size(quota_bytes)
    assert sizes.same_quota(sizes.parse_text(text), sizes.stored_bytes(quota_bytes))


@pytest.mark.parametrize(
    ("size_bytes", "unit_bytes", "text"),
    [
        (0, GIB, "0"),
        (3 * GIB // 2, GIB, "1.5"),
        (100 * GIB, GIB, "100"),
        (1, GIB, "0"),
        (5368710, GIB, "0.01"),
        (5368709, GIB, "0"),
        (10**18, 1, "1000000000000000000"),
        (123456789, MIB, "117.74"),
    ],
)
def test_a_size_is_written_in_billings_measure(size_bytes: int, unit_bytes: int, text: str) -> None:
    assert sizes.in_measure(size_bytes, unit_bytes) == text


@given(st.integers(0, 2**62), st.sampled_from([1, 1024, MIB, GIB, TIB]))
def test_a_measured_size_is_plain_and_near(size_bytes: int, unit_bytes: int) -> None:
    text = sizes.in_measure(size_bytes, unit_bytes)
    assert set(text) <= set("0123456789.")
    assert len(text.partition(".")[2]) <= 2
    assert abs(Decimal(text) - Decimal(size_bytes) / unit_bytes) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (UNLIMITED, "unlimited"),
        (0, "0 bytes (0 B)"),
        (1023, "1023 bytes (1023 B)"),
        (5 * GIB, "5368709120 bytes (5 GiB)"),
        (1181116006, "1181116006 bytes (1.1 GiB)"),
        (2000 * TIB, f"{2000 * TIB} bytes (2000 TiB)"),
    ],
)
def test_a_size_is_spoken_for_the_log(size_bytes: float, words: str) -> None:
    assert sizes.spoken(size_bytes) == words


@given(st.integers(0, 2**55))
def test_a_size_that_is_not_above_is_kept_and_the_largest_such(quota_bytes: int) -> None:
    kept = sizes.bytes_not_above(quota_bytes)
    assert kept <= quota_bytes
    assert sizes.stored_bytes(kept) == kept
    assert sizes.bytes_to_ask(kept) == kept
    if kept < quota_bytes:
        assert sizes.stored_bytes(sizes._next_step(kept + 1)) > quota_bytes


@pytest.mark.parametrize(
    ("quota_bytes", "kept"),
    [
        (sizes.UNLIMITED, sizes.UNLIMITED),
        (1023, 1023),
        (1040 * 1024**3, 1024**4),
        (1023 * 1024**3, 1023 * 1024**3),
        (1024**4, 1024**4),
        (1024**4 - 1, 1099404253594),  # 1023.9 GiB
    ],
)
def test_a_size_is_kept_one_step_lower_where_a_cloud_would_round_up(
    quota_bytes: float, kept: float
) -> None:
    assert sizes.bytes_not_above(quota_bytes) == kept
