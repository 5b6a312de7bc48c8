"""Adopts the accounts that a file names, line by line: a bad line stops no good one.

A line that was adopted before is seen to be so: a run that was stopped anywhere is begun anew.
"""

import os
from collections import Counter
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

from utils.accounts.adoption import RECORD, SAVED, Wish, clean_login
from utils.base import errors, logins, sheets
from utils.base.errors import PmError, Told
from utils.base.secret import forgotten
from utils.base.sheets import Row, Sheet
from utils.consts import Level
from utils.run.adoption import Adopted, adopt

if TYPE_CHECKING:
    from utils.run.context import Context

ADOPTED, ALREADY, REFUSED, UNTRIED = "adopted", "already", "refused", "untried"
"""What became of a line; UNTRIED is for what stood in the way of many. The names are stable."""

KINDS = (ADOPTED, ALREADY, REFUSED, UNTRIED)

HEADS = ("item", "id", "service", "услуга")
"""What the first cell of a line with the names of the columns may be, in any letter case."""

MOST_BYTES = 16 * 1024**2
"""Longest file that is read; a hundred thousand lines take half of it."""


class Line(NamedTuple):
    """A line of the file: a service with the account that it is to have, or why it names none."""

    number: int
    item: str
    login: str
    item_id: int = 0
    wish: Wish = Wish("")
    trouble: Optional[PmError] = None


class Verdict(NamedTuple):
    """What became of a line.

    `words` say to people why it was not adopted, or not compared with what was ordered, and `code`
    is the stable type of that error. `is_good`
    is whether all that was asked for is done, `is_assumed` whether a dry run has not tried the
    password that is to prove it.
    """

    line: Line
    kind: str
    adopted: Optional[Adopted] = None
    words: str = ""
    code: str = ""
    is_good: bool = False
    is_assumed: bool = False

    @property
    def has_changes_left(self) -> bool:
        """Whether the account is not as ordered."""
        return (
            self.adopted is not None and bool(self.adopted.changes) and not self.adopted.is_synced
        )


# -- the file -------------------------------------------------------------------------------------


def read(path: str) -> Sheet:
    """The rows of the file. Raises BadArguments where it cannot be read as one, or is empty."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise ValueError(f"over {MOST_BYTES} bytes")
        sheet = sheets.read(data)
        if not sheet.rows:
            raise ValueError("empty")
    except OSError as error:
        raise errors.BadArguments(f"--file {path}: {error.strerror}") from error
    except ValueError as error:
        raise errors.BadArguments(f"--file {path}: {error}") from error
    return sheet


def understand(rows: Sequence[Row], is_trusted: bool) -> List[Line]:
    """The lines that the rows are; of what stands there twice none is good: people decide."""
    if rows and rows[0].cells[0].lower() in HEADS:
        rows = rows[1:]
    lines = [_line(row, is_trusted) for row in rows]
    twice = Counter(line.item_id for line in lines if line.trouble is None)
    return [
        line._replace(trouble=errors.LineTwice(line.item)) if twice[line.item_id] > 1 else line
        for line in lines
    ]


def _line(row: Row, is_trusted: bool) -> Line:
    item, login, email, *more = [*row.cells, "", "", ""][: max(len(row.cells), 3)]
    line = Line(row.line, item, login)
    is_number = item.isascii() and item.isdigit() and 0 < len(item) <= 18
    try:
        if not is_number or any(more):
            raise errors.BadArguments
        wish = Wish(clean_login(login), email, is_trusted=is_trusted)
    except errors.BadArguments:
        return line._replace(trouble=errors.LineInvalid(";".join(row.cells[:3])))
    return line._replace(item_id=int(item), wish=wish)


# -- the run --------------------------------------------------------------------------------------


class _At(NamedTuple):
    """The module at whose cloud the run is."""

    module_id: int
    ctx: "Context"


class Adoptions:
    """One run over the lines of a file. `say` tells an error to people."""

    def __init__(self, ctx: "Context", syncs: bool, say: Callable[[PmError], str]) -> None:
        self._ctx = ctx
        self._syncs = syncs
        self._say = say
        self._at: Optional[_At] = None
        self._failed: Dict[int, Verdict] = {}
        self._ended: Optional[Verdict] = None
        self._taken: Dict[str, int] = {}

    def go(self, lines: Sequence[Line]) -> Iterator[Verdict]:
        """The verdict of each line, once what it says is done.

        What is wrong with a whole module leaves its other lines untried, what is wrong with
        BILLmanager's server all that follow.
        """
        for line in lines:
            with forgotten():
                verdict = self._judge(line)
            yield verdict
        self._leave()

    def _judge(self, line: Line) -> Verdict:
        if line.trouble is not None:
            return self._refused(line, line.trouble)
        if self._ended:
            return self._ended._replace(line=line)
        module_id = None
        try:
            module_id = self._ctx.billing.services.module_of(line.item_id)
            if module_id in self._failed:
                return self._failed[module_id]._replace(line=line)
            return self._adopt(line, module_id)
        except PmError as error:
            verdict = self._refused(line, error)
            if isinstance(error, errors.HostError):
                self._ended = verdict = verdict._replace(kind=UNTRIED)
            elif module_id is not None and (error.told is Told.PROBLEM or error.lasts):
                self._failed[module_id] = verdict = verdict._replace(kind=UNTRIED)
                self._remember(error)
            return verdict

    def _refused(self, line: Line, error: PmError) -> Verdict:
        """The verdict with the error's words. An error is not kept: it holds its service's lock."""
        self._ctx.log.warning("service %s: %s is not adopted: %s", line.item, line.login, error)
        self._ctx.deeds.remark(f"{line.item} {line.login}: {error.code}")
        return Verdict(line, REFUSED, words=self._say(error), code=error.code)

    def _adopt(self, line: Line, module_id: int) -> Verdict:
        self._refuse_second(line, module_id)
        at = self._go_to(module_id)
        ctx = at.ctx.at_service(line.item_id)
        service = ctx.service()
        with service.lock:
            adopted = adopt(ctx, service, line.wish, self._syncs)
        is_whole = adopted.trouble is None
        return Verdict(
            line,
            ALREADY if adopted.proof == RECORD else ADOPTED,
            adopted._replace(trouble=None),
            words="" if adopted.trouble is None else self._say(adopted.trouble),
            code="" if adopted.trouble is None else adopted.trouble.code,
            is_good=is_whole or not self._syncs,
            is_assumed=adopted.proof == SAVED and self._assumes(adopted.account.login),
        )

    def _assumes(self, login: str) -> bool:
        return self._ctx.call.dry_run and login in self._ctx.plan.assumed

    def _refuse_second(self, line: Line, module_id: int) -> None:
        """Raises LineTwice where another line of the module has the login."""
        key = f"{module_id} {logins.fold(line.wish.login)}"
        if self._taken.setdefault(key, line.number) != line.number:
            raise errors.LineTwice(line.wish.login)

    def _go_to(self, module_id: int) -> _At:
        """The module, with this run's turn at its cloud; the turn at the last one is over."""
        if self._at is not None and self._at.module_id == module_id:
            return self._at
        self._leave()
        level = Level.EDITS if self._syncs else Level.READS
        ctx = self._ctx.at_module(module_id, level)
        try:
            server = ctx.billing.modules.server(module_id)
        except errors.ModuleNotFound as error:
            raise errors.ItemNotFound(f"module {module_id}") from error
        ctx.cloud(server)
        self._at = _At(module_id, ctx)
        return self._at

    def _leave(self) -> None:
        if self._at is not None:
            self._at.ctx.leave()
        self._at = None

    def _remember(self, error: PmError) -> None:
        """Other runs need not meet what this cloud refuses."""
        at = self._at
        if at is not None and at.ctx.visit is not None and not self._ctx.call.dry_run:
            at.ctx.visit.remember(error)


# -- the report -----------------------------------------------------------------------------------


class Report:
    """The file that says what became of each line, as far as the run has come."""

    COLUMNS = ("line", "item", "login", "verdict", "proof", "changes", "error", "words")

    def __init__(self, path: str) -> None:
        """Begins the file anew, for this user alone. Raises BadArguments."""
        self.path = path
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            self._file = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="")
            self._write(self.COLUMNS, is_first=True)
        except OSError as error:
            raise errors.BadArguments(f"{path}: {error.strerror}") from error

    def add(self, verdict: Verdict) -> None:
        """Adds a line, which a kill does not take away again."""
        line, adopted = verdict.line, verdict.adopted
        proof = adopted.proof if adopted is not None else ""
        changes = "; ".join(map(str, adopted.changes)) if adopted is not None else ""
        place = (line.number, line.item, line.login)
        self._write((*place, verdict.kind, proof, changes, verdict.code, verdict.words))

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()

    def _write(self, row: Sequence[object], is_first: bool = False) -> None:
        self._file.write(sheets.write([row], is_first=is_first))
        self._file.flush()
