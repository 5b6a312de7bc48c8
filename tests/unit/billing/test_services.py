"""Services on the stand's BILLmanager: read, and saved on, as the real ones are."""

import json
import logging
from datetime import date
from pathlib import Path
from typing import Any, List, Optional

import pytest

from tests.doubles.billmanager import (
    ACTIVE,
    DELETED,
    PROCESSING,
    SUSPENDED,
    Call,
    CoreFault,
    Stand,
    keys,
)
from tests.unit.billing.given import OWN, having, key_of, module, order, sealed
from tests.unit.conftest import opened
from utils.base import address, errors, secret
from utils.base.secret import Secret
from utils.base.values import Mark, Place, Trust
from utils.billing import services
from utils.billing.billmanager import Billing
from utils.billing.services import Saved
from utils.consts import ITEM_MARK

HOME = "https://cloud.example.com/nc"
# -- reading ---------------------------------------------------------------------------------------


def test_a_service_that_is_not_there_is_told(billing: Billing) -> None:
    with pytest.raises(errors.ItemNotFound, match="4711"):
        billing.services.item(4711)


def test_a_service_of_another_handler_is_not_ours(stand: Stand, billing: Billing) -> None:
    item = order(stand, module(stand, module="pmother"))
    with pytest.raises(errors.ItemNotFound, match="pmother"):
        billing.services.item(item)


def test_a_service_without_a_module_is_not_ours(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    with pytest.raises(errors.ItemNotFound):
        billing.services.item(item)


def test_an_add_ons_row_is_no_service(stand: Stand, billing: Billing) -> None:
    item = order(stand, ordered=3)
    [row] = stand.sql("SELECT id FROM item WHERE parent = %s", item)
    with pytest.raises(errors.ItemNotFound):
        billing.services.item(row["id"])


def test_whose_a_service_is_is_told_of_those_of_this_kind_alone(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand)
    [row] = stand.sql("SELECT account FROM item WHERE id = %s", item)
    assert billing.services.client_of(item) == row["account"]
    others = order(stand, module(stand, module="pmother"))
    [addon] = stand.sql("SELECT id FROM item WHERE parent = %s", order(stand, ordered=3))
    for number in (others, addon["id"], 10**9):
        assert billing.services.client_of(number) is None


def test_a_service_is_read_whole(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    saved = {"username": "user_7", "url": "https://cloud.example.com"}
    crypted = {"userpassword": "Пароль-77", ITEM_MARK: sealed(stand)}
    item_id = order(stand, module_id, trial=True, params=saved, crypted_params=crypted)
    item = billing.services.item(item_id)
    assert (item.id, item.module_id, item.itemtype) == (item_id, module_id, "backupservice")
    assert (item.status, item.trial, item.last_tariff_id) == (PROCESSING, True, None)
    assert (item.saved_login, item.saved_url) == ("user_7", "https://cloud.example.com")
    assert item.saved_password == Secret("Пароль-77")
    assert item.mark == OWN


def test_a_fresh_service_has_nothing_saved(stand: Stand, billing: Billing) -> None:
    item = billing.services.item(order(stand))
    assert (item.saved_login, item.saved_url, item.saved_password, item.mark) == (
        "",
        "",
        None,
        None,
    )
    assert item.trial is False


def test_a_tariff_change_shows_the_old_tariff(stand: Stand, billing: Billing) -> None:
    item_id = order(stand)
    old = billing.services.item(item_id).tariff_id
    new = stand.add_tariff(stand.add_itemtype("backupservice"))
    stand.change_tariff(item_id, new)
    item = billing.services.item(item_id)
    assert (item.tariff_id, item.last_tariff_id) == (new, old)


def test_the_predecessors_plain_password_is_read(stand: Stand, billing: Billing) -> None:
    item = order(stand, params={"username": "user_7", "userpassword": "plain-made-up"})
    assert billing.services.item(item).saved_password == Secret("plain-made-up")


def test_the_encrypted_password_wins_over_a_plain_one(stand: Stand, billing: Billing) -> None:
    item = order(stand, crypted_params={"userpassword": "crypted-made-up"})
    stand.database.insert("itemparam", item=item, intname="userpassword", value="plain-made-up")
    assert billing.services.item(item).saved_password == Secret("crypted-made-up")


@pytest.mark.parametrize("name", ["userpassword", ITEM_MARK])
def test_a_secret_that_does_not_decrypt_is_told(stand: Stand, billing: Billing, name: str) -> None:
    item = order(stand)
    value = keys.Key().encrypt("of another installation" * 8)
    stand.database.insert("itemcryptedparam", item=item, intname=name, value=value)
    with pytest.raises(errors.SecretBroken):
        billing.services.item(item)


@pytest.mark.parametrize("text", ["foreign text", "[1]", "{}"])
def test_a_mark_that_is_none_of_ours_is_told(stand: Stand, billing: Billing, text: str) -> None:
    item = order(stand, crypted_params={ITEM_MARK: text})
    with pytest.raises(errors.SecretBroken, match=ITEM_MARK):
        billing.services.item(item)


def test_a_plain_mark_is_no_mark(stand: Stand, billing: Billing) -> None:
    """An order form may let the client type one."""
    item = order(stand, params={ITEM_MARK: sealed(stand)})
    assert billing.services.item(item).mark is None


def test_the_module_of_a_service_is_told_though_its_secrets_are_broken(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    item = order(stand, module_id)
    stand.database.insert("itemcryptedparam", item=item, intname=ITEM_MARK, value="AAAA")
    assert billing.services.module_of(item) == module_id
    stand.sql("UPDATE item SET processingmodule = NULL WHERE id = %s", item)
    for missing in (item, 4711):
        with pytest.raises(errors.ItemNotFound, match=str(missing)):
            billing.services.module_of(missing)


@pytest.mark.parametrize("crypted", [True, False])
def test_a_service_says_how_its_password_is_saved(
    stand: Stand, billing: Billing, crypted: bool
) -> None:
    saved = {"userpassword": "made-up-pw-77"}
    item = order(stand, **{"crypted_params" if crypted else "params": saved})
    assert billing.services.item(item).password_is_crypted is crypted
    assert billing.services.item(order(stand)).password_is_crypted is False


def test_many_services_are_read_in_order_and_by_pages(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    ids = [order(stand, module_id) for _ in range(5)]
    stand.set_status(ids[1], ACTIVE)
    stand.set_status(ids[2], SUSPENDED)
    stand.set_status(ids[3], DELETED)
    stand.set_status(order(stand, module_id), 1)
    order(stand)
    counted = [ids[0], ids[1], ids[2], ids[4]]
    assert billing.services.ids(module_id, 0, 3) == counted[:3]
    assert billing.services.ids(module_id, counted[2], 3) == counted[3:]
    assert billing.services.ids(module_id, counted[3], 3) == []
    assert billing.services.count(module_id) == 4
    assert billing.services.count(4711) == 0


@pytest.mark.parametrize("name", [ITEM_MARK, "userpassword"])
def test_one_broken_service_is_named_and_does_not_hide_the_others(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    module_id = module(stand)
    broken = order(stand, module_id)
    whole = order(stand, module_id, crypted_params={ITEM_MARK: sealed(stand)})
    stand.database.insert("itemcryptedparam", item=broken, intname=name, value="AAAA")
    items = {item.id: item for item in billing.services.items(module_id, [broken, whole])}
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
    assert [item.id for item in billing.services.items(module_id, wanted)] == ids[:2]
    assert billing.services.items(module_id, []) == []


def test_of_many_services_one_secret_each_is_decrypted(stand: Stand, billing: Billing) -> None:
    module_id = module(stand)
    params = {ITEM_MARK: sealed(stand), "userpassword": "made-up-pw-77"}
    marked = order(stand, module_id, crypted_params=params)
    unmarked = order(stand, module_id, crypted_params={"userpassword": "made-up-pw-77"})
    first, second = billing.services.items(module_id, [marked, unmarked])
    assert first.mark is not None
    assert first.saved_password is None
    assert first.password_is_crypted
    assert second.saved_password == Secret("made-up-pw-77")
    assert billing.services.item(marked).saved_password == Secret("made-up-pw-77")


# -- whose the mark is -----------------------------------------------------------------------------


def test_a_mark_that_was_changed_is_not_trusted(stand: Stand, billing: Billing) -> None:
    forged = sealed(stand).replace("user_1001", "director")
    item = order(stand, crypted_params={ITEM_MARK: forged})
    found = billing.services.item(item).mark
    assert found is not None
    assert (found.login, found.trust) == ("director", Trust.NONE)


def old_mark(stand: Stand, item: int) -> str:
    """The mark that pmnextcloud 1.0 wrote."""
    return json.dumps(
        [1, key_of(stand).installation(), item, f"user_{item}", "0" * 16, "pw-77-old"]
    )


@pytest.fixture
def fresh(stand: Stand) -> Path:
    """The folder of a module that has not run yet in this version."""
    folder = stand.root / "var/pmnextcloud"
    for kept in folder.glob("marks*"):
        kept.unlink()
    return folder


def trust_of(stand: Stand, log: logging.Logger, item: int) -> Trust:
    """How far another run trusts the mark on a service."""
    for billing in opened(stand, log):
        found = billing.services.item(item).mark
    assert found is not None
    return found.trust


@pytest.mark.usefixtures("fresh")
def test_an_old_mark_is_trusted_until_the_service_has_a_sealed_one(
    stand: Stand, log: logging.Logger, billing: Billing
) -> None:
    item = order(stand)
    old = old_mark(stand, item)
    stand.save_param(item, ITEM_MARK, old, crypted=True)
    for _ in range(2):
        assert trust_of(stand, log, item) is Trust.OLD
    billing.services.save_mark(OWN._replace(item_id=item))
    assert trust_of(stand, log, item) is Trust.SEALED
    stand.save_param(item, ITEM_MARK, old, crypted=True)
    assert trust_of(stand, log, item) is Trust.NONE


@pytest.mark.usefixtures("fresh")
def test_a_seal_that_a_killed_run_did_not_note_is_noted_when_it_is_read(
    stand: Stand, log: logging.Logger
) -> None:
    item = order(stand)
    stand.save_param(item, ITEM_MARK, sealed(stand, OWN._replace(item_id=item)), crypted=True)
    assert trust_of(stand, log, item) is Trust.SEALED
    stand.save_param(item, ITEM_MARK, old_mark(stand, item), crypted=True)
    assert trust_of(stand, log, item) is Trust.NONE


@pytest.mark.usefixtures("fresh")
def test_a_service_that_came_after_the_upgrade_has_no_old_mark(
    stand: Stand, log: logging.Logger, billing: Billing
) -> None:
    billing.services.item(order(stand))
    newer = order(stand)
    stand.save_param(newer, ITEM_MARK, old_mark(stand, newer), crypted=True)
    assert trust_of(stand, log, newer) is Trust.NONE


def test_an_old_mark_of_another_installation_is_not_trusted(
    stand: Stand, log: logging.Logger, fresh: Path
) -> None:
    item = order(stand)
    foreign = old_mark(stand, item).replace(key_of(stand).installation(), "another-one!")
    stand.save_param(item, ITEM_MARK, foreign, crypted=True)
    assert trust_of(stand, log, item) is Trust.NONE
    assert fresh.exists()


def test_a_password_that_does_not_decrypt_is_lost_where_a_mark_knows_one(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand, crypted_params={ITEM_MARK: sealed(stand)})
    stand.database.insert("itemcryptedparam", item=item, intname="userpassword", value="AAAA")
    found = billing.services.item(item)
    assert found.saved_password is None
    assert not found.password_is_crypted
    assert "lost" in caplog.text


# -- who names an account --------------------------------------------------------------------------


def test_what_is_saved_on_any_service_of_these_modules_is_told(
    stand: Stand, billing: Billing
) -> None:
    item = order(stand, params={"username": "user_8"}, crypted_params={"userpassword": "pw-77-x"})
    stand.set_status(item, DELETED)
    assert billing.services.saved(item) == Saved("user_8", Secret("pw-77-x"), "")
    assert billing.services.saved(4711) is None
    assert billing.services.saved(order(stand, module(stand, module="pmother"))) is None


def test_open_services_without_a_mark_are_listed_some_at_a_time(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    typed = having(stand, ACTIVE, module_id, params={"username": "ivan"})
    bare, suspended = (having(stand, status, module_id) for status in (ACTIVE, SUSPENDED))
    for status in (PROCESSING, DELETED):
        having(stand, status, module_id)
    having(stand, ACTIVE, module_id, crypted_params={ITEM_MARK: sealed(stand)})
    having(stand, ACTIVE)
    first = billing.services.unmarked(module_id, 0, 2)
    assert [(one.item_id, one.login) for one in first] == [(typed, "ivan"), (bare, "")]
    assert first[0].account_id == billing.services.item(typed).account_id
    rest = billing.services.unmarked(module_id, bare, 2)
    assert [one.item_id for one in rest] == [suspended]


# -- where accounts are ---------------------------------------------------------------------------


def placed(stand: Stand, module_id: int, url: str = "", **changes: Any) -> int:
    """An active service whose mark names the server at HOME, or what is changed in it."""
    item = order(stand, module_id, params={"url": url})
    values = {"item_id": item, "server": address.digest(HOME), **changes}
    stand.save_param(item, ITEM_MARK, sealed(stand, OWN._replace(**values)), crypted=True)
    stand.set_status(item, ACTIVE)
    return item


@pytest.mark.parametrize(
    ("url", "shown"), [(HOME, HOME), ("https://evil.example.com", ""), ("nonsense", ""), ("", "")]
)
def test_a_sealed_mark_tells_where_an_account_is_and_an_address_that_fits_is_shown(
    stand: Stand, billing: Billing, url: str, shown: str
) -> None:
    module_id = module(stand)
    item = placed(stand, module_id, url)
    assert billing.services.places(module_id) == [Place(item, address.digest(HOME), shown)]


def test_only_a_living_service_of_the_module_with_a_seal_of_its_own_tells_it(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    placed(stand, module(stand))
    placed(stand, module_id, item_id=4711)
    stand.set_status(placed(stand, module_id), DELETED)
    for forged in ("broken", json.dumps([2, "forged-seal-", 1, "user_1", "0" * 16, "pw", 1])):
        stand.save_param(placed(stand, module_id), ITEM_MARK, forged, crypted=True)
    old = json.dumps([1, key_of(stand).installation(), 1, "user_1", "0" * 16, "pw"])
    stand.save_param(placed(stand, module_id), ITEM_MARK, old, crypted=True)
    assert billing.services.places(module_id) == []
    item = placed(stand, module_id)
    assert [place.item_id for place in billing.services.places(module_id)] == [item]


def test_the_oldest_services_tell_where_accounts_are_and_their_passwords_are_forgotten(
    stand: Stand, billing: Billing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_PLACES", 2)
    module_id = module(stand)
    items = [placed(stand, module_id) for _ in range(3)]
    assert [place.item_id for place in billing.services.places(module_id)] == items[:2]
    assert OWN.password.reveal() not in secret._known


# -- saving ----------------------------------------------------------------------------------------


LOGIN = ("user_7", Secret("Пароль $x 'y' \"z\" 77"), "https://cloud.example.com")


@pytest.fixture(autouse=True)
def _no_memory(stand: Stand) -> None:
    """No run before this one has found a form that works."""
    stand.write("var/pmnextcloud/saveparam.json", "")


def saving_calls(stand: Stand, item: int) -> List[Call]:
    """The calls that save something on the service."""
    return [call for call in stand.called("service.saveparam") if call.args["elid"] == str(item)]


@pytest.mark.parametrize("form", ["name", "pairs", "both"])
def test_values_are_saved_in_whichever_form_the_core_reads(
    stand: Stand, billing: Billing, form: str
) -> None:
    stand.saveparam_form = form
    item = order(stand)
    leaks = len(stand.leaks)
    billing.services.save_login(item, *LOGIN)
    assert stand.params(item) == {
        "username": "user_7",
        "url": "https://cloud.example.com",
        "userpassword": LOGIN[1].reveal(),
    }
    assert stand.crypted_names(item) == ["userpassword"]
    assert len(stand.leaks) == leaks


@pytest.mark.parametrize(("form", "tries"), [("name", 4), ("pairs", 3), ("both", 3)])
def test_the_form_that_worked_is_remembered(
    stand: Stand, billing: Billing, form: str, tries: int
) -> None:
    stand.saveparam_form = form
    items = [order(stand) for _ in range(2)]
    for item in items:
        billing.services.save_login(item, *LOGIN)
    assert [len(saving_calls(stand, item)) for item in items] == [tries, 3]


@pytest.mark.parametrize("text", ["", "{", '["named"]', '"other"', '"named"', '"pairs"'])
@pytest.mark.parametrize("form", ["name", "pairs", "both"])
def test_the_memory_of_a_form_never_fails_an_order_and_leaves_nothing_beside(
    stand: Stand, billing: Billing, form: str, text: str
) -> None:
    """BILLmanager may be another since then."""
    stand.saveparam_form = form
    stand.write("var/pmnextcloud/saveparam.json", text)
    item = order(stand)
    billing.services.save_login(item, *LOGIN)
    assert set(stand.params(item)) == {"username", "url", "userpassword"}
    assert stand.crypted_names(item) == ["userpassword"]


def test_a_memory_that_cannot_be_written_never_fails_an_order(
    stand: Stand, billing: Billing, caplog: pytest.LogCaptureFixture
) -> None:
    item = order(stand)
    state = billing._doors.state
    state.folder = str(stand.root / "etc/billmgr.conf/no-folder")
    Path(state.spare).write_text("no folder")
    billing.services.save_login(item, *LOGIN)
    assert stand.params(item)["username"] == "user_7"
    assert "state_unwritable" in caplog.text


CLIENTS = {"name": "Client's own name", "value": "12"}


@pytest.mark.parametrize("is_secret", [False, True])
@pytest.mark.parametrize("names", [["name"], ["value"], ["name", "value"]])
@pytest.mark.parametrize("form", ["name", "pairs", "both"])
@pytest.mark.parametrize("known", ["", '"named"'])
def test_a_customers_own_parameters_of_these_names_stay(
    stand: Stand, billing: Billing, form: str, names: List[str], is_secret: bool, known: str
) -> None:
    stand.saveparam_form = form
    stand.write("var/pmnextcloud/saveparam.json", known)
    own = {name: CLIENTS[name] for name in names}
    item = order(stand, **{"crypted_params" if is_secret else "params": own})
    billing.services.save_login(item, *LOGIN)
    params = stand.params(item)
    assert {name: params.pop(name) for name in names} == own
    assert set(params) == {"username", "url", "userpassword"}
    assert set(stand.crypted_names(item)) == {"userpassword", *(names if is_secret else [])}


def test_what_a_call_overwrote_is_put_back(stand: Stand, billing: Billing) -> None:
    """A core that takes the second form's words for parameters, after it refused the first."""
    stand.saveparam_form = "pairs"
    item = order(stand, params={"name": CLIENTS["name"]}, crypted_params={"value": "made-up-12"})
    stand.core_faults.append(CoreFault("service.saveparam", kind="error", times=1))
    with pytest.raises(errors.NotSaved):
        billing.services.save(item, {"username": "user_7"})
    assert stand.params(item) == {"name": CLIENTS["name"], "value": "made-up-12"}
    assert stand.crypted_names(item) == ["value"]


@pytest.mark.parametrize("has_column", [True, False])
def test_the_login_stands_where_the_type_shows_the_accounts_name(
    stand: Stand, billing: Billing, has_column: bool
) -> None:
    kind = stand.add_itemtype("nextcloud" if has_column else "backupservice")
    if has_column:
        stand.add_type_param(kind, "accountname")
    item = stand.order(stand.add_tariff(kind), stand.add_account(), module(stand))
    billing.services.save_login(item, *LOGIN)
    assert stand.params(item).get("accountname") == ("user_7" if has_column else None)


@pytest.mark.parametrize(
    ("has_column", "saved", "told"),
    [
        (True, None, None),
        (True, "user_7", "user_7"),
        (True, "edited", "edited"),
        (True, "", ""),
        (False, "edited", None),
    ],
)
def test_the_accounts_name_is_told_where_the_type_shows_it(
    stand: Stand, billing: Billing, has_column: bool, saved: Optional[str], told: Optional[str]
) -> None:
    kind = stand.add_itemtype("nextcloud" if has_column else "backupservice")
    if has_column:
        stand.add_type_param(kind, "accountname")
    params = {"username": "user_7", **({} if saved is None else {"accountname": saved})}
    item = stand.order(stand.add_tariff(kind), stand.add_account(), module(stand), params=params)
    assert billing.services.item(item).saved_account == told


def test_a_billmanager_without_parameters_of_types_has_no_such_column(
    log: logging.Logger,
) -> None:
    with Stand() as without:
        without.sql("DROP TABLE itemtypeparam")
        without.sql("INSERT INTO itemtype (intname) VALUES ('backupservice')")
        for billing in opened(without, log):
            item = order(without)
            billing.services.save_login(item, *LOGIN)
            assert set(without.params(item)) == {"username", "url", "userpassword"}
            assert billing.tariffs.type_params() is None


def test_what_is_saved_already_is_not_saved_again(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    for _ in range(2):
        billing.services.save_login(
            item, "user_7", Secret("made-up-pw-77"), "https://cloud.example.com"
        )
    assert len([c for c in stand.called("service.saveparam") if c.args["elid"] == str(item)]) == 3


def test_a_value_that_changed_alone_is_saved_again(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    billing.services.save(item, {"username": "user_7", "userpassword": Secret("made-up-pw-77")})
    billing.services.save(item, {"username": "user_7", "userpassword": Secret("made-up-pw-78")})
    assert stand.params(item)["userpassword"] == "made-up-pw-78"
    assert len([c for c in stand.called("service.saveparam") if c.args["elid"] == str(item)]) == 3


def test_a_plain_secret_is_not_left_as_it_is(stand: Stand, billing: Billing) -> None:
    item = order(stand, params={"userpassword": "made-up-pw-77"})
    billing.services.save(item, {"userpassword": Secret("made-up-pw-77")})
    assert stand.crypted_names(item) == ["userpassword"]


def test_a_secret_that_does_not_decrypt_is_saved_anew(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.database.insert("itemcryptedparam", item=item, intname="userpassword", value="AAAA")
    billing.services.save(item, {"userpassword": Secret("made-up-pw-77")})
    assert stand.params(item)["userpassword"] == "made-up-pw-77"


def test_a_value_that_does_not_arrive_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)

    def forget(call: Any) -> None:
        stand.drop_param(item, "username")

    stand.after_call = forget
    try:
        with pytest.raises(errors.NotSaved, match="username"):
            billing.services.save(item, {"username": "user_7"})
    finally:
        stand.after_call = None


def test_a_core_that_refuses_to_save_is_told(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    stand.core_faults.append(CoreFault("service.saveparam", kind="error", times=None))
    with pytest.raises(errors.CoreRefused):
        billing.services.save(item, {"username": "user_7"})


def test_a_mark_is_saved_read_and_taken_off(stand: Stand, billing: Billing) -> None:
    item = order(stand)
    one = Mark(item, f"user_{item}", "0123456789abcdef", Secret("made-up-pw-77"))
    billing.services.save_mark(one)
    assert billing.services.item(item).mark == one
    assert stand.crypted_names(item) == [ITEM_MARK]
    billing.services.drop_mark(item)
    assert billing.services.item(item).mark is None


def test_the_day_of_opening_is_told_where_billmanager_has_it(
    stand: Stand, billing: Billing
) -> None:
    first, second = order(stand), order(stand)
    stand.sql("UPDATE item SET opendate = '2026-11-21' WHERE id = %s", first)
    assert billing.services.opened([first, second]) == {first: date(2026, 11, 21)}
    assert billing.services.opened([]) == {}


def test_services_are_counted_by_module_and_status(stand: Stand, billing: Billing) -> None:
    first, second, foreign = module(stand), module(stand), module(stand, module="pmother")
    for status, module_id in ((2, first), (2, first), (3, first), (4, first), (2, second)):
        having(stand, status, module_id)
    having(stand, 2, foreign)
    counts = billing.services.by_status()
    assert {key: number for key, number in counts.items() if key[0] == first} == {
        (first, 2): 2,
        (first, 3): 1,
        (first, 4): 1,
    }
    assert counts[second, 2] == 1
    assert foreign not in {module_id for module_id, _ in counts}


def test_sold_services_come_in_portions_without_what_is_saved_on_them(
    stand: Stand, billing: Billing
) -> None:
    module_id = module(stand)
    ids = [having(stand, status, module_id) for status in (2, 3, 4, 5)]
    stand.save_param(ids[0], "username", "user_x", crypted=False)
    found = billing.services.sold(module_id, 0, 2)
    assert [item.id for item in found] == ids[:2]
    assert found[0].saved_login == ""
    assert [item.id for item in billing.services.sold(module_id, ids[1], 2)] == [ids[3]]
