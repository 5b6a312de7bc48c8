"""Whose account is it? Nothing in the cloud is changed for a service before this is answered.

A service owns the login in its own mark, written by this installation for this service and this
server. A service of the predecessor owns exactly `user_<item>`, where a password is saved with
it. Any other saved login is no record: an order form may let the client type one.

A mark alone is an intention. It is proved once what `open` saves after it has seen the account as
ordered stands on the service too: the login and, encrypted, a password. Until then the account
must accept the password in the mark. (Staff may correct the saved password later.)
"""

import re
from logging import Logger
from typing import Iterable, NamedTuple, Optional

from utils.api import NextcloudAPIClient
from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Account, Item, Mark, Server
from utils.consts import is_admin_group

TRIED_LOGINS = 10
"""Where a login may differ, user_15 and user_15_2 to user_15_9 are looked at before staff is asked:
each look is a request, and the number has one digit."""


_OUR_LOGIN = re.compile(r"user_([0-9]{1,18})(_[0-9])?", re.ASCII)


def item_of(login: str) -> Optional[int]:
    """The number of the service that an account of that login may be of, or None where of none."""
    match = _OUR_LOGIN.fullmatch(login.casefold())
    return int(match.group(1)) if match else None


class Record(NamedTuple):
    """What a service says of its account; `proved` is whether it was seen to be its own."""

    login: str
    password: Secret
    proved: bool


class Ownership:
    """Answers for one service; `former_servers` are addresses the module's server had before."""

    def __init__(
        self,
        item: Item,
        server: Server,
        cloud: NextcloudAPIClient,
        log: Logger,
        installation: str,
        former_servers: Iterable[str] = (),
    ) -> None:
        self._item = item
        self._server = server
        self._cloud = cloud
        self._log = log
        self._installation = installation
        self._addresses = (server.base_url, *former_servers)

    def default_login(self) -> str:
        """The login that an account of this service has, where nobody else had it before."""
        return f"user_{self._item.id}"

    def free_login(self, may_differ: bool) -> str:
        """The login for a new account: the default one, or the next free where it `may_differ`.

        Raises LoginTaken.
        """
        candidates = [self.default_login()]
        if may_differ:
            candidates += [f"{self.default_login()}_{number}" for number in range(2, TRIED_LOGINS)]
        for login in candidates:
            try:
                if self._cloud.get_user(login) is None:
                    return login
            except errors.RightsMissing:
                # What an administrator of groups is told of an account in none of them.
                self._log.info("%s is there, and not ours to see", login)
        raise errors.LoginTaken(candidates[-1])

    def new_mark(self, login: str, password: Secret) -> Mark:
        """The mark that announces a new account."""
        return Mark(
            installation=self._installation,
            item_id=self._item.id,
            login=login,
            server=address.digest(self._server.base_url),
            password=password,
        )

    def record(self) -> Optional[Record]:
        """What stands on the service, or None where it never had an account of ours.

        Raises MarkForeign, AccountElsewhere.
        """
        item = self._item
        if item.mark is not None:
            return self._marked(item.mark)
        if item.saved_password and item.saved_login == self.default_login():
            self._refuse_elsewhere_url(item.saved_url)
            return Record(item.saved_login, item.saved_password, proved=True)
        return None

    def _marked(self, mark: Mark) -> Record:
        if mark.installation != self._installation or mark.item_id != self._item.id:
            raise errors.MarkForeign(f"{mark.installation}/{mark.item_id}")
        if not any(mark.server in address.digests(one) for one in self._addresses):
            raise errors.AccountElsewhere(address.shown(self._item.saved_url) or mark.server)
        proved = self._item.password_is_crypted and self._item.saved_login == mark.login
        return Record(mark.login, mark.password, proved)

    def _refuse_elsewhere_url(self, url: str) -> None:
        """The predecessor saved the address without its path, so only the host can be compared."""
        if url and address.host(url) not in map(address.host, self._addresses):
            raise errors.AccountElsewhere(address.shown(url))

    def account(self) -> Account:
        """The service's own account as it is now.

        Raises AccountMissing where it never had one or it is gone, LoginTaken where the account
        is another's, AccountProtected.
        """
        account = self.existing()
        if account is None:
            raise errors.AccountMissing(self.default_login())
        return account

    def existing(self) -> Optional[Account]:
        """The service's own account as it is now, or None where it has none.

        Raises LoginTaken where the account is another's, AccountProtected.
        """
        record = self.record()
        return None if record is None else self.find(record)

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
            self.prove(record)
        return account

    def prove(self, record: Record) -> None:
        """Tries the record's password once. Raises LoginTaken where the account refuses it."""
        if not self._cloud.accepts(record.login, record.password):
            raise errors.LoginTaken(record.login)
        self._log.info("%s accepts the password of our mark: it is ours", record.login)

    def _refuse_protected(self, account: Account) -> None:
        is_own = account.login.casefold() == self._cloud.own_login().casefold()
        if is_own or any(map(is_admin_group, account.groups)):
            raise errors.AccountProtected(account.login)
