"""Whether BILLmanager is there for the module: database, core, key, what the product needs."""

from typing import Dict, Iterator, List

from utils.base import errors
from utils.billing.database import Row
from utils.consts import DISK_ADDONS, ITEM_TYPES, MODULE, MODULE_PARAMS
from utils.doctor.findings import Check, Finding, advice, fault, well
from utils.run.context import Context

COLUMNS: Dict[str, str] = {
    "account": "id, name",
    "item": "id, parent, account, pricelist, lastpricelist, processingmodule, period, status,"
    " intvalue, addonlimit, addonmax, addonmaxtrial",
    "itemcryptedparam": "item, intname, value",
    "itemparam": "item, intname, value",
    "itemstat": "item, statdate, param, value, measure",
    "itemtype": "id, intname, parent",
    "measure": "id, intname, relation, lessmeasure",
    "pricelist": "id, parent, intname, itemtype, active, billtype, addontype, measure, compound,"
    " addonlimit, addonmax, addonmaxtrial",
    "pricelistparam": "pricelist, intname, value",
    "processingcryptedparam": "processingmodule, intname, value",
    "processingmodule": "id, name, module, active",
    "processingmodule2pricelist": "processingmodule, pricelist",
    "processingparam": "processingmodule, intname, value",
    "runningoperation": "id, item, trycount",
    "task": "runningoperation, status",
    "user": "id, account, email",
}
"""What the program reads (protocol notes, D.2)."""

SHOWN = 10
"""So many numbers are named, of more there is only the count."""


def database(ctx: Context) -> Iterator[Finding]:
    """Whether it answers."""
    row = ctx.billing.db.row("SELECT VERSION() AS version")
    yield well(row["version"] if row else "")


def tables(ctx: Context) -> Iterator[Finding]:
    """Whether what the program reads may be read."""
    unreadable = []
    for table, columns in COLUMNS.items():
        try:
            ctx.billing.db.rows(f"SELECT {columns} FROM {table} LIMIT 0")  # noqa: S608  our own
        except errors.DatabaseUnavailable as error:
            unreadable.append(f"{table}: {error.value}")
    for words in unreadable:
        yield fault("table_unreadable", words)
    if not unreadable:
        yield well(len(COLUMNS))


def core(ctx: Context) -> Iterator[Finding]:
    """Whether mgrctl answers."""
    ctx.billing.mgrctl.call("paramlist")
    yield well()


def key(ctx: Context) -> Iterator[Finding]:
    """The key by which secrets are decrypted. The modules' own secrets show whether it fits."""
    yield well(ctx.billing.key.installation())


def product_type(ctx: Context) -> Iterator[Finding]:
    """Whether there is a type of product that this module serves, and its add-on for space."""
    types = ctx.billing.db.rows(
        "SELECT id, intname FROM itemtype WHERE parent IS NULL AND intname IN %s", ITEM_TYPES
    )
    if not types:
        yield fault("type_missing", ", ".join(ITEM_TYPES))
        return
    addons = ctx.billing.db.rows(
        "SELECT intname FROM itemtype WHERE parent IN %s AND intname IN %s",
        [row["id"] for row in types],
        DISK_ADDONS,
    )
    names = ", ".join(row["intname"] for row in types)
    yield well(names) if addons else advice("type_without_disk", names)


def modules(ctx: Context) -> Iterator[Finding]:
    """The processing modules of this kind. Raises ModuleNotFound where the call names no such."""
    rows = module_rows(ctx)
    if not rows and ctx.call.module is not None:
        raise errors.ModuleNotFound(ctx.call.module)
    yield well(_numbers(rows)) if rows else advice("no_module")


def module_rows(ctx: Context) -> List[Row]:
    """The modules of the call: id, name, active."""
    return ctx.billing.db.rows(
        "SELECT id, name, active FROM processingmodule"
        " WHERE module = %s AND id = IFNULL(%s, id) ORDER BY id",
        MODULE,
        ctx.call.module,
    )


def forms_known(ctx: Context) -> Iterator[Finding]:
    """Whether BILLmanager has read our forms: its form of a module shows our fields then.

    What the core answers is held for that look only: the secrets are in it (protocol notes, D.5).
    """
    rows = module_rows(ctx)
    if not rows:
        yield well()
        return
    try:
        form = ctx.billing.mgrctl.call("processing.edit", elid=rows[0]["id"])
    except errors.CoreRefused as error:
        yield advice(error.code, error.value)  # which may have another reason
        return
    known = any(form.find(f".//{name}") is not None for name in MODULE_PARAMS)
    yield well() if known else advice("forms_unknown", rows[0]["id"])


def operations(ctx: Context) -> Iterator[Finding]:
    """Operations that were given up and wait for staff."""
    if not ctx.billing.db.has_column("runningoperation", "manual"):
        yield well()
        return
    rows = ctx.billing.db.rows(
        "SELECT o.id FROM runningoperation o JOIN item i ON i.id = o.item"
        " JOIN processingmodule m ON m.id = i.processingmodule"
        " WHERE m.module = %s AND m.id = IFNULL(%s, m.id) AND o.manual = 'on' ORDER BY o.id",
        MODULE,
        ctx.call.module,
    )
    yield fault("operations_stopped", _numbers(rows)) if rows else well()


def _numbers(rows: List[Row]) -> str:
    return numbers([row["id"] for row in rows])


def numbers(ids: List[int]) -> str:
    """The first of the numbers, and how many there are where not all are shown."""
    shown = ", ".join(map(str, ids[:SHOWN]))
    return shown if len(ids) <= SHOWN else f"{shown} ... ({len(ids)})"


CHECKS = (
    Check("database", database),
    Check("tables", tables, ("database",)),
    Check("core", core),
    Check("key", key),
    Check("product_type", product_type, ("tables",)),
    Check("modules", modules, ("tables",)),
    Check("forms_known", forms_known, ("core", "modules")),
    Check("operations", operations, ("tables",)),
)
