"""What people read of the end of services, in Russian or English."""

from typing import Iterator, List, Optional

from utils.accounts.endings import STAFF, Ending, Hold
from utils.base import errors
from utils.base.errors import PmError
from utils.consts import MODULE, VERSION
from utils.ending.purge import PLANNED, Verdict
from utils.host import messages

GROUP = f"ending.{MODULE}"
"""The messages of the end of services."""


class EndingWords:
    """The words of one run in one language."""

    def __init__(self, wanted: str) -> None:
        self.language = messages.language(wanted)
        self._texts = messages.read(self.language, GROUP)

    def of_error(self, error: PmError) -> str:
        """What BILLmanager shows of an error, with its stable code."""
        return f"{messages.say_error(self.language, error)} ({error.code})"

    def say(self, name: str, value: object = "") -> str:
        """A message with its detail; the name where the program's XML is not whole."""
        text = self._texts.get(name, f"{name} __value__")
        return text.replace("__value__", messages.shown(str(value)))

    def document(self, *lines: str) -> bytes:
        """The lines under the program's name."""
        return "\n".join([f"{MODULE} {VERSION}", "", *lines, ""]).encode()

    def size(self, used_bytes: Optional[int]) -> str:
        """A size, or that the cloud did not tell it."""
        if used_bytes is None:
            return self.say("size_unknown")
        return messages.size(self.language, used_bytes)

    def of_hold(self, hold: Hold) -> str:
        """Who keeps an account, why and until when."""
        what = self.say("held" if hold.by == STAFF else f"kept_{hold.by}", hold.why)
        return f"{what} ({hold.until.isoformat()})" if hold.until is not None else what

    def of_verdicts(self, verdicts: List[Verdict]) -> Iterator[str]:
        """A line for each ending that was looked at, then how many became what."""
        for verdict in verdicts:
            ending = verdict.ending
            told = self.say(f"verdict_{verdict.kind}", verdict.words)
            shown = messages.shown(ending.login)
            code = f" ({verdict.code})" if verdict.code else ""
            yield f"{shown}  {ending.item_id}  {self.size(ending.used_bytes)}  {told}{code}"
        if not verdicts:
            yield self.say("nothing_due")
        elif any(verdict.kind == PLANNED for verdict in verdicts):
            yield self.say("hint_dry")

    def of_damaged(self, names: List[str]) -> Iterator[str]:
        """What is to be said of texts of the record that are damaged, if any are."""
        if names:
            yield ""
            yield self.of_error(errors.EndingDamaged(", ".join(names)))

    def of_waiting(self, ending: Ending, client: str) -> Iterator[str]:
        """The lines of one account that waits."""
        name = f"{ending.account_id} {messages.shown(client)}".strip()
        size = self.size(ending.used_bytes)
        until = ending.until.isoformat()
        yield f"{messages.shown(ending.login)}  {ending.item_id}  {name}  {size}  {until}"
        yield "  " + self.say(f"why_{ending.why}", ending.closed_on.isoformat())
        if ending.began_on is not None:
            yield "  " + self.say("begun", ending.began_on.isoformat())
        if ending.hold is not None:
            yield "  " + self.of_hold(ending.hold)


def in_each_language(name: str, value: str) -> str:
    """A message of the group in all languages, for staff whose language nobody knows."""
    return "\n".join(
        messages.fill(one, GROUP, name, {"value": value}) for one in messages.LANGUAGES
    )
