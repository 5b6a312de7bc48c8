"""Whether BILLmanager is there for the module: database, core, key, what the product needs."""

from typing import Iterator, List

from utils.base import errors
from utils.billing.modules import StoredModule
from utils.billing.needs import TABLES, WRITTEN
from utils.billing.tariffs import TypeParam
from utils.consts import ITEM_LOGIN, ITEM_PASSWORD, ITEM_TYPES, ITEM_URL
from utils.doctor import findings
from utils.doctor.findings import Check, Finding, advice, fault, well
from utils.run.context import Context

SEEN = (ITEM_LOGIN, ITEM_PASSWORD, ITEM_URL)
"""What a client is to see in the form of his service."""

SHOWN = 10
"""How many numbers are named: a line of them. Of the others there is only the count."""


def database(ctx: Context) -> Iterator[Finding]:
    """Whether it answers."""
    yield well(ctx.billing.database_version())


def tables(ctx: Context) -> Iterator[Finding]:
    """Whether what the program reads may be read."""
    unreadable = ctx.billing.unreadable_tables()
    for table, words in unreadable.items():
        yield fault("table_unreadable", f"{table}: {words}")
    if not unreadable:
        yield well(len({**TABLES, **WRITTEN}))


def core(ctx: Context) -> Iterator[Finding]:
    """Whether mgrctl answers."""
    ctx.billing.ask_core()
    yield well()


def key(ctx: Context) -> Iterator[Finding]:
    """The key by which secrets are decrypted. The modules' own secrets show whether it fits."""
    yield well(ctx.billing.key_digest())


def product_type(ctx: Context) -> Iterator[Finding]:
    """Whether there is a type of product that this module serves, and its add-on for space."""
    names = ", ".join(ctx.billing.tariffs.product_types())
    if not names:
        yield fault("type_missing", ", ".join(ITEM_TYPES))
    elif ctx.billing.tariffs.sells_space():
        yield well(names)
    else:
        yield advice("type_without_disk", names)


def type_params(ctx: Context) -> Iterator[Finding]:
    """Whether the form of a service shows its client login, password and address.

    BILLmanager stores them in any case; which it shows, the parameters of the type decide.
    """
    params = ctx.billing.tariffs.type_params() or {}
    found = [finding for name, of_type in params.items() for finding in _unseen(name, of_type)]
    yield from found or [well(", ".join(params))]


def _unseen(type_name: str, params: List[TypeParam]) -> Iterator[Finding]:
    """What clients do not see of a service of that type, or see in clear in the database."""
    stored = {param.name: param for param in params}
    missing = [name for name in SEEN if name not in stored]
    hidden = [name for name in SEEN if name in stored and not stored[name].is_seen]
    if missing:
        yield advice("params_missing", ", ".join(missing), type_name)
    if hidden:
        yield advice("params_hidden", ", ".join(hidden), type_name)
    if ITEM_PASSWORD in stored and not stored[ITEM_PASSWORD].is_crypted:
        yield advice("param_in_clear", ITEM_PASSWORD, type_name)


def modules(ctx: Context) -> Iterator[Finding]:
    """The processing modules of this kind. Raises ModuleNotFound where the call names no such."""
    found = [one.id for one in stored_modules(ctx)]
    if not found and ctx.call.module is not None:
        raise errors.ModuleNotFound(ctx.call.module)
    yield well(numbers(found)) if found else advice("no_module")


def stored_modules(ctx: Context) -> List[StoredModule]:
    """The modules that the call is about."""
    return ctx.billing.modules.stored(ctx.call.module)


def forms_known(ctx: Context) -> Iterator[Finding]:
    """Whether BILLmanager has read our forms: its form of a module shows our fields then."""
    found = stored_modules(ctx)
    try:
        is_known = not found or ctx.billing.modules.shows_fields(found[0].id)
    except errors.CoreRefused as error:
        yield advice(error.code, error.value)  # which may have another reason
        return
    yield well() if is_known else advice("forms_unknown", found[0].id)


def operations(ctx: Context) -> Iterator[Finding]:
    """Operations that were given up and wait for staff."""
    stopped = ctx.billing.operations.stopped(ctx.call.module)
    yield fault("operations_stopped", numbers(stopped)) if stopped else well()


def numbers(ids: List[int]) -> str:
    """The first of the numbers, and how many there are where not all are shown."""
    shown = ", ".join(map(str, ids[:SHOWN]))
    return shown if len(ids) <= SHOWN else f"{shown} ... ({len(ids)})"


CHECKS = (
    Check("database", database),
    Check(findings.TABLES, tables, ("database",)),
    Check("core", core),
    Check("key", key),
    Check("product_type", product_type, ("database",)),
    Check("type_params", type_params, ("database",)),
    Check("modules", modules, ("database",)),
    Check("forms_known", forms_known, ("core", "modules")),
    Check("operations", operations, ("database",)),
)
