"""BILLmanager in the words of the commands: services, modules, what is saved on them, posts."""

from datetime import date
from functools import cached_property
from logging import Logger
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from utils.base import address, errors, sizes
from utils.base.secret import Secret
from utils.base.values import Disk, Item, Mark, Server
from utils.billing import mark
from utils.billing.database import Database, Row
from utils.billing.key import Key
from utils.billing.mgrctl import Mgrctl
from utils.consts import (
    DEFAULT_TIMEOUT_S,
    ITEM_LOGIN,
    ITEM_MARK,
    ITEM_PASSWORD,
    ITEM_URL,
    MAX_TIMEOUT_S,
    MIN_TIMEOUT_S,
    MODULE,
    PARAM_BASE_URL,
    PARAM_CONFIRM,
    PARAM_SECRET,
    PARAM_TIMEOUT,
    PARAM_USERNAME,
    PARAM_VERIFY,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_PROCESSING,
    STATUS_SUSPENDED,
    TRIAL_PERIOD,
)
from utils.host.root import Host

_ITEM = """
SELECT i.id, i.status, i.account, i.pricelist, i.lastpricelist, i.period, i.processingmodule,
       t.intname AS itemtype, m.module
  FROM item i
  JOIN pricelist p ON p.id = i.pricelist
  JOIN itemtype t ON t.id = p.itemtype
  LEFT JOIN processingmodule m ON m.id = i.processingmodule
"""
_COUNTED = (STATUS_ACTIVE, STATUS_SUSPENDED, STATUS_PROCESSING)
"""Statuses of the services that may own an account and are counted."""

_WRITE_STAT = """
INSERT INTO itemstat (item, statdate, param, value, measure) VALUES (%s, %s, %s, %s, %s)
    ON DUPLICATE KEY UPDATE value = VALUES(value), measure = VALUES(measure)
"""
_SAVED_NAMES = (ITEM_LOGIN, ITEM_PASSWORD, ITEM_URL, ITEM_MARK)


class Post(NamedTuple):
    """A closing call: BILLmanager's function for it and the status that it leads to."""

    function: str
    status: int


_POSTS = {
    "suspend": Post("service.postsuspend", STATUS_SUSPENDED),
    "resume": Post("service.postresume", STATUS_ACTIVE),
    "close": Post("service.postclose", STATUS_CLOSED),
}


class StatRow(NamedTuple):
    """A row of BILLmanager's statistics."""

    item_id: int
    day: str
    addon: str
    value: str
    measure_id: int


def stat_row(item_id: int, day: date, used_bytes: int, disk: Disk) -> StatRow:
    """The row of a service for a day, in the measure of its add-on."""
    value = sizes.in_measure(used_bytes, disk.unit_bytes)
    return StatRow(item_id, day.isoformat(), disk.addon, value, disk.measure_id)


class Billing:
    """Reads BILLmanager's database, writes through mgrctl.

    Every method may raise DatabaseUnavailable, those that write CoreUnavailable and CoreRefused.
    """

    def __init__(self, host: Host, log: Logger, operation_id: Optional[int] = None) -> None:
        self._host = host
        self._log = log
        self._operation_id = operation_id

    @cached_property
    def mgrctl(self) -> Mgrctl:
        """The door for writing."""
        return Mgrctl(self._host.path("sbin", "mgrctl"), self._log)

    @cached_property
    def db(self) -> Database:
        """The database; its parameters stand in a file or are asked from the core (D.1)."""
        return Database(self._config, self._log)

    @cached_property
    def key(self) -> Key:
        """BILLmanager's private key (E)."""
        return Key(self._host.path(self._config.get("CryptKey") or "etc/billmgr.pem"))

    @cached_property
    def _config(self) -> Mapping[str, str]:
        config = self._host.config()
        if "DBName" not in config:
            self._log.debug("no database parameters in the files, asking paramlist")
            for node in self.mgrctl.call("paramlist").iter():
                if isinstance(node.tag, str) and node.text and node.text.strip():
                    config[node.tag] = node.text.strip()
        return config

    # -- services -----------------------------------------------------------------------------

    def item(self, item_id: int) -> Item:
        """The service with that id, with what is saved on it.

        Raises ItemNotFound where there is none or another module serves it, SecretBroken where
        what is saved on it does not decrypt.
        """
        row = self.db.row(_ITEM + " WHERE i.id = %s AND i.parent IS NULL", item_id)
        if row is None:
            raise errors.ItemNotFound(item_id)
        if row["module"] != MODULE:
            raise errors.ItemNotFound(f"{item_id} ({row['module'] or '-'})")
        return self._item(row, self._saved([item_id]).get(item_id, {}))

    def module_of(self, item_id: int) -> int:
        """The module of a service. Raises ItemNotFound."""
        row = self.db.row("SELECT processingmodule FROM item WHERE id = %s", item_id)
        if row is None or row["processingmodule"] is None:
            raise errors.ItemNotFound(item_id)
        return int(row["processingmodule"])

    def item_ids(self, module_id: int, after: int, count: int) -> List[int]:
        """The next services of a module that may own an account, in order of id, after `after`.

        At most `count`.
        """
        rows = self.db.rows(
            "SELECT id FROM item WHERE processingmodule = %s AND parent IS NULL AND status IN %s"
            " AND id > %s ORDER BY id LIMIT %s",
            module_id,
            _COUNTED,
            after,
            count,
        )
        return [row["id"] for row in rows]

    def items(self, module_id: int, item_ids: List[int]) -> List[Item]:
        """Those of the services that item_ids() would have, in order of id.

        Only what tells whose an account is was decrypted: the mark, or without one the password.
        What does not decrypt is logged and left out of the service, which then `is_broken`.
        """
        rows = self.db.rows(
            _ITEM + " WHERE i.processingmodule = %s AND i.parent IS NULL AND i.status IN %s"
            " AND i.id IN %s ORDER BY i.id",
            module_id,
            _COUNTED,
            _some(item_ids),
        )
        saved = self._saved([row["id"] for row in rows])
        return [self._item(row, saved.get(row["id"], {}), strict=False) for row in rows]

    def count_items(self, module_id: int) -> int:
        """How many services of a module may own an account."""
        row = self.db.row(
            "SELECT COUNT(*) AS services FROM item"
            " WHERE processingmodule = %s AND parent IS NULL AND status IN %s",
            module_id,
            _COUNTED,
        )
        return int(row["services"]) if row else 0

    def _saved(self, item_ids: List[int]) -> Dict[int, Dict[str, str]]:
        """What stands in both parameter tables; encrypted values under `crypted:<name>`."""
        wanted = (_some(item_ids), _SAVED_NAMES)
        rows = self.db.rows(
            "SELECT item, intname, value FROM itemparam WHERE item IN %s AND intname IN %s"
            " UNION ALL SELECT item, CONCAT('crypted:', intname), value FROM itemcryptedparam"
            " WHERE item IN %s AND intname IN %s",
            *wanted,
            *wanted,
        )
        saved: Dict[int, Dict[str, str]] = {}
        for row in rows:
            saved.setdefault(row["item"], {})[row["intname"]] = row["value"] or ""
        return saved

    def _item(self, row: Row, saved: Mapping[str, str], strict: bool = True) -> Item:
        password: Optional[Secret] = None
        own_mark: Optional[Mark] = None
        is_broken = False
        try:
            text = self.key.decrypt(saved.get("crypted:" + ITEM_MARK, "")).reveal()
            own_mark = mark.from_text(text)
            if text and own_mark is None:
                raise errors.SecretBroken(ITEM_MARK)
            if strict or own_mark is None:
                password = self._secret(saved, ITEM_PASSWORD)
        except errors.SecretBroken as error:
            if strict:
                raise
            is_broken = True
            self._log.warning("service %d: %s", row["id"], error)
        return Item(
            id=row["id"],
            itemtype=row["itemtype"],
            status=row["status"],
            account_id=row["account"],
            tariff_id=row["pricelist"],
            last_tariff_id=row["lastpricelist"],
            trial=row["period"] == TRIAL_PERIOD,
            module_id=row["processingmodule"],
            saved_login=saved.get(ITEM_LOGIN, ""),
            saved_password=password,
            saved_url=saved.get(ITEM_URL, ""),
            mark=own_mark,
            password_is_crypted=bool(saved.get("crypted:" + ITEM_PASSWORD)),
            is_broken=is_broken,
        )

    def _secret(self, saved: Mapping[str, str], name: str) -> Optional[Secret]:
        """A secret from the encrypted table, else the plain one of the predecessor, else None."""
        crypted = saved.get("crypted:" + name, "")
        if crypted:
            return self.key.decrypt(crypted)
        return Secret(saved[name]) if saved.get(name) else None

    # -- modules ------------------------------------------------------------------------------

    def module_params(self, module_id: int) -> Dict[str, str]:
        """The stored parameters of a module; encrypted ones under their name and "crypted:".

        Raises ModuleNotFound where there is no such module or it is another handler's.
        """
        rows = self.db.rows(
            "SELECT m.module, p.intname, p.value FROM processingmodule m"
            " LEFT JOIN processingparam p ON p.processingmodule = m.id WHERE m.id = %s"
            " UNION ALL SELECT m.module, CONCAT('crypted:', p.intname), p.value"
            " FROM processingmodule m JOIN processingcryptedparam p ON p.processingmodule = m.id"
            " WHERE m.id = %s",
            module_id,
            module_id,
        )
        if not rows or rows[0]["module"] != MODULE:
            raise errors.ModuleNotFound(module_id)
        return {row["intname"]: row["value"] or "" for row in rows if row["intname"]}

    def module_name(self, module_id: int) -> str:
        """The name that the administrator gave the module."""
        row = self.db.row("SELECT name FROM processingmodule WHERE id = %s", module_id)
        return row["name"] or "" if row else ""

    def server(self, module_id: int) -> Server:
        """The connection of a module.

        Raises ModuleNotFound, ModuleUnset where address or secret is missing or unusable,
        ModuleSecretBroken where the secret does not decrypt.
        """
        params = self.module_params(module_id)
        try:
            secret = self._secret(params, PARAM_SECRET)
            confirm_secret = self._secret(params, PARAM_CONFIRM)
        except errors.SecretBroken as error:
            raise errors.ModuleSecretBroken(f"module {module_id}: {error.value}") from error
        if not secret:
            raise errors.ModuleUnset(f"module {module_id}: {PARAM_SECRET}")
        try:
            base_url = address.clean(params.get(PARAM_BASE_URL, ""))
        except errors.BadArguments as error:
            raise errors.ModuleUnset(f"module {module_id}: {error}") from error
        if address.is_plain(base_url):
            self._log.warning("module %d speaks plain http: passwords pass in clear", module_id)
        if PARAM_SECRET in params and "crypted:" + PARAM_SECRET not in params:
            self._log.warning(
                "module %d: its password is stored in clear; save its form once", module_id
            )
        return Server(
            module_id=module_id,
            base_url=base_url,
            username=params.get(PARAM_USERNAME, "").strip(),
            secret=secret,
            verify_tls=params.get(PARAM_VERIFY, "").strip() != "off",
            timeout_s=read_timeout_s(params.get(PARAM_TIMEOUT, "")),
            confirm_secret=confirm_secret or Secret(""),
        )

    # -- writing ------------------------------------------------------------------------------

    def save(self, item_id: int, values: Mapping[str, object]) -> None:
        """Saves parameters on a service, Secrets encrypted, and reads back that they are there.

        Values that are there already are left alone. Raises NotSaved.
        """
        missing = self._unsaved(item_id, values)
        for name, value in missing.items():
            crypted = "on" if isinstance(value, Secret) else "off"
            self.mgrctl.call(
                "service.saveparam", sok="ok", elid=item_id, name=name, value=value, crypted=crypted
            )
        if not missing:
            return
        # Older cores are seen to take only the form <name>=<value> (protocol notes, I).
        missing = self._unsaved(item_id, missing)
        for name, value in missing.items():
            crypted = "on" if isinstance(value, Secret) else "off"
            params: Dict[str, Any] = {"sok": "ok", "elid": item_id, name: value, "crypted": crypted}
            self.mgrctl.call("service.saveparam", **params)
        if missing and self._unsaved(item_id, missing):
            raise errors.NotSaved(", ".join(missing))

    def _unsaved(self, item_id: int, values: Mapping[str, object]) -> Dict[str, object]:
        saved = self._saved([item_id]).get(item_id, {})
        unsaved = {}
        for name, value in values.items():
            if isinstance(value, Secret):
                crypted = saved.get("crypted:" + name, "")
                there = bool(crypted) and self._decrypts_to(crypted, value)
            else:
                there = saved.get(name) == str(value)
            if not there:
                unsaved[name] = value
        return unsaved

    def _decrypts_to(self, crypted: str, value: Secret) -> bool:
        try:
            return self.key.decrypt(crypted) == value
        except errors.SecretBroken:
            return False

    def save_mark(self, own_mark: Mark) -> None:
        """Writes the module's own mark on the service, before anything is made in the cloud."""
        self.save(own_mark.item_id, {ITEM_MARK: Secret(mark.to_text(own_mark))})
        self._log.info("marked as owner of %s", own_mark.login)

    def drop_mark(self, item_id: int) -> None:
        """Takes the mark off again: what it announced was refused and will never be."""
        self.mgrctl.call("service.dropparam", sok="ok", elid=item_id, name=ITEM_MARK)

    def save_login(self, item_id: int, login: str, password: Secret, base_url: str) -> None:
        """Saves what the customer sees: login, password, address."""
        # The password comes last: ownership takes it for the sign that all was as ordered.
        self.save(item_id, {ITEM_LOGIN: login, ITEM_URL: base_url, ITEM_PASSWORD: password})

    # -- closing calls ------------------------------------------------------------------------

    def status(self, item_id: int) -> Optional[int]:
        """The status of a service as it is now, or None where it is gone."""
        row = self.db.row("SELECT status FROM item WHERE id = %s", item_id)
        return None if row is None else row["status"]

    def post(self, item: Item, action: str) -> None:
        """Tells BILLmanager that `suspend`, `resume` or `close` is done."""
        post = _POSTS[action]
        status = self._post(item.id, post)
        if status not in (post.status, None):
            self._log.warning("%s was taken, but the status is %s", post.function, status)

    def post_open(self, item: Item) -> None:
        """Tells BILLmanager that the service is open. Raises NotPosted where it is not.

        The function is `<item type>.open`; where the core has none, `service.postopen` (I).
        """
        post = Post(f"{item.itemtype}.open", STATUS_ACTIVE)
        try:
            status = self._post(item.id, post)
        except errors.CoreRefused as error:
            if error.error_type != "missed":
                raise
            post = Post("service.postopen", STATUS_ACTIVE)
            status = self._post(item.id, post)
        if status != post.status:
            raise errors.NotPosted(f"{post.function}: status {status}, not {post.status}")

    def post_set_param(self, item: Item) -> None:
        """Tells BILLmanager that the parameters are applied."""
        self.mgrctl.call("service.postsetparam", sok="ok", elid=item.id)
        self._log.info("service.postsetparam done")

    def roll_back_tariff(self, item: Item) -> None:
        """Puts the service back on the tariff that it had before the change."""
        self.mgrctl.call("service.changepricelist.rollback", sok="ok", elid=item.id)
        self._log.warning("the change of tariff was taken back")

    def _post(self, item_id: int, post: Post) -> Optional[int]:
        """Makes a closing call, unless an earlier run did, and returns the status after it.

        A call whose answer is lost is looked up: the status tells whether it took effect.
        """
        if self.status(item_id) == post.status and not self.operation_waits():
            self._log.info("%s is already done", post.function)
            return post.status
        try:
            self.mgrctl.call(post.function, sok="ok", elid=item_id)
        except errors.CoreUnavailable:
            if self.status(item_id) != post.status:
                raise
        self._log.info("%s done", post.function)
        return self.status(item_id)

    def operation_waits(self) -> bool:
        """Whether the operation that this run serves still stands in BILLmanager's queue."""
        return self.operation_tries() is not None

    def operation_tries(self) -> Optional[int]:
        """How often BILLmanager has tried this run's operation; None where there is none."""
        if self._operation_id is None:
            return None
        row = self.db.row("SELECT trycount FROM runningoperation WHERE id = %s", self._operation_id)
        return None if row is None else int(row["trycount"] or 0)

    def operation_has_task(self) -> bool:
        """Whether staff has a task of this run's operation that is not closed (status 2)."""
        return bool(
            self.db.row(
                "SELECT 1 FROM task WHERE runningoperation = %s AND IFNULL(status, 0) <> 2",
                self._operation_id,
            )
        )

    def write_stat(self, rows: Sequence[StatRow]) -> None:
        """Writes statistics; a row of the day is replaced.

        This is the one thing that is written past mgrctl: the core has no call for it (G).
        """
        self.db.write_many(_WRITE_STAT, rows)

    def post_stat(self, module_id: int, day: str) -> None:
        """Tells BILLmanager that the statistics of a module for a day (YYYY-MM-DD) are whole."""
        self.mgrctl.call("service.poststat", elid=module_id, date=day)


def _some(values: Sequence[object]) -> Sequence[object]:
    """The values for an IN (...); NULL, which matches nothing, where there are none."""
    return values or (None,)


def read_timeout_s(text: str) -> float:
    """The module's time limit for one answer; a missing or useless one is the default."""
    try:
        return float(min(max(int(text), MIN_TIMEOUT_S), MAX_TIMEOUT_S))
    except ValueError:
        return float(DEFAULT_TIMEOUT_S)
