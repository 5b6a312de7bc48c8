"""What this BILLmanager is like, as one JSON document that a provider may send to the developers.

All of it is read or asked in a way that changes nothing. What each part holds is explained word by
word in docs/en/facts.md. Nothing of a customer is in it: no secret, no address; no tariff's name.
"""

import json
import os
import re
import sys
from datetime import datetime
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple

from utils.base import errors
from utils.billing.facts import HIDDEN
from utils.census.days import ASKED, NO_DAY
from utils.consts import MODULE, VERSION
from utils.host import budget, limits, root
from utils.run.context import Context

FORMAT = 1
"""The number of this form of the document."""

PART_S = 120
"""The longest time of one part."""

LOG_BYTES = 20 * 1024**2
"""As much of the end of the log is read: some weeks of a large provider."""

SHOWN = 50
"""Of repeated operations and of runs so many are told, the latest."""

_HANDLER = re.compile(r"pm[a-z0-9_]{1,40}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_VERSION = re.compile(r"[0-9]+([.][0-9]+)+([-~+][A-Za-z0-9.]+)?", re.ASCII)
_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d+ \[(?P<pid>\d+)\] [A-Z]+"
    r" (?P<command>[a-z_]+) (?P<item>\d+|-) (?P<text>.*)",
    re.ASCII,
)
_FAILED = "failed: "
_DAY = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?", re.ASCII)


class Run(NamedTuple):
    """A run of the program as its log shows it.

    `day` is the one that `stat` was asked for; None where an older version has not logged it.
    """

    at: datetime
    command: str
    item: str
    error: str
    day: Optional[str] = None


def document(ctx: Context) -> bytes:
    """The document. A part that cannot be read has the code of the error in its place."""
    return json.dumps(collect(ctx), ensure_ascii=True, indent=1).encode() + b"\n"


def collect(ctx: Context) -> Dict[str, Any]:
    """All parts by their names."""
    return {"facts": FORMAT, **{name: _part(read, ctx) for name, read in PARTS.items()}}


def _part(read: Callable[[Context], Any], ctx: Context) -> Any:
    try:
        return budget.within(PART_S, lambda: read(ctx))
    except errors.PmError as error:
        return {"unread": error.code}  # its words may name somebody
    except budget.Spent:
        return {"unread": errors.OutOfTime.code}
    except Exception as error:
        if limits.is_want(error):
            return {"unread": errors.OutOfMemory.code}
        ctx.log.exception("facts")
        return {"unread": type(error).__name__}


def _versions(ctx: Context) -> Dict[str, Optional[str]]:
    core = ctx.billing.facts.said([ctx.host.path(root.CORE), "billmgr", "-V"])
    return {
        MODULE: VERSION,
        "python": "{}.{}.{}".format(*sys.version_info),
        "database": _plain_version(ctx.billing.database_version()),
        "billmanager": _plain_version(core or ""),
    }


def _plain_version(text: str) -> Optional[str]:
    found = _VERSION.search(text)
    return found[0] if found else None


def _functions(ctx: Context) -> Dict[str, Any]:
    ctx.billing.ask_core()  # of one that is away nothing is to be said
    return {name: told._asdict() for name, told in ctx.billing.facts.functions().items()}


def _handlers(ctx: Context) -> Dict[str, Any]:
    """What the modules beside ours announce. BILLmanager asks them so at each of its starts."""
    folder, said = ctx.host.path(os.path.dirname(root.HANDLER)), ctx.billing.facts.said
    names = sorted(name for name in os.listdir(folder) if _HANDLER.fullmatch(name))
    return {
        name: _announced(said([os.path.join(folder, name), "--command", "features"]))
        for name in names
        if name != MODULE
    }


def _announced(text: Optional[str]) -> Optional[Dict[str, List[str]]]:
    """The wire names in a features document, or None where it is none."""
    from utils.base import xml

    try:
        answer = xml.parse((text or "").encode())
    except ValueError:
        return None
    return {
        tag: sorted({node.get("name", "") for node in answer.iter(tag) if _is_name(node)})
        for tag in ("feature", "itemtype")
    }


def _is_name(node: Any) -> bool:
    return bool(_NAME.fullmatch(node.get("name", "")))


def _statistics(ctx: Context) -> Dict[str, Any]:
    runs = [one for one in _runs(ctx) if one.command == "stat"]
    return {
        "runs": [
            {"at": str(one.at), "error": one.error, "asked_for": one.day} for one in runs[-SHOWN:]
        ],
        "days": ctx.billing.facts.days(),
        "last_days": ctx.billing.facts.last_days(),
    }


def _repeats(ctx: Context) -> List[Dict[str, Any]]:
    """How often and after which pauses BILLmanager repeated what had failed."""
    groups: Dict[Tuple[str, str], List[Run]] = {}
    found: List[Dict[str, Any]] = []
    for one in _runs(ctx):
        if one.item == "-":
            continue
        group = groups.setdefault((one.command, one.item), [])
        group.append(one)
        if not one.error:
            found += _repeated(groups.pop((one.command, one.item)))
    for group in groups.values():
        found += _repeated(group)
    return found[-SHOWN:]


def _repeated(group: List[Run]) -> List[Dict[str, Any]]:
    if len(group) < 2:
        return []
    pauses = [int((after.at - one.at).total_seconds()) for one, after in zip(group, group[1:])]
    codes = [one.error for one in group]
    return [{"command": group[0].command, "errors": codes, "pauses_s": pauses}]


def _runs(ctx: Context) -> List[Run]:
    """The runs in our log, in the order of their beginnings."""
    ended: List[Run] = []
    found: Dict[Tuple[str, str, str], Run] = {}
    for line in _lines(ctx):
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        key = (match["pid"], match["command"], match["item"])
        at = datetime.strptime(match["at"], "%Y-%m-%d %H:%M:%S")
        one = found.get(key)
        if one is None or (at - one.at).total_seconds() > ctx.settings.stat_budget_s:
            ended += [one] if one else []  # the number of the process came again
            one = Run(at, match["command"], match["item"], "")
        if match["text"].startswith(_FAILED):
            code = match["text"][len(_FAILED) :].partition(":")[0]
            one = one._replace(error=code if _NAME.fullmatch(code) else "")
        if match["text"].startswith(ASKED):
            one = one._replace(day=_plain_day(match["text"][len(ASKED) :]))
        found[key] = one
    return sorted([*ended, *found.values()], key=lambda one: one[:3])


def _plain_day(text: str) -> str:
    """The day as the call named it, where it is one."""
    return text if text == NO_DAY or _DAY.fullmatch(text) else HIDDEN


def _lines(ctx: Context) -> Iterator[str]:
    path = ctx.settings.log_file or ctx.host.path(root.LOG)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(size - LOG_BYTES, 0))
            for line in file:
                yield line.decode("utf-8", "replace").rstrip("\n")
    except FileNotFoundError:
        return


def _save_form(ctx: Context) -> Dict[str, Any]:
    """Which form of service.saveparam works here, as what is saved shows."""
    saved = ctx.billing.facts.saved()
    names = {name for table in saved.values() for name in table}
    form = None
    if names - {"name", "value"}:
        form = "<name>=<value>" if names & {"name", "value"} else "name= value="
    return {"form": form, "saved": saved}


PARTS: Dict[str, Callable[[Context], Any]] = {
    "versions": _versions,
    "columns": lambda ctx: ctx.billing.facts.columns(),
    "measures": lambda ctx: ctx.billing.facts.rows("measures"),
    "product_types": lambda ctx: ctx.billing.facts.rows("product_types"),
    "rules": lambda ctx: ctx.billing.facts.rows("rules"),
    "parameters": lambda ctx: ctx.billing.facts.rows("parameters"),
    "addons": lambda ctx: ctx.billing.facts.rows("addons"),
    "functions": _functions,
    "saveparam": _save_form,
    "handlers": _handlers,
    "statistics": _statistics,
    "repeats": _repeats,
}
"""The parts of the document, in their order."""
