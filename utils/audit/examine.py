"""One pass over the cloud of each module: every service and every account is looked at once.

The services come from utils.census, as they come to `stat`. A service in which something differs
is looked at a second time, read by itself, and only that counts: between the reading of a page and
of billing an operation may have ended.
"""

from contextlib import closing, suppress
from datetime import date
from typing import Dict, List, NamedTuple, Optional, Set

from utils.accounts.ownership import Ownership, Renewal
from utils.api import NextcloudAPIClient
from utils.audit.claims import Claims
from utils.audit.compare import Facts, compare, login_of
from utils.audit.differences import Difference
from utils.audit.findings import Findings
from utils.audit.strangers import Strangers
from utils.base import address, errors, logins
from utils.base.values import Account, Item, Server
from utils.billing.modules import StoredModule
from utils.billing.namings import Named
from utils.census.adoptable import Adoptables
from utils.census.census import HIDDEN, Census, Pair
from utils.census.numberset import NumberSet
from utils.census.pace import TimeIsUp
from utils.census.register import UNOPENED, Register
from utils.consts import DISABLE, STATUS_PROCESSING, Level, is_admin_group
from utils.host import root
from utils.run.context import Context

MOST_SECOND_LOOKS = 1000
"""After so many services that differ no more are looked at twice: that many have one cause, and an
operation that ended just then is none of it."""


class Failure(NamedTuple):
    """What ended a look: the stable code of an error and its detail."""

    code: str
    value: str


class Examined(NamedTuple):
    """A module that was looked at: whole, unless a `failure` says what ended it."""

    module: StoredModule
    services: int = 0
    in_progress: int = 0
    failure: Optional[Failure] = None


def examine(ctx: Context, findings: Findings) -> List[Examined]:
    """Looks at the modules of the call, one after the other; one that fails stops no other.

    Raises ModuleNotFound where the call names none of ours, DatabaseUnavailable.
    """
    stored = ctx.billing.modules.stored(ctx.call.module)
    if not stored and ctx.call.module is not None:
        raise errors.ModuleNotFound(ctx.call.module)
    seen: Set[str] = set()
    return [
        _examine(ctx.at_module(module.id, Level.READS), module, findings, seen) for module in stored
    ]


def _examine(ctx: Context, module: StoredModule, findings: Findings, seen: Set[str]) -> Examined:
    """Looks at one module; `seen` are the servers that were looked at for others."""
    if ctx.host.does_nothing():
        return Examined(module, failure=Failure("does_nothing", ctx.host.path(root.DO_NOTHING)))
    try:
        server = ctx.billing.modules.server(module.id)
        digests = address.digests(server.base_url)
        is_first = not seen.intersection(digests)
        seen.update(digests)
        looking = Look(ctx, module, server, findings, is_first)
    except errors.PmError as error:
        return _failed(ctx, Examined(module), error)
    try:
        looking.run()
    except TimeIsUp:
        left = errors.OutOfTime(f"{looking.census.count_unread()} / {looking.services}")
        return _failed(ctx, looking.examined(), looking.census.failure or left)
    except errors.PmError as error:
        return _failed(ctx, looking.examined(), error)
    finally:
        ctx.leave()
    return looking.examined()


def _failed(ctx: Context, examined: Examined, error: errors.PmError) -> Examined:
    """A module with what ended it. A refusal is kept for the operations that come."""
    ctx.log.error("module %d: %s", examined.module.id, error)
    if ctx.visit is not None:
        with suppress(errors.PmError):
            ctx.visit.remember(error)
    return examined._replace(failure=Failure(error.code, error.value))


class Look:
    """The look at one module's services and at the accounts of its server."""

    def __init__(
        self,
        ctx: Context,
        module: StoredModule,
        server: Server,
        findings: Findings,
        is_first: bool,
    ) -> None:
        self._ctx = ctx
        self._module = module
        self._server = server
        self._findings = findings
        self._cloud: NextcloudAPIClient = ctx.cloud(server)
        # A cloud that answers nothing at all is told at once; the census would wait for it.
        self._own = self._cloud.own().id
        self._disabling: Dict[int, bool] = {}
        self._waiting = {one.item_id for one in ctx.endings.all_open()}
        self._claims = Claims(ctx.billing, (server.base_url, *ctx.settings.former_servers))
        register = Register(ctx.billing, module.id, self._owner_of)
        self._strangers = Strangers(
            module.id,
            self._claims,
            Adoptables(ctx.billing, register, module.id),
            self._is_protected,
            findings.tell,
            keeps=self._keeps,
            is_first=is_first,
        )
        self.census = Census(
            register,
            self._cloud,
            ctx.log,
            ctx.settings.page_size,
            server.timeout_s,
            ctx.settings.stat_budget_s,
            self._strangers,
        )
        self.services = register.count()
        self._today = date.today()
        self._looked_twice = NumberSet()
        self._second_looks = 0
        self._in_progress = 0
        self._may_see_files = False

    def _keeps(self, service: Named) -> bool:
        """Whether the account of a closed service waits, or stays for good."""
        if service.item_id in self._waiting:
            return True
        tariff_id = service.tariff_id
        if tariff_id not in self._disabling:
            try:
                on_close = self._ctx.billing.tariffs.end_terms(tariff_id).on_close
            except errors.TermUnusable:
                on_close = ""
            self._disabling[tariff_id] = on_close == DISABLE
        return self._disabling[tariff_id]

    def examined(self) -> Examined:
        """What was looked at so far."""
        return Examined(self._module, self.services, self._in_progress)

    def run(self) -> None:
        """Looks at all of them. Raises what utils.census.census.Census.batches does."""
        batches = self.census.batches()
        with closing(batches):
            for pairs in batches:
                self._findings.tell(self._look(pairs))

    def _owner_of(self, item: Item) -> Ownership:
        return self._ctx.owner(item, self._server, self._cloud)

    def _is_protected(self, account: Account) -> bool:
        """Whether it is the connection's own or an administrator's, whose id was asked once."""
        return logins.same(account.login, self._own) or any(map(is_admin_group, account.groups))

    def _look(self, pairs: List[Pair]) -> List[Difference]:
        """The differences of a batch, but for those that are looked at once more."""
        free = [pair for pair in pairs if pair.item.status != STATUS_PROCESSING]
        self._in_progress += len(pairs) - len(free)
        facts = self._facts(free)
        found: List[Difference] = []
        for pair in free:
            differs = [
                one
                for one in compare(pair, facts[pair.item.id], self._today)
                if self._findings.wants(one)
            ]
            if differs and self._looks_again(pair):
                self.census.ask_again(pair.item.id)
            elif differs and pair.item.id not in self._strangers.wooing:
                found += differs
        return found

    def _looks_again(self, pair: Pair) -> bool:
        """Whether what differs is to be seen a second time. An account may be met until then."""
        is_first = pair.item.id not in self._looked_twice and pair.why != HIDDEN
        if not is_first or (self._second_looks >= MOST_SECOND_LOOKS and pair.why != UNOPENED):
            return False
        self._looked_twice.add(pair.item.id)
        self._second_looks += 1
        return True

    def _facts(self, pairs: List[Pair]) -> Dict[int, Facts]:
        billing, item_ids = self._ctx.billing, [pair.item.id for pair in pairs]
        sold = billing.tariffs.orders([pair.item for pair in pairs])
        last_days = billing.statistics.last_days(item_ids)
        never = [item_id for item_id in item_ids if item_id not in last_days]
        opened = billing.services.opened(never)
        named = {
            pair.item.id: pair.account.login if pair.account is not None else login_of(pair.item)
            for pair in pairs
        }
        accounts = {pair.item.id: pair.account for pair in pairs if pair.account is not None}
        wishes = {item_id: sold[item_id].order for item_id in accounts}
        behind = self._ctx.following.behind(accounts, wishes)
        rivals = self._claims.rivals({item_id: login for item_id, login in named.items() if login})
        return {
            pair.item.id: Facts(
                sold[pair.item.id],
                rivals.get(pair.item.id, []),
                last_days.get(pair.item.id),
                opened.get(pair.item.id),
                self._renewal(pair),
                pair.account is not None and self._is_protected(pair.account),
                self._is_there(pair),
                behind.get(pair.item.id, ()),
            )
            for pair in pairs
        }

    def _renewal(self, pair: Pair) -> Optional[Renewal]:
        """What is to be saved anew on a service whose account was found."""
        account = pair.account
        if account is None:
            return None
        if account.used_bytes is None or not account.is_quota_told:
            self._refuse_hidden_files()
        item = pair.item
        is_whole = item.saved_login == account.login and item.saved_url and item.password_is_crypted
        return None if is_whole else self._owner_of(item).renewal()

    def _refuse_hidden_files(self) -> None:
        """Looks once whether the module's login may see files. Raises FilesHidden."""
        if not self._may_see_files:
            self.census.refuse_hidden_files()
            self._may_see_files = True

    def _is_there(self, pair: Pair) -> bool:
        """Whether a login that is not proved to be the service's own is somebody's."""
        login = login_of(pair.item)
        if pair.why != UNOPENED or not login or pair.item.id not in self._looked_twice:
            return False
        try:
            return self._cloud.get_user(login) is not None
        except (errors.RightsMissing, errors.AccountUnreadable):
            return True
