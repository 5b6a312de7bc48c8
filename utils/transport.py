"""The HTTP session to a cloud: TLS, time limits, what is repeated, what is never followed."""

import os
import ssl
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.poolmanager import ProxyManager
from urllib3.util.retry import Retry

from utils import errors
from utils.consts import MODULE, VERSION
from utils.secret import Secret

CONNECT_TIMEOUT_S = 5
MAX_ANSWER_BYTES = 64 * 1024 * 1024
USER_AGENT = f"{MODULE}/{VERSION}"

_RETRY = Retry(
    total=2,
    connect=2,
    read=0,
    status=2,
    other=0,
    redirect=0,
    allowed_methods=frozenset(["GET", "PUT"]),
    status_forcelist=(502, 504),
    backoff_factor=0.3,
    raise_on_status=False,
    respect_retry_after_header=False,  # a proxy may ask for minutes, per try
)
"""A refused connection is tried again for every method, for nothing was sent; a gateway's error
only where the request may be repeated. Longer waits are BILLmanager's queue."""

# A name server that does not answer must not hold a form for half a minute: the resolver's
# wait cannot be interrupted from Python, only shortened.
os.environ.setdefault("RES_OPTIONS", "timeout:2 attempts:2")


class Bearer(AuthBase):
    """Logs in with a token alone."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the header to a request."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return request


class Anonymous(AuthBase):
    """Sends no login at all."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leaves a request as it is."""
        return request


def login_auth(username: str, secret: Secret) -> AuthBase:
    """Basic login in UTF-8, as the clouds read it; without a user name the secret is a token.

    Raises LoginRefused for a token that no header can hold.
    """
    if not username:
        token = secret.reveal()
        if not (token.isascii() and token.isprintable()):
            raise errors.LoginRefused("the token cannot be sent in a header")
        return Bearer(secret)
    return HTTPBasicAuth(username.encode(), secret.reveal().encode())


class _Adapter(HTTPAdapter):
    """Gives every request the session's time limits and trusts further authorities."""

    def __init__(self, timeout_s: float, ca_file: str = "") -> None:
        self._timeout = (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._ca_file = ca_file
        super().__init__(max_retries=_RETRY)

    def _trust(self) -> Dict[str, Any]:
        """The TLS context with the usual authorities and the further ones."""
        if not self._ca_file:
            return {}
        try:
            context = ssl.create_default_context(cafile=self._ca_file)
        except OSError as error:
            raise errors.SettingsBroken(f"ca_file: {self._ca_file}: {error}") from error
        context.load_verify_locations(certifi.where())
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


def session(
    timeout_s: float, verify_tls: bool, ca_file: str = "", proxy: str = ""
) -> requests.Session:
    """A session for one run: nothing from the environment or .netrc, no cookie kept.

    `timeout_s` limits each wait for the server, `ca_file` names further trusted authorities.
    """
    http = requests.Session()
    http.trust_env = False
    http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    http.verify = verify_tls
    if proxy:
        http.proxies = {"http": proxy, "https": proxy}
    http.headers.update(
        {"User-Agent": USER_AGENT, "OCS-APIRequest": "true", "Accept-Language": "en"}
    )
    adapter = _Adapter(timeout_s, ca_file if verify_tls else "")
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    if not verify_tls:
        import urllib3

        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return http


class Answer(NamedTuple):
    """What came back: the HTTP status, the headers by any letter case, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _TooLarge(requests.RequestException):
    """More than any answer to our questions can be."""


def send(
    http: requests.Session,
    method: str,
    url: str,
    params: Optional[Mapping[str, Any]],
    data: Optional[Mapping[str, str]],
    auth: AuthBase,
) -> Answer:
    """One request and its answer; redirects are not followed.

    Raises CloudUnreachable where nothing was sent or nothing but a question was asked,
    CloudCertificate, and CloudLost where the outcome is unknown.
    """
    call = f"{method} {url}"
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
            body = bytearray()
            for part in response.iter_content(65536):
                body += part
                if len(body) > MAX_ANSWER_BYTES:
                    raise _TooLarge(f"over {MAX_ANSWER_BYTES} bytes")
            return Answer(response.status_code, response.headers, bytes(body))
    except requests.RequestException as error:
        failure = translate(error, call)
        if method == "GET" and isinstance(failure, errors.CloudLost):
            failure = errors.CloudUnreachable(failure.value)
        raise failure from error
    except ValueError as error:  # an address or a header that the libraries cannot send
        raise errors.CloudUnreachable(f"{call}: {type(error).__name__}") from error


def translate(error: requests.RequestException, call: str) -> errors.CloudError:
    """What a failure of the HTTP library means: nothing sent, answer lost, not to be trusted."""
    cause = _innermost(error)
    words = f"{call}: {_plain(cause)}"
    if isinstance(cause, ssl.SSLCertVerificationError) or _is_wrong_name(cause):
        return errors.CloudCertificate(words)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return errors.CloudUnreachable(words)
    if isinstance(error, requests.exceptions.ProxyError):
        return errors.CloudUnreachable(words)
    if isinstance(error, requests.exceptions.SSLError):
        return errors.CloudUnreachable(words)
    if isinstance(error, requests.exceptions.ConnectionError) and _never_connected(error):
        return errors.CloudUnreachable(words)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return errors.CloudUnreachable(words)
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
