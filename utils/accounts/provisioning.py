"""Brings an account of ours to what was ordered, and believes only what it reads back."""

from contextlib import contextmanager
from logging import Logger
from typing import Iterator, List, Optional

from utils.accounts.ownership import Ownership, Record
from utils.api import NextcloudAPIClient
from utils.base import errors, sizes
from utils.base.values import Account, Order


class Provisioning:
    """The changes that a service's account may need."""

    def __init__(self, cloud: NextcloudAPIClient, log: Logger) -> None:
        self._cloud = cloud
        self._log = log

    def create(self, owner: Ownership, record: Record, order: Order) -> Account:
        """Makes the account of the record and returns it as the cloud shows it then.

        Creating is not atomic: after an unclear answer the account is looked for, and taken only
        if it accepts the record's password. Where only login and password are taken with it, the
        account returned has nothing else yet, and `bring` does the rest. Raises LoginTaken,
        PasswordRefused, AccountRefused, and what the client raises where nothing was made.
        """
        try:
            self._create_with_group(record, order)
        except errors.PasswordRefused:
            raise  # nothing was made (nextcloud-ocs.md, 3)
        except (errors.CloudRefused, errors.CloudLost) as unclear:
            self._log.warning("creating %s: %s, looking for it", record.login, unclear)
            account = owner.find(record._replace(proved=False))
            if account is None:
                if isinstance(unclear, errors.CloudRefused):
                    raise errors.AccountRefused(unclear.value) from unclear
                raise
            return account
        self._log.info("created %s", record.login)
        if not self._cloud.product.creates_whole:
            return _bare(record.login, order.group)
        return self._read(record.login)

    def _create_with_group(self, record: Record, order: Order) -> None:
        try:
            self._create(record, order)
        except errors.NoSuchGroup:
            self._make_group(order.group)
            self._create(record, order)

    def _create(self, record: Record, order: Order) -> None:
        self._cloud.create_user(
            record.login,
            record.password,
            quota_bytes=sizes.bytes_to_ask(order.quota_bytes),
            email=order.email,
            group=order.group,
            display_name=order.display_name,
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

    def bring(self, account: Account, order: Order, leave_group: str = "") -> Account:
        """Sets what differs from the order and returns the account as read back after it.

        One write for each thing that differs, one read if anything was written; never changes
        whether the account is enabled. Groups set by hand stay, but for `leave_group`. After a
        lost answer the account is read, and what still differs is set once more.
        Raises NotAsOrdered where the account is read back otherwise.
        """
        try:
            changes = self._write(account, order, leave_group)
        except errors.CloudLost as lost:
            self._log.warning("%s: looking what was set", lost)
            account = self._read(account.login)
            changes = self._write(account, order, leave_group)
        if changes:
            self._log.info("%s: set %s", account.login, ", ".join(changes))
            account = self._read(account.login)
        self.check(account, order, leave_group)
        return account

    def _write(self, account: Account, order: Order, leave_group: str) -> List[str]:
        """Sets what differs from the order, and says what that was."""
        with self._writing(account.login):
            return [
                *self._write_quota(account, order),
                *self._write_groups(account, order, leave_group),
                *self._write_words(account, order),
            ]

    def _write_quota(self, account: Account, order: Order) -> List[str]:
        if _quota_fits(account, order):
            return []
        asked = sizes.bytes_to_ask(order.quota_bytes)
        self._cloud.set_quota(account.login, asked)
        return [f"quota {sizes.spoken(asked)}"]

    def _write_groups(self, account: Account, order: Order, leave_group: str) -> List[str]:
        changes = []
        if order.group and order.group not in account.groups:
            try:
                self._cloud.add_to_group(account.login, order.group)
            except errors.NoSuchGroup:
                self._make_group(order.group)
                self._cloud.add_to_group(account.login, order.group)
            changes.append(f"group {order.group}")
        if leave_group and leave_group != order.group and leave_group in account.groups:
            self._cloud.remove_from_group(account.login, leave_group)
            changes.append(f"no group {leave_group}")
        return changes

    def _write_words(self, account: Account, order: Order) -> List[str]:
        """E-mail and display name. What the cloud does not take must not cost the customer his
        account, so that is only logged.
        """
        changes = []
        for what, wanted, present, write in (
            ("e-mail", order.email, account.email, self._cloud.set_email),
            ("name", order.display_name, account.display_name, self._cloud.set_display_name),
        ):
            if not wanted or wanted.casefold() == present.casefold():
                continue
            try:
                write(account.login, wanted)
            except errors.NoSuchUser:
                raise
            except errors.CloudRefused as error:
                self._log.warning("%s: %s refused: %s", account.login, what, error)
            else:
                changes.append(what)
        return changes

    def check(self, account: Account, order: Order, leave_group: str = "") -> None:
        """Raises NotAsOrdered, naming what differs between the account and the order."""
        differs = []
        if not _quota_fits(account, order):
            differs.append("quota")
        if order.group and order.group not in account.groups:
            differs.append(f"group {order.group}")
        if leave_group and leave_group != order.group and leave_group in account.groups:
            differs.append(f"still in group {leave_group}")
        if differs:
            raise errors.NotAsOrdered(f"{account.login}: {', '.join(differs)}")
        self._log.info(
            "%s: ordered %s, stored %s",
            account.login,
            sizes.spoken(order.quota_bytes),
            sizes.spoken(account.quota_bytes or 0),
        )

    def enable(self, account: Account) -> None:
        """Lets the account log in, unless it may already."""
        self._switch(account, enabled=True)

    def disable(self, account: Account) -> None:
        """Locks the account out, unless it is already."""
        self._switch(account, enabled=False)

    def _switch(self, account: Account, enabled: bool) -> None:
        if account.enabled is enabled:
            self._log.info("%s is already %s", account.login, _word(enabled))
            return
        write = self._cloud.enable_user if enabled else self._cloud.disable_user
        try:
            with self._writing(account.login):
                write(account.login)
        except errors.CloudLost:
            if self._read(account.login).enabled is not enabled:
                raise
        self._log.info("%s is %s", account.login, _word(enabled))

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

    def _read(self, login: str) -> Account:
        account: Optional[Account] = self._cloud.get_user(login)
        if account is None:
            raise errors.NotAsOrdered(f"{login}: not there after it was written")
        return account


def _quota_fits(account: Account, order: Order) -> bool:
    """Whether the account has what the cloud makes of the ordered quota."""
    stored = sizes.stored_bytes(sizes.bytes_to_ask(order.quota_bytes))
    return account.quota_bytes is not None and sizes.same_quota(account.quota_bytes, stored)


def _bare(login: str, group: str) -> Account:
    """A new account that was given login, password and group only, its quota unknown."""
    return Account(login, True, "", "", (group,) if group else (), None, None)


def _word(enabled: bool) -> str:
    return "enabled" if enabled else "disabled"
