"""The OCS Provisioning API of Nextcloud and ownCloud: one method per call, typed results.

Always /ocs/v1.php, where both products keep their codes apart (docs/en/clouds.md, "Envelope").
What the codes mean depends on call and product: the general ones stand in utils.cloud.ocs, the
others in utils.cloud.products, where all stands that differs between the clouds. Texts of the cloud
are translated and never compared, with the one exception that is not.
"""

from contextlib import suppress
from typing import Any, Callable, Iterator, List, Mapping, NamedTuple, Optional, Set

from utils.base import errors, logins, sizes
from utils.base.deeds import Deeds
from utils.base.logs import Logger
from utils.base.secret import Secret
from utils.base.text import is_plain
from utils.base.values import Account, Server
from utils.cloud import products, transport
from utils.cloud.answers import (
    UNKNOWN,
    PasswordRules,
    account_from,
    is_number_or_text,
    is_unmeasured,
    rules_from,
    shows_disk,
)
from utils.cloud.connection import WHO_AM_I, CloudStatus, Connection, user_path
from utils.cloud.ocs import mapping

PAGE_SIZE = 200
"""Users and groups per page; 500 is the most (docs/en/clouds.md, "Reading accounts")."""

MAX_WAIT_S = 6.4
"""The longest delay of a login by the cloud's brute-force protection that a form may wait for."""


MOST_GROUPS = 10_000
"""The tariff form offers no more groups than this: nobody could look through more."""

LONGEST_NAME = 255
"""Characters of a group's id; the clouds' own columns hold 64 and 255."""

IMPOSSIBLE_LOGIN = "pmnextcloud/probe"
"""A login that no cloud makes, for it has a character that none takes."""


class Throttle(NamedTuple):
    """What an anonymous look at the capabilities shows: the delay of the next login."""

    delay_s: float


class Own(NamedTuple):
    """The module's own user: its id, which its login name need not be, and its sight of files."""

    id: str
    sees_files: bool


class Page(NamedTuple):
    """Accounts of a list, and the logins of all its rows: some tell too little to be an account."""

    accounts: List[Account]
    logins: List[str]

    @property
    def rows(self) -> int:
        """How long the page is, as the cloud counts."""
        return len(self.logins)


class NextcloudAPIClient:
    """One cloud, one session, one run.

    Every method may raise CloudUnreachable (nothing was sent), CloudLost (outcome unknown),
    CloudCertificate, CloudMaintenance, CloudThrottled, CloudMoved, CloudUntrustedHost, NotACloud,
    CloudUnsupported, LoginRefused, AppPasswordNeeded, AppPasswordRefused, ConfirmRefused,
    RightsMissing, ApiDisabled, CloudError, and CloudRefused with the server's code where none of
    these fits.
    """

    def __init__(
        self,
        server: Server,
        log: Logger,
        ca_file: str = "",
        proxy: str = "",
        memory: Optional[products.Memory] = None,
        is_strict: bool = False,
        deeds: Optional[Deeds] = None,
        connect: Callable[..., Connection] = Connection,
    ) -> None:
        self._username = server.username
        self._connection = connect(server, log, ca_file, proxy, memory, is_strict, deeds)

    @property
    def answered(self) -> bool:
        """Whether the cloud has answered anything yet."""
        return self._connection.answered

    def note_pause(self, seconds: float) -> None:
        """Counts a pause in which nothing is sent because of what the cloud has answered."""
        self._connection.tally.paused(seconds)

    def when_logged_in(self, act: Callable[[], None]) -> None:
        """Has `act` called as soon as the cloud has taken the module's own login.

        In whichever thread has asked for that.
        """
        self._connection.on_login = act

    @property
    def product(self) -> products.Product:
        """Which cloud it is; asks it where that is not remembered."""
        return self._connection.product

    # -- users --------------------------------------------------------------------------------

    def create_user(
        self,
        login: str,
        password: Secret,
        quota_bytes: float,
        email: str = "",
        group: str = "",
        display_name: str = "",
        language: str = "",
        token: str = "",
    ) -> None:
        """Makes an account; where the product `creates_whole`, with everything in one request.

        Without a password the cloud mails a link to set one, where the product `mails_links`; the
        token then proves the account.
        Not atomic: after CloudRefused the account may exist all the same, with another quota
        (docs/en/clouds.md, "Creating an account"). Elsewhere it has the default quota, maybe none,
        no e-mail and no name until each is set.
        Raises NoSuchGroup, GroupNotAllowed, PasswordRefused, InstanceFull.
        """
        form = {"userid": login, "password": password.reveal(), "groups[]": group}
        if self.product.creates_whole:
            form["quota"] = quota_text(quota_bytes)
            form["email"] = email
            form["displayName"] = display_name
            form["language"] = language
            form["manager"] = token
        data = {name: value for name, value in form.items() if value}
        try:
            self._connection.ask("POST", "/cloud/users", data=data, means="create")
        except errors.PasswordRefused as error:
            # Nextcloud has one code for both, and words that are translated.
            self._refuse_full(error, group)
            raise

    def is_full(self, group: str = "") -> bool:
        """Whether the cloud's limit of users is reached, by a create that can make nobody.

        The limit is looked at before the login and before the password (tried on 29.0.6 and
        34.0.1). An administrator of groups has to name one of his.
        """
        if not self.product.limits_users:
            return False
        import secrets

        form = {"userid": IMPOSSIBLE_LOGIN, "password": secrets.token_urlsafe(24)}
        data = {**form, **({"groups[]": group} if group else {})}
        try:
            self._connection.ask("POST", "/cloud/users", data=data, means="create")
        except errors.PasswordRefused:
            return True
        except (errors.CloudRefused, errors.GroupNotAllowed, errors.RightsMissing):
            return False
        raise errors.CloudError("a login that cannot exist was made")

    def _refuse_full(self, error: errors.PmError, group: str = "") -> None:
        """Raises InstanceFull where the limit of users is seen to stand behind the error."""
        try:
            is_full = self.is_full(group)
        except errors.CloudError:
            return
        if is_full:
            raise errors.InstanceFull(error.value) from error

    def get_user(self, login: str, with_groups: bool = True) -> Optional[Account]:
        """The account with exactly that login (letter case aside), or None.

        Where the product shows no groups with it they cost a second request.
        """
        path = user_path(login)
        try:
            data = self._connection.ask("GET", path, means="read")
            groups = self.groups_of(login) if with_groups and not self.product.shows_groups else []
        except errors.NoSuchUser:
            return None
        try:
            return account_from(data, login, self.product, groups)
        except ValueError as error:
            raise errors.CloudUnreachable(f"GET {path}: no account in the answer") from error

    def groups_of(self, login: str) -> List[str]:
        """The groups of an account, which everybody may ask of his own. Raises NoSuchUser."""
        return self._groups_of(login, "read")

    def has_groups(self, login: str) -> bool:
        """Whether an account whose login nobody has any more is in a group all the same."""
        try:
            return bool(self._groups_of(login, "traces"))
        except errors.NoSuchUser:
            return False

    def _groups_of(self, login: str, means: str) -> List[str]:
        path = user_path(login, "groups")
        groups = mapping(self._connection.ask("GET", path, means=means)).get("groups")
        if not isinstance(groups, list) or not all(map(is_number_or_text, groups)):
            raise errors.CloudUnreachable(f"GET {path}: no groups in the answer")
        return [str(group) for group in groups]

    def set_quota(self, login: str, quota_bytes: float) -> None:
        """Sets the quota; the cloud rounds it (sizes.stored_bytes). Raises NoSuchUser."""
        self._edit(login, "quota", quota_text(quota_bytes))

    def set_email(self, login: str, email: str) -> None:
        """Sets the e-mail address. Raises NoSuchUser."""
        self._edit(login, "email", email)

    def set_display_name(self, login: str, name: str) -> None:
        """Sets the name that others see. Raises NoSuchUser."""
        self._edit(login, "display", name)

    def set_language(self, login: str, language: str) -> None:
        """Sets the language of the cloud's pages and mails. Raises NoSuchUser."""
        self._edit(login, "language", language)

    def set_token(self, login: str, token: str) -> None:
        """Sets, or takes off, the text that proves an account without a password.

        It stands in a field of Nextcloud that takes any text, is shown with the account, and
        cannot be changed by its owner (docs/en/clouds.md, "First password by a link").
        """
        self._edit(login, "manager", token)

    def set_password(self, login: str, password: Secret) -> None:
        """Sets the password. Raises NoSuchUser, PasswordUnfit."""
        self._edit(login, "password", password.reveal(), means="password")

    def _edit(self, login: str, key: str, value: str, means: str = "edit") -> None:
        form = {"key": key, "value": value}
        try:
            self._connection.ask("PUT", user_path(login), data=form, means=means)
        except errors.CloudThrottled as error:
            # Nextcloud's limit of 50 such changes in 600 s for each administrator has no envelope;
            # its block after too many wrong logins has one (docs/en/clouds.md, "Limits").
            if error.is_bare:
                raise errors.CloudWriteLimit(error.value) from error
            raise

    def enable_user(self, login: str) -> None:
        """Lets the account log in; already so is success. Raises NoSuchUser, InstanceFull."""
        try:
            self._connection.ask("PUT", user_path(login, "enable"), means="switch")
        except errors.ServerFault as error:
            # Nextcloud 34 at its limit of users answers 996 here, and says no more.
            self._refuse_full(error)
            raise

    def disable_user(self, login: str) -> None:
        """Locks the account out; already so is success. Raises NoSuchUser."""
        self._connection.ask("PUT", user_path(login, "disable"), means="switch")

    def delete_user(self, login: str) -> None:
        """Deletes the account with its files. Raises NoSuchUser where it is not there."""
        self._connection.ask("DELETE", user_path(login), means="delete")

    def users_page(self, offset: int, page_size: int) -> Page:
        """The accounts from `offset` on, at most `page_size` (1 to 500).

        A row that is no account is left out: a user directory can leave the id alone of one.
        """
        data = self._connection.ask(
            "GET", "/cloud/users/details", params={"limit": page_size, "offset": offset}
        )
        found = mapping(data).get("users") or []
        if not isinstance(found, (dict, list)):
            raise errors.CloudUnreachable("GET /cloud/users/details: no accounts")
        # PHP writes an array whose keys happen to be 0, 1, 2 … as a list, an empty one too.
        records = list(found.values()) if isinstance(found, dict) else found
        page = Page([], [str(mapping(record).get("id")) for record in records])
        for record, login in zip(records, page.logins):
            with suppress(ValueError):
                page.accounts.append(account_from(record, login, self.product))
        return page

    def logins_page(self, offset: int, page_size: int) -> List[str]:
        """The logins of accounts from `offset` on, at most `page_size`, and nothing more of them.

        An ownCloud tells a number-like login as a number.
        """
        data = self._connection.ask(
            "GET", "/cloud/users", params={"limit": page_size, "offset": offset}
        )
        found = mapping(data).get("users")
        if not isinstance(found, list):
            raise errors.CloudUnreachable("GET /cloud/users: no accounts in the answer")
        return [str(login) for login in found]

    def lists(self, login: str) -> Optional[bool]:
        """Whether a search among all accounts finds the login; None where it finds too many."""
        params = {"search": login, "limit": PAGE_SIZE, "offset": 0}
        found = mapping(self._connection.ask("GET", "/cloud/users", params=params)).get("users")
        if not isinstance(found, list):
            raise errors.CloudUnreachable("GET /cloud/users: no accounts in the answer")
        if any(logins.same(str(one), login) for one in found):
            return True
        return None if len(found) >= PAGE_SIZE else False

    # -- groups -------------------------------------------------------------------------------

    def groups(self, page_size: int = PAGE_SIZE) -> Iterator[str]:
        """The ids of all groups, read page after page.

        At most MOST_GROUPS; a page that brings nothing new is the last, whatever the cloud says.
        Left out are ids that a form could not send back as they are.
        """
        offset = 0
        seen: Set[str] = set()
        while len(seen) < MOST_GROUPS:
            data = self._connection.ask(
                "GET", "/cloud/groups", params={"limit": page_size, "offset": offset}
            )
            found = mapping(data).get("groups")
            if not isinstance(found, list):
                raise errors.CloudUnreachable("GET /cloud/groups: no groups in the answer")
            # A dictionary keeps the order and drops what stands there twice.
            new = [one for one in dict.fromkeys(map(str, found)) if _is_name(one, seen)]
            yield from new
            if len(found) < page_size or not new:
                return
            seen.update(new)
            offset += page_size

    def create_group(self, group: str) -> None:
        """Makes a group; already there is success."""
        try:
            self._connection.ask("POST", "/cloud/groups", data={"groupid": group})
        except errors.CloudRefused as error:
            if error.ocs_code != 102:
                raise

    def add_to_group(self, login: str, group: str) -> None:
        """Puts the account into a group; already in is success. Raises NoSuchUser, NoSuchGroup."""
        self._connection.ask(
            "POST", user_path(login, "groups"), data={"groupid": group}, means="join"
        )

    def remove_from_group(self, login: str, group: str) -> None:
        """Takes the account out of a group; not in is success. Raises NoSuchUser, NoSuchGroup."""
        self._connection.ask(
            "DELETE", user_path(login, "groups"), params={"groupid": group}, means="join"
        )

    # -- logging in and looking around --------------------------------------------------------

    def accepts(self, login: str, password: Secret) -> bool:
        """Whether the cloud is seen to take this login and password; see `opens`."""
        return self.opens(login, password) is True

    def opens(self, login: str, password: Secret) -> Optional[bool]:
        """Whether the password opens the account. One try: refusals are counted there.

        None where the cloud refuses before it looks at the password, as where two-factor login or
        tokens are enforced; ownCloud does not tell that from a wrong password.
        """
        login_auth = transport.basic_auth(login, password)
        try:
            data = self._connection.ask("GET", WHO_AM_I, auth=login_auth)
        except errors.AppPasswordNeeded:
            return None
        except errors.LoginRefused:
            return False
        return logins.same(str(mapping(data).get("id") or ""), login)

    def own_login(self) -> str:
        """The login of the module's own user.

        A token has no user name beside it, and an e-mail address is none: then the cloud is asked.
        """
        if self._username and "@" not in self._username:
            return self._username
        return self.own().id

    def own(self) -> Own:
        """The module's own user as the cloud shows it."""
        data = mapping(self._connection.ask("GET", WHO_AM_I))
        return Own(str(data.get("id") or ""), not is_unmeasured(mapping(data.get("quota"))))

    def refuse_hidden_files(self) -> None:
        """Looks whether the login may see files. Raises FilesHidden where it may not.

        Such an app password is answered the usage of nobody: its own account shows that first.
        """
        if not self.product.tells_own_usage:
            return
        own = self.own()
        if not own.sees_files:
            raise errors.FilesHidden(own.id)

    def test_connection(self) -> None:
        """Looks whether everything is there that the module needs, without changing anything.

        In order: a cloud answers (status.php), it is not in maintenance, it does not make logins
        wait, the login is right, it may write: to disable a name that cannot exist answers 101
        exactly where writing is allowed (docs/en/clouds.md, "Whether a login may write"); and it
        may see files, which only an app password may not.
        """
        if self.look().status.get("maintenance") is True:
            raise errors.CloudMaintenance("status.php")
        throttle = self.throttle()
        if throttle.delay_s > MAX_WAIT_S:
            raise errors.CloudThrottled(f"{throttle.delay_s:.0f} s").after(throttle.delay_s)
        self.probe()
        if not self.keeps_real_password:
            self.refuse_hidden_files()

    def look(self) -> CloudStatus:
        """What the cloud shows of itself without a login."""
        return self._connection.recognise()

    def probe(self) -> None:
        """Looks whether the login may write, by a write that can change nothing."""
        import secrets

        try:
            self.disable_user(f"pmnextcloud-probe-{secrets.token_hex(8)}")
        except errors.NoSuchUser as error:
            if error.ocs_code != 101:
                raise errors.RightsMissing(error.value) from error
            return
        raise errors.CloudError("a name that cannot exist was disabled")

    def capabilities(self) -> Mapping[str, Any]:
        """What the cloud can do, as it tells those who are logged in."""
        data = self._connection.ask("GET", "/cloud/capabilities")
        return mapping(mapping(data).get("capabilities"))

    def password_rules(self) -> PasswordRules:
        """The cloud's rules for passwords, as far as its capabilities tell them."""
        return rules_from(mapping(self.capabilities().get("password_policy")))

    def setting(self, app: str, name: str) -> Optional[str]:
        """A setting of one of the cloud's apps; empty where the default stands.

        None where the product tells none, or none to this login: only to administrators (tried
        on 29.0.6 and 34.0.1).
        """
        if not self.product.tells_settings:
            return None
        path = f"/apps/provisioning_api/api/v1/config/apps/{app}/{name}"
        try:
            return str(mapping(self._connection.ask("GET", path)).get("data") or "")
        except errors.RightsMissing:
            return None

    def keeps_objects(self) -> Optional[bool]:
        """Whether files lie in an object storage, as S3, and not on a disk; None where not told.

        Such a storage tells no free space on ownCloud and up to Nextcloud 29. Later only the app
        serverinfo shows it, to administrators (docs/en/clouds.md, "Quotas").
        """
        product = self.product
        path = WHO_AM_I if product.tells_own_usage else user_path(self.own_login())
        quota = mapping(mapping(self._connection.ask("GET", path)).get("quota"))
        if quota.get("free") == UNKNOWN and not is_unmeasured(quota):
            return True
        if not product.tells_settings or shows_disk(quota):
            return False
        try:
            data = mapping(self._connection.ask("GET", "/apps/serverinfo/api/v1/info"))
        except (errors.CloudRefused, errors.RightsMissing):
            return None
        counts = mapping(mapping(data.get("nextcloud")).get("storage"))
        homes, others = counts.get("num_storages_home"), counts.get("num_storages_other")
        if not isinstance(homes, int) or not isinstance(others, int):
            return None
        return homes == 0 < others

    @property
    def keeps_real_password(self) -> bool:
        """Whether Nextcloud has shown that the login's secret is no app password."""
        return self._connection.keeps_real_password

    def throttle(self) -> Throttle:
        """The cloud's brute-force delay for this address; nothing shown counts as none."""
        delay_ms = self._brute_force().get("delay")
        return Throttle(delay_ms / 1000 if isinstance(delay_ms, (int, float)) else 0.0)

    def has_refused_none(self) -> bool:
        """Whether the cloud shows that it has refused no login from this address of late.

        Nextcloud delays the next login for half a day after one (docs/en/clouds.md, "Refused
        logins"). False where it does not tell: ownCloud never does, nor does whoever lets this
        address try as often as it likes.
        """
        shown = self._brute_force()
        return shown.get("delay") == 0 and shown.get("allow-listed") is not True

    def _brute_force(self) -> Mapping[str, Any]:
        return mapping((self._connection.capabilities_for_all() or {}).get("bruteforce"))


def _is_name(group: str, seen: Set[str]) -> bool:
    """Whether a group's id can be offered in a form, and is not among the `seen` ones."""
    return group not in seen and 0 < len(group) <= LONGEST_NAME and is_plain(group)


def quota_text(quota_bytes: float) -> str:
    """A quota as the clouds take it: whole bytes or `none`; never GiB, never a minus."""
    return "none" if quota_bytes == sizes.UNLIMITED else str(int(quota_bytes))
