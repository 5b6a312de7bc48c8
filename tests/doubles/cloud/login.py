"""Who is asking: sessions, Basic and bearer logins, two-factor, brute-force protection and the rate
limit of edits.
"""

import base64
import binascii
import secrets
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Callable, DefaultDict, Dict, List, Optional, Set, Tuple

from .message import XML_OUTSIDE, Answer, Request, as_xml, envelope
from .profile import Profile
from .state import Seen, User, Users

Clock = Callable[[], float]
DELAY_MEMORY_S = 12 * 3600
BLOCK_MEMORY_S = 30 * 60
BLOCK_AFTER = 10
DELAY_MAX_S = 25.0
EDITS_PER_WINDOW = 50
EDIT_WINDOW_S = 600
CONFIRMED_S = 30 * 60 + 15
TOO_MANY = "Reached maximum delay"
SESSION_COOKIE, PASSPHRASE_COOKIE, TEST_COOKIE = (
    "ocinstance01",
    "oc_sessionPassphrase",
    "cookie_test",
)
SAME_SITE_COOKIES = (
    "nc_sameSiteCookielax=true; path=/; HttpOnly; SameSite=Lax",
    "nc_sameSiteCookiestrict=true; path=/; HttpOnly; SameSite=Strict",
)


class Stop(Exception):
    """The request ends here with ``answer``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.http_status)
        self.answer = answer


class BruteForce:
    """The server's memory of refused passwords, of all logins together: every test comes from one
    address. Each action has its own: "login", and "sudo" for the confirmation of a password.
    """

    def __init__(self, clock: Clock) -> None:
        """``clock`` gives seconds."""
        self.attempts: List[Tuple[float, str, str]] = []
        self._clock = clock

    def count(self, memory_s: float, action: str = "") -> int:
        """Give the number of refusals in the last ``memory_s`` seconds; no action means all."""
        start = self._clock() - memory_s
        return sum(
            1 for moment, kind, _ in self.attempts if moment > start and action in ("", kind)
        )

    def delay_s(self, action: str = "") -> float:
        """Give what the server sleeps before the next try: 0.2 s, doubling, 25 s at most."""
        count = self.count(DELAY_MEMORY_S, action)
        return min(0.1 * 2 ** min(count, 10), DELAY_MAX_S) if count else 0.0

    def blocks(self, action: str) -> bool:
        """Whether every try is refused, the right password too."""
        return self.count(BLOCK_MEMORY_S, action) > BLOCK_AFTER

    def failed(self, login: str, action: str = "login") -> None:
        """Remember a refusal."""
        self.attempts.append((self._clock(), action, login.lower()))

    def succeeded(self, login: str, action: str = "login") -> None:
        """Forget the refusals of that name."""
        self.attempts = [one for one in self.attempts if one[1:] != (action, login.lower())]


class RateLimit:
    """50 edits of users in 600 s for each acting user; those refused are not counted."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` gives seconds."""
        self.enabled = True
        self._clock = clock
        self._edits: DefaultDict[str, List[float]] = defaultdict(list)

    def allows(self, login: str) -> bool:
        """Count one edit by that login if it is still allowed; switched off, nothing is counted."""
        if not self.enabled:
            return True
        start = self._clock() - EDIT_WINDOW_S
        recent = [moment for moment in self._edits[login] if moment > start]
        allowed = len(recent) < EDITS_PER_WINDOW
        if allowed:
            recent.append(self._clock())
        self._edits[login] = recent
        return allowed


@dataclass
class Session:
    """What the server keeps under a pair of cookies.

    ``user`` is who is logged in. ``app_password`` is the one that opened the session; ``is_token``
    tells that a real password did and that the client had shown before to keep cookies: without one
    of the two the session ends with its request. ``confirmed`` is when the password was proven
    last, in seconds, 0 for never.
    """

    key: Tuple[str, str] = field(
        default_factory=lambda: (secrets.token_hex(13), secrets.token_hex(16))
    )
    user: Optional[User] = None
    app_password: str = ""
    is_token: bool = False
    tests_cookies: bool = False
    confirmed: float = 0.0

    def cookies(self, request: Request) -> List[str]:
        """Give the cookies that the answer sets: those that the client did not bring."""
        if _session_key(request) == self.key:
            return []
        cookies = [
            f"{name}={value}; path=/; HttpOnly; SameSite=Lax"
            for name, value in zip((SESSION_COOKIE, PASSPHRASE_COOKIE), self.key)
        ]
        if self.tests_cookies:
            cookies.append(f"{TEST_COOKIE}=test; path=/")
        return [*cookies, *SAME_SITE_COOKIES]


class Doorkeeper:
    """Decides whose request it is, as Nextcloud does."""

    TOKEN_SCHEME = "bearer"

    def __init__(self, users: Users, profile: Profile, clock: Clock) -> None:
        """``users`` is looked at on every login; ``clock`` gives seconds."""
        self.users = users
        self.profile = profile
        self.app_passwords: Dict[str, str] = {}
        self.two_factor: Set[str] = set()
        self.token_auth_enforced = False
        self.brute_force = BruteForce(clock)
        self.brute_force_scale = 0.0
        self._sessions: Dict[Tuple[str, str], Session] = {}
        self._clock = clock

    def admit(self, request: Request, seen: Seen) -> Session:
        """Give the session of the request: that of its cookies, whatever login came with them, else
        a new one with the user of the login; raises Stop where the server refuses the login itself.

        A new one without a user although a login was sent is the server's "Current user is not
        logged in": it never looked at the password.
        """
        session = self._sessions.get(_session_key(request))
        if session is None or session.user is None or not self._is_alive(session, request):
            session = Session()
            self._sessions[session.key] = session
        elif session.user.enabled:
            seen.login, seen.kind_of_auth = session.user.login, "session"
            return session
        elif session.is_token and "authorization" not in request.headers:
            raise Stop(self.disabled(request))
        else:
            # The session outlives the time in which its user is disabled.
            session = Session(session.key)
        session.user = self._log_in(request, seen, session)
        return session

    def needs_confirmation(self, session: Session) -> bool:
        """Whether a write has to wait until the password is confirmed in this session."""
        if self.profile.app_passwords_may_write and not session.is_token:
            return False
        return session.confirmed < self._clock() - CONFIRMED_S

    def _is_alive(self, session: Session, request: Request) -> bool:
        """Whether a session still stands for its user, enabled or not."""
        user = session.user
        return (
            user is not None
            and self.users.find(user.login) is user
            and (session.is_token or session.app_password in self.app_passwords)
        )

    def _log_in(self, request: Request, seen: Seen, session: Session) -> Optional[User]:
        """Give whoever sent a login, and note in the session what it was; raises Stop."""
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == self.TOKEN_SCHEME:
            return self._by_token(credentials.strip(), request, seen, session)
        if kind.lower() != "basic":
            return None
        login, password = _basic(credentials)
        if not login or not password:
            return None
        seen.kind_of_auth = "refused"
        self._hold_up_login(request)
        is_app_password = password in self.app_passwords
        if not is_app_password and (self.token_auth_enforced or self._needs_second_factor(login)):
            return None
        user = self.check(login, password)
        if user is None:
            self._refuse(request, login)
            return None
        self._enter(request, user)
        self.brute_force.succeeded(login)
        if is_app_password:
            session.app_password = password
        else:
            session.confirmed = self._clock()
            session.is_token = TEST_COOKIE in request.cookies
            session.tests_cookies = not session.is_token
        seen.kind_of_auth = "app_password" if is_app_password else "password"
        return user

    def _enter(self, request: Request, user: User) -> None:
        """Let a user in, which is a visit; raises Stop if he is disabled."""
        if not user.enabled:
            raise Stop(self.disabled(request))
        if not user.logged_in:
            user.used_bytes = user.used_bytes or self.profile.skeleton_bytes
        user.visit(self._clock(), self.profile.visit_counts_after_s)

    def _refuse(self, request: Request, login: str) -> None:
        """Remember a wrong password; raises Stop."""
        self.brute_force.failed(login)
        raise Stop(self.refused(request))

    def check(self, login: str, password: str) -> Optional[User]:
        """Give the user, enabled or not, whom this login and this real or app password belong to,
        else None.
        """
        owner = self.app_passwords.get(password)
        if owner is not None:
            return self._named(owner) if owner.lower() == login.lower() else None
        user = self.users.find(login)
        if user is None or user.password != password:
            user = self._by_email(login)
        return user if user is not None and user.password == password else None

    def _named(self, login: str) -> Optional[User]:
        """Give the user of that login or e-mail address: an app password belongs to the one by
        which it was made (tried on 34.0.1, where it takes no other).
        """
        return self.users.find(login) or self._by_email(login)

    def _by_email(self, address: str) -> Optional[User]:
        named = self.users.with_email(address)
        return named[0] if len(named) == 1 else None

    def _by_token(
        self, token: str, request: Request, seen: Seen, session: Session
    ) -> Optional[User]:
        """Give the owner of an app password sent as a token; a wrong token is nobody, without a
        memory of it.
        """
        seen.kind_of_auth = "refused"
        owner = self.app_passwords.get(token)
        user = None if owner is None else self._named(owner)
        if user is None:
            return None
        seen.login = user.login
        self._enter(request, user)
        session.app_password = token
        seen.kind_of_auth = self.TOKEN_SCHEME
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

    def hold_up(self, action: str) -> bool:
        """Sleep as the server does before it looks at a password; give False where it does not
        look any more, after too many failures.
        """
        if self.brute_force.blocks(action):
            return False
        if self.brute_force_scale:
            time.sleep(self.brute_force.delay_s(action) * self.brute_force_scale)
        return True

    def _hold_up_login(self, request: Request) -> None:
        """Hold up a login; raises Stop."""
        if not self.hold_up("login"):
            status = 200 if request.ocs_version == 1 else 429
            raise Stop(outer(self.profile, request, status, 429, TOO_MANY))

    def refused(self, request: Request) -> Answer:
        """Make the answer to a wrong password."""
        answer = outer(self.profile, request, 401, 997, "Unauthorised")
        if not self.profile.since_30:
            answer = as_xml(answer, XML_OUTSIDE)
        answer.headers["WWW-Authenticate"] = 'Basic realm="Authorisation Required"'
        return answer

    def disabled(self, request: Request) -> Answer:
        """Make the answer to the right password of a disabled account."""
        return self.refused(request)


def outer(profile: Profile, request: Request, http_status: int, code: int, message: str) -> Answer:
    """Make an OCS answer of the kind that is written outside the router: up to 29 only
    ``format=json`` gets JSON there.
    """
    as_json = request.wants_json if profile.since_30 else request.json_in_query
    return envelope(
        http_status,
        code,
        message,
        as_json=as_json,
        counts=profile.since_30 and request.ocs_version == 1,
        content_type="" if as_json else XML_OUTSIDE,
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


def _session_key(request: Request) -> Tuple[str, str]:
    """Give what the request's cookies open; without both of them nothing."""
    cookies = request.cookies
    return cookies.get(SESSION_COOKIE, ""), cookies.get(PASSPHRASE_COOKIE, "")
