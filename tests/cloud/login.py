"""Who is asking: Basic and bearer logins, two-factor, brute-force protection and the rate limit of
edits.
"""

import base64
import binascii
import time
from collections import defaultdict
from typing import Callable, DefaultDict, Dict, List, Optional, Set, Tuple

from .message import Answer, Request, envelope
from .profile import Profile
from .state import Seen, User, Users

Clock = Callable[[], float]
DELAY_MEMORY_S = 12 * 3600
BLOCK_MEMORY_S = 30 * 60
BLOCK_AFTER = 10
DELAY_MAX_S = 25.0
EDITS_PER_WINDOW = 50
EDIT_WINDOW_S = 600


class Stop(Exception):
    """The request ends here with ``answer``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.http_status)
        self.answer = answer


class BruteForce:
    """The server's memory of refused logins, of all logins together: every test comes from one
    address.
    """

    def __init__(self, clock: Clock) -> None:
        """``clock`` gives seconds."""
        self.attempts: List[Tuple[float, str]] = []
        self._clock = clock

    def count(self, memory_s: float) -> int:
        """Give the number of refused logins in the last ``memory_s`` seconds."""
        start = self._clock() - memory_s
        return sum(1 for moment, _ in self.attempts if moment > start)

    @property
    def delay_s(self) -> float:
        """What the server sleeps before the next login: 0.2 s, doubling, 25 s at most."""
        count = self.count(DELAY_MEMORY_S)
        return min(0.1 * 2 ** min(count, 10), DELAY_MAX_S) if count else 0.0

    @property
    def blocked(self) -> bool:
        """Whether every login is refused, the right one too."""
        return self.count(BLOCK_MEMORY_S) > BLOCK_AFTER

    def failed(self, login: str) -> None:
        """Remember a refused login."""
        self.attempts.append((self._clock(), login.lower()))

    def succeeded(self, login: str) -> None:
        """Forget the refused logins of that name."""
        self.attempts = [one for one in self.attempts if one[1] != login.lower()]


class RateLimit:
    """50 edits of users in 600 s for each acting user; those refused are not counted."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` gives seconds."""
        self.enabled = True
        self._clock = clock
        self._edits: DefaultDict[str, List[float]] = defaultdict(list)

    def allows(self, login: str) -> bool:
        """Count one edit by that login if it is still allowed."""
        start = self._clock() - EDIT_WINDOW_S
        recent = [moment for moment in self._edits[login] if moment > start]
        allowed = not self.enabled or len(recent) < EDITS_PER_WINDOW
        if allowed:
            recent.append(self._clock())
        self._edits[login] = recent
        return allowed


class Doorkeeper:
    """Decides whose request it is."""

    def __init__(self, users: Users, profile: Profile, clock: Clock) -> None:
        """``users`` is looked at on every login; ``clock`` gives seconds."""
        self.users = users
        self.profile = profile
        self.app_passwords: Dict[str, str] = {}
        self.two_factor: Set[str] = set()
        self.token_auth_enforced = False
        self.brute_force = BruteForce(clock)
        self.brute_force_scale = 0.0
        self._clock = clock

    def admit(self, request: Request, seen: Seen) -> Optional[User]:
        """Give the user who asks, None for nobody; raises Stop where the server refuses the login
        itself.

        None with a login sent is the server's "Current user is not logged in": it never looked at
        the password.
        """
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._bearer(credentials, request, seen)
        if kind.lower() != "basic":
            return None
        login, password = _basic(credentials)
        if not login or not password:
            return None
        seen.kind_of_auth = "refused"
        self._hold_up(request)
        if password not in self.app_passwords and (
            self.token_auth_enforced or self._needs_second_factor(login)
        ):
            return None
        user = self.check(login, password)
        if user is None:
            self.brute_force.failed(login)
            raise Stop(self._refused(request))
        if not user.enabled:
            raise Stop(self._refused(request))
        self.brute_force.succeeded(login)
        user.visit(self._clock())
        seen.kind_of_auth = "app_password" if password in self.app_passwords else "password"
        return user

    def check(self, login: str, password: str) -> Optional[User]:
        """Give the user, enabled or not, whom this login and this real or app password belong to,
        else None.
        """
        owner = self.app_passwords.get(password)
        if owner is not None:
            return self.users.find(owner) if owner.lower() == login.lower() else None
        user = self.users.find(login)
        if user is None or user.password != password:
            named = self.users.with_email(login)
            user = named[0] if len(named) == 1 and named[0].password == password else None
        return user

    def _bearer(self, token: str, request: Request, seen: Seen) -> Optional[User]:
        """Give the owner of an app password sent as a token; a wrong token is nobody, without a
        memory of it.
        """
        seen.kind_of_auth = "refused"
        owner = self.app_passwords.get(token.strip())
        user = None if owner is None else self.users.find(owner)
        if user is None:
            return None
        seen.login = user.login
        if not user.enabled:
            raise Stop(self._refused(request))
        user.visit(self._clock())
        seen.kind_of_auth = "bearer"
        return user

    def _needs_second_factor(self, login: str) -> bool:
        """Whether this login cannot use its password: two-factor, or an address that several users
        share.
        """
        user = self.users.find(login)
        if user is None:
            named = self.users.with_email(login)
            if len(named) != 1:
                return len(named) > 1
            user = named[0]
        return user.login.lower() in {one.lower() for one in self.two_factor}

    def _hold_up(self, request: Request) -> None:
        """Sleep as the server does before it looks at a password, or refuse at once after too many
        failures.
        """
        if self.brute_force.blocked:
            status = 200 if request.ocs_version == 1 else 429
            raise Stop(outer(request, status, 429, "Reached maximum delay"))
        if self.brute_force_scale:
            time.sleep(self.brute_force.delay_s * self.brute_force_scale)

    def _refused(self, request: Request) -> Answer:
        """Make the answer to a wrong password."""
        as_json = request.wants_json and not self.profile.refused_login_in_xml
        answer = envelope(
            401,
            997,
            "Unauthorised",
            as_json=as_json,
            counts=False,
            content_type="" if as_json else "text/xml; charset=UTF-8",
        )
        answer.headers["WWW-Authenticate"] = 'Basic realm="Authorisation Required"'
        return answer


def outer(request: Request, http_status: int, code: int, message: str) -> Answer:
    """Make an OCS answer of the kind that is written outside the router: only ``format=json`` gets
    JSON.
    """
    return envelope(
        http_status,
        code,
        message,
        as_json=request.json_in_query,
        counts=False,
        content_type="" if request.json_in_query else "text/xml; charset=UTF-8",
    )


def claimed_login(request: Request) -> Optional[str]:
    """Give the login that a Basic header names, right or wrong, None without one."""
    kind, _, credentials = request.headers.get("authorization", "").partition(" ")
    return (_basic(credentials)[0] or None) if kind.lower() == "basic" else None


def _basic(credentials: str) -> Tuple[str, str]:
    """Read login and password of a Basic header, both "" if it cannot be read."""
    try:
        text = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    login, _, password = text.partition(":")
    return login, password
