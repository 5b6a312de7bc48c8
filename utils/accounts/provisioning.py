"""Brings an account of ours to what was ordered, and believes only what it reads back."""

from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from utils.accounts.ownership import Ownership, Record
from utils.accounts.plan import (
    EMAIL,
    ENABLED,
    GROUP,
    LANGUAGE,
    NAME,
    NOT_GROUP,
    QUOTA,
    TOKEN,
    Change,
    changes,
    is_unread,
)
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.base.values import Account, Order

DELETES_UNREAD = 3
"""Requests that take an account away which cannot be read: one whose answer is lost, one that the
cloud takes, and its repeat, which finds nobody."""


class Provisioning:
    """The changes that a service's account may need."""

    def __init__(self, cloud: NextcloudAPIClient, log: Logger) -> None:
        self._cloud = cloud
        self._log = log
        self.is_link_mailed: Optional[bool] = None
        """Whether the cloud has come to mail the customer of an account made here a link for his
        first password; None where that was not seen."""
        self.failed: Dict[str, errors.CloudError] = {}
        """What is not required and could not be set, by its name."""
        self._writers: Dict[str, Callable[[str, Any], None]] = {
            ENABLED: self._switch,
            QUOTA: cloud.set_quota,
            GROUP: self._join,
            NOT_GROUP: cloud.remove_from_group,
            EMAIL: cloud.set_email,
            NAME: cloud.set_display_name,
            LANGUAGE: cloud.set_language,
            TOKEN: cloud.set_token,
        }

    def create(self, owner: Ownership, record: Record, order: Order) -> Account:
        """Makes the account of the record and returns it as the cloud shows it then.

        Creating is not atomic: after an unclear answer the account is looked for, and taken only
        if it accepts the record's password, or has its token. Where only login and password are
        taken with it, the account returned has nothing else yet, and `bring` does the rest.
        Raises QuotaMissing for an order without a quota, LoginTaken, PasswordRefused,
        AccountRefused, and what the client raises where nothing was made.
        """
        order = self._possible(order)
        try:
            self._create_with_group(record, order)
        except errors.PasswordRefused:
            raise  # nothing was made (docs/en/clouds.md, "Creating an account")
        except (errors.CloudRefused, errors.CloudLost) as unclear:
            self._log.warning("creating %s: %s, looking for it", record.login, unclear)
            is_answer = isinstance(unclear, (errors.CloudRefused, errors.ServerFault))
            account = owner.find(record._replace(proved=False))
            if account is not None:
                # What is refused once the account is there ends the call before its mail.
                self.is_link_mailed = False if is_answer else None
                return account
            is_group = isinstance(unclear, errors.NoSuchGroup)
            plainer = _without_person(record, order)
            if is_answer and not is_group and plainer != order:
                # Any of these may be what the cloud does not take, and none may cost the account.
                return self.create(owner, record, plainer)
            if isinstance(unclear, errors.CloudRefused):
                raise errors.AccountRefused(unclear.value) from unclear
            raise
        self._log.info("created %s", record.login)
        self.is_link_mailed = bool(record.token)
        if not self._cloud.product.creates_whole:
            return _bare(record.login, order.group)
        return self._read(record.login)

    def _possible(self, order: Order) -> Order:
        """The order without a language where the cloud lets nobody set one for others."""
        if order.language and not self._cloud.product.sets_language:
            return order._replace(language="")
        return order

    def _create_with_group(self, record: Record, order: Order) -> None:
        try:
            self._create(record, order)
        except errors.NoSuchGroup:
            self._make_group(order.group)
            self._create(record, order)

    def _create(self, record: Record, order: Order) -> None:
        if order.quota_bytes is None:  # the cloud would give its default, which may be unlimited
            raise errors.QuotaMissing(record.login)
        self._cloud.create_user(
            record.login,
            record.password,
            quota_bytes=sizes.bytes_to_ask(order.quota_bytes),
            email=order.email,
            group=order.group,
            display_name=order.display_name,
            language=order.language,
            token=record.token,
        )

    def _make_group(self, group: str) -> None:
        """Makes a missing group. Raises NoSuchGroup where the connection's user may not."""
        self._log.info("the cloud has no group %s, making it", group)
        try:
            self._cloud.create_group(group)
        except errors.RightsMissing as error:
            raise errors.NoSuchGroup("POST /cloud/groups", 403, group) from error

    @contextmanager
    def _writing(self, login: str) -> Iterator[None]:
        """Tells a missing right from a missing account: the clouds have one code for both.

        Raises RightsMissing where the account is there all the same.
        """
        try:
            yield
        except errors.NoSuchUser as error:
            if self._cloud.get_user(login) is not None:
                raise errors.RightsMissing(error.value) from error
            raise

    def bring(self, account: Account, order: Order) -> Account:
        """Sets what differs from the order and returns the account as it is then.

        One write for each thing that differs, one read if anything but `enabled` was written.
        After a lost answer the account is read, and what still differs is set once more.
        Raises NotAsOrdered where the account is read back otherwise, QuotaUnread where the cloud
        does not tell the quota that was ordered; nothing is written for that one.
        """
        order = self._possible(order)
        try:
            written = self.apply(account.login, changes(account, order))
        except errors.CloudLost as lost:
            self._log.warning("%s: looking what was set", lost)
            account = self._read(account.login)
            written = self.apply(account.login, changes(account, order), is_repeated=True)
        account = self._after(account, written)
        self._refuse_difference(account, order)
        return account

    def apply(
        self, login: str, planned: Iterable[Change], is_repeated: bool = False
    ) -> List[Change]:
        """Writes the changes in their order and returns those that the cloud has taken.

        A change that is not required must never cost the customer his account: whatever fails at
        it is only logged, a lost answer where `is_repeated` says that one was lost before.
        """
        written = []
        for change in planned:
            try:
                with self._writing(login):
                    self._writers[change.what](login, change.wanted)
            except errors.CloudError as error:
                is_lost = isinstance(error, errors.CloudLost)
                may_pass = is_lost and not is_repeated
                if change.required or may_pass or _ends_all(error):
                    raise
                self._log.warning("%s: %s is not set: %s", login, change, error)
                self.failed[change.what] = error
            else:
                self._log.info("%s: set %s", login, change)
                written.append(change)
        return written

    def _join(self, login: str, group: str) -> None:
        try:
            self._cloud.add_to_group(login, group)
        except errors.NoSuchGroup:
            self._make_group(group)
            self._cloud.add_to_group(login, group)

    def _switch(self, login: str, enabled: bool) -> None:
        write = self._cloud.enable_user if enabled else self._cloud.disable_user
        write(login)

    def _after(self, account: Account, written: List[Change]) -> Account:
        """The account after the changes: as it is read back, unless it was only switched.

        A quota is rounded, a group may be changed by rules of the cloud; the answer to a switch
        leaves nothing open.
        """
        if any(change.what != ENABLED for change in written):
            return self._read(account.login)
        for change in written:
            account = account._replace(enabled=change.wanted)
        return account

    def _refuse_difference(self, account: Account, order: Order) -> None:
        """Raises NotAsOrdered or QuotaUnread where the account cannot be seen to be as ordered."""
        left = [str(change) for change in changes(account, order) if change.required]
        if left:
            raise errors.NotAsOrdered(f"{account.login}: {', '.join(left)}")
        if is_unread(account, order):
            self._cloud.refuse_hidden_files()
            raise errors.QuotaUnread(account.login)
        self._log.info("%s is as ordered: %s", account.login, _describe(account, order))

    def set_password(self, account: Account, password: Secret) -> Secret:
        """Sets the password, sees by one login that it opens the account, and returns it.

        Nobody gets into a disabled account, and some clouds let nobody in by a password alone:
        there the cloud's answer has to do. Raises PasswordUnfit, CloudLost, NotAsOrdered where
        the account refuses the password that the cloud has taken.
        """
        lost: Optional[errors.CloudLost] = None
        try:
            with self._writing(account.login):
                self._cloud.set_password(account.login, password)
        except errors.CloudLost as error:
            self._log.warning("%s: looking whether it was set", error)
            lost = error
        is_open = self._cloud.opens(account.login, password) if account.enabled else None
        if is_open is not True and lost:
            raise lost
        if is_open is False:
            raise errors.NotAsOrdered(f"{account.login}: refuses its new password")
        seen = "" if is_open else ", which no login can show"
        self._log.info("%s: set the password%s", account.login, seen)
        return password

    def delete(self, account: Account) -> None:
        """Deletes the account with its files; already gone is success.

        Raises CloudLost where the answer is lost and the account is still seen: a big one may
        take longer than any time limit, a later run finds it gone.
        """
        try:
            with self._writing(account.login):
                self._cloud.delete_user(account.login)
        except errors.NoSuchUser:
            self._log.warning("%s was gone already", account.login)
        except (errors.CloudLost, errors.CloudRefused):
            if self._cloud.get_user(account.login) is not None:
                raise
        self._log.info("deleted %s", account.login)

    # -- without a look at the account ------------------------------------------------------------

    def switch_unread(self, login: str, enabled: bool) -> None:
        """Switches an account that the cloud cannot show. Raises what the last of two tries says.

        The list of disabled accounts fails as well while it holds such a one. So the switch is
        seen to be made by its repeat: 34.0.1 fails at the first and takes the second.
        """
        try:
            self._write_unread(login, lambda: self._switch(login, enabled))
        except errors.CloudLost as lost:
            self._log.warning("%s: trying once more", lost)
        self._write_unread(login, lambda: self._switch(login, enabled))
        self._log.warning("%s: switched %s unread", login, "on" if enabled else "off")

    def delete_unread(self, login: str) -> None:
        """Deletes an account that the cloud cannot show; seen by its repeat, which finds nobody.

        One answer may be lost before that. Raises NotAsOrdered where the cloud takes every repeat,
        CloudLost.
        """
        lost: Optional[errors.CloudLost] = None
        for _ in range(DELETES_UNREAD):
            try:
                self._write_unread(login, lambda: self._cloud.delete_user(login))
            except errors.NoSuchUser:
                self._log.warning("%s is gone, deleted unread", login)
                return
            except errors.CloudLost as error:
                if lost is not None:
                    raise
                self._log.warning("%s: trying once more", error)
                lost = error
        raise errors.NotAsOrdered(f"{login}: not gone after it was deleted")

    def _write_unread(self, login: str, write: Callable[[], None]) -> None:
        """Writes; tells a missing right from a missing account, which alone can be read as such."""
        try:
            with self._writing(login):
                write()
        except errors.AccountUnreadable as error:
            raise errors.RightsMissing(f"{login}: it is there, and refuses") from error

    def _read(self, login: str) -> Account:
        account: Optional[Account] = self._cloud.get_user(login)
        if account is None:
            raise errors.NotAsOrdered(f"{login}: not there after it was written")
        return account


def _ends_all(error: errors.CloudError) -> bool:
    """Whether nothing else can be done for the account after that failure either."""
    is_right = isinstance(error, errors.RightsMissing)  # to change one field, perhaps
    return isinstance(error, errors.NoSuchUser) or (error.lasts and not is_right)


def _without_person(record: Record, order: Order) -> Order:
    """The order without what tells who the customer is, but for the address that a link goes to."""
    email = order.email if record.token else ""
    return order._replace(email=email, display_name="", language="")


def _bare(login: str, group: str) -> Account:
    """A new account that was given login, password and group only: its quota is the default."""
    groups = (group,) if group else ()
    return Account(login, True, "", "", groups, quota_bytes=None, used_bytes=None)


def _describe(account: Account, order: Order) -> str:
    """What was ordered of the account, and what the cloud has made of it."""
    words = []
    if order.quota_bytes is not None and account.quota_bytes is not None:
        ordered, stored = sizes.spoken(order.quota_bytes), sizes.spoken(account.quota_bytes)
        words.append(f"ordered {ordered}, stored {stored}")
    if order.enabled is not None:
        words.append("enabled" if account.enabled else "disabled")
    return ", ".join(words)
