"""What follows a client into the cloud: his e-mail, his name and his language.

What he changes in billing reaches his accounts, and what he changes in the cloud stays as he wants
it. So it is noted how the module left each of them. A value that is still as it was left is the
module's to change; any other is the customer's own.

The notes are a memory and no record. Of what is not known, as in services of 1.0, it is noted when
billing and cloud say the same; until then it is left alone. So it is where a note is lost. What is
about to be set is noted first: a run that is killed behind the request would else leave a value
that looks like the customer's. Where nothing can be noted, nothing is set.
"""

from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from utils.accounts.plan import (
    PERSONAL,
    Left,
    Side,
    follows,
    has_followed,
    is_same,
    narrowed,
    personal,
)
from utils.base import errors
from utils.base.logins import fold
from utils.base.logs import Logger
from utils.base.values import Account, Order
from utils.host.locks import LockFile
from utils.host.state import LEFT, State

_WAIT_S = 5.0
"""Longest wait for another process that writes a note; it takes the writing of one file."""

SHELF = 1000
"""Services whose notes are in one file: 150 KB, which take a millisecond to read."""

MOST_LEARNED = 2000
"""Notes that are kept in memory before they are written: a module's services may be on all shelves,
and each write replaces a file."""

_DIGEST_LENGTH = 12
"""48 bits: a value of one customer is compared with his own former ones alone."""

_NOTHING = "-"

_FOR_GOOD = (errors.CloudRefused, errors.RightsMissing)
"""What the cloud would answer to the same once more."""


class Note(NamedTuple):
    """How an account was left: a digest of its login, and what is known of each of PERSONAL."""

    of: str
    left: Mapping[str, Left]


class Following:
    """Knows how accounts were left. `fingerprint` makes a digest that tells nothing of a text."""

    def __init__(self, state: State, fingerprint: Callable[[str], str], log: Logger) -> None:
        self._state = state
        self._fingerprint = fingerprint
        self._log = log
        self._learned: Dict[int, Tuple[Optional[Note], Note]] = {}
        """What was there when it was learned, and what is to take its place."""

    # -- one service ------------------------------------------------------------------------------

    def begin(self, item_id: int, account: Account, order: Order) -> Order:
        """The order with no more of what follows the client than is to be set now.

        That it will be is noted. Whoever has set it tells by `settle`.
        """
        left = self._left(self._read(item_id), account)
        wanted = self._wanted(account, order, left)
        if not wanted:
            return narrowed(account, order, ())
        digest, sides = self._digest_of(account), personal(account, order)
        for what in wanted:
            left[what] = left[what]._replace(coming=digest(sides[what].wanted))
        is_noted = self._write({item_id: Note(self._of(account), left)})
        return narrowed(account, order, tuple(wanted) if is_noted else ())

    def settle(
        self,
        item_id: int,
        account: Account,
        order: Order,
        narrow: Order,
        failed: Mapping[str, errors.CloudError],
    ) -> None:
        """Notes how the account is now. `order` is the whole one, `narrow` what `begin` made of it.

        `failed` is what could not be set. What the cloud refuses is noted as set: it would be
        refused each time.
        """
        before = self._read(item_id)
        left, digest = self._left(before, account), self._digest_of(account)
        for what, side in personal(account, order).items():
            is_set = bool(personal(account, narrow)[what].wanted)
            is_tried = isinstance(failed.get(what), (*_FOR_GOOD, type(None)))
            is_learned = is_same(*side) and self._is_learned(side, left.get(what), digest)
            if (is_set and is_tried) or is_learned:
                left[what] = Left(digest(side.wanted), digest(side.shown))
        self._note_if_new(item_id, before, Note(self._of(account), left))

    def note(
        self, item_id: int, account: Account, order: Order, whats: Sequence[str] = PERSONAL
    ) -> None:
        """Notes that those of PERSONAL are as the module left them, whatever was known before."""
        before, digest = self._read(item_id), self._digest_of(account)
        sides = personal(account, order)
        now = {what: Left(digest(sides[what].wanted), digest(sides[what].shown)) for what in whats}
        left = {**self._left(before, account), **now}
        self._note_if_new(item_id, before, Note(self._of(account), left))

    def forget(self, item_id: int) -> None:
        """The service has no account any more."""
        if self._read(item_id) is not None:
            self._write({item_id: None})

    # -- many services ----------------------------------------------------------------------------

    def behind(
        self, accounts: Mapping[int, Account], wishes: Mapping[int, Order]
    ) -> Dict[int, List[str]]:
        """What is to be set in each of many accounts; those in which nothing is are left out."""
        found = {
            item_id: self._wanted(accounts[item_id], wishes[item_id], self._left(note, account))
            for item_id, account, note in self._noted(accounts)
        }
        return {item_id: whats for item_id, whats in found.items() if whats}

    def learn(self, accounts: Mapping[int, Account], wishes: Mapping[int, Order]) -> List[int]:
        """Notes of many accounts what can be learned; returns the services that are to follow.

        What was learned is written now and then: `flush` writes the rest.
        """
        behind = []
        for item_id, account, before in self._noted(accounts):
            order, left = wishes[item_id], self._left(before, account)
            if self._wanted(account, order, left):
                behind.append(item_id)
            new, digest = dict(left), self._digest_of(account)
            for what, side in personal(account, order).items():
                if is_same(*side) and self._is_learned(side, left.get(what), digest):
                    new[what] = Left(digest(side.wanted), digest(side.shown))
            if new != left:
                self._learned[item_id] = before, Note(self._of(account), new)
        if len(self._learned) >= MOST_LEARNED:
            self.flush()
        return behind

    def _noted(
        self, accounts: Mapping[int, Account]
    ) -> Iterator[Tuple[int, Account, Optional[Note]]]:
        """The accounts, each with its note; every shelf is read once."""
        notes = {one: self._shelf(one) for one in {item_id // SHELF for item_id in accounts}}
        for item_id, account in accounts.items():
            yield item_id, account, _understood(notes[item_id // SHELF].get(str(item_id)))

    def flush(self) -> None:
        """Writes what was learned, unless another run has noted more of the account meanwhile."""
        learned, self._learned = self._learned, {}
        before = {item_id: one for item_id, (one, _) in learned.items()}
        self._write({item_id: one for item_id, (_, one) in learned.items()}, before)

    # -- what is known ----------------------------------------------------------------------------

    def _wanted(self, account: Account, order: Order, left: Mapping[str, Left]) -> List[str]:
        """Those of PERSONAL that are to be set."""
        digest = self._digest_of(account)
        sides = personal(account, order)
        return [what for what, known in left.items() if follows(sides[what], known, digest)]

    @staticmethod
    def _is_learned(side: Side, known: Optional[Left], digest: Callable[[str], str]) -> bool:
        """Whether what billing and cloud agree in is the module's from now on."""
        return bool(side.wanted) and (known is None or has_followed(side, known, digest))

    def _left(self, note: Optional[Note], account: Account) -> Dict[str, Left]:
        """What is known of the account; nothing where the note is of another one."""
        if note is None or note.of != self._of(account):
            return {}
        return dict(note.left)

    def _of(self, account: Account) -> str:
        return self._fingerprint(fold(account.login))[:_DIGEST_LENGTH]

    def _digest_of(self, account: Account) -> Callable[[str], str]:
        login = fold(account.login)

        def digest(text: str) -> str:
            return self._fingerprint(f"{login}\0{text.casefold()}")[:_DIGEST_LENGTH]

        return digest

    def _note_if_new(self, item_id: int, before: Optional[Note], note: Note) -> None:
        if note != before and note.left:
            self._write({item_id: note})

    def _read(self, item_id: int) -> Optional[Note]:
        return _understood(self._shelf(item_id // SHELF).get(str(item_id)))

    def _shelf(self, number: int) -> Dict[str, Any]:
        kept = self._state.read(LEFT.format(number))
        return kept if isinstance(kept, dict) else {}

    def _write(
        self,
        notes: Mapping[int, Optional[Note]],
        before: Optional[Mapping[int, Optional[Note]]] = None,
    ) -> bool:
        """Keeps the notes; None is for none any more. Returns whether they are kept.

        Where `before` is given, only those in whose place still stands what it says.
        """
        shelves = {item_id // SHELF for item_id in notes}
        try:
            for shelf in sorted(shelves):
                ours = {one: note for one, note in notes.items() if one // SHELF == shelf}
                self._write_shelf(shelf, ours, before)
        except (errors.StateUnwritable, errors.Busy) as error:
            self._log.warning("how accounts were left is not noted: %s", error)
            return False
        return True

    def _write_shelf(
        self,
        shelf: int,
        notes: Mapping[int, Optional[Note]],
        before: Optional[Mapping[int, Optional[Note]]],
    ) -> None:
        name = LEFT.format(shelf)
        with LockFile(self._state.path(name) + ".lock") as lock:
            if lock.take([0], _WAIT_S) is None:
                raise errors.Busy(name)
            kept = self._shelf(shelf)
            for item_id, note in notes.items():
                if before is not None and _understood(kept.get(str(item_id))) != before[item_id]:
                    continue
                if note is None:
                    kept.pop(str(item_id), None)
                else:
                    kept[str(item_id)] = _told(note)
            self._state.write(name, kept)


def _told(note: Note) -> str:
    """The note in one line, which is read faster than anything with a form."""
    return " ".join([note.of, *_words(note.left)])


def _words(left: Mapping[str, Left]) -> Iterable[str]:
    for what in PERSONAL:
        yield from (one or _NOTHING for one in left.get(what, Left("", "")))


def _understood(kept: Any) -> Optional[Note]:
    """The note that was kept, or None where there is none, or a damaged one."""
    words = kept.split(" ") if isinstance(kept, str) else []
    if len(words) != 1 + len(PERSONAL) * len(Left._fields):
        return None
    of, *rest = ("" if one == _NOTHING else one for one in words)
    size = len(Left._fields)
    parts = [Left(*rest[start : start + size]) for start in range(0, len(rest), size)]
    return Note(of, {what: one for what, one in zip(PERSONAL, parts) if one.shown})
