"""The rules for passwords that the clouds tell, and the passwords that are made of them."""

from typing import Any, Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.accounts.passwords import generate_secure_password
from utils.cloud.answers import PasswordRules, rules_from


def owncloud(symbols: Any = None, length: Any = None, **least: Any) -> Dict[str, Any]:
    """The capabilities of ownCloud's app password_policy with these rules switched on."""
    source = {"any": True} if symbols is None else {"characters": symbols}
    kinds: Dict[str, Any] = {
        "lower_case": {"generate_from": {"characters": "abc"}},
        "upper_case": {"generate_from": {"characters": "ABC"}},
        "numbers": {"generate_from": {"characters": "123"}},
        "special_characters": {"generate_from": source},
    }
    for kind, number in least.items():
        kinds[kind]["minimum"] = number
    wanted = {"configuration": kinds, **({} if length is None else {"minimum_characters": length})}
    return {"password_requirements": wanted}


RULES: Dict[str, Any] = {
    "none": ({}, PasswordRules()),
    "Nextcloud's length": ({"minLength": 32, "enforceSpecialCharacters": True}, PasswordRules(32)),
    "ownCloud's, nothing on": (owncloud(), PasswordRules()),
    "ownCloud's symbols": (owncloud("#!"), PasswordRules(symbols="#!")),
    "ownCloud's symbols with others between": (owncloud("# !a1§"), PasswordRules(symbols="#!")),
    "ownCloud's, all": (
        owncloud("#!", 12, numbers=3, special_characters=4),
        PasswordRules(12, 4, "#!"),
    ),
    "no numbers": ({"minLength": "32"}, PasswordRules()),
    "a truth value": ({"minLength": True}, PasswordRules()),
    "an absurd number": ({"minLength": 10**9}, PasswordRules()),
    "a negative number": ({"minLength": -1}, PasswordRules()),
    "a list in place of kinds": (
        {"password_requirements": {"configuration": []}},
        PasswordRules(),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_the_rules_of_either_cloud_are_read(name: str) -> None:
    policy, rules = RULES[name]
    assert rules_from(policy) == rules


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    policy=st.dictionaries(st.sampled_from(("minLength", "password_requirements")), JSON),
    configuration=JSON,
)
def test_no_policy_crashes(policy: Dict[str, Any], configuration: Any) -> None:
    rules_from(policy)
    rules_from({"password_requirements": {"configuration": configuration}})


@pytest.mark.parametrize("least", [2, 3, 7, 16])
def test_a_password_has_as_many_of_each_kind_as_are_wanted(least: int) -> None:
    password = generate_secure_password(20, "#!", least)
    assert len(password) == max(20, 4 * least)
    assert sum(map(str.islower, password)) >= least
    assert sum(map(str.isupper, password)) >= least
    assert sum(map(str.isdigit, password)) >= least
    assert sum(char in "#!" for char in password) >= least
