"""What is declared is what is used: nothing else may be read, and nothing else is called."""

from datetime import date
from decimal import Decimal
from typing import Any, Callable, NamedTuple, Set

import pytest

from tests.doubles.billmanager import CHOICE, DEPARTMENT, PROCESSING, Addon, Stand, live
from tests.unit.billing.given import OWN_TABLES, declared, module
from tests.unit.conftest import NOUNS
from utils.base import errors
from utils.base.secret import Secret
from utils.base.values import Mark
from utils.billing import needs
from utils.billing.billmanager import Billing
from utils.billing.memos import Memo
from utils.billing.services import Saved
from utils.billing.statistics import Counted, StatRow, stat_row
from utils.consts import ITEM_LEVEL, LOCK, WARN_AT

GIB = 1024**3

COLUMNS = [(table, column) for table, columns in OWN_TABLES.items() for column in columns]


class Watched:
    """A noun of billing that notes in `called` which of its methods are asked for."""

    def __init__(self, billing: Billing, name: str, called: Set[str]) -> None:
        self._noun = getattr(billing, name)
        self._name = name
        self._called = called

    def __getattr__(self, method: str) -> Any:
        self._called.add(f"{self._name}.{method}")
        return getattr(self._noun, method)


class Given(NamedTuple):
    """A module with a tariff, a service of it, and the operation that is served."""

    module: int
    tariff: int
    item: int
    operation: int


def sell(stand: Stand) -> Given:
    """A service with a login and a password on it, in a change of its tariff."""
    module_id = module(stand)
    kind = stand.add_itemtype("backupservice")
    stand.add_type_param(kind, "accountname")
    addons = [Addon(limit=5), Addon(name="disc", addontype=CHOICE, choice="5gb", measure=None)]
    terms = {"usergroup": "clients", "cloud_display_name": "client"}
    tariffs = [stand.add_tariff(kind, [addon], **terms) for addon in addons]
    account = stand.add_account("Client 7", emails=["client7@example.com"])
    saved = {"username": "user_7", "url": "https://cloud.example.com"}
    crypted = {"userpassword": "made-up-pw-77"}
    item = stand.order(tariffs[0], account, module_id, params=saved, crypted_params=crypted)
    stand.change_tariff(item, tariffs[1])
    return Given(module_id, tariffs[1], item, stand.add_operation("open", item))


@pytest.fixture(scope="module", autouse=True)
def _limited(stand: Stand) -> None:
    """The database lets the program read what is declared, and nothing else."""
    stand.database.limit_reading(declared())


@pytest.fixture(scope="module")
def given(stand: Stand) -> Given:
    """A service that is only read."""
    return sell(stand)


Serving = Callable[[int], Billing]


def read(billing: Any, given: Given) -> None:
    """Asks each noun for everything that it reads."""
    services, modules, tariffs = billing.services, billing.modules, billing.tariffs
    clients = billing.clients
    namings = billing.namings
    item = services.item(given.item)
    assert services.items(given.module, services.ids(given.module, 0, 9)) == [item]
    assert services.count(given.module) == 1
    assert services.by_status()[given.module, PROCESSING] == 1
    assert [one.id for one in services.sold(given.module, 0, 9)] == [item.id]
    assert services.of_client(given.module, item.account_id) == [item.id]
    assert services.count_namesakes(given.module) == 0
    assert services.module_of(given.item) == given.module
    assert services.status(given.item) == PROCESSING
    assert services.client_of(given.item) == item.account_id
    assert [*billing.users.accounts("401")] == [401]
    assert services.saved(given.item) == Saved(
        item.saved_login, item.saved_password, item.saved_url
    )
    assert namings.of("nobody", item.id) == {}
    assert namings.of_any(["nobody"]) == services.unmarked(given.module, 0, 9) == []
    assert ("user_7",) in [one.logins for one in namings.odd()]
    assert [one.item_id for one in namings.of_services([item.id])] == [item.id]
    assert services.opened([item.id]) == {}
    assert billing.statistics.last_days([]) == {}
    assert set(billing.statistics.last_days([item.id])) <= {item.id}
    assert billing.statistics.days(item.id, date(2026, 11, 20), date(2026, 11, 20)) == []
    assert services.places(given.module) == []
    assert services.noted(given.module, ITEM_LEVEL, (PROCESSING,)) == []
    assert modules.stored(given.module)[0].name == modules.name(given.module)
    assert modules.params(given.module)["base_url"] == modules.server(given.module).base_url
    assert modules.base_url(given.module) == modules.server(given.module).base_url
    assert billing.operations.waits()
    assert billing.operations.tries() == 0
    assert isinstance(billing.operations.shows(given.module, "cloud_login_refused"), bool)
    assert not billing.operations.has_task()
    assert billing.operations.stopped(given.module) == []
    assert given.operation in {one.id for one in billing.operations.queue()}
    assert billing.statistics.used([item.id], date(2126, 11, 20)) == []
    assert [one.item_id for one in billing.operations.waiting([given.module])] == [given.item]
    [standing] = billing.operations.standing([given.operation])
    assert (standing.item_id, standing.is_stopped) == (given.item, False)
    assert billing.tasks.department(given.module) == DEPARTMENT
    billing.tasks.withdraw(4711)
    order = tariffs.order(item, with_client=True)
    assert (order.email, order.display_name) == ("client7@example.com", "Client 7")
    assert tariffs.hand_over(item).email == order.email == tariffs.client(item).email
    assert tariffs.wishes([item])[item.id].email == order.email
    assert clients.of([item.account_id]) == {item.account_id: tariffs.client(item)}
    assert clients.emails([item.account_id]) == {item.account_id: order.email}
    assert tariffs.terms(given.tariff).group == order.group
    assert not tariffs.is_uncounted(item)
    assert namings.has_odd(given.module)
    assert order.group == tariffs.group(given.tariff)
    assert order.quota_bytes == tariffs.quota(item) == tariffs.included(given.tariff) == 5 * GIB
    assert tariffs.maximum(given.tariff) is None
    assert tariffs.quota(item._replace(tariff_id=item.last_tariff_id, trial=True)) == 5 * GIB
    sold = tariffs.orders([item])[item.id]
    assert (sold.disk, sold.error) == (tariffs.disk(item), None)
    assert tariffs.chosen(item, given.tariff, "php", "1") is None
    assert tariffs.thresholds({given.tariff}) == {given.tariff: WARN_AT}
    assert tariffs.stored_field(given.tariff, "cloud_warn_at") is None
    assert tariffs.counted_bytes(Counted(date(2026, 11, 21), Decimal(1), 54)) == GIB
    assert billing.statistics.latest(0) is None
    assert tariffs.end_terms(item.tariff_id).suspension == LOCK
    assert tariffs.trial_group(item._replace(trial=True)) == ""
    assert billing.clients.contact(item.account_id) is not None
    assert billing.notices.was_sent(0, ["nothing"]) in (False, None)
    assert billing.memos.of({item.id: item.account_id}, "nothing") == {}
    assert tariffs.names({given.tariff}) == {given.tariff: "Tariff"}
    assert clients.names({item.account_id}) == {item.account_id: "Client 7"}
    assert tariffs.disks([item]) == {item.id: tariffs.disk(item)}
    assert tariffs.served_by([given.module]) == [item.last_tariff_id]
    assert tariffs.quotas([item]) == {item.id: 5 * GIB}
    assert [one.item.id for one in billing.usage.services([given.module])] == [item.id]
    day = date(2026, 11, 20)
    assert billing.usage.sums([given.module], day, day) == []
    assert billing.usage.on_days(given.module, [day]) == {}
    assert tariffs.product_types() == ["backupservice"]
    assert tariffs.sells_space()
    assert set(tariffs.type_params() or ["backupservice"]) == {"backupservice"}


def row_of(billing: Any, given: Given) -> StatRow:
    """A GiB that the service used."""
    disk = billing.tariffs.disk(billing.services.item(given.item))
    return stat_row(given.item, date(2026, 11, 21), 1024**3, disk)


def tell(billing: Any, stand: Stand, given: Given) -> None:
    """Has each noun write everything that it writes."""
    services, closing, operations = billing.services, billing.closing, billing.operations
    item = services.item(given.item)
    services.save(given.item, {"username": "user_8"})
    services.save_seen(given.item, {"username": "user_8"})
    services.save_login(given.item, "user_8", Secret("made-up-pw-78"), "https://cloud.example.com")
    own_mark = Mark(given.item, "user_8", "0" * 16, Secret("made-up-79"))
    assert services.excess_bytes(own_mark) < 0
    services.save_mark(own_mark)
    services.drop_mark(given.item)
    services.save(given.item, {ITEM_LEVEL: "warn 2026-11-26"})
    services.drop(given.item, ITEM_LEVEL)
    billing.statistics.write([row_of(billing, given)])
    billing.statistics.post(given.module, "2026-11-21")
    billing.modules.shows_fields(given.module)
    billing.modules.register_problem(given.module, errors.LoginRefused("x"))
    operations.save_error(errors.QuotaZero("0"))
    operations.tell_staff(given.item, "open", errors.QuotaZero("0"))
    operations.leave_to_staff(given.item, "open", errors.QuotaZero("0"))
    task = billing.tasks.make(DEPARTMENT, "sold and not counted")
    if task is not None:  # where it is known which one it is
        billing.tasks.withdraw(task)
    billing.notices.send(billing.clients.contact(item.account_id).user_id, "subject", "text")
    billing.memos.note(given.item, "full", Memo(201, "80", date(2026, 11, 21), is_sent=False))
    billing.memos.forget(given.item, "full")
    closing.post_prolong(item)
    closing.roll_back_tariff(item)
    closing.post_set_param(item)
    closing.post_password(item)
    stand.set_status(given.item, PROCESSING)
    closing.post_open(item)
    for action in ("suspend", "resume", "close"):
        closing.post(item, action)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_each_column_that_is_declared_is_needed(
    stand: Stand, given: Given, serving: Serving, table: str, column: str
) -> None:
    billing = serving(given.operation)
    with stand.database.unreadable(table, column):
        assert set(billing.unreadable_tables()) == {table}
        with pytest.raises(errors.DatabaseUnavailable, match="denied"):
            read(billing, given)


def test_no_other_column_is_read_and_no_other_function_called(
    stand: Stand, serving: Serving
) -> None:
    """By every method that there is."""
    given = sell(stand)
    billing = serving(given.operation)
    called: Set[str] = set()
    watched: Any = type("", (), {name: Watched(billing, name, called) for name in NOUNS})
    before = len(stand.calls)
    read(watched, given)
    tell(watched, stand, given)
    billing.ask_core()
    methods = {
        f"{name}.{method}"
        for name, noun in NOUNS.items()
        for method in vars(noun)
        if not method.startswith("_")
    }
    assert called == methods
    assert billing.unreadable_tables() == {}
    seen = {call.function for call in stand.calls[before:]}
    assert seen == {*needs.FUNCTIONS, "backupservice.open"}


def test_what_is_written_by_sql_is_declared(stand: Stand, given: Given, serving: Serving) -> None:
    billing = serving(given.operation)
    billing.statistics.write([row_of(billing, given)])
    [row] = stand.sql("SELECT * FROM itemstat WHERE item = %s", given.item)
    filled = {column for column, value in row.items() if value is not None} - {"id"}
    assert {"itemstat": filled} == {table: set(columns) for table, columns in needs.WRITTEN.items()}


OPTIONAL = [(table, column) for table, *columns in needs.OPTIONAL for column in columns]


@pytest.mark.parametrize(("table", "column"), OPTIONAL)
def test_a_version_without_an_optional_column_is_read_all_the_same(
    stand: Stand, given: Given, serving: Serving, table: str, column: str
) -> None:
    billing = serving(given.operation)
    with stand.database.unreadable(table, column):
        assert billing.unreadable_tables() == {}
        read(billing, given)


FROM_CODE = {
    *("account", "enumerationitem", "item", "itemcryptedparam", "itemparam", "itemstat"),
    *("measure", "processingcryptedparam", "runningoperation", "task", "user"),
}
"""Tables that the dump of a living BILLmanager leaves out. Public modules read these columns."""


@pytest.mark.parametrize("table", [*OWN_TABLES, *needs.WRITTEN])
def test_what_has_no_fallback_is_in_a_living_billmanager(table: str) -> None:
    columns = {**OWN_TABLES, **needs.WRITTEN}[table]
    if table not in FROM_CODE:
        assert set(columns) <= set(live.COLUMNS[table])


def test_no_table_that_the_dump_shows_is_taken_from_code() -> None:
    assert not FROM_CODE & set(live.COLUMNS)


@pytest.mark.parametrize("table", live.COLUMNS)
def test_the_stands_tables_have_what_a_living_billmanager_has(stand: Stand, table: str) -> None:
    rows = stand.sql(
        "SELECT column_name AS name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = %s",
        table,
    )
    if rows or table in declared():
        assert set(live.COLUMNS[table]) <= {row["name"] for row in rows}
