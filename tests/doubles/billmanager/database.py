"""One database of a stand: made fresh with the schema, dropped afterwards, with pooled access."""

import secrets
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
)

from .mariadb import MariaDb

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import DictCursor

Row = Dict[str, Any]

SCHEMA = Path(__file__).with_name("schema.sql")
# Everything that a careless reader of db.conf would cut, unquote or substitute.
ODD_CHARACTERS = """ #;=%$&'"\\<>{}*"""


class Database:
    """A database named `name`, and an account (`user`, `password`) for the module.

    The module's account may read everything and write only the statistics rows: all else has to
    go through mgrctl. The stand itself works as the server's root.
    """

    def __init__(self, server: MariaDb) -> None:
        """Create database, tables and account on a running server."""
        self.server = server
        self.name = f"billmgr_{secrets.token_hex(6)}"
        self.user = f"bill_{secrets.token_hex(6)}"
        self.password = secrets.token_hex(4) + ODD_CHARACTERS + secrets.token_hex(4)
        self._idle: List[Connection[DictCursor]] = []
        self._lock = threading.Lock()
        self._local = threading.local()
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
            cursor.execute(f"USE {self.name}")
            for statement in SCHEMA.read_text("utf-8").split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
            for host in self._hosts():
                account = (self.user, host, self.password)
                cursor.execute("CREATE USER %s@%s IDENTIFIED BY %s", account)
        self._for_each_account(
            f"GRANT SELECT ON {self.name}.* TO %s@%s",
            f"GRANT INSERT, UPDATE, DELETE ON {self.name}.itemstat TO %s@%s",
        )

    def limit_reading(self, tables: Mapping[str, Iterable[str]]) -> None:
        """From now on the module's account may read these columns of each table, and no others."""
        reading = []
        for table, columns in tables.items():
            names = ", ".join(f"`{column}`" for column in columns)
            reading.append(f"GRANT SELECT ({names}) ON {self.name}.{table} TO %s@%s")
        self._for_each_account(f"REVOKE SELECT ON {self.name}.* FROM %s@%s", *reading)

    @contextmanager
    def unreadable(self, table: str, column: str) -> Iterator[None]:
        """Inside, a column that `limit_reading` allowed may not be read either."""
        what = f"SELECT (`{column}`) ON {self.name}.{table}"
        self._for_each_account(f"REVOKE {what} FROM %s@%s")
        try:
            yield
        finally:
            self._for_each_account(f"GRANT {what} TO %s@%s")

    def _for_each_account(self, *statements: str) -> None:
        with self.server.connect() as connection, connection.cursor() as cursor:
            for host in self._hosts():
                for statement in statements:
                    cursor.execute(statement, (self.user, host))

    def _hosts(self) -> List[str]:
        """Where the module's account may come from: the socket, and the port if there is one."""
        return ["localhost", "127.0.0.1"] if self.server.port else ["localhost"]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What this thread does inside becomes visible at once at the end, or not at all."""
        with self._connection() as connection:
            connection.begin()
            self._local.connection = connection
            try:
                yield
            except BaseException:
                connection.rollback()
                raise
            else:
                connection.commit()
            finally:
                self._local.connection = None

    @contextmanager
    def _connection(self) -> Iterator["Connection[DictCursor]"]:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self.server.connect(database=self.name)
            with connection.cursor() as cursor:
                # Calls for different items must not wait for each other's gaps in an index.
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        try:
            yield connection
        except BaseException:
            if connection.open:  # a lost server has closed it already
                connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def sql(self, query: str, *args: object) -> List[Row]:
        """Run one statement with `%s` parameters; gives the rows as dicts, or []."""
        current: Optional[Connection[DictCursor]] = getattr(self._local, "connection", None)
        if current is not None:
            with current.cursor() as cursor:
                cursor.execute(query, args or None)
                return list(cursor.fetchall())
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.execute(query, args or None)
            return list(cursor.fetchall())

    def insert(self, table: str, **values: object) -> int:
        """Add one row and give its id."""
        names = ", ".join(f"`{name}`" for name in values)
        marks = ", ".join(["%s"] * len(values))
        query = f"INSERT INTO `{table}` ({names}) VALUES ({marks}) RETURNING id"
        return int(self.sql(query, *values.values())[0]["id"])

    def insert_many(
        self,
        table: str,
        names: Sequence[str],
        rows: Sequence[Sequence[object]],
    ) -> None:
        """Add many rows whose values stand in the order of `names`."""
        columns = ", ".join(f"`{name}`" for name in names)
        marks = ", ".join(["%s"] * len(names))
        query = f"INSERT INTO `{table}` ({columns}) VALUES ({marks})"
        with self._connection() as connection, connection.cursor() as cursor:
            cursor.executemany(query, rows)

    def first(self, query: str, *args: object) -> Optional[Row]:
        """The first row of the answer, or None."""
        rows = self.sql(query, *args)
        return rows[0] if rows else None

    def drop(self) -> None:
        """Remove database and account; the object is of no use afterwards."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if not self.server.running:
            return
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self.name}")
            for host in self._hosts():
                cursor.execute("DROP USER %s@%s", (self.user, host))
