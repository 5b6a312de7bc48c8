"""Tells a client something about his service, once for each occasion, in his language.

What he is told stands in xml/, as the subject and text of each kind of letter. Before he is told
that is noted on the service (utils.billing.memos), and again afterwards. A run that is killed in
between leaves open whether he was: the next one looks for the notification. Where BILLmanager does
not show it he is taken to be told, as nobody is told twice: a kill may cost him one letter there.
"""

from datetime import date
from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional

from utils.base import errors
from utils.billing.memos import Memo
from utils.consts import MODULE
from utils.host import messages
from utils.run.service import lock

if TYPE_CHECKING:
    from utils.billing.clients import Contact
    from utils.run.context import Context

GROUP = f"letters.{MODULE}"
"""The messages of letters: `KIND_subject` and `KIND_text` for each kind."""

TOLD, BEFORE, NOBODY, GONE = "told", "before", "nobody", "gone"
"""What came of a letter: the client was told now, or before; he has no user who could be told; the
service is not any more what the letter says."""


class Letter(NamedTuple):
    """What a client is to be told of a service.

    `occasion` is a word that tells this occasion from others of its `kind`: whoever was told of it
    is not told again, unless of another one in between. `sizes` are bytes and `words` are texts, by
    the names of their places in the message; `item` and `day` are there in any case. The service
    has to be in the `status` still.
    """

    kind: str
    item_id: int
    account_id: int
    occasion: str
    status: int
    sizes: Mapping[str, float] = {}
    words: Mapping[str, str] = {}


class Teller:
    """Tells clients, on one day.

    In a dry run it is noted what would be sent.
    """

    def __init__(self, ctx: "Context", day: date) -> None:
        self._ctx = ctx
        self._billing = ctx.billing
        self._day = day

    def tell(self, letter: Letter) -> str:
        """Tells the client, and returns what came of it.

        While another run works on the service nobody is told of it. Raises Busy, CoreRefused where
        BILLmanager takes no such notification, CoreUnavailable, NotSaved, DatabaseUnavailable.
        """
        with lock(self._ctx, letter.item_id, 0):
            return self.tell_held(letter)

    def tell_held(self, letter: Letter) -> str:
        """As `tell`, for a run that keeps others off the service already."""
        if self._billing.services.status(letter.item_id) != letter.status:
            return GONE
        return self._tell(letter)

    def forget(self, kind: str, item_id: int, told: Memo, memo: Optional[Memo] = None) -> None:
        """Has what happens next be a new occasion, or what comes after that of the memo.

        Only where what was `told` last is of that occasion still. Raises as `tell`.
        """
        with lock(self._ctx, item_id, 0):
            before = self._billing.memos.of({item_id: told.account_id}, kind).get(item_id)
            if before is not None and before.occasion == told.occasion:
                self._put(kind, item_id, memo)

    def _tell(self, letter: Letter) -> str:
        contact = self._billing.clients.contact(letter.account_id)
        if contact is None:
            return NOBODY
        kind, item_id = letter.kind, letter.item_id
        before = self._billing.memos.of({item_id: letter.account_id}, kind).get(item_id)
        begun = before if before is not None and before.occasion == letter.occasion else None
        if begun is not None and (begun.is_sent or self._was_told(contact, letter, begun.day)):
            self._billing.memos.note(item_id, kind, begun._replace(is_sent=True))
            return BEFORE
        day = begun.day if begun else self._day
        memo = Memo(letter.account_id, letter.occasion, day, is_sent=False)
        self._billing.memos.note(item_id, kind, memo)
        try:
            self._send(contact, letter, memo.day)
        except errors.CoreRefused:
            self._put(kind, item_id, before)
            raise
        self._billing.memos.note(item_id, kind, memo._replace(is_sent=True))
        self._ctx.log.info("service %d: its client is told: %s %s", item_id, kind, letter.occasion)
        self._ctx.deeds.remark(f"{item_id}: {kind} {letter.occasion}")
        return TOLD

    def _put(self, kind: str, item_id: int, memo: Optional[Memo]) -> None:
        if memo is None:
            self._billing.memos.forget(item_id, kind)
        else:
            self._billing.memos.note(item_id, kind, memo)

    def _send(self, contact: "Contact", letter: Letter, day: date) -> None:
        languages = languages_of(contact.language)
        subject = _subject(letter, day, languages)
        text = "\n\n".join(say(letter, "text", one, day) for one in languages)
        self._billing.notices.send(contact.user_id, subject, text)

    def _was_told(self, contact: "Contact", letter: Letter, day: date) -> bool:
        """Whether a letter that was begun on that day has been sent, in whichever language."""
        every: List[List[str]] = [[*messages.LANGUAGES], *([one] for one in messages.LANGUAGES)]
        subjects = [_subject(letter, day, languages) for languages in every]
        sent = self._billing.notices.was_sent(contact.user_id, subjects)
        if sent is None:
            self._ctx.log.warning(
                "service %d: nobody can see whether its client was told: he is taken to be",
                letter.item_id,
            )
        return sent is not False


def languages_of(code: str) -> List[str]:
    """The languages in which somebody is told whose language has that code: both for none.

    Whoever reads neither of ours gets English.
    """
    if not code:
        return [*messages.LANGUAGES]
    return [code[:2] if code[:2] in messages.LANGUAGES else "en"]


def say(letter: Letter, part: str, language: str, day: date) -> str:
    """The subject or text of a letter in one language."""
    values: Dict[str, str] = {"item": str(letter.item_id), "day": day.isoformat(), **letter.words}
    for name, size_bytes in letter.sizes.items():
        values[name] = messages.size(language, size_bytes)
    return messages.fill(language, GROUP, f"{letter.kind}_{part}", values)


def _subject(letter: Letter, day: date, languages: List[str]) -> str:
    return " / ".join(say(letter, "subject", one, day) for one in languages)
