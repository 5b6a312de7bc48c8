"""What people read of adoptions, in Russian or English."""

from collections import Counter
from typing import Iterator

from utils.base.errors import PmError
from utils.consts import MODULE, VERSION
from utils.host import messages
from utils.run.adoption import Adopted
from utils.run.adoptions import ADOPTED, KINDS, Verdict

GROUP = f"adopt.{MODULE}"
"""The messages of adoptions."""


class AdoptionWords:
    """The words of one run; in a dry run they say what would be."""

    def __init__(self, wanted: str, is_dry: bool) -> None:
        self._language = messages.language(wanted)
        self._texts = messages.read(self._language, GROUP)
        self._is_dry = is_dry
        self._kinds: Counter[str] = Counter()

    def of_error(self, error: PmError) -> str:
        """What BILLmanager shows of an error."""
        return messages.say_error(self._language, error)

    def say(self, name: str, value: object = "") -> str:
        """A message with its detail; the name where the program's XML is not whole."""
        text = self._texts.get(name, f"{name} __value__")
        return text.replace("__value__", messages.shown(str(value)))

    def document(self, *lines: str) -> bytes:
        """The lines under the program's name."""
        return "\n".join([f"{MODULE} {VERSION}", "", *lines, ""]).encode()

    def of_verdict(self, verdict: Verdict) -> Iterator[str]:
        """What became of a line: of a file by its number, else of the one service."""
        line, adopted = verdict.line, verdict.adopted
        self._kinds[verdict.kind] += 1
        where = f"{line.number:>6}  " if line.number else ""
        shown = f"{messages.shown(line.item)}  {messages.shown(line.login)}"
        code = f" ({verdict.code})" if adopted is None else ""
        yield f"{where}{shown}: {self._say_kind(verdict.kind)}{code}"
        indent = " " * (len(where) + 2)
        if adopted is not None:
            name = "assumed" if verdict.is_assumed else adopted.proof
            yield indent + self.say(f"proof_{name}")
        if verdict.words:
            told = verdict.words if adopted is None else self.say("not_compared", verdict.words)
            yield indent + told
        elif adopted is not None:
            yield indent + self._compared(adopted)

    def _compared(self, adopted: Adopted) -> str:
        if not adopted.changes:
            return self.say("differs_in_nothing")
        is_done = adopted.is_synced and not self._is_dry
        return self.say("synced" if is_done else "differs", "; ".join(map(str, adopted.changes)))

    def _say_kind(self, kind: str) -> str:
        is_intended = self._is_dry and kind == ADOPTED
        return self.say("verdict_good" if is_intended else f"verdict_{kind}")

    def sums(self) -> str:
        """How many lines became what."""
        return ", ".join(f"{self._say_kind(kind)}: {self._kinds[kind]}" for kind in KINDS)
