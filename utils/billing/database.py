"""BILLmanager's database: SQL with parameters; reading, and the statistics rows."""

import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from utils.base import errors
from utils.base.later import SSH_KEYS, later
from utils.billing.needs import PAYMENT_TABLES, TABLES, WRITTEN
from utils.host.plainlog import Log

with later("pymysql.optionfile", "random", "traceback", SSH_KEYS):
    import pymysql
    from pymysql.cursors import DictCursor

CONNECT_TIMEOUT_S = 5
QUERY_TIMEOUT_S = 30
SUM_TIMEOUT_S = 600
"""For sums over all statistics, which people wait for: a year of a hundred thousand services takes
a minute, and a server that has much else to do may be slow."""

_LOCAL = ("localhost", "127.0.0.1", "::1")

_PARAMS = """
SELECT item, intname, value FROM itemparam WHERE item IN %s AND intname IN %s
 UNION ALL
SELECT item, CONCAT('crypted:', intname), value FROM itemcryptedparam
 WHERE item IN %s AND intname IN %s
"""

Row = Dict[str, Any]


class Database:
    """One connection for the run, opened by the first query.

    `config` holds DBHost, DBUser, DBPassword, DBName and perhaps DBSocket, as BILLmanager's own
    files name them (docs/en/protocol.md, "Database"); a socket is preferred. Every method may raise
    DatabaseUnavailable.
    """

    def __init__(
        self, config: Mapping[str, str], log: Log, query_timeout_s: int = QUERY_TIMEOUT_S
    ) -> None:
        self._config = config
        self._query_timeout_s = query_timeout_s
        self._log = log
        self._connection: Optional[pymysql.connections.Connection[DictCursor]] = None

    def _connect(self) -> "pymysql.connections.Connection[DictCursor]":
        if self._connection is None:
            config = self._config
            host, port = host_and_port(config.get("DBHost", ""))
            is_local = bool(config.get("DBSocket")) or host in _LOCAL
            try:
                self._connection = pymysql.connect(
                    unix_socket=config.get("DBSocket") or None,
                    host=host,
                    port=int(port),
                    ssl_disabled=is_local,  # a TLS context alone costs 30 ms
                    user=config.get("DBUser") or "root",
                    password=config.get("DBPassword", "").encode("utf-8", "surrogateescape"),
                    database=config["DBName"],
                    charset="utf8mb4",
                    cursorclass=DictCursor,
                    autocommit=True,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    read_timeout=self._query_timeout_s,
                    write_timeout=QUERY_TIMEOUT_S,
                )
            except KeyError as error:
                raise errors.DatabaseUnavailable("DBName is not set") from error
            except (pymysql.MySQLError, OSError, RuntimeError) as error:
                raise errors.DatabaseUnavailable(_words(error)) from error
            except ValueError as error:  # its words may quote the parameters
                raise errors.DatabaseUnavailable(type(error).__name__) from None
        return self._connection

    def close(self) -> None:
        """Ends the connection, if there is one; the next query opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _cursor(self) -> Iterator[DictCursor]:
        started = time.monotonic()
        try:
            with self._connect().cursor() as cursor:
                yield cursor
        except (pymysql.MySQLError, OSError) as error:
            raise errors.DatabaseUnavailable(_words(error)) from error
        self._log.debug("database took %.1f ms", (time.monotonic() - started) * 1000)

    def rows(self, sql: str, *params: object) -> List[Row]:
        """The rows that a query finds, as dictionaries."""
        with self._cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def row(self, sql: str, *params: object) -> Optional[Row]:
        """The first row that a query finds, or None."""
        return next(iter(self.rows(sql, *params)), None)

    def has_column(self, table: str, *columns: str) -> bool:
        """Whether the table has the column, or all of several; BILLmanager's versions differ."""
        return len(self.columns_of(table, columns)) == len(columns)

    def columns_of(self, table: str, columns: Sequence[str]) -> Set[str]:
        """Those of the columns that the table has."""
        rows = self.rows(
            "SELECT column_name AS name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = %s AND column_name IN %s",
            table,
            columns,
        )
        return {row["name"] for row in rows}

    # -- what a run reads back after it has called the core ---------------------------------------

    def params(self, item_ids: Sequence[int], names: Sequence[str]) -> Dict[int, Dict[str, str]]:
        """What both tables of parameters have of some services; encrypted under `crypted:<name>`.

        A service that has none of the names is left out.
        """
        wanted = (item_ids or (None,), names or (None,))  # NULL matches nothing
        saved: Dict[int, Dict[str, str]] = {}
        for row in self.rows(_PARAMS, *wanted, *wanted):
            saved.setdefault(row["item"], {})[row["intname"]] = row["value"] or ""
        return saved

    def status(self, item_id: int) -> Optional[int]:
        """The status of a service as it is now, or None where it is gone."""
        row = self.row("SELECT status FROM item WHERE id = %s", item_id)
        return None if row is None else row["status"]

    # -- what the database itself is like ---------------------------------------------------------

    def version(self) -> str:
        """What the server says that it is."""
        row = self.row("SELECT VERSION() AS version")
        return str(row["version"]) if row else ""

    def unreadable_tables(self, of_payments: bool = False) -> Dict[str, str]:
        """The tables that cannot be read with all columns that the program needs, and why.

        Those `of_payments` are others than those of services.
        """
        unreadable = {}
        needed = PAYMENT_TABLES if of_payments else {**TABLES, **WRITTEN}
        for table, columns in needed.items():
            try:
                # Names cannot be parameters of a query.
                sql = f"SELECT {', '.join(columns)} FROM {table} LIMIT 0"  # noqa: S608  constants
                self.rows(sql)
            except errors.DatabaseUnavailable as error:
                unreadable[table] = error.value
        return unreadable

    def about_rows(self, table: str) -> int:
        """How many rows a table has, as the server guesses; 0 where it does not tell."""
        row = self.row(
            "SELECT table_rows AS guess FROM information_schema.tables"
            " WHERE table_schema = DATABASE() AND table_name = %s",
            table,
        )
        return int(row["guess"] or 0) if row else 0

    def distinct_rows(self, table: str, columns: str, which: str) -> List[Row]:
        """The rows of a table, each once, with some of its columns.

        Names cannot be parameters of a query: all three are constants of the program.
        """
        sql = f"SELECT DISTINCT {columns} FROM {table} WHERE {which}"  # noqa: S608  constants
        return self.rows(sql)

    def rows_of(self, table: str, columns: str, which: str, *params: object) -> List[Row]:
        """The rows of a table with those of its columns that there are.

        Whoever asks names table and columns by constants of his own, in `which` as well.
        """
        sql = f"SELECT {columns} FROM {table} WHERE {which}"  # noqa: S608  constants
        return self.rows(sql, *params)

    def write_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """One statement for many rows, all or none of them."""
        with self._cursor() as cursor:
            cursor.connection.begin()
            try:
                cursor.executemany(sql, rows)
                cursor.connection.commit()
            except BaseException:
                cursor.connection.rollback()
                raise


def host_and_port(address: str) -> Tuple[str, str]:
    """The two parts of DBHost; an address of IPv6 has brackets where a port stands behind it.

    >>> host_and_port("[2001:db8::5]:3307")
    ('2001:db8::5', '3307')
    """
    address = address.strip()
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        port = rest.partition(":")[2]
    elif address.count(":") > 1:
        host, port = address, ""
    else:
        host, _, port = address.partition(":")
    return host.strip() or "localhost", port.strip() or "3306"


def _words(error: Exception) -> str:
    """The server's number and words without the account's password, which they never hold."""
    return ": ".join(str(part) for part in error.args[:2]) or type(error).__name__
