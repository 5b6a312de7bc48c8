"""The tree of errors: stable types, and who is told."""

import re
from typing import Dict, Set, Type

import pytest

from utils.base import errors
from utils.base.errors import Told
from utils.consts import Level

SHARED = {
    "bad_arguments",
    "account_missing",
    "password_refused",
    "cloud_error",
    "cloud_lost",
    "front_answered",
    "cloud_answer_spoilt",
}
"""Types that two classes may bear: the same words for the same reader."""


ALL = sorted(
    {one for one in errors.list_kinds() if not one.__name__.startswith("_")},
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("error", ALL)
def test_every_error_has_a_stable_type_and_somebody_who_is_told(
    error: Type[errors.PmError],
) -> None:
    assert re.fullmatch(r"[a-z][a-z_]+[a-z]", error.code)
    assert isinstance(error.told, Told)
    assert error.__doc__


def test_a_class_says_of_itself_what_its_parent_does_not() -> None:
    class _Passing(errors.PmError, told=Told.PROBLEM, lasts=True, stands_for=Level.WRITES):
        """A made-up one."""

    class _NamedOtherwise(_Passing, code="named", told=Told.FORM, lasts=False):
        """Another one."""

    class _Unrepeated(errors.PmError, told=Told.LOG, repeated=False):
        """One without an operation."""

    assert (_Passing.code, _Passing.is_repeated) == ("passing", True)
    assert (_NamedOtherwise.code, _NamedOtherwise.is_repeated) == ("named", False)
    assert (_NamedOtherwise.lasts, _NamedOtherwise.stands_for) == (False, Level.WRITES)
    assert not _Unrepeated.is_repeated


def test_what_is_remembered_is_a_fault_of_the_module() -> None:
    standing = [error for error in ALL if error.stands_for is not None]
    assert len(standing) >= 7
    assert {error.told for error in standing} == {Told.PROBLEM}


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
    errors.FrontAnswered,
    errors.FrontLost,
    errors.FrontThrottled,
    errors.AnswerSpoilt,
    errors.SpoiltLost,
    errors.CloudNotInstalled,
    errors.InstanceFull,
    errors.ModuleUnset,
    errors.ModuleSecretBroken,
]


@pytest.mark.parametrize("error", WHOLE_MODULE)
def test_a_fault_of_the_whole_module_is_no_services(error: Type[errors.PmError]) -> None:
    assert error.told is Told.PROBLEM


@pytest.mark.parametrize(
    "error",
    [
        errors.DatabaseUnavailable,
        errors.CoreUnavailable,
        errors.KeyUnavailable,
        errors.SettingsBroken,
        errors.UsageUnread,
    ],
)
def test_a_fault_of_the_host_is_no_services(error: Type[errors.PmError]) -> None:
    assert error.told is Told.LOG


@pytest.mark.parametrize(
    "error",
    [errors.QuotaMissing, errors.QuotaZero, errors.LoginTaken, errors.AccountMissing]
    + [errors.AccountElsewhere, errors.MarkForeign, errors.AccountProtected, errors.SecretBroken]
    + [errors.GroupForbidden, errors.MeasureUnknown, errors.PasswordRefused, errors.ItemNotFound],
)
def test_what_no_repeat_heals_is_the_staffs(error: Type[errors.PmError]) -> None:
    assert error.told is Told.STAFF_NOW


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
