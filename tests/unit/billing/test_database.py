"""The database: what cannot be asked is one error, whatever the reason."""

import gc
import logging
from typing import Any, Dict, Iterator

import pymysql
import pytest

from tests.doubles.billmanager import Stand
from utils.base import errors
from utils.billing.database import Database, host_and_port

LOG = logging.getLogger("unit")


def config(stand: Stand, **changes: str) -> Dict[str, str]:
    """The parameters of the stand's database, changed."""
    own = stand.database
    values = {
        "DBHost": "localhost",
        "DBSocket": own.server.socket,
        "DBName": own.name,
        "DBUser": own.user,
        "DBPassword": own.password,
    }
    values.update(changes)
    return {name: value for name, value in values.items() if value != "-"}


@pytest.fixture
def db(stand: Stand) -> Iterator[Database]:
    """The stand's database as the module sees it."""
    one = Database(config(stand), LOG)
    yield one
    if one._connection is not None and one._connection.open:
        one._connection.close()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {"DBName": "-"},
        {"DBName": "no_such_database"},
        {"DBUser": "no_such_user"},
        {"DBPassword": "made-up-and-wrong"},
        {"DBPassword": "made-up-Пароль"},
        {"DBSocket": "/no/such/socket"},
        {"DBSocket": "-", "DBHost": "127.0.0.1"},
        {"DBSocket": "-", "DBHost": "[::1]:no-port"},
    ],
)
def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    stand: Stand, changes: Dict[str, str]
) -> None:
    database = Database(config(stand, **changes), LOG)
    with pytest.raises(errors.DatabaseUnavailable) as caught:
        database.rows("SELECT 1")
    words = str(caught.value)
    del caught
    gc.collect()  # PyMySQL leaves the socket open where the server's is missing
    assert stand.database.password not in words
    assert "made-up" not in words


def test_an_empty_file_of_parameters_is_told(stand: Stand) -> None:
    with pytest.raises(errors.DatabaseUnavailable, match="DBName"):
        Database({}, LOG).row("SELECT 1")


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM no_such_table", "SELEKT", "SELECT nothing FROM item"]
)
def test_a_query_that_is_refused_is_told(db: Database, sql: str) -> None:
    with pytest.raises(errors.DatabaseUnavailable):
        db.rows(sql)


def test_nothing_but_statistics_can_be_written(stand: Stand, db: Database) -> None:
    with pytest.raises(errors.DatabaseUnavailable):
        db.write_many("INSERT INTO account (name) VALUES (%s)", [("Client 7",)])


def test_many_rows_are_written_whole_or_not_at_all(stand: Stand, db: Database) -> None:
    module = stand.add_module("http://127.0.0.1:9", "admin", "made-up-password")
    tariff = stand.add_tariff(stand.add_itemtype("backupservice"))
    item = stand.order(tariff, stand.add_account(), module)
    sql = "INSERT INTO itemstat (item, statdate, param, value) VALUES (%s, %s, %s, %s)"
    rows = [(item, "2026-01-01", "disk", "1"), (item + 1, "2026-01-01", "disk", "1")]
    with pytest.raises(errors.DatabaseUnavailable):
        db.write_many(sql, rows)
    assert stand.stats(item) == []
    db.write_many(sql, rows[:1])
    assert len(stand.stats(item)) == 1


def test_a_connection_that_was_cut_is_told(stand: Stand, db: Database) -> None:
    number = db.row("SELECT CONNECTION_ID() AS id")
    assert number is not None
    stand.sql(f"KILL {number['id']}")
    with pytest.raises(errors.DatabaseUnavailable):
        db.rows("SELECT 1")


def test_parameters_are_values_and_never_sql(db: Database) -> None:
    hostile = "'; DROP TABLE item; -- \\ \x00 %s клиент 😀"
    assert db.row("SELECT %s AS text", hostile) == {"text": hostile}


@pytest.mark.parametrize(
    ("table", "column", "there"), [("user", "disabled", True), ("user", "x", False)]
)
def test_a_column_is_looked_for(db: Database, table: str, column: str, there: bool) -> None:
    assert db.has_column(table, column) is there


def test_no_row_is_none(db: Database) -> None:
    assert db.row("SELECT 1 FROM DUAL WHERE 1 = 0") is None


def test_one_connection_serves_the_run(db: Database) -> None:
    first, second = (db.row("SELECT CONNECTION_ID() AS id") for _ in range(2))
    assert first == second


def test_the_host_is_used_where_there_is_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = failing(monkeypatch, OSError("enough"))
    with pytest.raises(errors.DatabaseUnavailable, match="enough"):
        Database({"DBName": "billmgr", "DBHost": "10.0.0.1", "DBUser": "u"}, LOG).rows("SELECT 1")
    assert seen["unix_socket"] is None
    assert (seen["host"], seen["user"], seen["password"]) == ("10.0.0.1", "u", b"")
    assert seen["charset"] == "utf8mb4"
    assert (seen["port"], seen["ssl_disabled"]) == (3306, False)


@pytest.mark.parametrize(
    ("config", "is_local"),
    [
        ({"DBSocket": "/run/mysqld/mysqld.sock", "DBHost": "10.0.0.1"}, True),
        ({"DBHost": "localhost"}, True),
        ({"DBHost": "127.0.0.1:3307"}, True),
        ({}, True),
        ({"DBHost": "10.0.0.1:3307"}, False),
    ],
)
def test_a_password_passes_a_network_under_tls_where_the_server_has_it(
    monkeypatch: pytest.MonkeyPatch, config: Dict[str, str], is_local: bool
) -> None:
    seen = failing(monkeypatch, OSError("enough"))
    with pytest.raises(errors.DatabaseUnavailable, match="enough"):
        Database({"DBName": "billmgr", **config}, LOG).rows("SELECT 1")
    assert seen["ssl_disabled"] is is_local
    assert seen["port"] == (3307 if "3307" in config.get("DBHost", "") else 3306)


def test_a_password_of_any_bytes_is_sent_as_it_stands_in_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = failing(monkeypatch, OSError("enough"))
    with pytest.raises(errors.DatabaseUnavailable):
        Database({"DBName": "billmgr", "DBPassword": "Made-up\udcff\u042f"}, LOG).rows("SELECT 1")
    assert seen["password"] == b"Made-up\xff\xd0\xaf"


@pytest.mark.parametrize(
    "error",
    [
        OSError(),
        RuntimeError("'cryptography' package is required"),
        UnicodeEncodeError("utf-8", "Made-up\udcff", 7, 8, "surrogates not allowed"),
    ],
)
def test_whatever_keeps_the_library_from_connecting_is_told(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing(monkeypatch, error)
    with pytest.raises(errors.DatabaseUnavailable) as caught:
        Database({"DBName": "billmgr"}, LOG).rows("SELECT 1")
    assert "Made-up" not in caught.value.value, "a part of the password is told"


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Dict[str, Any]:
    """Makes connections fail so; gives what the library was called with."""
    seen: Dict[str, Any] = {}

    def connect(**arguments: Any) -> Any:
        seen.update(arguments)
        raise error

    monkeypatch.setattr("utils.billing.database.pymysql.connect", connect)
    return seen


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("", "localhost", "3306"),
        ("localhost", "localhost", "3306"),
        (" db.example.com:3307 ", "db.example.com", "3307"),
        ("192.0.2.7", "192.0.2.7", "3306"),
        ("host:", "host", "3306"),
        ("::1", "::1", "3306"),
        ("2001:db8::5", "2001:db8::5", "3306"),
        ("[2001:db8::5]", "2001:db8::5", "3306"),
        ("[::1]:3307", "::1", "3307"),
        ("[fe80::1%eth0]:3307", "fe80::1%eth0", "3307"),
    ],
)
def test_the_address_of_the_database_may_be_any_that_there_is(
    address: str, host: str, port: str
) -> None:
    assert host_and_port(address) == (host, port)


def test_a_database_is_reached_over_ipv6(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that answers there is asked as PyMySQL asks any other."""
    asked: Dict[str, Any] = {}
    connect = pymysql.connect

    def connect_by_socket(**given: Any) -> Any:
        asked.update(given)
        return connect(**{**given, "unix_socket": stand.database.server.socket})

    monkeypatch.setattr(pymysql, "connect", connect_by_socket)
    database = Database(config(stand, DBSocket="-", DBHost="[::1]:3307"), LOG)
    assert database.row("SELECT 1 AS one") == {"one": 1}
    assert (asked["host"], asked["port"], asked["ssl_disabled"]) == ("::1", 3307, True)
    assert database._connection is not None
    database._connection.close()
