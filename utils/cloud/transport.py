"""The HTTP session to a cloud: TLS, time limits, what is repeated, what is never followed."""

import os
import threading
import time
from functools import partial
from importlib.machinery import PathFinder
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from utils.base import deeds, errors
from utils.base.deeds import Deed, Deeds, Note
from utils.base.later import later
from utils.base.secret import Secret
from utils.base.tally import STOPPED, CloudTally
from utils.consts import MODULE, VERSION

_UNUSED = (
    "calendar",
    "certifi",
    "charset_normalizer",  # guesses encodings; all that is read here is bytes
    "idna",
    "importlib.metadata",
    "mimetypes",
    "random",
    "tempfile",
    "urllib.request",  # looks for proxies, which this program is told
    "zipfile",
)


def _authorities() -> Optional[str]:
    """The file of the authorities that are trusted, in the library certifi; None if it has none.

    certifi itself loads Python's reader of resources to say so, which takes 5 ms of 130 (measured).
    Where a system has put its own file in the place of that, the library alone knows it.
    """
    found = PathFinder.find_spec("certifi")
    file = os.path.join(os.path.dirname(found.origin or ""), "cacert.pem") if found else ""
    return file if os.path.isfile(file) else None


with later(*_UNUSED, instead={"certifi.where": _authorities}):
    import ssl
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from urllib3.poolmanager import ProxyManager
    from urllib3.util.retry import Retry

AuthBase = requests.auth.AuthBase
HTTPAdapter = requests.adapters.HTTPAdapter

CONNECT_TIMEOUT_S = 5
MAX_ANSWER_BYTES = 1024 * 1024
"""Longest answer about one thing; an account with a thousand groups takes 50 KB."""

MAX_LIST_BYTES = 8 * MAX_ANSWER_BYTES
"""Longest answer to a question for a list; a page of 500 accounts takes 1 to 2 MB."""

PIECE_BYTES = 65_536
USER_AGENT = f"{MODULE}/{VERSION}"

_RETRY = Retry(
    total=2,
    connect=2,
    read=0,
    status=0,
    other=0,
    redirect=0,
    backoff_factor=0.3,
    raise_on_status=False,
    respect_retry_after_header=False,  # a proxy may ask for minutes, per try
)
"""A refused connection is tried again for every method, for nothing was sent. Longer waits are
BILLmanager's queue."""

_REPEATED = frozenset(["GET", "PUT"])
_GATEWAY_ERRORS = (502, 504)
_GATEWAY_PAUSES_S = (0.3, 0.6)
"""A gateway's error is tried again where the request may be repeated, after these pauses. Not by
the library: it would read the whole body first, however long that is."""

_MOST_COOKIES, _LONGEST_COOKIE = 20, 4096
"""Nextcloud's session has six; no browser keeps a longer one."""

# A name server that does not answer must not hold a form for half a minute: the resolver's
# wait cannot be interrupted from Python, only shortened.
os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")


SESSION_LASTS_S = 1200
"""A cloud's session is used for so long: after 30 minutes Nextcloud wants the password confirmed
again, which a login that it no longer looks at cannot do (docs/en/clouds.md, "Sessions")."""


SHORT_RUN = 6
"""The first requests go without a session where it costs more than it spares: Nextcloud opens none
at the first login by a real password, says so by a cookie, and logs in twice at the second."""


_TEST_COOKIE = "cookie_test"
"""Set by Nextcloud where a real password, and no app password or token, has logged in."""


class Token(AuthBase):
    """Logs in with a token alone; `scheme` is the product's word for that."""

    def __init__(self, token: Secret, scheme: str) -> None:
        self._token = token
        self._scheme = scheme

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the header to a request."""
        request.headers["Authorization"] = f"{self._scheme} {self._token.reveal()}"
        return request


class Anonymous(AuthBase):
    """Sends no login at all."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leaves a request as it is."""
        return request


def basic_auth(username: str, secret: Secret) -> AuthBase:
    """Basic login in UTF-8, as the clouds read it."""
    return requests.auth.HTTPBasicAuth(username.encode(), secret.reveal().encode())


def token_auth(secret: Secret, scheme: str) -> AuthBase:
    """Login by a token alone. Raises LoginRefused for a token that no header can hold."""
    token = secret.reveal()
    if not (token.isascii() and token.isprintable()):
        raise errors.LoginRefused("the token cannot be sent in a header")
    return Token(secret, scheme)


class _Adapter(HTTPAdapter):
    """Gives every request the session's time limits and trusts further authorities."""

    def __init__(self, timeout_s: float, ca_file: str = "", is_strict: bool = False) -> None:
        self._timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._ca_file = ca_file
        self._is_strict = is_strict
        super().__init__(max_retries=_RETRY)

    def _trust(self) -> Dict[str, Any]:
        """The TLS context with the usual authorities and the further ones."""
        if not self._ca_file:
            return {}
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise errors.SettingsBroken(f"ca_file: {self._ca_file}: {error}") from error
        # From Python 3.13 on checks are strict, which many a private authority does not stand.
        # Whoever names one trusts it as it is.
        if self._is_strict:
            context.verify_flags |= ssl.VERIFY_X509_STRICT
        else:
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.load_verify_locations(requests.utils.DEFAULT_CA_BUNDLE_PATH)
        return {"ssl_context": context}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Makes the pool of connections. Raises SettingsBroken for an unusable ca_file."""
        super().init_poolmanager(*args, **{**kwargs, **self._trust()})

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Makes the pool of connections through a proxy."""
        return super().proxy_manager_for(*args, **{**kwargs, **self._trust()})

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._timeout
        return super().send(request, *args, **kwargs)


class Response(NamedTuple):
    """What came back: the HTTP status, the headers by any letter case, the whole body.

    `certificate_ends` is the last second of the server's certificate as the certificate has it,
    empty without TLS or where nothing was verified. `note` stands among the deeds of the run.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    certificate_ends: str = ""
    note: Optional[Note] = None


class _TooLarge(requests.RequestException):
    """More than any answer to our questions can be, or packed so that nobody knows how much."""


class _FewCookies(DefaultCookiePolicy):
    """Takes the cookies of a session and no heap of them."""

    def set_ok(self, cookie: Any, request: Any) -> bool:
        """Whether a cookie is kept."""
        size = len(cookie.name or "") + len(cookie.value or "") + len(cookie.path or "")
        return size <= _LONGEST_COOKIE and super().set_ok(cookie, request)


class _NoRedirects(requests.Session):
    """The library's session, which would read the whole body of a redirect to tell where to."""

    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        """Nothing: no redirect is followed here."""
        return iter(())


class Session:
    """A session whose cookies are kept."""

    def __init__(self, http: requests.Session) -> None:
        self._http = http
        http.cookies.set_policy(_FewCookies())
        self._sent = 0
        self._began: Optional[float] = None
        """When it began, by the monotonic clock; None before the first request."""
        self.is_confirmed = False
        """Whether the cloud took the password to confirm in this session."""

    @property
    def is_by_real_password(self) -> bool:
        """Whether it was opened by a real password, as Nextcloud's cookie tells."""
        return _TEST_COOKIE in self._http.cookies

    def why_lost(self, url: str) -> str:
        """Why a cookie that the cloud has set is not sent to that address; empty where all are."""
        parts = urlsplit(url)
        for cookie in self._http.cookies:
            if cookie.secure and parts.scheme != "https":
                return "Secure"
            if not (parts.path + "/").startswith(cookie.path.rstrip("/") + "/"):
                return f"Path={cookie.path}"
        return ""

    def next(self) -> requests.Session:
        """The session for one more request, without its cookies where they are not worth it."""
        now = time.monotonic()
        is_new = self._began is None or now - self._began > SESSION_LASTS_S
        is_dear = self.is_by_real_password and self._sent < SHORT_RUN
        if is_new or is_dear or len(self._http.cookies) > _MOST_COOKIES:
            self._http.cookies.clear()
            self.is_confirmed = False
        if is_new:
            self._began = now
        self._sent += 1
        return self._http


class Http:
    """The connections of one run: nothing from the environment or .netrc, no redirect followed.

    `timeout_s` limits each wait for the server, `ca_file` names further trusted authorities.
    Cookies are kept only where a request asks for the session, and never beyond the run.
    `is_strict` checks a certificate under `ca_file` as the newest Python does by itself.
    Each request is noted among the `deeds`, a repeated one each time, and counted for the module.
    """

    def __init__(
        self,
        timeout_s: float,
        verify_tls: bool,
        ca_file: str = "",
        proxy: str = "",
        is_strict: bool = False,
        deeds: Optional[Deeds] = None,
        module_id: int = 0,
    ) -> None:
        self._deeds = deeds or Deeds()
        self.tally = CloudTally(self._deeds.tally, module_id)
        """What is counted of this cloud."""
        self.adapter = _Adapter(timeout_s, ca_file if verify_tls else "", is_strict)
        """Holds the connections, which requests with and without session share."""
        self._verify_tls = verify_tls
        self._proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._alone = self._make_http()
        self._alone.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._threads = threading.local()
        if not verify_tls:
            import urllib3

            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def _make_http(self) -> requests.Session:
        http = _NoRedirects()
        http.trust_env = False
        http.verify = self._verify_tls
        http.proxies = dict(self._proxies)
        http.headers.update(
            {
                "User-Agent": USER_AGENT,
                "OCS-APIRequest": "true",
                "Accept-Language": "en",
                # What is packed small may be large, and unpacking has been many a library's hole.
                "Accept-Encoding": "identity",
            }
        )
        http.mount("https://", self.adapter)
        http.mount("http://", self.adapter)
        return http

    @property
    def session(self) -> "Session":
        """This thread's session: a cloud answers the requests of a session one by one."""
        if not hasattr(self._threads, "session"):
            self._threads.session = Session(self._make_http())
        session: Session = self._threads.session
        return session

    def send(
        self,
        method: str,
        url: str,
        params: Optional[Mapping[str, Any]],
        data: Optional[Mapping[str, str]],
        auth: AuthBase,
        in_session: bool = False,
        most_bytes: int = 0,
    ) -> Response:
        """A request and its answer; only with `in_session` cookies are sent and kept.

        An answer over `most_bytes`, else MAX_ANSWER_BYTES, is not read to its end.

        Within a session the cloud answers as the session's user, whoever logs in: for a login of
        somebody else it must never be used.
        Raises CloudUnreachable where nothing was sent or nothing but a question was asked,
        CloudCertificate, and CloudLost where the outcome is unknown.
        """
        fields = {**(params or {}), **(data or {})}
        deed = deeds.request(method, urlsplit(url).path, fields)
        send = partial(self._send, method, url, params, data, auth, in_session, most_bytes)
        pauses_s = iter(_GATEWAY_PAUSES_S if method in _REPEATED else ())
        while True:
            response = self._note(deed, send)
            pause_s = next(pauses_s, None) if response.status in _GATEWAY_ERRORS else None
            if pause_s is None:
                return response
            self.pause(pause_s)

    def pause(self, seconds: float) -> None:
        """Waits before a request is sent once more."""
        self.tally.retried()
        self.tally.paused(seconds)
        time.sleep(seconds)

    def _note(self, deed: Deed, send: Callable[[], Response]) -> Response:
        try:
            with self._deeds.noted(deed) as note:
                response = send()
                note.status = response.status
                return response._replace(note=note)
        finally:
            self.tally.answered(str(note.status or note.ended or STOPPED), note.took_ms)

    def _send(
        self,
        method: str,
        url: str,
        params: Optional[Mapping[str, Any]],
        data: Optional[Mapping[str, str]],
        auth: AuthBase,
        in_session: bool,
        most_bytes: int,
    ) -> Response:
        call = f"{method} {url}"
        http = self.session.next() if in_session else self._alone
        headers = {"Content-Length": "0"} if data is None and method in ("POST", "PUT") else None
        try:
            with http.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                allow_redirects=False,
                stream=True,
            ) as response:
                ends = _certificate_ends(response)  # the connection leaves with the body
                body = _whole_body(response, most_bytes or MAX_ANSWER_BYTES)
                return Response(response.status_code, response.headers, body, ends)
        except requests.RequestException as error:
            failure = translate(error, call)
            if method == "GET" and isinstance(failure, errors.CloudLost):
                failure = errors.CloudUnreachable(failure.value)
            raise failure from error
        except ValueError as error:  # an address or a header that the libraries cannot send
            raise errors.NothingSent(f"{call}: {type(error).__name__}") from error


def _certificate_ends(response: requests.Response) -> str:
    """When the certificate ends that the answer came under, while its connection is open."""
    tls = getattr(getattr(response.raw, "connection", None), "sock", None)
    if not isinstance(tls, ssl.SSLSocket):
        return ""
    return str((tls.getpeercert() or {}).get("notAfter", ""))


def _whole_body(response: requests.Response, most_bytes: int) -> bytes:
    """All of an answer. Raises _TooLarge, and ChunkedEncodingError for one that breaks off.

    Read by Python's own HTTP, as it came: the library that asked would unpack it, and older ones
    read the length of a chunk without end (CVE-2026-97689).
    """
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise _TooLarge("packed, though not asked for")
    from urllib3.exceptions import HTTPError

    body = bytearray()
    try:
        while True:
            part = response.raw.read(PIECE_BYTES, decode_content=False)
            if not part:
                return bytes(body)
            body += part
            if len(body) > most_bytes:
                raise _TooLarge(f"over {most_bytes} bytes")
    except (HTTPError, OSError) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.exceptions.ChunkedEncodingError(error) from error


def translate(error: requests.RequestException, call: str) -> errors.CloudError:
    """What a failure of the HTTP library means: nothing sent, answer lost, not to be trusted."""
    cause = _innermost(error)
    words = f"{call}: {_plain(cause)}"
    if isinstance(cause, ssl.SSLCertVerificationError) or _is_wrong_name(cause):
        return errors.CloudCertificate(words)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return errors.NothingSent(words)
    if isinstance(error, requests.exceptions.ProxyError):
        return errors.NothingSent(words)
    if isinstance(error, requests.exceptions.SSLError):
        return errors.NothingSent(words)
    if isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error):
        return errors.NothingSent(words)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return errors.NothingSent(words)
    return errors.CloudLost(words)


def _chain(error: Optional[BaseException]) -> List[BaseException]:
    """The error and what it came from, outermost first; the libraries nest in three ways."""
    found = []
    while error is not None and error not in found:
        found.append(error)
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
        error = inner or error.__cause__  # never __context__: that may be an earlier failure
    return found


def _innermost(error: BaseException) -> BaseException:
    return _chain(error)[-1]


def _never_connected(error: BaseException) -> bool:
    from urllib3.exceptions import NewConnectionError

    return any(isinstance(one, NewConnectionError) for one in _chain(error))


def _is_wrong_name(cause: BaseException) -> bool:
    return type(cause).__name__ == "CertificateError"


def _plain(cause: BaseException) -> str:
    """A cause in few words, without the object addresses that the libraries put in."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, _TooLarge):
        return str(cause)
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return type(cause).__name__
