"""One cloud in one run: what it is, how we log in there, what its refusals mean."""

import time
from logging import Logger
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, cast

from utils import errors, ocs, products, transport
from utils.ocs import Envelope, Meanings, mapping
from utils.products import Memory, Product
from utils.transport import Answer
from utils.values import Server

WHO_AM_I = "/cloud/user"


class Sight(NamedTuple):
    """What is seen of a cloud without a login: its status.php, and how that came."""

    status: Mapping[str, Any]
    answer: Answer


class Connection:
    """Asks OCS calls as the module's user; see NextcloudAPIClient for what may be raised."""

    def __init__(
        self,
        server: Server,
        log: Logger,
        ca_file: str = "",
        proxy: str = "",
        memory: Optional[Memory] = None,
    ) -> None:
        self._server = server
        self._log = log
        self._http = transport.Http(server.timeout_s, server.verify_tls, ca_file, proxy)
        self._memory = memory
        self._product = memory.recall() if memory else None
        self._is_sure = False
        self._confirmed_session = 0.0
        self.answered = False
        """Whether the cloud has answered anything yet."""

    # -- what it is ---------------------------------------------------------------------------

    @property
    def product(self) -> Product:
        """What answers at the address: asked once, then remembered across runs."""
        if self._product is None:
            self.recognise()
        return cast(Product, self._product)

    def recognise(self) -> Sight:
        """Asks the cloud what it is, by status.php or by who may see its capabilities.

        Raises CloudUnsupported, NotACloud.
        """
        sight = self._look()
        status = sight.status
        product = products.by_status(status)
        if product is None:
            hidden = self.capabilities_for_all() is None
            product = products.OWNCLOUD if hidden else products.NEXTCLOUD
        self._log.info("the cloud is %s %s", product.name, status.get("versionstring", ""))
        if self._memory is not None and self._memory.recall() != product:
            self._memory.keep(product)
        self._product, self._is_sure = product, True
        return sight

    def _look(self) -> Sight:
        """status.php, which tells a cloud from anything else, without a login."""
        answer = self._send("GET", "/status.php", auth=transport.Anonymous())
        try:
            status = mapping(ocs.json_document(answer.body))
        except ValueError as error:
            ocs.refuse_other("GET /status.php", answer)
            raise errors.NotACloud("GET /status.php") from error
        if status.get("code") == 15:
            raise errors.CloudUntrustedHost("GET /status.php")
        if "installed" not in status or "version" not in status:
            raise errors.NotACloud("GET /status.php")
        return Sight(status, answer)

    def capabilities_for_all(self) -> Optional[Mapping[str, Any]]:
        """What the cloud shows of itself without a login; ownCloud shows nothing: None."""
        path = "/cloud/capabilities"
        response, answer = self._exchange("GET", path, auth=transport.Anonymous())
        if response.status == 401:
            return None
        if not answer.is_good:
            raise ocs.meaning(f"GET {path}", response, answer, {})
        return mapping(mapping(answer.data).get("capabilities"))

    @property
    def keeps_real_password(self) -> bool:
        """Whether the cloud has shown that the login's secret is no app password."""
        return self._http.kept.is_by_real_password

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
        response, answer = self._exchange(method, path, params, data, auth)
        if auth is None and self._may_be_asked_again(method, response, answer):
            response, answer = self._exchange(method, path, params, data)
        if answer.is_good:
            return answer.data
        meanings = self.product.means.get(means, {})
        call = f"{method} {path}"
        if response.status == 401 or answer.code == 997:
            raise self._refused_login(call, response, answer, meanings, is_own=auth is None)
        raise ocs.meaning(call, response, answer, meanings)

    def _may_be_asked_again(self, method: str, response: Answer, answer: Envelope) -> bool:
        """Whether something was learned or done by which the same call may be answered better."""
        if answer.wants_confirmation:
            return self._confirm()
        return method == "GET" and self._was_another(response, answer)

    def _was_another(self, response: Answer, answer: Envelope) -> bool:
        """Whether the cloud is another product than was remembered; an answer made us look."""
        remembered = self.product
        is_token_refused = response.status == 401 and not self._server.username
        shown = products.by_answer(answer)
        if self._is_sure or not (is_token_refused or shown not in (None, remembered)):
            return False
        self.recognise()
        return self.product != remembered

    def _confirm(self) -> bool:
        """Confirms the session with the real password, where the form has it.

        Nextcloud 34 takes an app password on writes only so (nextcloud-newer.md, 1). Whether it
        was done now. Raises ConfirmRefused.
        """
        session = self._http.kept.since
        if not self._server.confirm_secret or self._confirmed_session == session:
            return False
        path = "/core/apppassword/confirm"
        form = {"password": self._server.confirm_secret.reveal()}
        response, answer = self._exchange("PUT", path, data=form)
        if answer.code == 403:
            raise errors.ConfirmRefused(f"PUT {path}")
        if not answer.is_good:
            raise ocs.meaning(f"PUT {path}", response, answer, {})
        self._confirmed_session = session
        self._log.info("the cloud took the second password: this session may write")
        return True

    def _refused_login(
        self, call: str, response: Answer, answer: Envelope, meanings: Meanings, is_own: bool
    ) -> errors.PmError:
        """What a 401 means. Raises LoginRefused where one confirming read is refused as well."""
        where = f"{call}: {answer.code}"
        if self.product.hides_rights and is_own and not call.endswith(WHO_AM_I):
            self.ask("GET", WHO_AM_I)
            kind = meanings.get(997, errors.RightsMissing)
            return ocs.made(kind, call, answer)
        if not self.product.explains_login:
            return errors.LoginRefused(where)
        return ocs.refused_login(where, response)

    # -- one request --------------------------------------------------------------------------

    def _exchange(
        self,
        method: str,
        path: str,
        params: Optional[Dict[str, Any]] = None,
        data: Optional[Dict[str, str]] = None,
        auth: Optional[transport.AuthBase] = None,
    ) -> Tuple[Answer, Envelope]:
        """An OCS call and its envelope; raises what an answer without one means."""
        call = f"{method} {path}"
        in_json = {**(params or {}), "format": "json"}
        response = self._send(method, "/ocs/v1.php" + path, in_json, data, auth)
        answer = ocs.envelope(response)
        if answer is None:
            ocs.refuse_other(call, response)
            raise ocs.no_answer(f"{call}: no OCS answer, HTTP {response.status}")
        return response, answer

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
        in_session = auth is None and self.product.keeps_sessions
        used_auth = self._own_auth() if auth is None else auth
        started = time.monotonic()
        try:
            response = self._http.send(
                method, self._server.base_url + path, params, data, used_auth, in_session
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

    def _own_auth(self) -> transport.AuthBase:
        """The module's own login; without a user name the secret is a token."""
        server = self._server
        if server.username:
            return transport.basic_auth(server.username, server.secret)
        return transport.token_auth(server.secret, self.product.token_scheme)
