"""The tree of errors: stable types, kinds and scopes that the report can act on."""

import re
from typing import Dict, List, Set, Type

import pytest

from utils.base import errors

SHARED = {"bad_arguments", "account_missing", "cloud_error"}
"""Types that two classes may bear: the same words for the same reader."""


def tree(root: Type[errors.PmError] = errors.PmError) -> List[Type[errors.PmError]]:
    """Every class of errors that a report may name; private ones are refinements of these."""
    children = [child for child in root.__subclasses__() if not child.__name__.startswith("_")]
    return [root, *(one for child in children for one in tree(child))]


ALL = sorted(set(tree()), key=lambda one: one.__name__)


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_stable_type_a_kind_and_a_scope(error: Type[errors.PmError]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+[a-z]", error.code)
    assert error.kind in (errors.PASSING, errors.PERMANENT, errors.UNKNOWN)
    assert error.scope in (errors.CALL, errors.SERVICE, errors.MODULE, errors.HOST)
    assert error.__doc__


def test_no_type_means_two_things() -> None:
    names: Dict[str, Set[str]] = {}
    for error in ALL:
        names.setdefault(error.code, set()).add(error.__name__)
    twice = {code for code, classes in names.items() if len(classes) > 1}
    assert twice <= SHARED | {"unexpected"}


WHOLE_MODULE = [
    errors.LoginRefused,
    errors.AppPasswordNeeded,
    errors.AppPasswordRefused,
    errors.RightsMissing,
    errors.CloudCertificate,
    errors.CloudUnreachable,
    errors.CloudMaintenance,
    errors.CloudThrottled,
    errors.CloudWriteLimit,
    errors.CloudMoved,
    errors.CloudUntrustedHost,
    errors.NotACloud,
    errors.ModuleUnset,
    errors.ModuleSecretBroken,
]


@pytest.mark.parametrize("error", WHOLE_MODULE)
def test_a_fault_of_the_whole_module_is_no_services(error: Type[errors.PmError]) -> None:
    assert error.scope == errors.MODULE


@pytest.mark.parametrize(
    "error",
    [
        errors.DatabaseUnavailable,
        errors.CoreUnavailable,
        errors.KeyUnavailable,
        errors.SettingsBroken,
        errors.StateUnwritable,
        errors.UsageUnread,
    ],
)
def test_a_fault_of_the_host_is_no_services(error: Type[errors.PmError]) -> None:
    assert error.scope == errors.HOST


@pytest.mark.parametrize("error", [errors.CloudLost, errors.OutOfTime])
def test_what_may_have_happened_is_unknown(error: Type[errors.PmError]) -> None:
    assert error.kind == errors.UNKNOWN


@pytest.mark.parametrize(
    "error",
    [errors.QuotaMissing, errors.QuotaZero, errors.LoginTaken, errors.AccountMissing]
    + [errors.AccountElsewhere, errors.MarkForeign, errors.AccountProtected, errors.SecretBroken]
    + [errors.GroupForbidden, errors.MeasureUnknown, errors.PasswordRefused, errors.ItemNotFound],
)
def test_what_no_repeat_heals_is_the_staffs(error: Type[errors.PmError]) -> None:
    assert (error.kind, error.scope) == (errors.PERMANENT, errors.SERVICE)


@pytest.mark.parametrize(
    ("error", "text", "value"),
    [
        (errors.UrlMissing(), "url_missing", ""),
        (errors.LoginTaken("user_7"), "login_taken: user_7", "user_7"),
        (errors.ItemNotFound(7), "item_not_found: 7", "7"),
        (errors.CloudRefused("PUT /x", 101), "cloud_refused: PUT /x: 101", "PUT /x: 101"),
        (
            errors.NoSuchGroup("POST /x", 104, "no"),
            "group_missing: POST /x: 104 no",
            "POST /x: 104 no",
        ),
        (
            errors.CoreRefused("service.open", "missed", "item 7"),
            "core_refused: service.open: missed (item 7)",
            "service.open: missed (item 7)",
        ),
        (
            errors.CoreRefused("service.open", "access"),
            "core_refused: service.open: access",
            "service.open: access",
        ),
    ],
)
def test_an_error_says_its_type_and_its_detail(
    error: errors.PmError, text: str, value: str
) -> None:
    assert (str(error), error.value) == (text, value)
