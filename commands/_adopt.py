"""An account that was there before the billing becomes a service's own, because people want it."""

import os
import time
from itertools import chain
from typing import Set, Tuple

from utils.accounts.adoption import Wish, clean_login
from utils.base import errors, sheets
from utils.base.errors import PmError
from utils.billing.reply import Reply
from utils.census.adoptable import Adoptables
from utils.census.pace import TimeIsUp
from utils.census.progress import Progress
from utils.census.reader import Reader
from utils.census.register import Register
from utils.consts import Level
from utils.host import budget
from utils.run import adoptions
from utils.run.adoption import refuse_trust_of_others
from utils.run.adoptions import Adoptions, Line, Report
from utils.run.adoptionwords import AdoptionWords
from utils.run.call import Call, read_password
from utils.run.context import Context

COLUMNS = ("item", "login", "e-mail")
"""The first line of a file that is proposed. A file that is read may have it too."""


@budget.endless()
def run(ctx: Context) -> Reply:
    """Adopts the account of one service, or those of a file, or proposes such a file.

    Mark and saved values of a service are written. No password is changed, and no account touched
    unless --sync asks for it: what that would change is told. A file is only looked at until --yes.
    The exit code is 0 where all is adopted, 1 where something is not. Raises BadArguments.
    """
    _refuse_unfit(ctx.call)
    call = _understood(ctx.call)
    words = AdoptionWords(call.lang, call.dry_run)
    ctx.login = call.login
    try:
        ctx = ctx.called(call)
        if ctx.host.does_nothing():
            return Reply(words.document(words.say("does_nothing")), exit_code=1)
        if call.trust:
            refuse_trust_of_others(ctx)
        if call.suggest:
            return _propose(ctx, words)
        return _adopt_lines(ctx, words) if call.file else _adopt_one(ctx, words)
    except PmError as error:
        if isinstance(error, errors.BadArguments):
            raise
        ctx.log.error("failed: %s", error)
        return Reply(words.document(words.of_error(error)), exit_code=1)


def _refuse_unfit(call: Call) -> None:
    """Raises BadArguments where words stand together that make no sense together."""
    one = {"--item": call.item, "--login": call.login, "--password-stdin": call.password_stdin}
    acts = {"--trust": call.trust, "--sync": call.sync}
    if call.suggest:
        unfit = {**one, **acts, "--yes": call.yes}
    elif call.file:
        unfit = {**one, "--module": call.module}
    else:
        unfit = {"--yes": call.yes, "--module": call.module}
    given = [word for word, value in unfit.items() if value]
    if given:
        raise errors.BadArguments(" ".join(given))


def _understood(call: Call) -> Call:
    """The call with what it does in the cloud: without --sync it looks."""
    is_preview = bool(call.file) and not (call.yes or call.suggest)
    level = Level.EDITS if call.sync else Level.READS
    return call._replace(level=level, dry_run=call.dry_run or is_preview)


# -- one service ----------------------------------------------------------------------------------


def _adopt_one(ctx: Context, words: AdoptionWords) -> Reply:
    call = ctx.call
    item_id, login = call.item_id(), clean_login(call.login)
    password = read_password() if call.password_stdin else None
    wish = Wish(login, password=password, is_trusted=call.trust)
    line = Line(0, str(item_id), login, item_id, wish)
    (verdict,) = Adoptions(ctx, call.sync, words.of_error).go([line])
    lines = [*words.of_verdict(verdict)]
    if verdict.has_changes_left and not call.dry_run:
        lines.append(words.say("hint_sync"))
    return Reply(words.document(*lines), exit_code=0 if verdict.is_good else 1)


# -- the lines of a file --------------------------------------------------------------------------


def _adopt_lines(ctx: Context, words: AdoptionWords) -> Reply:
    call = ctx.call
    sheet = adoptions.read(call.file)
    lines = adoptions.understand(sheet.rows, call.trust)
    report = None if call.dry_run else Report(f"{call.file}.report.csv")
    progress = Progress(ctx.log, len(lines))
    told = [words.say("title_preview" if call.dry_run else "title_done", call.file)]
    told += [words.say("read_as", sheet.encoding), ""]
    is_good = True
    for number, verdict in enumerate(Adoptions(ctx, call.sync, words.of_error).go(lines), 1):
        is_good = is_good and verdict.is_good
        if report is not None:
            report.add(verdict)
        told += words.of_verdict(verdict)
        progress.show(number)
    progress.close()
    if report is not None:
        report.close()
    told += ["", words.sums()]
    told.append(words.say("hint_yes") if report is None else words.say("report", report.path))
    return Reply(words.document(*told), exit_code=0 if is_good else 1)


# -- a file that is proposed ----------------------------------------------------------------------


def _propose(ctx: Context, words: AdoptionWords) -> Reply:
    """Writes what may belong together, one line each, for people to look through."""
    rows = sorted(_adoptable(ctx))
    text = sheets.write([COLUMNS, *rows])
    path = ctx.call.file
    if not path or ctx.call.dry_run:
        return Reply(text.encode())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise errors.BadArguments(f"--file {path}: {error.strerror}") from error
    return Reply(words.document(words.say("proposed", f"{path}: {len(rows)}")))


def _adoptable(ctx: Context) -> Set[Tuple[int, str, str]]:
    """Service, login and e-mail of what fits among all accounts of the module's cloud.

    Raises OutOfTime.
    """
    settings, billing, call = ctx.settings, ctx.billing, ctx.call
    server = billing.modules.server(call.module_id())
    cloud = ctx.cloud(server)
    register = Register(billing, server.module_id, lambda item: ctx.owner(item, server, cloud))
    wanted = Adoptables(billing, register, server.module_id)
    until = time.monotonic() + settings.stat_budget_s
    reader = Reader(
        cloud, ctx.log, settings.page_size, server.timeout_s, until, _no_tick, with_groups=True
    )
    found: Set[Tuple[int, str, str]] = set()
    try:
        for accounts in chain(reader.pages(None), reader.listed(lambda logins: logins)):
            for item, account, _ in wanted.among(accounts):
                found.add((item.id, account.login, account.email.strip()))
    except TimeIsUp as error:
        raise errors.OutOfTime(f"{settings.stat_budget_s} s") from error
    finally:
        reader.close()
        ctx.leave()
    return found


def _no_tick() -> None:
    """Nobody knows how many accounts there are, so nobody can be told how many are left."""
