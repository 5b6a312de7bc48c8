"""The OCS Provisioning API of Nextcloud and ownCloud: one method per call, typed results.

Always /ocs/v1.php, where both products keep their codes apart (owncloud-ocs.md, 1). What the
codes mean depends on the call: the general ones stand in _GENERAL, the others beside their call.
Texts of the cloud are translated and never compared, with the one exception that is not.
"""

import json
import time
from logging import Logger
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple, Type
from urllib.parse import quote

from utils import errors, forms, sizes, transport
from utils.secret import Secret
from utils.transport import Answer
from utils.values import Account, Server

PAGE_SIZE = 200
"""Users and groups per page; Nextcloud 34 takes 1 to 500."""

_CONFIRM = "Password confirmation is required"
"""Nextcloud's refusal of app passwords on writes: hard-coded English (nextcloud-newer.md, 1)."""

MAX_WAIT_S = 6.4
"""The longest delay of a login by the cloud's brute-force protection that a form may wait for."""

Meanings = Mapping[int, Type[errors.CloudRefused]]


class _BareThrottle(errors.CloudThrottled):
    """HTTP 429 without an OCS envelope."""


class Throttle(NamedTuple):
    """What an anonymous look at the capabilities shows: the delay of the next login."""

    delay_s: float


class Envelope(NamedTuple):
    """An OCS envelope: its code, its words, its data."""

    code: int
    message: str
    data: Any


class NextcloudAPIClient:
    """One cloud, one session, one run.

    Every method may raise CloudUnreachable (nothing was sent), CloudLost (outcome unknown),
    CloudCertificate, CloudMaintenance, CloudThrottled, CloudMoved, CloudUntrustedHost, NotACloud,
    LoginRefused, AppPasswordNeeded, AppPasswordRefused, RightsMissing, CloudError, and
    CloudRefused with the server's code where none of these fits.
    """

    lists_details = True
    """Whether users_page() is there; ownCloud has no such call."""

    def __init__(self, server: Server, log: Logger, ca_file: str = "", proxy: str = "") -> None:
        self._base = server.base_url
        self._log = log
        self._http = transport.session(server.timeout_s, server.verify_tls, ca_file, proxy)
        self._auth = transport.login_auth(server.username, server.secret)
        self.answered = False
        """Whether the cloud has answered anything yet."""

    # -- users --------------------------------------------------------------------------------

    def create_user(
        self,
        login: str,
        password: Secret,
        quota_bytes: float,
        email: str = "",
        group: str = "",
        display_name: str = "",
    ) -> None:
        """Makes an account with everything in one request.

        Not atomic: after AccountRefused and CloudRefused the account may exist all the same, with
        another quota (nextcloud-ocs.md, 3). Raises NoSuchGroup, PasswordRefused (107).
        """
        form = {
            "userid": login,
            "password": password.reveal(),
            "quota": quota_text(quota_bytes),
            "email": email,
            "groups[]": group,
            "displayName": display_name,
        }
        try:
            self._ocs(
                "POST",
                "/cloud/users",
                data={name: value for name, value in form.items() if value},
                means={104: errors.NoSuchGroup},
            )
        except errors.CloudRefused as error:
            if error.ocs_code == 107:
                raise errors.PasswordRefused(error.message) from error
            raise

    def get_user(self, login: str) -> Optional[Account]:
        """The account with exactly that login (letter case aside), or None."""
        path = _user_path(login)
        try:
            data = self._ocs("GET", path, means=_GONE)
        except errors.NoSuchUser as error:
            # 998 has words where ownCloud means a missing user, and none where Nextcloud means a
            # missing right (both recorded); taken for gone, `close` would leave it behind.
            if error.ocs_code == 998 and not error.message:
                raise errors.RightsMissing(f"GET {path}: 998") from error
            return None
        try:
            return account_from(data, login)
        except ValueError as error:
            raise errors.CloudUnreachable(f"GET {path}: no account in the answer") from error

    def set_quota(self, login: str, quota_bytes: float) -> None:
        """Sets the quota; the cloud rounds it (sizes.stored_bytes). Raises NoSuchUser."""
        self._edit(login, "quota", quota_text(quota_bytes))

    def set_email(self, login: str, email: str) -> None:
        """Sets the e-mail address. Raises NoSuchUser."""
        self._edit(login, "email", email)

    def _edit(self, login: str, key: str, value: str) -> None:
        try:
            self._ocs("PUT", _user_path(login), data={"key": key, "value": value}, means=_GONE)
        except _BareThrottle as error:
            # Nextcloud's limit of 50 such changes in 600 s for each administrator; its block after
            # too many wrong logins has an envelope (nextcloud-ocs.md, 7).
            raise errors.CloudWriteLimit(error.value) from error

    def enable_user(self, login: str) -> None:
        """Lets the account log in; already so is success. Raises NoSuchUser."""
        self._ocs("PUT", _user_path(login, "enable"), means=_SWITCH)

    def disable_user(self, login: str) -> None:
        """Locks the account out; already so is success. Raises NoSuchUser."""
        self._ocs("PUT", _user_path(login, "disable"), means=_SWITCH)

    def delete_user(self, login: str) -> None:
        """Deletes the account with its files. Raises NoSuchUser where it is not there."""
        self._ocs("DELETE", _user_path(login), means=_GONE)

    def users_page(self, offset: int, page_size: int) -> List[Account]:
        """The accounts from `offset` on, at most `page_size` (1 to 500)."""
        data = self._ocs(
            "GET", "/cloud/users/details", params={"limit": page_size, "offset": offset}
        )
        found = _mapping(_mapping(data).get("users"))
        try:
            return [account_from(user, login) for login, user in found.items()]
        except ValueError as error:
            raise errors.CloudUnreachable("GET /cloud/users/details: no accounts") from error

    # -- groups -------------------------------------------------------------------------------

    def groups(self, page_size: int = PAGE_SIZE) -> Iterator[str]:
        """The ids of all groups, read page after page."""
        offset = 0
        while True:
            data = self._ocs("GET", "/cloud/groups", params={"limit": page_size, "offset": offset})
            found = _mapping(data).get("groups")
            if not isinstance(found, list):
                raise errors.CloudUnreachable("GET /cloud/groups: no groups in the answer")
            page = [str(group) for group in found]
            yield from page
            if len(page) < page_size:
                return
            offset += page_size

    def create_group(self, group: str) -> None:
        """Makes a group; already there is success."""
        try:
            self._ocs("POST", "/cloud/groups", data={"groupid": group})
        except errors.CloudRefused as error:
            if error.ocs_code != 102:
                raise

    def add_to_group(self, login: str, group: str) -> None:
        """Puts the account into a group; already in is success. Raises NoSuchUser, NoSuchGroup."""
        self._ocs("POST", _user_path(login, "groups"), data={"groupid": group}, means=_MEMBER)

    def remove_from_group(self, login: str, group: str) -> None:
        """Takes the account out of a group; not in is success. Raises NoSuchUser, NoSuchGroup."""
        self._ocs("DELETE", _user_path(login, "groups"), params={"groupid": group}, means=_MEMBER)

    # -- logging in and looking around --------------------------------------------------------

    def accepts(self, login: str, password: Secret) -> bool:
        """Whether the cloud takes this login and password. One try: refusals are counted there.

        Where two-factor login or tokens are enforced the cloud refuses before it looks at the
        password, so that proves nothing.
        """
        try:
            self._ocs("GET", "/cloud/user", auth=transport.login_auth(login, password))
        except (errors.AppPasswordNeeded, errors.LoginRefused):
            return False
        return True

    def own_login(self) -> str:
        """The login that the connection's own secret belongs to."""
        return str(_mapping(self._ocs("GET", "/cloud/user")).get("id") or "")

    def test_connection(self) -> None:
        """Looks whether everything is there that the module needs, without changing anything.

        In order: a cloud answers (status.php), it is not in maintenance, it does not make logins
        wait, the login is right, and it may write: to disable a name that cannot exist answers 101
        exactly where writing is allowed (nextcloud-newer.md, 1).
        """
        status = self._status()
        if status.get("maintenance") is True:
            raise errors.CloudMaintenance("status.php")
        throttle = self.throttle()
        if throttle.delay_s > MAX_WAIT_S:
            raise errors.CloudThrottled(f"{throttle.delay_s:.0f} s")
        import secrets

        try:
            self.disable_user(f"pmnextcloud-probe-{secrets.token_hex(8)}")
        except errors.NoSuchUser as error:
            if error.ocs_code != 101:
                raise errors.RightsMissing(error.value) from error
            return
        raise errors.CloudError("a name that cannot exist was disabled")

    def _status(self) -> Mapping[str, Any]:
        """status.php, which tells a cloud from anything else, without a login."""
        answer = self._send("GET", "/status.php", auth=transport.Anonymous())
        try:
            status = _mapping(_json(answer.body))
        except ValueError as error:
            _refuse_other_than_ocs("GET /status.php", answer)
            raise errors.NotACloud("GET /status.php") from error
        if status.get("code") == 15:
            raise errors.CloudUntrustedHost("GET /status.php")
        if "installed" not in status or "version" not in status:
            raise errors.NotACloud("GET /status.php")
        return status

    def throttle(self) -> Throttle:
        """The cloud's brute-force delay for this address; nothing shown counts as none."""
        try:
            data = self._ocs("GET", "/cloud/capabilities", auth=transport.Anonymous())
        except (errors.LoginRefused, errors.AppPasswordNeeded):
            return Throttle(0.0)  # ownCloud shows its capabilities to nobody
        shown = _mapping(_mapping(_mapping(data).get("capabilities")).get("bruteforce"))
        delay_ms = shown.get("delay")
        return Throttle(delay_ms / 1000 if isinstance(delay_ms, (int, float)) else 0.0)

    # -- one request --------------------------------------------------------------------------

    def _ocs(
        self,
        method: str,
        path: str,
        params: Optional[Dict[str, Any]] = None,
        data: Optional[Dict[str, str]] = None,
        means: Optional[Meanings] = None,
        auth: Optional[transport.AuthBase] = None,
    ) -> Any:
        """The data of an OCS call; raises what its answer means."""
        call = f"{method} {path}"
        response = self._send(
            method, "/ocs/v1.php" + path, {**(params or {}), "format": "json"}, data, auth
        )
        answer = _envelope(response)
        if answer is None:
            _refuse_other_than_ocs(call, response)
            raise _no_answer(f"{call}: no OCS answer, HTTP {response.status}")
        if answer.code in (100, 200):
            return answer.data
        raise _meaning(call, response, answer, means or {})

    def _send(
        self,
        method: str,
        path: str,
        params: Optional[Dict[str, Any]] = None,
        data: Optional[Dict[str, str]] = None,
        auth: Optional[transport.AuthBase] = None,
    ) -> Answer:
        """One request; raises what failures of the connection mean, and refuses redirects."""
        call = f"{method} {path}"
        started = time.monotonic()
        try:
            response = transport.send(
                self._http, method, self._base + path, params, data, auth or self._auth
            )
        except errors.CloudError as failure:
            self._log.warning("%s", failure)
            raise
        self.answered = True
        took_ms = (time.monotonic() - started) * 1000
        self._log.debug("%s answered %d in %d ms", call, response.status, took_ms)
        if 300 <= response.status < 400:
            raise errors.CloudMoved(f"{call}: {response.headers.get('Location', '')[:200]}")
        return response


_GONE: Meanings = {404: errors.NoSuchUser, 998: errors.NoSuchUser}
_SWITCH: Meanings = {101: errors.NoSuchUser, 998: errors.NoSuchUser, 404: errors.NoSuchUser}
_MEMBER: Meanings = {102: errors.NoSuchGroup, 103: errors.NoSuchUser}

_GENERAL: Mapping[int, Type[errors.CloudError]] = {
    429: errors.CloudThrottled,
    503: errors.CloudMaintenance,
    996: errors.CloudLost,
    500: errors.CloudLost,
}


def _user_path(login: str, *parts: str) -> str:
    return "/".join(("/cloud/users", quote(login, safe=""), *parts))


def quota_text(quota_bytes: float) -> str:
    """A quota as the clouds take it: whole bytes or `none`; never GiB, never a minus."""
    return "none" if quota_bytes == sizes.UNLIMITED else str(int(quota_bytes))


def _mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; PHP writes an empty one as a list, and null for none."""
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> Any:
    """A JSON document. Raises ValueError, also for what is no JSON but Python would take."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    def finite(number: str) -> float:
        value = float(number)
        if value - value != 0:  # 1e999 becomes infinity
            raise ValueError(number)
        return value

    try:
        return json.loads(body, parse_constant=refuse, parse_float=finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _envelope(response: Answer) -> Optional[Envelope]:
    """The OCS envelope of an answer, in JSON or, where the server insists, in XML."""
    body = response.body
    try:
        if body.lstrip()[:1] == b"<":
            meta = forms.parse(body).find("meta")
            if meta is None:
                return None
            values = forms.fields(meta)
            return Envelope(int(values.get("statuscode", "")), values.get("message", ""), None)
        ocs = _mapping(_json(body)).get("ocs")
        meta_json = _mapping(_mapping(ocs).get("meta"))
        code = int(meta_json["statuscode"])
        return Envelope(code, str(meta_json.get("message") or ""), _mapping(ocs).get("data"))
    except (ValueError, KeyError, TypeError):
        return None


def _refuse_other_than_ocs(call: str, response: Answer) -> None:
    """Raises what an answer outside the OCS envelope means, where its HTTP status tells."""
    status = response.status
    where = f"{call}: HTTP {status}"
    if status == 401:
        raise _refused_login(where, response)
    if status == 429:
        raise _BareThrottle(where)
    if status == 503:
        raise errors.CloudMaintenance(where)
    if status == 400 and b"<" in response.body[:200]:
        raise errors.CloudUntrustedHost(where)
    if status in (404, 405, 412) or (status < 300 and _looks_like_html(response)):
        raise errors.NotACloud(where)
    if status == 403:
        raise errors.RightsMissing(where)
    if status >= 500:
        raise _no_answer(where)


def _no_answer(where: str) -> errors.CloudError:
    """What an answer that says nothing means: after a mere question, a cloud out of order."""
    if where.startswith("GET "):
        return errors.CloudUnreachable(where)
    return errors.CloudLost(where)


def _looks_like_html(response: Answer) -> bool:
    return b"<html" in response.body[:2000].lower()


def _meaning(call: str, response: Answer, answer: Envelope, means: Meanings) -> errors.CloudError:
    """The error that an answer with a refusing code stands for."""
    if response.status == 401 or answer.code == 997:
        return _refused_login(f"{call}: {answer.code}", response)
    if answer.code == 403 or response.status == 403:
        if answer.message == _CONFIRM:
            return errors.AppPasswordRefused(call)
        return errors.RightsMissing(f"{call}: {answer.message[:200]}")
    if answer.code in means:
        return means[answer.code](call, answer.code, answer.message[:200])
    if response.status in _GENERAL or answer.code in _GENERAL:
        kind = _GENERAL.get(answer.code) or _GENERAL[response.status]
        return kind(f"{call}: {answer.code} {answer.message[:200]}")
    return errors.CloudRefused(call, answer.code, answer.message[:200])


def _refused_login(where: str, response: Answer) -> errors.CloudError:
    """A wrong login bears WWW-Authenticate; a right one that needs an app password does not.

    Recorded on 29.0.6 to 34.0.1 (nextcloud-ocs.md, 7): two-factor login, enforced tokens and an
    e-mail of two accounts answer 401 without that header.
    """
    if "WWW-Authenticate" in response.headers:
        return errors.LoginRefused(where)
    return errors.AppPasswordNeeded(where)


def account_from(data: Any, login: str) -> Account:
    """The account in the user object that was asked for by `login`.

    ownCloud has no id and writes `enabled` as a text; numeric logins come as numbers. Raises
    ValueError where the data is no user object, or another account's: nothing may be concluded
    from it, least of all whose account the next request is about.
    """
    user, groups = _mapping(data), _mapping(data).get("groups") or []
    enabled = user.get("enabled")
    if enabled is None or not isinstance(groups, list):
        raise ValueError("no user object")
    shown_login = str(user.get("id", login))
    if shown_login.casefold() != login.casefold():
        raise ValueError("another account")
    quota_bytes, used_bytes = _usage(user.get("quota"))
    return Account(
        login=shown_login,
        enabled=enabled if isinstance(enabled, bool) else str(enabled).lower() == "true",
        email=str(user.get("email") or ""),
        display_name=str(user.get("displayname") or user.get("display-name") or ""),
        groups=tuple(str(group) for group in groups),
        quota_bytes=quota_bytes,
        used_bytes=used_bytes,
    )


def _usage(quota: Any) -> Tuple[Optional[float], Optional[int]]:
    """Quota and used bytes of a quota object, in every shape the servers have.

    Only `quota` (Nextcloud) or `definition` (ownCloud) tells the limit: free and total turn into
    the disk's size or -3 by version (nextcloud-newer.md, 2). An empty list is a storage error.
    """
    if not isinstance(quota, dict) or not quota:
        return None, None
    limit = quota.get("quota", quota.get("definition"))
    return _limit(limit), _used(quota)


def _limit(limit: Any) -> Optional[float]:
    if isinstance(limit, (int, float)) and not isinstance(limit, bool):
        return sizes.UNLIMITED if limit < 0 else int(limit)
    if not isinstance(limit, str) or limit == "default":
        return None
    try:
        return sizes.parse_text(limit)
    except ValueError:
        return None


def _used(quota: Mapping[str, Any]) -> Optional[int]:
    """The used bytes; an ownCloud account without a home has none yet, and says nothing."""
    used = quota.get("used", 0 if "definition" in quota else None)
    if isinstance(used, bool) or not isinstance(used, (int, float)):
        return None
    if not 0 <= used < 2**63:
        return None
    return int(used)
