"""What a BILLmanager's staff and customers do: types, clients, modules, tariffs, orders.

Every method that sets something up gives the id of what it made.
"""

import datetime
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

from .database import Database, Row
from .keys import Key

MODULE = "pmnextcloud"

# The statuses of a service: docs/en/protocol.md, "Tables"
ORDERED, ACTIVE, SUSPENDED, DELETED, PROCESSING = 1, 2, 3, 4, 5
# item.period of a trial, in place of a number of months
TRIAL_PERIOD = -100
# Kinds of billing and of add-ons: docs/en/protocol.md, "Space of a service"
BY_ORDER, BY_STATISTICS, COMPOUND = 2, 3, 4
INTEGER, CHOICE, CHOICE_TIMES = 2, 3, 4
# itemtypeparam.editreadlevel: who sees a parameter in the form of a service
CLIENT, STAFF = 16, 29

# Whom the tasks of modules go to
DEPARTMENT = 3

# A shorter text is found on command lines by chance.
SECRET_MIN_LENGTH = 6

Extra = Union[None, int, Mapping[str, int]]


class Addon(NamedTuple):
    """An add-on of a tariff; sizes are whole numbers of `measure` (byte, kib, mib, gib, tib).

    `limit` is what the tariff includes, `max` the cap (None: no cap), `trial_max` the cap during
    a trial, `trial_limit` what is included then. `billtype` 2 is by order, 3 by statistics.
    `compound` puts the add-on into a compound one. Without `own_name` the row has no intname and
    bears that of its add-on type, which is `type_name` where that differs. `choice` is the
    internal name of the value that is chosen where the client chooses none.
    """

    name: str = "disk"
    measure: Optional[str] = "gib"
    limit: Optional[int] = 5
    max: Optional[int] = None
    trial_max: Optional[int] = None
    billtype: int = BY_ORDER
    active: bool = True
    compound: bool = False
    addontype: int = INTEGER
    own_name: bool = True
    type_name: Optional[str] = None
    trial_limit: Optional[int] = None
    choice: Optional[str] = None


def _flag(value: bool) -> Optional[str]:
    """BILLmanager's spelling of a truth value: 'on' or NULL."""
    return "on" if value else None


class Business:
    """The billing data of one stand: methods to set it up and to look at it.

    `secrets` are the texts that were made secret so far: whatever was encrypted, a module's
    password also where it is stored in clear, and the database's password.
    """

    def __init__(self, database: Database, key: Key) -> None:
        """Work on `database`, with `key` as its etc/billmgr.pem."""
        self.database = database
        self.key = key
        self.secrets: List[str] = [database.password]
        self.notices_table = "notification"

    # -- setting up ----------------------------------------------------------------------------

    def add_itemtype(self, intname: Optional[str], parent: Optional[int] = None) -> int:
        """A product type, or with `parent` an add-on type; an existing one is given back.

        A product type has the parameters that a client is to see: login, password, address.
        """
        found = self.database.first(
            "SELECT id FROM itemtype WHERE intname <=> %s AND parent <=> %s",
            intname,
            parent,
        )
        if found:
            return int(found["id"])
        number = self.database.insert("itemtype", intname=intname, name=intname, parent=parent)
        if parent is None:
            for name in ("username", "userpassword", "url"):
                self.add_type_param(number, name, crypted=name == "userpassword")
        return number

    def add_type_param(
        self, itemtype: int, intname: str, *, crypted: bool = False, read_level: int = CLIENT
    ) -> int:
        """A parameter that the services of a product type show in their form."""
        return self.database.insert(
            "itemtypeparam",
            itemtype=itemtype,
            intname=intname,
            name=intname,
            embedded="off",
            ordervisible="off",
            editvisible="on",
            editreadlevel=read_level,
            editwritelevel=STAFF,
            crypted="on" if crypted else "off",
        )

    def add_choice(self, intname: Optional[str]) -> int:
        """A value of a list from which space is chosen."""
        return self.database.insert("enumerationitem", intname=intname, name=intname)

    def add_account(
        self,
        name: str = "Client 7",
        emails: Sequence[Optional[str]] = ("client7@example.com",),
        disabled: Sequence[bool] = (),
        **user: Optional[str],
    ) -> int:
        """A client with one user per e-mail (None: a user without one).

        `disabled` goes along with `emails`; users beyond its end are enabled. `user` are other
        columns of these users.
        """
        account = self.database.insert("account", name=name)
        for number, email in enumerate(emails):
            self.database.insert(
                "user",
                **{
                    "account": account,
                    "name": email,
                    "email": email,
                    "realname": name,
                    "disabled": _flag(number < len(disabled) and disabled[number]),
                    **user,
                },
            )
        return account

    def add_module(
        self,
        base_url: Optional[str],
        login: Optional[str],
        password: Optional[str],
        *,
        crypted: bool = True,
        verify_ssl: Optional[str] = None,
        timeout: Union[None, int, str] = None,
        confirm_password: Optional[str] = None,
        module: str = MODULE,
        **params: Union[None, int, str],
    ) -> int:
        """A processing module with its connection; a parameter that is None is not stored.

        Without `crypted` the password stands in clear in processingparam, as the predecessor
        left it. `timeout` is in seconds.
        """
        plain = {
            "base_url": base_url,
            "nc_username": login,
            "verify_ssl": verify_ssl,
            "timeout": timeout,
            **params,
        }
        number = self.database.insert(
            "processingmodule",
            name="Cloud",
            module=module,
            active="on",
            orderpriority=1,
            department=DEPARTMENT,
        )
        if password is not None and not crypted:
            plain["nc_password"] = password
            self._keep_secret(password)
        for name, value in plain.items():
            if value is not None:
                self.database.insert(
                    "processingparam",
                    processingmodule=number,
                    intname=name,
                    value=str(value),
                )
        secrets = {"nc_password": password if crypted else None}
        secrets["nc_confirm_password"] = confirm_password
        for name, secret in secrets.items():
            if secret is not None:
                self.database.insert(
                    "processingcryptedparam",
                    processingmodule=number,
                    intname=name,
                    value=self.encrypt(secret),
                )
        return number

    def add_tariff(
        self,
        itemtype: int,
        addons: Iterable[Addon] = (Addon(),),
        usergroup: Optional[str] = None,
        **fields: str,
    ) -> int:
        """A tariff of the product type with its add-ons, the group and other fields of its form."""
        tariff = self.database.insert(
            "pricelist",
            intname=None,
            name="Tariff",
            itemtype=itemtype,
            project=11,
            active="on",
        )
        for addon in addons:
            self._add_addon(tariff, itemtype, addon)
        if usergroup is not None:
            fields["usergroup"] = usergroup
        self.set_terms(tariff, **fields)
        return tariff

    def set_terms(self, tariff: int, **fields: str) -> None:
        """What the fields of the module's form say, in a tariff."""
        for name, value in fields.items():
            self.sql(
                "DELETE FROM pricelistparam WHERE pricelist = %s AND intname = %s", tariff, name
            )
            self.database.insert("pricelistparam", pricelist=tariff, intname=name, value=value)

    def _add_addon(self, tariff: int, itemtype: int, addon: Addon) -> int:
        compound = None
        if addon.compound:
            compound = self.database.insert(
                "pricelist",
                intname="compound",
                name="Compound",
                parent=tariff,
                active="on",
                itemtype=self.add_itemtype("compound", itemtype),
                billtype=COMPOUND,
            )
        return self.database.insert(
            "pricelist",
            intname=addon.name if addon.own_name else None,
            name=addon.name,
            parent=tariff,
            itemtype=self.add_itemtype(addon.type_name or addon.name, itemtype),
            active=_flag(addon.active),
            addontype=addon.addontype,
            billtype=addon.billtype,
            addonlimit=addon.limit,
            addonmax=addon.max,
            addonmaxtrial=addon.trial_max,
            addonlimittrial=addon.trial_limit,
            enumerationitem=None if addon.choice is None else self.add_choice(addon.choice),
            measure=self.measure(addon.measure),
            compound=compound,
        )

    def measure(self, intname: Optional[str]) -> Optional[int]:
        """The id of a measure; None for None. Raises KeyError if there is no such measure."""
        if intname is None:
            return None
        found = self.database.first("SELECT id FROM measure WHERE intname = %s", intname)
        if found is None:
            raise KeyError(intname)
        return int(found["id"])

    def order(
        self,
        tariff: int,
        account: int,
        module: int,
        *,
        ordered: Extra = None,
        trial: bool = False,
        params: Optional[Mapping[str, str]] = None,
        crypted_params: Optional[Mapping[str, str]] = None,
    ) -> int:
        """A paid order that waits to be opened (status 5).

        `ordered` is what the client ordered over the included limit: a number for the tariff's
        first add-on, or numbers by add-on name. Each gets a row of its own, as in BILLmanager.
        """
        self.database.sql(
            "INSERT IGNORE INTO processingmodule2pricelist (processingmodule, pricelist)"
            " VALUES (%s, %s)",
            module,
            tariff,
        )
        today = datetime.date.today()
        item = self.database.insert(
            "item",
            name="Service",
            account=account,
            pricelist=tariff,
            processingmodule=module,
            period=TRIAL_PERIOD if trial else 1,
            status=PROCESSING,
            createdate=today,
            expiredate=today + datetime.timedelta(days=30),
            cost=0,
        )
        self._order_extra(item, tariff, ordered)
        for name, value in (params or {}).items():
            self.save_param(item, name, value, crypted=False)
        for name, value in (crypted_params or {}).items():
            self.save_param(item, name, value, crypted=True)
        return item

    def order_many(
        self,
        tariff: int,
        account: int,
        module: int,
        count: int,
        *,
        status: int = ACTIVE,
        params: Optional[Callable[[int], Mapping[str, str]]] = None,
        crypted_params: Optional[Callable[[int], Mapping[str, str]]] = None,
    ) -> List[int]:
        """`count` services at once, for measurements; gives their ids.

        `params` and `crypted_params` give the parameters of an item by its id. What is encrypted
        here is not looked for on command lines.
        """
        first = int(self.sql("SELECT IFNULL(MAX(id), 1000) + 1 AS id FROM item")[0]["id"])
        items = list(range(first, first + count))
        self.database.insert_many(
            "item",
            ("id", "name", "account", "pricelist", "processingmodule", "period", "status"),
            [(item, "Service", account, tariff, module, 1, status) for item in items],
        )
        tables = (
            ("itemparam", params, str),
            ("itemcryptedparam", crypted_params, self.key.encrypt),
        )
        for table, values, store in tables:
            if values is not None:
                self.database.insert_many(
                    table,
                    ("item", "intname", "value"),
                    [
                        (item, name, store(text))
                        for item in items
                        for name, text in values(item).items()
                    ],
                )
        return items

    def _order_extra(self, item: int, tariff: int, ordered: Extra) -> None:
        if ordered is None:
            return
        addons = self.addons(tariff)
        if isinstance(ordered, int):
            ordered = {next(iter(addons)): ordered}
        for name, amount in ordered.items():
            self.add_addon_row(item, addons[name], intvalue=amount)

    def addons(self, tariff: int) -> Dict[str, int]:
        """The ids of a tariff's add-ons by name, in the order in which they were added."""
        rows = self.database.sql(
            "SELECT p.id, COALESCE(p.intname, t.intname) AS name FROM pricelist p"
            " JOIN itemtype t ON t.id = p.itemtype"
            " WHERE p.parent = %s AND COALESCE(p.billtype, 0) <> %s ORDER BY p.id",
            tariff,
            COMPOUND,
        )
        return {row["name"]: int(row["id"]) for row in rows}

    def add_addon_row(self, item: int, addon: int, **columns: Union[None, int, str]) -> int:
        """The item's own row of an add-on: `intvalue` (ordered), `addonlimit` (included) …"""
        return self.database.insert(
            "item",
            name="Add-on",
            parent=item,
            pricelist=addon,
            status=ACTIVE,
            **columns,
        )

    def change_tariff(self, item: int, tariff: int, ordered: Extra = None) -> None:
        """The client changed to another tariff; the item waits for setparam."""
        self.database.sql(
            "UPDATE item SET lastpricelist = pricelist, pricelist = %s, status = %s WHERE id = %s",
            tariff,
            PROCESSING,
            item,
        )
        self._order_extra(item, tariff, ordered)

    def set_status(self, item: int, status: int) -> None:
        """Put the service into a status by hand."""
        self.database.sql("UPDATE item SET status = %s WHERE id = %s", status, item)

    def add_operation(self, command: str, item: Optional[int], trycount: int = 0) -> int:
        """A running operation, started `trycount` times so far; puts nothing else in motion."""
        return self.database.insert(
            "runningoperation",
            intname=command,
            item=item,
            trycount=trycount,
            starttime=datetime.datetime.now().replace(microsecond=0),
        )

    def save_param(self, item: int, name: str, value: str, *, crypted: bool) -> None:
        """Store a parameter of the item in the one table and take it out of the other."""
        self.drop_param(item, name)
        self.database.insert(
            "itemcryptedparam" if crypted else "itemparam",
            item=item,
            intname=name,
            value=self.encrypt(value) if crypted else value,
        )

    def drop_param(self, item: int, name: str) -> None:
        """Take a parameter of the item out of both tables."""
        for table in ("itemparam", "itemcryptedparam"):
            self.database.sql(
                f"DELETE FROM {table} WHERE item = %s AND intname = %s",
                item,
                name,
            )

    def encrypt(self, text: str) -> str:
        """Encrypt as BILLmanager does; raises ValueError over 245 bytes."""
        self._keep_secret(text)
        return self.key.encrypt(text)

    def _keep_secret(self, text: str) -> None:
        if len(text) >= SECRET_MIN_LENGTH and text not in self.secrets:
            self.secrets.append(text)

    def decrypt(self, encrypted: str) -> str:
        """Decrypt what BILLmanager encrypted; raises ValueError if it is not of this key."""
        return self.key.decrypt(encrypted)

    # -- looking -------------------------------------------------------------------------------

    def sql(self, query: str, *args: object) -> List[Row]:
        """Run one statement with `%s` parameters as the server's root; gives rows as dicts."""
        return self.database.sql(query, *args)

    def item(self, item: int) -> Row:
        """The row of a service; raises KeyError if there is none."""
        return self._row("item", item)

    def operation(self, operation: int) -> Optional[Row]:
        """The row of a running operation, or None once a post call has ended it."""
        return self.database.first("SELECT * FROM runningoperation WHERE id = %s", operation)

    def operations(self, item: Optional[int] = None) -> List[Row]:
        """The running operations, all or those of one item."""
        if item is None:
            return self.database.sql("SELECT * FROM runningoperation ORDER BY id")
        return self.database.sql(
            "SELECT * FROM runningoperation WHERE item = %s ORDER BY id",
            item,
        )

    def params(self, item: int) -> Dict[str, str]:
        """The parameters of a service, the crypted ones in clear."""
        return self._params("itemparam", "itemcryptedparam", "item", item)

    def crypted_names(self, item: int) -> List[str]:
        """The names of those parameters of a service that are stored encrypted."""
        rows = self.database.sql(
            "SELECT intname FROM itemcryptedparam WHERE item = %s ORDER BY intname",
            item,
        )
        return [row["intname"] for row in rows]

    def module_params(self, module: int) -> Dict[str, str]:
        """The parameters of a processing module, the crypted ones in clear."""
        return self._params("processingparam", "processingcryptedparam", "processingmodule", module)

    def _params(self, plain: str, crypted: str, owner: str, number: int) -> Dict[str, str]:
        query = "SELECT intname, value FROM {} WHERE {} = %s ORDER BY id"
        rows = self.database.sql(query.format(plain, owner), number)
        values = {row["intname"]: row["value"] or "" for row in rows}
        for row in self.database.sql(query.format(crypted, owner), number):
            values[row["intname"]] = self.decrypt(row["value"] or "")
        return values

    def stats(self, module_or_item: int) -> List[Row]:
        """The statistics rows of a service, or of all services of a module.

        Each with item, statdate, param, value (Decimal) and the measure's name (or None).
        """
        return self.database.sql(
            "SELECT s.item, s.statdate, s.param, s.value, m.intname AS measure FROM itemstat s"
            " JOIN item i ON i.id = s.item LEFT JOIN measure m ON m.id = s.measure"
            " WHERE s.item = %s OR i.processingmodule = %s ORDER BY s.item, s.statdate, s.param",
            module_or_item,
            module_or_item,
        )

    def tasks(self) -> List[Row]:
        """The tasks for staff, with the type's name as `type_name`."""
        return self.database.sql(
            "SELECT task.*, tasktype.intname AS type_name FROM task"
            " LEFT JOIN tasktype ON tasktype.id = task.type ORDER BY task.id"
        )

    def hide_notices(self) -> None:
        """Has the notifications stand in a table that no module looks for."""
        self.sql("RENAME TABLE notification TO usernotice")
        self.notices_table = "usernotice"

    def notices(self) -> List[Row]:
        """The notifications of all users, in the order in which they were made."""
        return self.database.sql(f"SELECT * FROM {self.notices_table} ORDER BY id")

    def problems(self) -> List[Row]:
        """The registered problems, one row per registration."""
        return self.database.sql("SELECT * FROM problems ORDER BY id")

    def _row(self, table: str, number: int) -> Dict[str, Any]:
        row = self.database.first(f"SELECT * FROM {table} WHERE id = %s", number)
        if row is None:
            raise KeyError(f"no {table} {number}")
        return row
