"""Whose account is it? Nothing in the cloud is changed for a service before this is answered.

A service owns the login in its own mark, sealed by this installation for this service and this
server. What else is saved on it is what its customer sees, and proves nothing beside a mark. A
service of the predecessor has no mark; it owns `user_<item>`, where a password is saved with it.

A mark that announces an account is an intention: until the account was seen as ordered, and the
mark written anew, the account must accept the password in it.

BILLmanager copies a service under a new number when it gets another client, with all that is saved
on it. The copy owns the account once the old half is closed; while both live it owns nothing.

Staff adopts an account by typing its login and password on a service. That is taken for what it
is where the account accepts the password, but never while a service is opened: an order form may
let the client type them.
"""

from typing import Callable, Dict, Iterable, List, NamedTuple, Optional

from utils.accounts.guesses import Guesses
from utils.accounts.names import default_login, item_of
from utils.accounts.tokens import is_token
from utils.api import NextcloudAPIClient
from utils.base import address, errors, logins
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.base.values import Account, Item, Mark, Server, Trust
from utils.billing.billmanager import Billing
from utils.consts import (
    ITEM_ACCOUNT,
    ITEM_LOGIN,
    ITEM_PASSWORD,
    ITEM_URL,
    STATUS_ACTIVE,
    STATUS_CLOSED,
    STATUS_SUSPENDED,
    is_admin_group,
)

TRIED_LOGINS = 10
"""Where a login may differ, user_15 and user_15_2 to user_15_9 are looked at before staff is asked:
each look is a request, and the number has one digit."""


def former_number(item: Item) -> Optional[int]:
    """The number that the service may have had before, or None."""
    if item.mark is not None:
        return item.mark.item_id if item.mark.trust is not Trust.NONE else None
    return item_of(item.saved_login.strip())


class Record(NamedTuple):
    """What a service says of its account.

    `proved` is whether that alone proves it; else the account must have the token, or without one
    accept the password, which `is_typed` tells to be no password of ours: it may be anybody's
    guess. `is_copied` is whether the service was another one before.
    """

    login: str
    password: Secret
    proved: bool
    is_typed: bool = False
    is_copied: bool = False
    token: str = ""


class Renewal(NamedTuple):
    """What is to be written on a service anew: a mark or None, and values that the customer sees.

    `is_copied` is whether the service has a new client. `words` say why, for the log.
    """

    mark: Optional[Mark]
    values: Dict[str, object]
    is_copied: bool
    words: str


class Ownership:
    """Answers for one service; `former_servers` are addresses the module's server had before.

    `was_open` is whether BILLmanager has, or had, the service as open: only then what stands on
    it may have been written by the predecessor, or by staff. `has_given` tells whether the account
    of a login was given to another service after the end of a service.
    """

    def __init__(
        self,
        item: Item,
        server: Server,
        cloud: NextcloudAPIClient,
        log: Logger,
        billing: Billing,
        guesses: Guesses,
        former_servers: Iterable[str] = (),
        was_open: bool = False,
        has_given: Callable[[int, str], bool] = lambda item_id, login: False,
    ) -> None:
        self._item = item
        self._server = server
        self._cloud = cloud
        self._log = log
        self._billing = billing
        self._guesses = guesses
        self._addresses = (server.base_url, *former_servers)
        self._was_open = was_open
        self._has_given = has_given
        self._adopted: Optional[Record] = None
        self._by_password: Optional[Record] = None
        self.left_alone: Optional[errors.TypedLogin] = None
        """What was typed beside the mark and is there, and was not to be taken over; or without a
        mark with a password, and nobody has it."""

    def default_login(self) -> str:
        """The login that an account of this service has where no template made another."""
        return default_login(self._item.id)

    def free_login(self, wanted: str, may_differ: bool) -> str:
        """The login for a new account: the wanted one, or the next free where it `may_differ`.

        Free is what nobody has in the cloud, and no other living service has, as far as billing
        tells. Whoever asks must keep others from the same until the service is marked. Raises
        LoginTaken.
        """
        candidates = [wanted]
        if may_differ:
            candidates += [f"{wanted}_{number}" for number in range(2, TRIED_LOGINS)]
        # Nobody else is given a name with this service's number.
        is_own = wanted == self.default_login()
        for login in candidates:
            if not is_own and any(map(self._has_claim, self.rivals(login))):
                self._log.info("another service has %s", login)
                continue
            try:
                if self._cloud.get_user(login) is None:
                    return login
            except errors.RightsMissing:
                # What an administrator of groups is told of an account in none of them.
                self._log.info("%s is there, and not ours to see", login)
        raise errors.LoginTaken(candidates[-1])

    def _has_claim(self, item_id: int) -> bool:
        """Whether another service that names a login has it, and not only in an order form.

        Else two orders for the same name would keep each other from it, and whoever has not paid
        would keep others.
        """
        try:
            other = self._billing.services.item(item_id)
        except errors.ItemNotFound:
            return False
        except errors.SecretBroken:
            return True
        return other.mark is not None or other.status in (STATUS_ACTIVE, STATUS_SUSPENDED)

    def new_mark(self, login: str, password: Secret, is_made: bool) -> Mark:
        """The mark of an account that was seen as ordered, or else the one that announces it.

        That one has a password, or the token, which an account that is made needs no longer.
        """
        if is_made and is_token(password.reveal()):
            password = Secret("")
        return Mark(
            item_id=self._item.id,
            login=login,
            server=address.digest(self._server.base_url),
            password=password,
            is_made=is_made,
        )

    # -- what stands on the service ---------------------------------------------------------------

    def record(self) -> Optional[Record]:
        """What stands on the service, or None where it never had an account of ours.

        Or has it no more: after its end it was given to another service, and what stands on this
        one names it still. Raises MarkForeign, AccountElsewhere.
        """
        record = self._standing()
        if record is not None and self._has_given(self._item.id, record.login):
            self._log.warning("%s was given to another service", record.login)
            return None
        return record

    def _standing(self) -> Optional[Record]:
        item = self._item
        if item.mark is not None:
            return self._marked(item.mark)
        if not item.saved_password:
            return None
        if logins.names(item.saved_login, self.default_login()):
            self._refuse_elsewhere_url(item.saved_url)
            login, proved = self.default_login(), self._was_open
            return Record(login, item.saved_password, proved, is_typed=True)
        return self._copied()

    def _marked(self, mark: Mark) -> Record:
        if mark.trust is Trust.NONE:
            raise errors.MarkForeign(mark.item_id)
        if not any(mark.server in address.digests(one) for one in self._addresses):
            raise errors.AccountElsewhere(address.shown(self._item.saved_url) or mark.server)
        is_copied = mark.item_id != self._item.id
        if is_copied:
            self._refuse_living_half(mark.item_id, mark.login)
        proved = mark.is_made or (mark.trust is Trust.OLD and self._proves_old(mark))
        return _record(mark.login, mark.password, proved, is_copied)

    def _proves_old(self, mark: Mark) -> bool:
        """Whether what `open` of 1.0 saved last stands with its mark, or the service was open."""
        item = self._item
        is_saved = item.password_is_crypted and logins.names(item.saved_login, mark.login)
        return is_saved or self._was_open

    def _copied(self) -> Optional[Record]:
        """The record of a service that was one of the predecessor's under another number."""
        item = self._item
        number = item_of(item.saved_login.strip())
        if number is None or number == item.id or not self._was_open or not item.saved_password:
            return None
        before = self._billing.services.saved(number)
        if before is None or not logins.names(before.login, item.saved_login.strip()):
            return None
        if (before.password, before.url) != (item.saved_password, item.saved_url):
            return None
        self._refuse_elsewhere_url(item.saved_url)
        login = default_login(number)
        self._refuse_living_half(number, login)
        return Record(login, item.saved_password, proved=True, is_copied=True)

    def _refuse_living_half(self, item_id: int, login: str) -> None:
        """Raises MarkForeign where the account of service `item_id` is not this one's yet."""
        status = self._billing.services.status(item_id)
        is_over = status in (None, STATUS_CLOSED)
        if not is_over or not logins.names(self._item.saved_login, login) or self.rivals(login):
            raise errors.MarkForeign(item_id)

    def _refuse_elsewhere_url(self, url: str) -> None:
        """The predecessor saved the address without its path, so only the host can be compared."""
        if url and address.host(url) not in map(address.host, self._addresses):
            raise errors.AccountElsewhere(address.shown(url))

    def others(self) -> List[int]:
        """The other living services that name the account which this one names."""
        mark = self._item.mark
        is_ours = mark is not None and mark.trust is not Trust.NONE
        login = mark.login if mark is not None and is_ours else self._item.saved_login.strip()
        return self.rivals(login) if login else []

    def rivals(self, login: str) -> List[int]:
        """The other living services on the same server that name the account, or our own mark."""
        naming = self._billing.namings.of(login, self._item.id)
        return [item_id for item_id, module_id in naming.items() if self.is_here(module_id)]

    def is_here(self, module_id: int) -> bool:
        """Whether another module's accounts are on the same server, as far as can be told."""
        if module_id == self._item.module_id:
            return True
        base_url = self._billing.modules.base_url(module_id)
        named = address.digests(base_url) if base_url else ()
        return not named or any(
            one in address.digests(here) for one in named for here in self._addresses
        )

    # -- what stands in the cloud -----------------------------------------------------------------

    def account(self) -> Account:
        """The service's own account as it is now.

        Raises AccountMissing where it never had one or it is gone, LoginTaken where the account
        is another's, TypedLogin, AccountProtected.
        """
        account = self.existing()
        if account is None:
            raise errors.AccountMissing(self._item.saved_login.strip() or self.default_login())
        return account

    def existing(self) -> Optional[Account]:
        """The service's own account as it is now, or None where it has none.

        Raises LoginTaken where the account is another's, AccountProtected, and TypedLogin where
        a login was typed on the service whose account is there but not to be taken over.
        """
        record = self.record()
        typed = self._typed_beside(record)
        if typed:
            account = self._typed(typed, is_marked=record is not None)
            if account is not None:
                return account
        return None if record is None else self.find(record)

    def is_unsettled(self, record: Optional[Record]) -> bool:
        """Whether more than the record is to be looked at, and the service to be written anew.

        So it is where a login may have been typed by hand, the service had another number, or
        what its customer sees is damaged.
        """
        if record is None or self._item.mark is None:
            return bool(self._typed_beside(record)) or (record is not None and record.is_copied)
        return record.is_copied or bool(self._damaged(record, record.password))

    def _typed_beside(self, record: Optional[Record]) -> str:
        """The saved login where it is not that of the record; else an empty text."""
        typed = self._item.saved_login.strip()
        is_known = record is not None and logins.same(typed, record.login)
        return "" if is_known or self._has_given(self._item.id, typed) else typed

    def _typed(self, login: str, is_marked: bool) -> Optional[Account]:
        """The account of a login that was typed by hand, taken over; None where it is not there.

        Beside a mark the mark stands for whatever is not taken over, and None is returned too.
        """
        try:
            account = self._typed_account(login, is_marked)
            if account is None:
                if not is_marked and self._item.saved_password:
                    # A slip, or an e-mail address, behind which somebody's account may live on.
                    self.left_alone = errors.TypedLogin(login)
                return None
            self._adopt(account)
        except (errors.TypedLogin, errors.RightsMissing) as error:
            if not is_marked:
                raise errors.TypedLogin(login) from error
            self._log.warning("what is saved as login is not ours: %s", error)
            self.left_alone = errors.TypedLogin(login)
            return None
        return account

    def _typed_account(self, login: str, is_marked: bool) -> Optional[Account]:
        """The account of a typed login. Beside a mark one that cannot be shown is not to be had.

        Else what is done without a look would be done to the account of the mark.
        """
        try:
            return self._cloud.get_user(login)
        except errors.AccountUnreadable as error:
            if is_marked:
                raise errors.TypedLogin(login) from error
            raise

    def _adopt(self, account: Account) -> None:
        """Takes an account over. Raises TypedLogin where it may not be."""
        login, password = account.login, self._item.saved_password
        try:
            self._refuse_protected(account)
        except errors.AccountProtected as error:
            raise errors.TypedLogin(login) from error
        if not self._was_open or not password or self.rivals(login):
            raise errors.TypedLogin(login)
        if not self._accepts_typed(account, password):
            raise errors.TypedLogin(login)
        self._log.warning("%s accepts the password that was typed: it is taken over", login)
        self.take_over(account, password)

    def take_over(self, account: Account, password: Secret) -> None:
        """Has the account for the service's own from now on: somebody has seen a proof of it.

        The password may be empty, where nobody knows it.
        """
        self._adopted = Record(account.login, password, proved=True, is_typed=True)
        self._by_password = self._adopted

    def accepts_saved(self, account: Account) -> bool:
        """Whether an account accepts the password saved on the service. Each has one try."""
        password = self._item.saved_password
        return bool(password) and self._accepts_typed(account, password or Secret(""))

    def refuse_elsewhere(self) -> None:
        """Raises AccountElsewhere where a service without a mark names another server."""
        if self._item.mark is None:
            self._refuse_elsewhere_url(self._item.saved_url)

    def _accepts_typed(self, account: Account, password: Secret) -> bool:
        return self._guesses.try_once(self._item.id, account, password, self._cloud)

    def find(self, record: Record) -> Optional[Account]:
        """The account of the record as it is now, or None where nobody has the login.

        Raises LoginTaken where it is not proved and does not accept the record's password,
        AccountProtected where it is the connection's own or an administrator's.
        """
        account = self._cloud.get_user(record.login)
        if account is None:
            return None
        self._refuse_protected(account)
        if not record.proved:
            self._prove(record, account)
        return account

    def unread_login(self, error: errors.AccountUnreadable) -> str:
        """The login of an account that the cloud cannot show, where billing alone proves it.

        Raises the error where it does not, AccountProtected, and what reading the groups raises:
        whoever may be an administrator is not touched.
        """
        record = self.record()
        if record is None or not record.proved:
            raise error
        is_own = logins.same(record.login, self._cloud.own_login())
        if is_own or any(map(is_admin_group, self._cloud.groups_of(record.login))):
            raise errors.AccountProtected(record.login)
        self._log.warning("%s cannot be read, and is ours: going on without", record.login)
        return record.login

    def _prove(self, record: Record, account: Account) -> None:
        """Tries the record's password once. Raises LoginTaken where the account refuses it.

        A token is looked at in place of a password.
        """
        if record.token:
            if account.token != record.token:
                raise errors.LoginTaken(record.login)
            self._log.info("%s has the token that we know: it is ours", record.login)
            self._by_password = record._replace(proved=True, token="")
            return
        if record.is_typed:
            accepts = self._accepts_typed(account, record.password)
        else:
            accepts = self._cloud.accepts(record.login, record.password)
        if not accepts:
            record = self._proved_by_saved(record, account)
        self._log.info("%s accepts the password that we know: it is ours", record.login)
        self._by_password = record

    def accepted(self, record: Record) -> Record:
        """The record with the password that the account has accepted, where one was tried."""
        return self._by_password or record

    def _proved_by_saved(self, record: Record, account: Account) -> Record:
        """The record with the password that stands encrypted beside the mark.

        A mark that a killed run sent may arrive after another run has made the account, and take
        the place of that run's mark. Raises LoginTaken where the account refuses that one too.
        """
        item, saved = self._item, self._item.saved_password
        is_saved = item.password_is_crypted and logins.names(item.saved_login, record.login)
        if record.is_typed or not is_saved or not saved or saved == record.password:
            raise errors.LoginTaken(record.login)
        if not self._accepts_typed(account, saved):
            raise errors.LoginTaken(record.login)
        return record._replace(password=saved)

    def is_protected(self, account: Account) -> bool:
        """Whether the account is the connection's own or an administrator's."""
        is_own = logins.same(account.login, self._cloud.own_login())
        return is_own or any(map(is_admin_group, account.groups))

    def _refuse_protected(self, account: Account) -> None:
        if self.is_protected(account):
            raise errors.AccountProtected(account.login)

    # -- what is to be written on the service -----------------------------------------------------

    def urgent_mark(self) -> Optional[Mark]:
        """The mark to be written before anything is changed, or None where none is.

        An account that was proved by its password accepts it no longer once it is disabled.
        """
        record = self._by_password
        return record and self.new_mark(record.login, record.password, is_made=True)

    def renewal(self) -> Optional[Renewal]:
        """What is to be written on the service now that its account was found, or None.

        A service of the predecessor stays as it left it.
        """
        record = self._adopted or self.record()
        mark = self._item.mark
        if record is None or (mark is None and not (self._adopted or record.is_copied)):
            return None
        saved = self._item.saved_password
        password = record.password if self._adopted else saved or record.password
        values = self._damaged(record, password)
        reasons = [f"saved anew: {', '.join(values)}"] if values else []
        if self._adopted:
            reasons.insert(0, "typed by hand")
        elif record.is_copied:
            reasons.insert(0, "it had another number")
        is_marked = mark is not None and mark.trust is Trust.SEALED and mark.is_made
        new_mark = None
        if self._adopted or record.is_copied or not is_marked:
            new_mark = self.new_mark(record.login, record.password, is_made=True)
        if new_mark is None and not values:
            return None
        return Renewal(new_mark, values, record.is_copied, "; ".join(reasons))

    def _damaged(self, record: Record, password: Secret) -> Dict[str, object]:
        """What the customer sees otherwise than it was saved, or not at all.

        A password that stands in clear was put there by hand, and stays what it is. One that an
        account has accepted takes the place of any other.
        """
        item = self._item
        values: Dict[str, object] = {}
        if item.saved_login != record.login:
            values[ITEM_LOGIN] = record.login
        if item.saved_account not in (None, record.login):
            values[ITEM_ACCOUNT] = record.login
        if not item.saved_url:
            values[ITEM_URL] = self._server.base_url
        is_other = bool(self._adopted) and item.saved_password != password
        if password and (is_other or not item.password_is_crypted):
            values[ITEM_PASSWORD] = password
        return values


def _record(login: str, secret: Secret, proved: bool, is_copied: bool = False) -> Record:
    """A record by what a mark has in the place of the password: one, or a token."""
    text = secret.reveal()
    if is_token(text):
        return Record(login, Secret(""), proved, is_copied=is_copied, token=text)
    return Record(login, secret, proved, is_copied=is_copied)


def announced(login: str, secret: Secret) -> Record:
    """The record of a service that was just marked as the owner of an account that is to be."""
    return _record(login, secret, proved=False)
