"""Billing on the stand's BILLmanager: a real MariaDB, and a core behind a real mgrctl."""

import logging
from datetime import date
from pathlib import Path
from typing import Any, Callable, Dict, Optional

import pytest

from tests.doubles.billmanager import ACTIVE, DELETED, PROCESSING, SUSPENDED, CoreFault, Stand, keys
from tests.unit.conftest import close
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import mark
from utils.billing.billmanager import Billing, StatRow, read_timeout_s
from utils.consts import ITEM_MARK
from utils.host.root import Host

MARK = mark.to_text(
    Mark("0123456789ab", 1001, "user_1001", "0123456789abcdef", Secret("Made-up-1"))
)


def module(stand: Stand, **changes: Any) -> int:
    """A module of a cloud that is not there."""
    values = {
        "base_url": "https://cloud.example.com/nc",
        "login": "admin",
        "password": "made-up-77",
    }
    return stand.add_module(**{**values, **changes})


def order(stand: Stand, module_id: Optional[int] = None, **more: Any) -> int:
    """A paid service."""
    tariff = stand.add_tariff(stand.add_itemtype("backupservice"))
    return stand.order(tariff, stand.add_account(), module_id or module(stand), **more)


# -- services ---------------------------------------------------------------------------------


def test_a_service_that_is_not_there_is_told(billing: Billing) -> None:
    with pytest.raises(errors.ItemNotFound, match="4711"):
        billing.item(4711)


def test_a_service_of_another_handler_is_not_ours(stand: Stand, billing: Billing) -> None:
    item = order(stand, module(stand, module="pmother"))
    with pytest.raises(errors.ItemNotFound, match="pmother"):
        billing.item(item)


def test_a_service_without_a_module_is_not_ours(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    with pytest.raises(errors.ItemNotFound):
        billing.item(item)


def test_an_add_ons_row_is_no_service(stand: Stand, billing: Billing) -> None:
    item = order(stand, ordered=3)
    [row] = stand.sql("SELECT id FROM item WHERE parent = %s", item)
    with pytest.raises(errors.ItemNotFound):
        billing.item(row["id"])


def test_a_service_is_read_whole(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    saved = {"username": "user_7", "url": "https://cloud.example.com"}
    crypted = {"userpassword": "Пароль-77", ITEM_MARK: MARK}
    item_id = order(stand, module_id, trial=True, params=saved, crypted_params=crypted)
    item = billing.item(item_id)
    assert (item.id, item.module_id, item.itemtype) == (item_id, module_id, "backupservice")
    assert (item.status, item.trial, item.last_tariff_id) == (PROCESSING, True, None)
    assert (item.saved_login, item.saved_url) == ("user_7", "https://cloud.example.com")
    assert item.saved_password == Secret("Пароль-77")
    assert item.mark == mark.from_text(MARK)


def test_a_fresh_service_has_nothing_saved(stand: Stand, billing: Billing) -> None:
    item = billing.item(order(stand))
    assert (item.saved_login, item.saved_url, item.saved_password, item.mark) == (
        "",
        "",
        None,
        None,
    )
    assert item.trial is False


def test_a_tariff_change_shows_the_old_tariff(stand: Stand, billing: Billing) -> None:
    item_id = order(stand)
    old = billing.item(item_id).tariff_id
    new = stand.add_tariff(stand.add_itemtype("backupservice"))
    stand.change_tariff(item_id, new)
    item = billing.item(item_id)
    assert (item.tariff_id, item.last_tariff_id) == (new, old)


def test_the_predecessors_plain_password_is_read(stand: Stand, billing: Billing) -> None:
    item = order(stand, params={"username": "user_7", "userpassword": "plain-made-up"})
    assert billing.item(item).saved_password == Secret("plain-made-up")


def test_the_encrypted_password_wins_over_a_plain_one(stand: Stand, billing: Billing) -> None:
    item = order(stand, crypted_params={"userpassword": "crypted-made-up"})
    stand.database.insert("itemparam", item=item, intname="userpassword", value="plain-made-up")
    assert billing.item(item).saved_password == Secret("crypted-made-up")


@pytest.mark.parametrize("name", ["userpassword", ITEM_MARK])
def test_a_secret_that_does_not_decrypt_is_told(stand: Stand, billing: Billing, name: str) -> None:
    item = order(stand)
    value = keys.Key().encrypt("of another installation" * 8)
    stand.database.insert("itemcryptedparam", item=item, intname=name, value=value)
    with pytest.raises(errors.SecretBroken):
        billing.item(item)


@pytest.mark.parametrize("text", ["foreign text", "[1]", "{}"])
def test_a_mark_that_is_none_of_ours_is_told(stand: Stand, billing: Billing, text: str) -> None:
    item = order(stand, crypted_params={ITEM_MARK: text})
    with pytest.raises(errors.SecretBroken, match=ITEM_MARK):
        billing.item(item)


def test_a_plain_mark_is_no_mark(stand: Stand, billing: Billing) -> None:
    """An order form may let the client type one."""
    item = order(stand, params={ITEM_MARK: MARK})
    assert billing.item(item).mark is None


def test_the_module_of_a_service_is_told_though_its_secrets_are_broken(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    item = order(stand, module_id)
    stand.database.insert("itemcryptedparam", item=item, intname=ITEM_MARK, value="AAAA")
    assert billing.module_of(item) == module_id
    stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    for missing in (item, 4711):
        with pytest.raises(errors.ItemNotFound, match=str(missing)):
            billing.module_of(missing)


@pytest.mark.parametrize("crypted", [True, False])
def test_a_service_says_how_its_password_is_saved(
    stand: Stand, billing: Billing, crypted: bool
) -> None:
    saved = {"userpassword": "made-up-pw-77"}
    item = order(stand, **{"crypted_params" if crypted else "params": saved})
    assert billing.item(item).password_is_crypted is crypted
    assert billing.item(order(stand)).password_is_crypted is False


def test_many_services_are_read_in_order_and_by_pages(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    ids = [order(stand, module_id) for _ in range(5)]
    stand.set_status(ids[1], ACTIVE)
    stand.set_status(ids[2], SUSPENDED)
    stand.set_status(ids[3], DELETED)
    stand.set_status(order(stand, module_id), 1)
    order(stand)
    counted = [ids[0], ids[1], ids[2], ids[4]]
    assert billing.item_ids(module_id, 0, 3) == counted[:3]
    assert billing.item_ids(module_id, counted[2], 3) == counted[3:]
    assert billing.item_ids(module_id, counted[3], 3) == []
    assert billing.count_items(module_id) == 4
    assert billing.count_items(4711) == 0


@pytest.mark.parametrize("name", [ITEM_MARK, "userpassword"])
def test_one_broken_service_is_named_and_does_not_hide_the_others(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    module_id = module(stand)
    broken = order(stand, module_id)
    whole = order(stand, module_id, crypted_params={ITEM_MARK: MARK})
    stand.database.insert("itemcryptedparam", item=broken, intname=name, value="AAAA")
    items = {item.id: item for item in billing.items(module_id, [broken, whole])}
    assert items[broken].is_broken
    assert items[broken].mark is items[broken].saved_password is None
    assert not items[whole].is_broken
    assert items[whole].mark is not None
    assert f"service {broken}: secret_broken" in caplog.text


def test_of_many_numbers_only_counted_services_of_the_module_are_read(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    ids = [order(stand, module_id) for _ in range(3)]
    closed, elsewhere = order(stand, module_id), order(stand)
    stand.set_status(closed, DELETED)
    wanted = [*reversed(ids[:2]), closed, elsewhere, 10**17]
    assert [item.id for item in billing.items(module_id, wanted)] == ids[:2]
    assert billing.items(module_id, []) == []


def test_of_many_services_one_secret_each_is_decrypted(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    params = {ITEM_MARK: MARK, "userpassword": "made-up-pw-77"}
    marked = order(stand, module_id, crypted_params=params)
    unmarked = order(stand, module_id, crypted_params={"userpassword": "made-up-pw-77"})
    first, second = billing.items(module_id, [marked, unmarked])
    assert first.mark is not None
    assert first.saved_password is None
    assert first.password_is_crypted
    assert second.saved_password == Secret("made-up-pw-77")
    assert billing.item(marked).saved_password == Secret("made-up-pw-77")


# -- modules ----------------------------------------------------------------------------------


def test_a_module_that_is_not_there_is_told(billing: Billing) -> None:
    with pytest.raises(errors.ModuleNotFound, match="4711"):
        billing.server(4711)
    assert billing.module_name(4711) == ""


def test_another_handlers_module_is_not_ours(stand: Stand, billing: Billing) -> None:
    module_id = module(stand, module="pmother")
    with pytest.raises(errors.ModuleNotFound):
        billing.server(module_id)


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
        billing.server(module_id)


def test_a_module_without_any_parameter_is_told(stand: Stand, billing: Billing) -> None:
    module_id = module(stand, base_url=None, login=None, password=None)
    with pytest.raises(errors.ModuleUnset):
        billing.server(module_id)


def test_a_modules_secret_that_does_not_decrypt_is_the_modules_fault(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    stand.sql(
        "UPDATE processingcryptedparam SET value = 'AAAA' WHERE processingmodule = %s", module_id
    )
    with pytest.raises(errors.ModuleSecretBroken):
        billing.server(module_id)


def test_a_module_is_read_whole(stand: Stand, billing: Billing) -> None:
    url = " https://Cloud.example.com:8443/nc/index.php/ "
    module_id = module(stand, base_url=url, login=" admin ", verify_ssl="off", timeout="60")
    server = billing.server(module_id)
    assert server == (
        module_id,
        "https://cloud.example.com:8443/nc",
        "admin",
        Secret("made-up-77"),
        False,
        60.0,
        Secret(""),
    )
    assert billing.module_name(module_id) == "Cloud"


def test_a_module_has_defaults(stand: Stand, billing: Billing) -> None:
    server = billing.server(module(stand, login=None))
    assert (server.username, server.verify_tls, server.timeout_s) == ("", True, 30.0)


def test_a_password_stored_in_clear_is_read_with_a_warning(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    server = billing.server(module(stand, crypted=False))
    assert server.secret == Secret("made-up-77")
    assert "stored in clear" in caplog.text
    assert "made-up-77" not in caplog.text


def test_the_encrypted_password_of_a_module_wins(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    stand.database.insert(
        "processingparam", processingmodule=module_id, intname="nc_password", value="old-made-up"
    )
    assert billing.server(module_id).secret == Secret("made-up-77")


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
    assert billing.server(module(stand, base_url=url)).base_url == url
    assert ("plain http" in caplog.text) is warned


@pytest.mark.parametrize(
    ("text", "timeout_s"),
    [("", 30.0), ("soon", 30.0), ("1", 5.0), ("5", 5.0), ("60", 60.0), ("999", 300.0), ("-7", 5.0)]
    + [("\u00b2", 30.0), ("1e3", 30.0), (" 60 ", 60.0)],
)
def test_a_useless_time_limit_is_the_default(text: str, timeout_s: float) -> None:
    assert read_timeout_s(text) == timeout_s


# -- saving -----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["name", "both"])
def test_values_are_saved_encrypted_where_they_are_secrets(
    stand: Stand, billing: Billing, form: str
) -> None:
    stand.saveparam_form = form
    item = order(stand)
    leaks = len(stand.leaks)
    billing.save_login(
        item, "user_7", Secret("Пароль $x 'y' \"z\" 77"), "https://cloud.example.com"
    )
    assert stand.params(item) == {
        "username": "user_7",
        "url": "https://cloud.example.com",
        "userpassword": "Пароль $x 'y' \"z\" 77",
    }
    assert stand.crypted_names(item) == ["userpassword"]
    assert len(stand.leaks) == leaks
    names = [call.args.get("name") for call in stand.called("service.saveparam")[-3:]]
    assert names == ["username", "url", "userpassword"]


def test_a_core_that_reads_the_other_form_is_given_it(stand: Stand, billing: Billing) -> None:
    stand.saveparam_form = "pairs"
    item = order(stand)
    billing.save_login(item, "user_7", Secret("made-up-pw-77"), "https://cloud.example.com")
    saved = stand.params(item)
    assert saved["username"] == "user_7"
    assert saved["userpassword"] == "made-up-pw-77"
    assert "userpassword" in stand.crypted_names(item)
    calls = [call for call in stand.called("service.saveparam") if call.args["elid"] == str(item)]
    assert not [call for call in calls if "made-up-pw-77" in " ".join(call.argv)]


def test_what_is_saved_already_is_not_saved_again(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    for _ in range(2):
        billing.save_login(item, "user_7", Secret("made-up-pw-77"), "https://cloud.example.com")
    assert len([c for c in stand.called("service.saveparam") if c.args["elid"] == str(item)]) == 3


def test_a_value_that_changed_alone_is_saved_again(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    billing.save(item, {"username": "user_7", "userpassword": Secret("made-up-pw-77")})
    billing.save(item, {"username": "user_7", "userpassword": Secret("made-up-pw-78")})
    assert stand.params(item)["userpassword"] == "made-up-pw-78"
    assert len([c for c in stand.called("service.saveparam") if c.args["elid"] == str(item)]) == 3


def test_a_plain_secret_is_not_left_as_it_is(stand: Stand, billing: Billing) -> None:
    item = order(stand, params={"userpassword": "made-up-pw-77"})
    billing.save(item, {"userpassword": Secret("made-up-pw-77")})
    assert stand.crypted_names(item) == ["userpassword"]


def test_a_secret_that_does_not_decrypt_is_saved_anew(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.database.insert("itemcryptedparam", item=item, intname="userpassword", value="AAAA")
    billing.save(item, {"userpassword": Secret("made-up-pw-77")})
    assert stand.params(item)["userpassword"] == "made-up-pw-77"


def test_a_value_that_does_not_arrive_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)

    def forget(call: Any) -> None:
        stand.drop_param(item, "username")

    stand.after_call = forget
    try:
        with pytest.raises(errors.NotSaved, match="username"):
            billing.save(item, {"username": "user_7"})
    finally:
        stand.after_call = None


def test_a_core_that_refuses_to_save_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.core_faults.append(CoreFault("service.saveparam", kind="error"))
    with pytest.raises(errors.CoreRefused):
        billing.save(item, {"username": "user_7"})


def test_a_mark_is_saved_read_and_taken_off(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    one = Mark("0123456789ab", item, f"user_{item}", "0123456789abcdef", Secret("made-up-pw-77"))
    billing.save_mark(one)
    assert billing.item(item).mark == one
    assert stand.crypted_names(item) == [ITEM_MARK]
    billing.drop_mark(item)
    assert billing.item(item).mark is None


# -- closing calls ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("suspend", ACTIVE, SUSPENDED),
        ("resume", SUSPENDED, ACTIVE),
        ("close", SUSPENDED, DELETED),
        ("close", PROCESSING, DELETED),
    ],
)
def test_a_post_call_ends_the_operation(
    stand: Stand, serving: Callable[[int], Billing], action: str, before: int, after: int
) -> None:
    item = order(stand)
    stand.set_status(item, before)
    operation = stand.add_operation(action, item)
    billing = serving(operation)
    assert billing.operation_waits()
    billing.post(billing.item(item), action)
    assert stand.item(item)["status"] == after
    assert stand.operation(operation) is None
    assert not billing.operation_waits()


def test_what_an_earlier_run_posted_is_not_posted_again(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    stand.set_status(item, SUSPENDED)
    before = len(stand.calls)
    billing.post(billing.item(item), "suspend")
    assert len(stand.calls) == before
    assert "already done" in caplog.text


def test_a_waiting_operation_is_posted_though_the_status_is_there(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    stand.set_status(item, SUSPENDED)
    operation = stand.add_operation("suspend", item)
    billing = serving(operation)
    billing.post(billing.item(item), "suspend")
    assert stand.operation(operation) is None


def test_a_post_whose_answer_is_lost_is_looked_up(
    stand: Stand, billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.billing.mgrctl.time.sleep", lambda seconds: None)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.core_faults.append(CoreFault("service.postsuspend", kind="cut_after_effect", times=None))
    billing.post(billing.item(item), "suspend")
    assert stand.item(item)["status"] == SUSPENDED


def test_a_post_that_never_took_effect_is_told(
    stand: Stand, billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.billing.mgrctl.time.sleep", lambda seconds: None)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.core_down = True
    with pytest.raises(errors.CoreUnavailable):
        billing.post(billing.item(item), "suspend")


def test_a_status_that_does_not_follow_is_a_warning(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    stand.set_status(item, ACTIVE)
    stand.after_call = lambda call: stand.set_status(item, PROCESSING)
    try:
        billing.post(billing.item(item), "suspend")
    finally:
        stand.after_call = None
    assert "service.postsuspend was taken, but the status is 5" in caplog.text


def test_an_opened_service_is_told_by_its_types_own_function(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    billing.post_open(billing.item(item))
    assert stand.item(item)["status"] == ACTIVE
    assert stand.calls[-1].function == "backupservice.open"


def test_a_core_without_that_function_is_told_by_the_general_one(
    stand: Stand, billing: Billing
) -> None:
    stand.hidden_functions.add("backupservice.open")
    item = order(stand)
    billing.post_open(billing.item(item))
    assert stand.item(item)["status"] == ACTIVE
    assert [call.function for call in stand.calls[-2:]] == [
        "backupservice.open",
        "service.postopen",
    ]


def test_another_refusal_of_an_opened_service_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.core_faults.append(CoreFault("backupservice.open", kind="error"))
    with pytest.raises(errors.CoreRefused, match=r"backupservice\.open: internal"):
        billing.post_open(billing.item(item))
    assert stand.calls[-1].function == "backupservice.open"


def test_an_opened_service_whose_status_does_not_follow_is_told(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    stand.after_call = lambda call: stand.set_status(item, PROCESSING)
    try:
        with pytest.raises(errors.NotPosted, match="status 5, not 2"):
            billing.post_open(billing.item(item))
    finally:
        stand.after_call = None


def test_applied_parameters_end_the_change_of_tariff(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    stand.change_tariff(item, stand.add_tariff(stand.add_itemtype("backupservice")))
    operation = stand.add_operation("setparam", item)
    billing = serving(operation)
    billing.post_set_param(billing.item(item))
    assert stand.item(item)["lastpricelist"] is None
    assert stand.operation(operation) is None


def test_a_change_of_tariff_is_taken_back(
    stand: Stand, serving: Callable[[int], Billing], caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    old = stand.item(item)["pricelist"]
    stand.change_tariff(item, stand.add_tariff(stand.add_itemtype("backupservice")))
    billing = serving(stand.add_operation("setparam", item))
    billing.roll_back_tariff(billing.item(item))
    assert (stand.item(item)["pricelist"], stand.item(item)["lastpricelist"]) == (old, None)
    assert stand.calls[-1].function == "service.changepricelist.rollback"
    assert "the change of tariff was taken back" in caplog.text


# -- operations, statistics -------------------------------------------------------------------


def test_a_call_without_an_operation_has_none(billing: Billing) -> None:
    assert billing.operation_tries() is None
    assert billing.operation_waits() is False
    assert billing.operation_has_task() is False


def test_the_tries_and_the_task_of_an_operation_are_read(
    stand: Stand, serving: Callable[[int], Billing]
) -> None:
    item = order(stand)
    operation = stand.add_operation("open", item, trycount=7)
    billing = serving(operation)
    assert billing.operation_tries() == 7
    assert billing.operation_has_task() is False
    [kind] = stand.sql("SELECT id FROM tasktype WHERE intname = 'open'")
    task = stand.database.insert(
        "task", item=item, runningoperation=operation, type=kind["id"], status=1
    )
    assert billing.operation_has_task() is True
    stand.sql("UPDATE task SET status = 2 WHERE id = %s", task)
    assert billing.operation_has_task() is False


def test_a_statistics_row_is_replaced_and_not_added_to(stand: Stand, billing: Billing) -> None:
    first, second = order(stand), order(stand)
    gib, mib = stand.measure("gib"), stand.measure("mib")
    billing.write_stat(
        [
            StatRow(first, "2026-11-21", "disk", "1.5", gib),
            StatRow(second, "2026-11-21", "disk", "2", gib),
        ]
    )
    billing.write_stat([StatRow(first, "2026-11-21", "disk", "0.25", mib)])
    billing.write_stat([StatRow(first, "2026-11-22", "disk", "3", gib)])
    rows = [
        (row["statdate"], row["param"], float(row["value"]), row["measure"])
        for row in stand.stats(first)
    ]
    assert rows == [
        (date(2026, 11, 21), "disk", 0.25, "mib"),
        (date(2026, 11, 22), "disk", 3.0, "gib"),
    ]
    assert len(stand.stats(second)) == 1


def test_the_end_of_statistics_is_told(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    billing.post_stat(module_id, "2026-11-21")
    call = stand.calls[-1]
    assert call.function == "service.poststat"
    assert call.args == {"elid": str(module_id), "date": "2026-11-21"}


# -- configuration ----------------------------------------------------------------------------


def test_the_core_is_asked_where_the_files_do_not_tell(
    stand: Stand, log: logging.Logger, tmp_path: Path
) -> None:
    """paramlist knows the database and the key as the files do."""
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin" / "mgrctl").symlink_to(stand.root / "sbin" / "mgrctl")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "billmgr.pem").symlink_to(stand.root / "etc" / "billmgr.pem")
    billing = Billing(Host(str(tmp_path)), log)
    item = order(stand, crypted_params={"userpassword": "made-up-pw-77"})
    assert billing.item(item).saved_password == Secret("made-up-pw-77")
    assert "paramlist" in [call.function for call in stand.calls]
    close(billing)


def test_a_host_without_anything_has_no_core(log: logging.Logger, tmp_path: Path) -> None:
    with pytest.raises(errors.CoreUnavailable):
        Billing(Host(str(tmp_path)), log).item(7)


def test_a_key_elsewhere_is_found(stand: Stand, log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "etc" / "billmgr.conf").write_text("DBName x\nCryptKey keys/own.pem\n")
    (tmp_path / "keys" / "own.pem").write_bytes(stand.key.pem())
    key = Billing(Host(str(tmp_path)), log).key
    assert key.decrypt(stand.key.encrypt("made-up-pw-77")) == Secret("made-up-pw-77")


def test_a_missing_key_is_told(stand: Stand, log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "billmgr.conf").write_text("DBName x\n")
    with pytest.raises(errors.KeyUnavailable):
        Billing(Host(str(tmp_path)), log).key.installation()
