"""What the double knows: its users, its groups' ids and what it was asked."""

import time
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple


class User:
    """One account of the cloud; every attribute may be changed by a test at any time.

    ``quota`` is the stored text (``5 GB``, ``none`` or ``default``), ``used_bytes`` what lies in
    files/, ``first_login``, ``last_login`` and ``created`` seconds since 1970 (0 is never),
    ``logged_in`` whether the home exists: until then some servers show the quota in a shorter
    shape. ``display_name`` is "" until it was set; the login is shown instead. ``storage_locked``
    is whether Nextcloud cannot read the storage, as after a scan that was killed: every read then
    shows an empty list in place of the quota. ``is_broken`` is whether the server fails where it
    is to show the account, alone or in a list, as Nextcloud does where an app left a text in its
    settings that is no JSON (`occ user:setting ID settings manager x`; tried on 29.0.6, 34.0.1).
    """

    def __init__(
        self,
        login: str,
        password: str,
        *,
        email: str = "",
        display_name: str = "",
        quota: str = "default",
        groups: Iterable[str] = (),
        enabled: bool = True,
        used_bytes: int = 0,
        logged_in: bool = False,
        last_login: float = 0,
        language: str = "en",
        subadmin: Iterable[str] = (),
    ) -> None:
        """Take the values as they are; nothing is checked, so that a test can make what the API
        would refuse.
        """
        self.login = login
        self.password = password
        self.email = email
        self.quota = quota
        self.groups: Set[str] = set(groups)
        self.enabled = enabled
        self.used_bytes = used_bytes
        self.logged_in = logged_in
        self.first_login = self.last_login = last_login
        self.language = language
        self.subadmin: Set[str] = set(subadmin)
        self.profile: Dict[str, str] = {}
        self.additional_mail: List[str] = []
        self.created = 0.0
        self.storage_locked = False
        self.is_broken = False
        self.directory: Optional[Users] = None
        self._display_name = display_name

    @property
    def display_name(self) -> str:
        """The name that was set, "" if none was."""
        return self._display_name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._display_name = name
        if self.directory is not None:
            self.directory.forget_order()

    @property
    def shown_name(self) -> str:
        """The name that the server shows."""
        return self._display_name or self.login

    def visit(self, now: float, counts_after_s: float = 0) -> None:
        """Note a login, which makes the home directory; one so soon after another is not noted."""
        self.logged_in = True
        self.first_login = self.first_login or now
        if now - self.last_login > counts_after_s:
            self.last_login = now

    def order(self) -> Tuple[bool, str, str]:
        """Give the place in a listing: accounts without a display name first (NULL in the
        database), then by it.
        """
        return (bool(self._display_name), self._display_name.lower(), self.login.lower())

    def __repr__(self) -> str:
        """Name the account without its password."""
        return f"User({self.login!r}, quota={self.quota!r}, enabled={self.enabled})"


class Users(Dict[str, User]):
    """The users by lower-cased login, with an order for paging that is worked out only when it
    changed.
    """

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self._ordered: Optional[List[User]] = None

    def __setitem__(self, login: str, user: User) -> None:
        user.directory = self
        super().__setitem__(login.lower(), user)
        self.forget_order()

    def __delitem__(self, login: str) -> None:
        super().__delitem__(login.lower())
        self.forget_order()

    def clear(self) -> None:
        """Remove everybody."""
        super().clear()
        self.forget_order()

    def find(self, login: str) -> Optional[User]:
        """Give the user of that login in any letter case, None if there is none."""
        return self.get(login.lower())

    def with_email(self, address: str) -> List[User]:
        """Give all users with that address."""
        return [
            user for user in self.values() if user.email and user.email.lower() == address.lower()
        ]

    def forget_order(self) -> None:
        """Have the order worked out again before the next listing."""
        self._ordered = None

    def ordered(self) -> List[User]:
        """Give all users in the order in which the database pages through them."""
        if self._ordered is None:
            self._ordered = sorted(self.values(), key=User.order)
        return self._ordered

    def matching(self, search: str) -> Iterator[User]:
        """Give, in order, the users with the text in login, display name or e-mail, without regard
        to case.
        """
        text = search.lower()
        for user in self.ordered():
            if (
                not text
                or text in user.login.lower()
                or text in user.display_name.lower()
                or text in user.email
            ):
                yield user


@dataclass
class Seen:
    """One request as it came in, with the answer as far as one was made; passwords are struck out.

    ``path`` is as sent, still quoted, without the sub-path and the query. ``kind_of_auth`` is none,
    password, app_password, bearer, token, session or refused; ``started`` is seconds since 1970,
    ``seconds`` the time the double took.
    """

    method: str
    path: str
    query: Dict[str, Any] = field(default_factory=dict)
    form: Dict[str, Any] = field(default_factory=dict)
    headers: Dict[str, str] = field(default_factory=dict)
    login: Optional[str] = None
    kind_of_auth: str = "none"
    http_status: Optional[int] = None
    ocs_code: Optional[int] = None
    connection_id: int = 0
    started: float = field(default_factory=time.time)
    seconds: float = 0.0
    fault: Optional[str] = None
