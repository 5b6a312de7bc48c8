"""One cloud in one run: what it is, how we log in there, what its refusals mean."""

import re
import time
from contextlib import suppress
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple, cast
from urllib.parse import quote

from utils.base import errors
from utils.base.deeds import Deeds
from utils.base.logs import Logger
from utils.base.tally import CloudTally
from utils.base.text import tame
from utils.base.values import Server
from utils.cloud import front, ocs, products, transport
from utils.cloud.ocs import Envelope, Meanings, mapping
from utils.cloud.products import Memory, Product
from utils.cloud.transport import Response
from utils.consts import is_admin_group
from utils.host import budget

PAUSE_S = 3.0
"""A request that was one too many is sent once more after these seconds, where its answer names no
time: a burst of others is over by then, and a form still answers in time."""

LONGEST_PAUSE_S = 30.0
"""No run waits longer for that: BILLmanager's own repeats are made for longer waits."""

PART_TO_WAIT = 2
"""Of the time that a run has left it waits no more than this part: one divided by it. The other
part is for what is still to be done, and for the next such pause."""

OCS = "/ocs/v1.php"
"""Before the path of every OCS call."""

WHO_AM_I = "/cloud/user"

_STATUS = "/status.php"

_APP_PASSWORD = re.compile(r"[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){3,4}|[A-Za-z0-9]{72}", re.ASCII)
"""App passwords as Nextcloud makes them in its settings and by occ, and as ownCloud does."""


def user_path(login: str, *parts: str) -> str:
    """The path of an account, or of what belongs to it.

    A login that a cloud has listed may hold what no text of UTF-8 can: such a one is nobody's.
    """
    return "/".join(("/cloud/users", quote(login, safe="", errors="surrogatepass"), *parts))


class CloudStatus(NamedTuple):
    """What is seen of a cloud without a login: its status.php, and how that came."""

    status: Mapping[str, Any]
    response: Response


LONGEST_VERSION = 40
"""Characters of a version; "34.0.1 RC2" has ten."""


def version_text(status: Mapping[str, Any]) -> str:
    """The version in a status.php, as it may be shown; empty where the cloud hides it."""
    return tame(str(status.get("versionstring") or ""), LONGEST_VERSION).strip()


class Request(NamedTuple):
    """A request to the cloud; without `auth` the module's own login is used."""

    method: str
    path: str
    params: Optional[Dict[str, Any]] = None
    data: Optional[Dict[str, str]] = None
    auth: Optional[transport.AuthBase] = None

    @property
    def is_list(self) -> bool:
        """Whether a page of many things is asked for."""
        return "limit" in (self.params or {})

    def __repr__(self) -> str:
        """What is asked; the data may hold passwords."""
        return f"{self.method} {self.path}"


class Connection:
    """Asks OCS calls as the module's user; see NextcloudAPIClient for what may be raised."""

    def __init__(
        self,
        server: Server,
        log: Logger,
        ca_file: str = "",
        proxy: str = "",
        memory: Optional[Memory] = None,
        is_strict: bool = False,
        deeds: Optional[Deeds] = None,
    ) -> None:
        self._server = server
        self._log = log
        self._http = transport.Http(
            server.timeout_s,
            server.verify_tls,
            ca_file,
            proxy,
            is_strict,
            deeds,
            server.module_id,
        )
        self._memory = memory
        self._product = memory.recall() if memory else None
        self._is_sure = False
        self._own_groups_path = ""
        self.answered = False
        """Whether the cloud has answered anything yet."""
        self.on_login: Callable[[], None] = lambda: None
        """What is done as soon as the cloud has taken the module's own login."""
        self._logged_in = False

    # -- what it is ---------------------------------------------------------------------------

    @property
    def product(self) -> Product:
        """What answers at the address: asked once, then remembered across runs."""
        if self._product is None:
            self.recognise()
        return cast(Product, self._product)

    def recognise(self) -> CloudStatus:
        """Asks the cloud what it is, by status.php or by who may see its capabilities.

        Raises CloudUnsupported, NotACloud.
        """
        seen = self._look()
        status = seen.status
        product = products.by_status(status)
        if product is None:
            hidden = self.capabilities_for_all() is None
            product = products.OWNCLOUD if hidden else products.NEXTCLOUD
        self._log.info("the cloud is %s %s", product.name, version_text(status))
        if self._memory is not None and self._memory.recall() != product:
            self._memory.keep(product)
        self._product, self._is_sure = product, True
        return seen

    def _look(self) -> CloudStatus:
        """status.php, which tells a cloud from anything else, without a login."""
        request = Request("GET", _STATUS, auth=transport.Anonymous())
        response = self._send(request)
        status = mapping(ocs.read_document(response.body, ocs.json_document))
        if status.get("code") == 15:
            raise errors.CloudUntrustedHost(request)
        if "installed" not in status or "version" not in status:
            raise self._no_status(request, response)
        if status["installed"] is not True:
            raise errors.CloudNotInstalled(request)
        return CloudStatus(status, response)

    def _no_status(self, request: Request, response: Response) -> errors.CloudError:
        """What a status page that is none means: nobody knows yet whether a cloud is behind it."""
        error = front.error_of(str(request), response)
        was_cloud = self._memory is not None and self._memory.recall() is not None
        is_other = response.status < 400 or response.status in (404, 405, 410)
        if was_cloud or not is_other or isinstance(error, errors.AnswerSpoilt):
            return error
        return errors.NotACloud(f"{request}: {front.shown(response)}")

    def capabilities_for_all(self) -> Optional[Mapping[str, Any]]:
        """What the cloud shows of itself without a login; ownCloud shows nothing: None."""
        request = Request("GET", "/cloud/capabilities", auth=transport.Anonymous())
        response, envelope = self._exchange(request)
        if response.status == 401:
            return None
        if not envelope.is_good:
            raise ocs.error_of(str(request), response, envelope, {})
        return mapping(mapping(envelope.data).get("capabilities"))

    @property
    def tally(self) -> CloudTally:
        """What is counted of this cloud."""
        return self._http.tally

    @property
    def keeps_real_password(self) -> bool:
        """Whether the cloud has shown that the login's secret is no app password."""
        return self._http.session.is_by_real_password

    # -- asking -------------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        params: Optional[Dict[str, Any]] = None,
        data: Optional[Dict[str, str]] = None,
        means: str = "",
        auth: Optional[transport.AuthBase] = None,
    ) -> Any:
        """The data of an OCS call; raises what its answer means.

        `means` names the table of the product in which the codes of this call stand; `auth` is
        another login than the module's own.
        """
        return self._ask(Request(method, path, params, data, auth), means)

    def _ask(self, request: Request, means: str) -> Any:
        is_own = request.auth is None
        response, envelope = self._exchange(request)
        if is_own and self._may_be_asked_again(request.method, response, envelope):
            response, envelope = self._exchange(request)
        if envelope.is_good:
            self._note_login(request)
            return envelope.data
        meanings = self.product.means.get(means, {})
        if response.status == 401 or envelope.code == 997:
            raise self._refused_login(request, response, envelope, meanings)
        error = ocs.error_of(str(request), response, envelope, meanings)
        if isinstance(error, errors.NoSuchUser):  # that is told to nobody without a login
            self._note_login(request)
        raise self._seen_closer(error, request.path) if is_own else error

    def _note_login(self, request: Request) -> None:
        if request.auth is None and not self._logged_in:
            self._logged_in = True
            self.on_login()

    def _seen_closer(self, error: errors.PmError, path: str) -> errors.PmError:
        """The error, or the likelier cause of it that what else is seen shows."""
        if isinstance(error, errors.AppPasswordRefused) and self._http.session.is_confirmed:
            why = self._http.session.why_lost(f"{self._server.base_url}/ocs/v1.php{path}")
            return errors.SessionLost(f"{error.value}: {why}") if why else error
        is_own = path in (WHO_AM_I, self._own_groups_path)
        if isinstance(error, errors.RightsMissing) and not is_own and self._is_admin():
            return errors.AdminRefused(error.value)
        return error

    def _is_admin(self) -> bool:
        """Whether the login is in the group of administrators; False where it cannot be read."""
        try:
            own = str(mapping(self.ask("GET", WHO_AM_I)).get("id") or "")
            self._own_groups_path = user_path(own, "groups")
            groups = mapping(self.ask("GET", self._own_groups_path)).get("groups")
        except errors.CloudError:
            return False
        return isinstance(groups, list) and any(map(is_admin_group, map(str, groups)))

    def _may_be_asked_again(self, method: str, response: Response, envelope: Envelope) -> bool:
        """Whether something was learned or done by which the same call may be answered better.

        The password to confirm is for writes: no cloud wants it for a question.
        """
        if envelope.wants_confirmation:
            return method != "GET" and self._confirm()
        return method == "GET" and self._was_another(response, envelope)

    def _was_another(self, response: Response, envelope: Envelope) -> bool:
        """Whether the cloud is another product than was remembered; an answer made us look."""
        remembered = self.product
        is_token_refused = response.status == 401 and not self._server.username
        shown = products.by_answer(envelope)
        if self._is_sure or not (is_token_refused or shown not in (None, remembered)):
            return False
        self.recognise()
        return self.product != remembered

    def _confirm(self) -> bool:
        """Confirms the session with the real password, where the form has it.

        Nextcloud 34 takes an app password on writes only so (docs/en/clouds.md, "Confirming the
        password"). Whether it was done now. Raises ConfirmRefused.
        """
        session = self._http.session
        if not self._server.confirm_secret or session.is_confirmed:
            return False
        form = {"password": self._server.confirm_secret.reveal()}
        request = Request("PUT", "/core/apppassword/confirm", data=form)
        response, envelope = self._exchange(request)
        if envelope.code == 403:
            raise errors.ConfirmRefused(request)
        if not envelope.is_good:
            raise ocs.error_of(str(request), response, envelope, {})
        session.is_confirmed = True
        self._log.info("the cloud took the second password: this session may write")
        return True

    def _refused_login(
        self, request: Request, response: Response, envelope: Envelope, meanings: Meanings
    ) -> errors.PmError:
        """What a 401 means. Raises LoginRefused where one confirming read is refused as well."""
        where = f"{request}: {envelope.code}"
        if self.product.hides_rights and request.auth is None and request.path != WHO_AM_I:
            self.ask("GET", WHO_AM_I)
            kind = meanings.get(997, errors.RightsMissing)
            return ocs.error_for(kind, str(request), envelope)
        if not self.product.explains_login:
            return errors.LoginRefused(where)
        error = ocs.refused_login(where, response)
        if isinstance(error, errors.AppPasswordNeeded) and request.auth is None:
            return self._unseen_login(error)
        return error

    def _unseen_login(self, error: errors.CloudError) -> errors.CloudError:
        """What it means that the cloud did not look at the module's own login.

        No second factor stops an app password or a token. A wrong app password is refused by
        another answer (recorded on 29.0.6 and 34.0.1), a wrong token by this one.
        """
        server = self._server
        if not server.username:
            return errors.LoginRefused(error.value)
        is_app_password = _APP_PASSWORD.fullmatch(server.secret.reveal()) is not None
        if is_app_password and "@" not in server.username:  # two accounts may share an address
            return errors.AuthorizationLost(error.value)
        return error

    # -- one request --------------------------------------------------------------------------

    def _exchange(self, request: Request) -> Tuple[Response, Envelope]:
        """An OCS call and its envelope; raises what an answer without one means."""
        in_json = {**(request.params or {}), "format": "json"}
        response = self._send(request._replace(path=OCS + request.path, params=in_json))
        envelope = ocs.read_envelope(response)
        if envelope is None:
            raise front.error_of(str(request), response)
        if response.note is not None:
            response.note.code = envelope.code
        return response, envelope

    def _send(self, request: Request) -> Response:
        """A request, sent once more where it was one too many and this run has the time to wait.

        Raises what failures of the connection mean, and CloudMoved; no redirect is followed.
        """
        response = self._send_once(request)
        if self._has_waited(request, response):
            response = self._send_once(request)
        return response

    def _has_waited(self, request: Request, response: Response) -> bool:
        """Whether it was waited as the answer wants it, so that the request may be sent again."""
        if not front.asks_patience(response):
            return False
        pause_s = front.wait_s(response.headers) or PAUSE_S
        if pause_s > min(LONGEST_PAUSE_S, budget.left_s() / PART_TO_WAIT):
            return False
        self._log.warning("%s: HTTP %d, once more in %d s", request, response.status, pause_s)
        self._http.pause(pause_s)
        return True

    def _send_once(self, request: Request) -> Response:
        in_session = request.auth is None and self.product.keeps_sessions
        auth = self._own_auth() if request.auth is None else request.auth
        url = self._server.base_url + request.path
        started = time.monotonic()
        try:
            response = self._http.send(
                request.method,
                url,
                request.params,
                request.data,
                auth,
                in_session,
                transport.MAX_LIST_BYTES if request.is_list else transport.MAX_ANSWER_BYTES,
            )
        except errors.CloudError as failure:
            self._log.warning("%s", failure)
            raise
        self.answered = True
        took_ms = (time.monotonic() - started) * 1000
        self._log.debug("%s answered %d in %d ms", request, response.status, took_ms)
        if 300 <= response.status < 400:
            location = response.headers.get("Location", "")
            if "index.php" in location and request.path != _STATUS:
                self._refuse_uninstalled()
            if front.has_moved(location, request.path, self._server.base_url):
                raise errors.CloudMoved(f"{request}: {location}")
        return response

    def _refuse_uninstalled(self) -> None:
        """A cloud that is not set up sends everybody to its set-up. Raises CloudNotInstalled."""
        with suppress(errors.CloudMoved, errors.NotACloud, errors.FrontAnswered):
            self._look()

    def _own_auth(self) -> transport.AuthBase:
        """The module's own login; without a user name the secret is a token."""
        server = self._server
        if server.username:
            return transport.basic_auth(server.username, server.secret)
        return transport.token_auth(server.secret, self.product.token_scheme)
