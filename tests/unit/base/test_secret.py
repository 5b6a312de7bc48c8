"""Secrets that nobody shows by accident."""

import copy
import json
import pickle

import pytest

from utils.base.secret import Secret, forgotten, strike_out


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_never_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret("Made-up-pw-77"), protocol)


def test_a_secret_is_never_copied_nor_written_as_json() -> None:
    with pytest.raises(TypeError):
        copy.copy(Secret("Made-up-pw-77"))
    with pytest.raises(TypeError):
        json.dumps(Secret("Made-up-pw-77"))


def test_a_secret_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Secret("Made-up-pw-77").note = "x"  # must fail
    with pytest.raises(TypeError):
        vars(Secret("Made-up-pw-77"))


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret("Made-up-pw-77")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:20}"]
    shown += ["%s %r" % (secret, secret), "{}".format(secret), repr([secret]), repr({"a": secret})]  # noqa: UP031,UP032  each way
    assert not any("Made-up" in text for text in shown)
    assert all("***" in text for text in shown)


def test_only_an_equal_secret_is_equal() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(" ")
    assert Secret("x").reveal() == "x"


def test_nothing_known_is_nothing_struck_out() -> None:
    assert strike_out("Made-up-pw-77") == "Made-up-pw-77"


def test_the_longest_secret_is_struck_out_first() -> None:
    Secret("abcd")
    Secret("abcdefgh")
    Secret("cdef")
    assert strike_out("x abcdefgh y abcd z cdef") == "x *** y *** z ***"


def test_a_short_secret_does_not_strike_out_half_the_text() -> None:
    Secret("abc")
    assert strike_out("abcdef") == "abcdef"


def test_characters_of_patterns_are_taken_as_they_are() -> None:
    Secret("a.c+(d)[")
    assert strike_out("a.c+(d)[ abc+(d)[") == "*** abc+(d)["


def test_a_secret_that_comes_later_is_struck_out_too() -> None:
    Secret("first-secret")
    assert strike_out("first-secret second-secret") == "*** second-secret"
    Secret("second-secret")
    assert strike_out("first-secret second-secret") == "*** ***"


def test_secrets_met_by_the_thousand_are_forgotten_and_the_others_kept() -> None:
    kept = Secret("first-secret")
    with forgotten():
        Secret("second-secret")
        Secret(kept.reveal())
        assert strike_out("first-secret second-secret") == "*** ***"
    assert strike_out("first-secret second-secret") == "*** second-secret"


def test_they_are_forgotten_after_a_failure_too() -> None:
    with pytest.raises(TypeError), forgotten():
        pickle.dumps(Secret("second-secret"))
    assert strike_out("second-secret") == "second-secret"
