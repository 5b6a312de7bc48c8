"""The core of a stand: the functions of BILLmanager that a module calls, with their effects.

It refuses what the real one would refuse. A refusal is an error document (`Refused`); what
nobody has seen is decided here as the strictest reading of what is known.
"""

import datetime
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple
from xml.etree import ElementTree

from .answers import Refused, document
from .business import ACTIVE, DELETED, ORDERED, PROCESSING, SUSPENDED, Business
from .calls import RELOAD
from .payments import Payments

Arguments = Dict[str, str]
Answer = ElementTree.Element

ALIVE = (ACTIVE, SUSPENDED, PROCESSING)
# Arguments that steer a call and are no parameters of the item.
STEERING = ("elid", "sok", "crypted", "lang", "userid", "func")


class Post(NamedTuple):
    """A call that ends an operation: in which status it is taken, and what it makes of the item."""

    taken_in: Tuple[int, ...]
    changes: str


# Suspended for some reason stays suspended when other things about the service change.
SETTLED = (
    "status = IF(autosuspend = 'on' OR employeesuspend = 'on' OR abusesuspend = 'on',"
    f" {SUSPENDED}, {ACTIVE})"
)
OPENED = Post(
    (ORDERED, ACTIVE, PROCESSING),
    f"status = {ACTIVE}, opendate = IFNULL(opendate, CURRENT_DATE)",
)
POSTS = {
    # The request to open was accepted; the service is opened by its type's function later.
    "service.postopen": Post((ORDERED, ACTIVE, PROCESSING), "status = status"),
    "service.postclose": Post((ORDERED, DELETED, *ALIVE), f"status = {DELETED}"),
    "service.postsuspend": Post(
        ALIVE,
        "autosuspend = IF(employeesuspend = 'on' OR abusesuspend = 'on', autosuspend, 'on'),"
        f" status = {SUSPENDED}, suspenddate = IFNULL(suspenddate, CURRENT_DATE)",
    ),
    "service.postresume": Post(
        ALIVE,
        f"status = {ACTIVE}, suspenddate = NULL, autosuspend = NULL, employeesuspend = NULL,"
        " abusesuspend = NULL",
    ),
    "service.postsetparam": Post(ALIVE, f"lastpricelist = NULL, {SETTLED}"),
    "service.postprolong": Post(ALIVE, SETTLED),
    "service.postchangepassword": Post(ALIVE, SETTLED),
}


class Core:
    """Answers calls out of the stand's billing data and changes them.

    `hidden` are functions that this core does not know (an older or newer BILLmanager);
    `saveparam_form` says which arguments of service.saveparam it reads: "name" (name=, value=),
    "pairs" (<name>=<value>) or "both"; without `knows_forms` it has not read the modules' XML, and
    its form of a module has no fields of the module's own.
    """

    def __init__(self, business: Business, settings: Dict[str, str]) -> None:
        """`settings` is what paramlist tells."""
        self.business = business
        self.settings = settings
        self.hidden: Set[str] = set()
        self.saveparam_form = "both"
        self.knows_forms = True
        self.payments = Payments(business)
        self._functions: Dict[str, Callable[[Arguments], Answer]] = {
            RELOAD: lambda _args: document(),
            "paramlist": self._paramlist,
            "service.saveparam": self._saveparam,
            "service.dropparam": self._dropparam,
            "service.changepricelist.rollback": self._rollback,
            "service.poststat": self._poststat,
            "runningoperation.edit": self._runningoperation_edit,
            "runningoperation.setmanual": self._setmanual,
            "task.gettype": self._task_gettype,
            "task.edit": self._task_edit,
            "task.simple.create": self._task_create,
            "task.delete": self._task_delete,
            "notification.edit": self._notification_edit,
            "processing.edit": self._processing_edit,
            "problems.register": self._problems_register,
            **self.payments.functions(),
            **{function: self._post(post) for function, post in POSTS.items()},
        }

    def answer(self, function: str, args: Arguments) -> Answer:
        """Do what `function` does, as one transaction; raises Refused."""
        with self.business.database.transaction():
            return self._find(function)(args)

    def describe(self, function: str) -> str:
        """What mgrctl -i says of a function; nobody has seen the real words. Raises Refused."""
        self._find(function)
        return f"{function}\n  elid\n  sok\n"

    def _find(self, function: str) -> Callable[[Arguments], Answer]:
        owner, _, action = function.rpartition(".")
        known = self._functions.get(function)
        if known is None and action == "open" and self._is_itemtype(owner):
            known = self._post(OPENED, owner)
        if known is None or function in self.hidden:
            raise Refused("missed", "function", function)
        return known

    def _is_itemtype(self, intname: str) -> bool:
        return bool(
            self.business.sql(
                "SELECT id FROM itemtype WHERE intname = %s AND parent IS NULL",
                intname,
            )
        )

    # -- services ------------------------------------------------------------------------------

    def _post(self, post: Post, itemtype: Optional[str] = None) -> Callable[[Arguments], Answer]:
        """The function for a post call; with `itemtype` only for services of that type."""

        def run(args: Arguments) -> Answer:
            _need_sok(args)
            item = self._item(args)
            if itemtype is not None and item["type_name"] != itemtype:
                raise Refused("value", "elid", args["elid"])
            if item["status"] not in post.taken_in:
                raise Refused("value", "status", str(item["status"]))
            self.business.sql(
                f"UPDATE item SET {post.changes} WHERE id = %s",
                item["id"],
            )
            self.business.sql("DELETE FROM runningoperation WHERE item = %s", item["id"])
            return document()

        return run

    def _saveparam(self, args: Arguments) -> Answer:
        _need_sok(args)
        item = self._item(args)["id"]
        if self.saveparam_form != "pairs" and "name" in args:
            pairs = [(args["name"], args.get("value", ""))]
        elif self.saveparam_form == "name":
            raise Refused("missed", "name")
        else:
            pairs = [(name, value) for name, value in args.items() if name not in STEERING]
        crypted = args.get("crypted", "off")
        if crypted not in ("on", "off"):
            raise Refused("value", "crypted", crypted)
        for name, value in pairs:
            if not re.fullmatch(r"\w{1,64}", name):
                raise Refused("value", "name", name)
            if not value:
                self.business.drop_param(item, name)  # no value is the SDK's way to drop it
                continue
            try:
                self.business.save_param(item, name, value, crypted=crypted == "on")
            except ValueError as error:
                raise Refused("value", "value", "too long to be encrypted") from error
        return document()

    def _dropparam(self, args: Arguments) -> Answer:
        _need_sok(args)
        item = self._item(args)["id"]
        self.business.drop_param(item, _need(args, "name"))
        return document()

    def _rollback(self, args: Arguments) -> Answer:
        """Put the item back on its old tariff; the operation stays for the error to be saved."""
        _need_sok(args)
        item = self._item(args)
        if item["lastpricelist"] is None:
            raise Refused("missed", "lastpricelist", str(item["id"]))
        self.business.sql(
            "UPDATE item SET pricelist = lastpricelist, lastpricelist = NULL WHERE id = %s",
            item["id"],
        )
        return document()

    def _poststat(self, args: Arguments) -> Answer:
        self._row("processingmodule", args)
        date = _need(args, "date")
        try:
            parsed = datetime.datetime.strptime(date, "%Y-%m-%d").date()
        except ValueError as error:
            raise Refused("value", "date", date) from error
        if parsed.isoformat() != date:
            raise Refused("value", "date", date)
        return document()

    # -- operations, tasks, problems -----------------------------------------------------------

    def _runningoperation_edit(self, args: Arguments) -> Answer:
        _need_sok(args)
        operation = self._row("runningoperation", args)["id"]
        if "errorxml" in args:
            self.business.sql(
                "UPDATE runningoperation SET errorxml = %s WHERE id = %s",
                args["errorxml"],
                operation,
            )
        if "manual" in args:
            self._set_manual(operation, args["manual"])
        return document()

    def _setmanual(self, args: Arguments) -> Answer:
        self._set_manual(self._row("runningoperation", args)["id"], "on")
        return document()

    def _set_manual(self, operation: int, manual: str) -> None:
        if manual not in ("on", "off"):
            raise Refused("value", "manual", manual)
        self.business.sql(
            "UPDATE runningoperation SET manual = %s WHERE id = %s",
            "on" if manual == "on" else None,
            operation,
        )

    def _task_gettype(self, args: Arguments) -> Answer:
        rows = self.business.sql(
            "SELECT id FROM tasktype WHERE intname = %s",
            _need(args, "operation"),
        )
        return document(task_type=rows[0]["id"]) if rows else document()

    def _task_edit(self, args: Arguments) -> Answer:
        _need_sok(args)
        task = self.business.database.insert(
            "task",
            item=self._row("item", args, "item")["id"],
            runningoperation=self._row("runningoperation", args, "runningoperation")["id"],
            type=self._row("tasktype", args, "type")["id"],
            params=args.get("params"),
        )
        return document(id=task)

    def _task_create(self, args: Arguments) -> Answer:
        """A task of no operation, for a department."""
        _need_sok(args)
        self.business.database.insert(
            "task",
            department=_number(args, "elid"),
            specification=_need(args, "specification"),
        )
        return document()

    def _task_delete(self, args: Arguments) -> Answer:
        task = self._row("task", args)["id"]
        self.business.sql("DELETE FROM task WHERE id = %s", task)
        return document()

    def _notification_edit(self, args: Arguments) -> Answer:
        """A notification for one user; its answer says nothing of it."""
        _need_sok(args)
        self.business.database.insert(
            self.business.notices_table,
            user=self._row("user", args, "user")["id"],
            subject=_need(args, "subject"),
            message=_need(args, "message"),
        )
        return document()

    def _processing_edit(self, args: Arguments) -> Answer:
        """The form of a module in clear (docs/en/protocol.md, "Form of a stored module")."""
        if args.get("sok") == "ok":
            raise Refused("access", "processing.edit")
        module = self._row("processingmodule", args)
        try:
            own = self.business.module_params(module["id"]) if self.knows_forms else {}
        except ValueError as error:
            raise Refused("value", "crypted", "of another key") from error
        return document(
            elid=module["id"],
            id=module["id"],
            name=module["name"],
            module=module["module"],
            **own,
        )

    def _problems_register(self, args: Arguments) -> Answer:
        _need_sok(args)
        if args.get("level") not in ("error", "warning", "info"):
            raise Refused("value", "level", args.get("level", ""))
        module = self._row("processingmodule", args, "id")["id"]
        params = "\n".join(
            f"{name}={value}" for name, value in sorted(args.items()) if name.startswith("param_")
        )
        self.business.database.insert(
            "problems",
            name=_need(args, "name"),
            elid=module,
            level=args["level"],
            params=params,
        )
        return document()

    def _paramlist(self, args: Arguments) -> Answer:
        answer = document()
        for name, value in self.settings.items():
            if args.get("elid", name) == name:
                element = ElementTree.SubElement(answer, "elem")
                ElementTree.SubElement(element, name).text = value
        return answer

    # -- arguments -----------------------------------------------------------------------------

    def _item(self, args: Arguments) -> Dict[str, Any]:
        """The service that elid names, with `type_name`; add-on rows are no services."""
        number = _number(args, "elid")
        self.business.sql("SELECT id FROM item WHERE id = %s FOR UPDATE", number)
        rows = self.business.sql(
            "SELECT i.*, t.intname AS type_name FROM item i"
            " JOIN pricelist p ON p.id = i.pricelist JOIN itemtype t ON t.id = p.itemtype"
            " WHERE i.id = %s AND i.parent IS NULL",
            number,
        )
        return _only(rows, "item", args["elid"])

    def _row(self, table: str, args: Arguments, name: str = "elid") -> Dict[str, Any]:
        rows = self.business.sql(
            f"SELECT * FROM {table} WHERE id = %s",
            _number(args, name),
        )
        return _only(rows, table, args[name])


def _only(rows: List[Dict[str, Any]], table: str, value: str) -> Dict[str, Any]:
    if not rows:
        raise Refused("missed", table, value)
    return rows[0]


def _need(args: Arguments, name: str) -> str:
    """An argument that must be there and not be empty; raises Refused."""
    value = args.get(name, "")
    if not value:
        raise Refused("missed", name)
    return value


def _need_sok(args: Arguments) -> None:
    """Without sok=ok a form is only shown and nothing is saved: no caller can mean that."""
    if _need(args, "sok") != "ok":
        raise Refused("value", "sok", args["sok"])


def _number(args: Arguments, name: str) -> int:
    value = _need(args, name)
    if not re.fullmatch(r"[1-9][0-9]{0,9}", value, re.ASCII):
        raise Refused("value", name, value)
    return int(value)
