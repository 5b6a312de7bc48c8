"""Which server each stored secret of a module belongs to: it is sent to no other.

A form that is saved with another address may leave a secret as it was, by an empty field or by one
that the core has filled in. So what a form holds proves nothing. A secret belongs to the server
that first took the module's login with it. That is kept here by a keyed digest, and a secret goes
nowhere else, nor without a check of the certificate where there was one before.

A secret that is not known here yet goes where the module says and is kept as soon as the login was
taken: so it is with a new one, and after an update from a version that kept nothing. Where what was
known is lost, the services of the module tell: their marks are sealed after that, and name the
server of their accounts.
"""

from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Place, Server
from utils.consts import PARAM_CONFIRM, PARAM_SECRET
from utils.host.state import SECRETS, State

MOST_KEPT = 8
"""No more secrets are remembered beside those in use. Each try of a form adds two."""

_WAIT_S = 5.0
"""Longest wait for another process that writes the same file, which takes a moment."""


class Home(NamedTuple):
    """A server as far as secrets belong to it: protocol, name and port, and how sure it was."""

    origin: str
    is_verified: bool

    def takes_from(self, former: "Home") -> bool:
        """Whether what belongs to `former` may be sent here."""
        return self.origin == former.origin and (self.is_verified or not former.is_verified)


UNSURE = Home("", is_verified=False)
"""Where a secret belongs of which that may have been known, and is lost."""


def origin_of(base_url: str) -> str:
    """Protocol, name and port of a clean address, as text."""
    scheme, host, port = address.origin(base_url)
    return f"{scheme}://{host.rstrip('.')}:{port}"


def home_of(server: Server) -> Home:
    """Where the secrets of a connection would be sent."""
    origin = origin_of(server.base_url)
    return Home(origin, server.verify_tls and origin.startswith("https:"))


def secrets_of(server: Server) -> Tuple[Tuple[str, Secret], ...]:
    """The secrets of a connection under the names of their fields, without those that are empty."""
    named = ((PARAM_SECRET, server.secret), (PARAM_CONFIRM, server.confirm_secret))
    return tuple((name, secret) for name, secret in named if secret)


class Binding:
    """The memory of one module; `former_servers` are the addresses that its cloud had before.

    `places` tells where the accounts of the module's services are.
    """

    def __init__(
        self,
        state: State,
        fingerprint: Callable[[str], str],
        module_id: int,
        former_servers: Iterable[str] = (),
        places: Callable[[], List[Place]] = list,
    ) -> None:
        self._state = state
        self._fingerprint = fingerprint
        self._name = SECRETS.format(module_id)
        self._former = tuple(former_servers)
        self._moved_from = set(map(origin_of, self._former))
        self._places = places

    def check(self, server: Server, stored: Optional[Server] = None) -> None:
        """Raises SecretElsewhere where a secret of the connection belongs to another server.

        `stored` is the connection of the module where the other one is that of a form: what only
        the form has is new, and may be tried. May raise what reading the services does.
        """
        here, homes = home_of(server), self._homes(stored or server)
        for name, secret in secrets_of(server):
            home = homes.get(self._digest(secret))
            if home is None:
                continue  # a new one
            if home == UNSURE:
                self._check_by_services(name, server)
                continue
            if home.origin in self._moved_from:
                home = home._replace(origin=here.origin)
            if not here.takes_from(home):
                raise errors.SecretElsewhere(f"{name}: {home.origin}")

    def _check_by_services(self, name: str, server: Server) -> None:
        """Raises SecretElsewhere where sealed marks speak against a server.

        They do not tell whether a certificate was looked at: without one now, nothing is sent
        that leaves this machine.
        """
        places = self._places()
        for place in places:
            if not self._is_here(place, server.base_url):
                words = origin_of(place.url) if place.url else f"service {place.item_id}"
                raise errors.SecretElsewhere(f"{name}: {words}")
        is_sure = home_of(server).is_verified or address.is_loopback(server.base_url)
        if places and not is_sure:
            raise errors.SecretElsewhere(f"{name}: {origin_of(server.base_url)}")

    def _is_here(self, place: Place, base_url: str) -> bool:
        """Whether an account is on the server of an address, or was before the cloud moved."""
        if any(place.server in address.digests(one) for one in (base_url, *self._former)):
            return True
        return bool(place.url) and origin_of(place.url) in {origin_of(base_url), *self._moved_from}

    def list_unbound(self, server: Server) -> Tuple[str, ...]:
        """The fields whose secrets belong to no server yet."""
        homes, named = self._homes(server), secrets_of(server)
        return tuple(
            name for name, secret in named if homes.get(self._digest(secret), UNSURE) == UNSURE
        )

    def keep(self, server: Server, stored: Optional[Server] = None) -> None:
        """The server has taken the login: what the connection holds belongs there from now on.

        `stored` is the connection of the module where the other one is that of a form: its secrets
        have to stay remembered. Raises StateUnwritable.
        """
        here = home_of(server)
        mine = {self._digest(secret): here for _, secret in secrets_of(server)}
        if self._has(mine, server):
            return
        with self._state.lock(self._name) as lock:
            if lock.take([0], _WAIT_S) is None:
                return  # the next run that logs in will
            homes = {**self._homes(stored or server), **mine}
            if len(homes) > MOST_KEPT:
                used = {self._digest(secret) for _, secret in secrets_of(stored or server)}
                homes = {key: home for key, home in homes.items() if key in used or key in mine}
            self._state.write(self._name, {key: list(home) for key, home in homes.items()})

    def _has(self, mine: Dict[str, Home], server: Server) -> bool:
        homes = self._homes(server)
        return all(homes.get(digest) == home for digest, home in mine.items())

    def _digest(self, secret: Secret) -> str:
        return self._fingerprint("\0".join(("secret", secret.reveal())))

    def _homes(self, stored: Server) -> Dict[str, Home]:
        """What is remembered, by the digest of the secret.

        Where nothing is, or it is damaged, the secrets that are stored are UNSURE: so they stay,
        in what is kept next, until a server has taken them.
        """
        kept = self._state.read(self._name)
        kept = kept if isinstance(kept, dict) else {}
        homes = {digest: Home(*home) for digest, home in kept.items() if _is_home(home)}
        if homes and len(homes) == len(kept):
            return homes
        return {**{self._digest(secret): UNSURE for _, secret in secrets_of(stored)}, **homes}


def _is_home(kept: Any) -> bool:
    return isinstance(kept, list) and list(map(type, kept)) == [str, bool]
