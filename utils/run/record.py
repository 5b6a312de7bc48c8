"""The record of a run in the history: what it was asked for, what it did, how it ended.

It is written in two lines of the same number: one before anything is done, so that a run that was
killed is not missing, and one after the answer was given, which has all of it. Whatever goes wrong
with that is logged and costs the run nothing.
"""

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Optional

from utils.base import errors
from utils.base.deeds import CALL, REQUEST, Note, without_addresses
from utils.base.text import tame
from utils.host import root
from utils.host.records import LINE_ENDS, MOST_LINE_BYTES, Records, as_json, day_of, moment
from utils.run import counting

if TYPE_CHECKING:
    from typing import Dict

    from utils.host.records import Json
    from utils.host.settings import Settings
    from utils.run.context import Context

DONE, NOTHING = "done", "nothing"
"""How a run ended that did not fail; `nothing` where etc/billmgr.DoNothing kept it from work."""

LONGEST_COMMAND = 40
"""Characters of the command; what is longer is none of ours."""

LONGEST_WORDS = 300
"""Characters of what a deed is for; the longest path with its fields is shorter."""


class Record:
    """The record of the run of a context, which begins now."""

    def __init__(self, context: "Context") -> None:
        self._context = context
        self._began_s = time.time()
        self._began = time.monotonic()

    def begin(self) -> None:
        """Notes that the run has begun."""
        with suppress(errors.SettingsBroken):  # which the run itself tells
            _ = self._context.settings
        self._write(self._head())

    def end(self, exit_code: int, is_heard: bool) -> None:
        """Notes how the run ended; `is_heard` is whether its answer was taken."""
        context = self._context
        deeds = context.deeds
        ended = context.error.code if context.error is not None else self._well()
        took_ms = round((time.monotonic() - self._began) * 1000)
        self._write(
            {
                **self._head(),
                "module": self._module(),
                "login": context.login,
                "ended": ended,
                "value": self._detail(),
                "exit": exit_code,
                "heard": is_heard,
                "ms": took_ms,
                "left_out": deeds.left_out,
                "deeds": [_described(note) for note in deeds.notes()],
            }
        )
        self._count(ended, took_ms)

    def _count(self, ended: str, took_ms: int) -> None:
        try:
            counting.count(self._context, ended, self._module(), took_ms)
        except Exception as error:  # noqa: BLE001  the run is as good without being counted
            with suppress(Exception):
                self._context.log.warning("the run is not counted: %s", error)

    def _head(self) -> "Dict[str, Json]":
        call, pid = self._context.call, os.getpid()
        return {
            "run": f"{int(self._began_s * 1000):x}-{pid:x}",
            "at": moment(self._began_s),
            "pid": pid,
            "command": tame(without_addresses(call.command), LONGEST_COMMAND),
            "item": call.item,
            "module": call.module,
            "operation": call.runningoperation,
        }

    def _detail(self) -> str:
        """The detail of the error, or else what there is to remark."""
        error = self._context.error
        if error is not None:
            return without_addresses(error.value)
        return "; ".join(self._context.deeds.remarks)

    def _well(self) -> str:
        return NOTHING if self._context.did_nothing else DONE

    def _module(self) -> Optional[int]:
        context = self._context
        return context.item_module if context.call.module is None else context.call.module

    def _write(self, record: "Dict[str, Json]") -> None:
        try:
            text = as_json(record)
            if len(text.encode("utf-8", "replace")) > MOST_LINE_BYTES - LINE_ENDS:
                text = as_json({**record, "left_out": self._context.deeds.count, "deeds": []})
            self._keep(text)
        except Exception as error:  # noqa: BLE001  the run is as good without its record
            with suppress(Exception):
                self._context.log.warning("the history is not written: %s", error)

    def _keep(self, text: str) -> None:
        """Writes a line, and makes room once a day.

        Where the settings were not read, or cannot be, nobody knows for how long a history is to
        be kept: then it goes into one that is there.
        """
        records = Records(self._context.host.path(root.HISTORY))
        settings: Optional[Settings] = vars(self._context).get("settings")
        day = day_of(self._began_s)
        if settings is None:
            with suppress(FileNotFoundError):
                records.append(day, text)
        elif settings.history_days == 0:
            records.remove()
        elif self._append(records, day, text) == 0:
            records.prune(settings.history_days, time.time())

    @staticmethod
    def _append(records: Records, day: str, text: str) -> int:
        try:
            return records.append(day, text)
        except FileNotFoundError:
            records.make()
            return records.append(day, text)


def _described(note: Note) -> "Dict[str, Json]":
    """A deed and its end in the words of its kind, without what does not belong to that."""
    deed, end = note.deed, {"ended": note.ended or None, "ms": note.took_ms}
    if deed.kind == REQUEST:
        path, _, fields = deed.words.partition(" ")
        told = {"method": deed.name, "path": path[:LONGEST_WORDS], "fields": _cut(fields)}
        return {"kind": deed.kind, **told, "status": note.status, "code": note.code, **end}
    if deed.kind == CALL:
        return {"kind": deed.kind, "function": deed.name, "fields": _cut(deed.words), **end}
    return {"kind": deed.kind, "table": deed.name, "first": deed.words, "rows": deed.rows, **end}


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_WORDS else words[: LONGEST_WORDS - 3] + "..."
