"""An account that was there before the billing becomes a service's own: what is proved first.

Nothing is written here and nothing changed in the cloud. Whoever asks does that, by the same way by
which a typed login is taken over (utils.accounts.ownership).
"""

from typing import NamedTuple, Optional, Tuple

from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base import errors, logins
from utils.base.secret import Secret
from utils.base.values import Account, Item
from utils.billing.billmanager import Billing
from utils.consts import ITEM_TYPES, STATUS_ACTIVE, STATUS_SUSPENDED

RECORD, GIVEN, SAVED, TRUST = "record", "given", "saved", "trust"
"""What proves an account: it was the service's own already, it accepts the password that was given
or the one that is saved, or its e-mail is the client's and somebody takes that for a proof."""

LONGEST_LOGIN = 255
"""Characters of a login; the clouds' own columns hold 64 and 255."""


class Wish(NamedTuple):
    """The account that somebody wants for a service, and what he knows of it.

    `email` is what the account's e-mail is to be, empty where he does not say. `is_trusted` is
    whether an e-mail that is the client's is proof enough for him.
    """

    login: str
    email: str = ""
    password: Optional[Secret] = None
    is_trusted: bool = False


class Found(NamedTuple):
    """The account, and what proves it."""

    account: Account
    proof: str


class Adoption:
    """Looks for one service whether it may have an account; `owner` knows of what it finds."""

    def __init__(
        self,
        item: Item,
        owner: Ownership,
        cloud: NextcloudAPIClient,
        billing: Billing,
    ) -> None:
        self._item = item
        self._owner = owner
        self._cloud = cloud
        self._billing = billing

    def find(self, wish: Wish) -> Found:
        """The account that is wished for, with its proof; a password is tried last, and once.

        Raises ServiceNotOpen, TypeNotServed, ServiceHasAccount where the service cannot have it;
        MarkForeign, AccountElsewhere where it names another server or installation; LoginUnknown,
        AccountHidden, AccountProtected, AccountNamed, EmailDiffers where the account cannot be
        had; ProofMissing, ProofRefused where nothing proves it; and what the client raises.
        """
        item, owner = self._item, self._owner
        if item.status not in (STATUS_ACTIVE, STATUS_SUSPENDED):
            raise errors.ServiceNotOpen(f"{item.id}: {item.status}")
        if item.itemtype not in ITEM_TYPES:
            raise errors.TypeNotServed(f"{item.id}: {item.itemtype}")
        record = owner.record()
        if record is not None and logins.same(record.login, wish.login):
            own = self._own(record)
            if own is not None:
                return own
        elif record is not None:
            self._refuse_second(record.login)
        owner.refuse_elsewhere()
        account = self._account(wish)
        proof, password = self._prove(account, wish)
        owner.take_over(account, password)
        return Found(account, proof)

    def _own(self, record: Record) -> Optional[Found]:
        """The account on record, which was adopted before; None where it has to be proved yet."""
        try:
            account = self._owner.find(record)
        except errors.LoginTaken:
            return None
        if account is None:
            raise errors.AccountMissing(record.login)
        return Found(account, RECORD)

    def _refuse_second(self, login: str) -> None:
        """Raises ServiceHasAccount unless the account on record is gone."""
        try:
            is_there = self._cloud.get_user(login) is not None
        except errors.RightsMissing:
            is_there = True  # and not ours to see
        if is_there:
            raise errors.ServiceHasAccount(f"{self._item.id}: {login}")

    def _account(self, wish: Wish) -> Account:
        """The account, which nobody else may have."""
        try:
            account = self._cloud.get_user(wish.login)
        except errors.RightsMissing as error:
            # What an administrator of groups is told of an account in none of them.
            raise errors.AccountHidden(wish.login) from error
        if account is None:
            raise errors.LoginUnknown(wish.login)
        if self._owner.is_protected(account):
            raise errors.AccountProtected(account.login)
        others = self._owner.rivals(account.login)
        if others:
            raise errors.AccountNamed(f"{account.login}: {', '.join(map(str, others))}")
        if wish.email and not _is_email_of(account, wish.email):
            raise errors.EmailDiffers(account.login)
        return account

    def _prove(self, account: Account, wish: Wish) -> Tuple[str, Secret]:
        """What proves the account, and its password, which is empty where nobody has told it."""
        saved = self._item.saved_password
        if wish.password:
            if not self._cloud.accepts(account.login, wish.password):
                raise errors.ProofRefused(account.login)
            return GIVEN, wish.password
        if wish.is_trusted:
            email = self._billing.tariffs.client(self._item).email
            if not email or not _is_email_of(account, email):
                raise errors.EmailDiffers(account.login)
            return TRUST, saved or Secret("")
        if not saved:
            raise errors.ProofMissing(account.login)
        if not self._owner.accepts_saved(account):
            raise errors.ProofRefused(account.login)
        return SAVED, saved


def _is_email_of(account: Account, email: str) -> bool:
    return logins.same(account.email.strip(), email.strip())


def clean_login(text: str) -> str:
    """A login as a cloud may have it, without blanks around it. Raises BadArguments."""
    login = text.strip()
    if not login or len(login) > LONGEST_LOGIN or not login.isprintable():
        raise errors.BadArguments(f"--login {login}")
    return login
