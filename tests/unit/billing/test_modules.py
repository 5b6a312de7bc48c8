"""Modules on the stand's BILLmanager: their connection, their form, their problems."""

from typing import Any, Dict

import pytest

from tests.doubles.billmanager import CoreFault, Stand
from tests.unit.billing.given import module
from utils.base import errors
from utils.base.secret import Secret
from utils.billing.billmanager import Billing
from utils.billing.modules import read_server, read_timeout_s


def test_a_module_that_is_not_there_is_told(billing: Billing) -> None:
    with pytest.raises(errors.ModuleNotFound, match="4711"):
        billing.modules.server(4711)
    assert billing.modules.name(4711) == ""


def test_another_handlers_module_is_not_ours(stand: Stand, billing: Billing) -> None:
    module_id = module(stand, module="pmother")
    with pytest.raises(errors.ModuleNotFound):
        billing.modules.server(module_id)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": None},
        {"base_url": " "},
        {"base_url": "cloud.example.com"},
        {"base_url": "ftp://cloud.example.com"},
        {"password": None},
    ],
)
def test_a_module_without_usable_address_or_password_is_told(
    stand: Stand, billing: Billing, changes: Dict[str, Any]
) -> None:
    module_id = module(stand, **changes)
    with pytest.raises(errors.ModuleUnset, match=f"module {module_id}: "):
        billing.modules.server(module_id)


def test_a_module_without_any_parameter_is_told(stand: Stand, billing: Billing) -> None:
    module_id = module(stand, base_url=None, login=None, password=None)
    with pytest.raises(errors.ModuleUnset):
        billing.modules.server(module_id)


def test_a_modules_secret_that_does_not_decrypt_is_the_modules_fault(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    stand.sql(
        "UPDATE processingcryptedparam SET value = 'AAAA' WHERE processingmodule = %s", module_id
    )
    with pytest.raises(errors.ModuleSecretBroken):
        billing.modules.server(module_id)


def test_a_module_is_read_whole(stand: Stand, billing: Billing) -> None:
    url = " https://Cloud.example.com:8443/nc/index.php/ "
    module_id = module(stand, base_url=url, login=" admin ", verify_ssl="off", timeout="60")
    server = billing.modules.server(module_id)
    assert server == (
        module_id,
        "https://cloud.example.com:8443/nc",
        "admin",
        Secret("made-up-77"),
        False,
        60.0,
        Secret(""),
    )
    assert billing.modules.name(module_id) == "Cloud"


def test_a_module_has_defaults(stand: Stand, billing: Billing) -> None:
    server = billing.modules.server(module(stand, login=None))
    assert (server.username, server.verify_tls, server.timeout_s) == ("", True, 30.0)


def test_a_password_stored_in_clear_is_read_with_a_warning(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    server = billing.modules.server(module(stand, crypted=False))
    assert server.secret == Secret("made-up-77")
    assert "stored in clear" in caplog.text
    assert "made-up-77" not in caplog.text


def test_the_encrypted_password_of_a_module_wins(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    stand.database.insert(
        "processingparam", processingmodule=module_id, intname="nc_password", value="old-made-up"
    )
    assert billing.modules.server(module_id).secret == Secret("made-up-77")


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://cloud.example.com", True),
        ("http://127.0.0.1:8080", False),
        ("https://cloud.example.com", False),
    ],
)
def test_a_module_on_plain_http_works_on_with_a_warning(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture, url: str, warned: bool
) -> None:
    assert billing.modules.server(module(stand, base_url=url)).base_url == url
    assert ("plain http" in caplog.text) is warned


@pytest.mark.parametrize(
    ("text", "timeout_s"),
    [("", 30.0), ("soon", 30.0), ("1", 5.0), ("5", 5.0), ("60", 60.0), ("999", 300.0), ("-7", 5.0)]
    + [("\u00b2", 30.0), ("1e3", 30.0), (" 60 ", 60.0)],
)
def test_a_useless_time_limit_is_the_default(text: str, timeout_s: float) -> None:
    assert read_timeout_s(text) == timeout_s


FIELDS = {
    "base_url": " https://Cloud.example.com/nc/ ",
    "nc_username": " admin ",
    "nc_password": "made-up-77",
    "nc_confirm_password": "made-up-78",
    "verify_ssl": "off",
    "timeout": "60",
}


@pytest.mark.parametrize("url", ["", "cloud.example.com", "ftp://cloud.example.com"])
def test_fields_without_a_usable_address_are_told(url: str) -> None:
    with pytest.raises((errors.UrlMissing, errors.UrlInvalid)):
        read_server({**FIELDS, "base_url": url})


def test_typed_fields_are_read_as_stored_ones(stand: Stand, billing: Billing) -> None:
    module_id = module(
        stand,
        base_url=FIELDS["base_url"],
        login=FIELDS["nc_username"],
        password=FIELDS["nc_password"],
        confirm_password=FIELDS["nc_confirm_password"],
        verify_ssl=FIELDS["verify_ssl"],
        timeout=FIELDS["timeout"],
    )
    assert read_server(FIELDS, module_id) == billing.modules.server(module_id)
    assert read_server({"base_url": FIELDS["base_url"]}) == (
        0,
        "https://cloud.example.com/nc",
        "",
        Secret(""),
        True,
        30.0,
        Secret(""),
    )


def test_modules_of_this_kind_are_listed_and_no_others(stand: Stand, billing: Billing) -> None:
    own, other = module(stand), module(stand, module="pmother")
    stand.sql("UPDATE processingmodule SET active = NULL, name = '' WHERE id = %s", own)
    assert billing.modules.stored(own) == [(own, "", False)]
    assert billing.modules.stored(other) == []
    listed = billing.modules.stored()
    assert (own, "", False) in listed
    assert other not in [one.id for one in listed]
    stand.sql("UPDATE processingmodule SET active = 'on', name = 'Cloud' WHERE id = %s", own)
    assert billing.modules.stored(own) == [(own, "Cloud", True)]


def test_a_core_without_the_form_of_a_module_is_told(stand: Stand, billing: Billing) -> None:
    stand.hidden_functions.add("processing.edit")
    with pytest.raises(errors.CoreRefused):
        billing.modules.shows_fields(module(stand))


@pytest.mark.parametrize("knows", [True, False])
def test_a_core_that_has_read_the_forms_shows_our_fields(
    stand: Stand, billing: Billing, monkeypatch: pytest.MonkeyPatch, knows: bool
) -> None:
    monkeypatch.setattr(stand.core, "knows_forms", knows)
    assert billing.modules.shows_fields(module(stand)) is knows


def test_a_problem_that_cannot_be_registered_is_told_and_not_tried_again(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    stand.core_faults.append(CoreFault("problems.register", kind="cut_after_effect", times=None))
    with pytest.raises(errors.CoreUnavailable):
        billing.modules.register_problem(module_id, errors.LoginRefused("x"))
    assert len(stand.called("problems.register")) == 1


def test_a_problem_of_a_module_whose_name_is_no_plain_text_is_registered_too(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    stand.sql("UPDATE processingmodule SET name = %s WHERE id = %s", "a\0b\x1b[2Jc", module_id)
    billing.modules.register_problem(module_id, errors.LoginRefused("x"))
    assert stand.called("problems.register")[-1].values["param_pm_name"] == "a?b?[2Jc"


def test_a_problem_names_the_module_and_the_error_without_its_secrets(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    secret = Secret("Made-up-pw-77")
    error = errors.CloudMoved(f"https://new.example.com/?p={secret.reveal()}")
    billing.modules.register_problem(module_id, error)
    call = stand.called("problems.register")[-1]
    assert call.secrets == {
        "param_pm_name": "Cloud",
        "param_errormsg": "cloud_moved: https://new.example.com/?p=***",
    }
    assert call.args == {
        "sok": "ok",
        "name": "processingmodule_connect",
        "id": str(module_id),
        "level": "error",
        "param_pm_name": "$PMNEXTCLOUD_VALUE_param_pm_name",
        "param_pm_id": str(module_id),
        "param_errormsg": "$PMNEXTCLOUD_VALUE_param_errormsg",
    }
