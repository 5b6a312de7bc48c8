"""The panel that is not there: a web server that draws the module's forms and starts the program.

    with Panel(stand) as panel:
        panel.url        # the start page: who looks?
        panel.work()     # runs what waits, as BILLmanager's scheduler does

Each page is made whole on the server. Payment scripts run as in tests/doubles/billmanager/web.py.
"""

import secrets
import threading
import traceback
from functools import lru_cache
from http.client import HTTPMessage
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple, Union
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from tests.browser.words import WORDS
from tests.doubles.billmanager import PanelPage, Run, Stand, Visitor, Web

HERE = Path(__file__).parent
SESSION_COOKIE, LANGUAGE_COOKIE = "billmgrses5", "billmgrlang5"
STAFF_LEVEL, CLIENT_LEVEL = 30, 16
POLL_S = 0.5
"""How often the scheduler of a served panel looks what waits."""

STATIC = {"/panel.css": "text/css", "/panel.js": "text/javascript"}
MENUS = {
    STAFF_LEVEL: (
        "processing",
        "pricelist",
        "paymethod",
        "backupservice",
        "runningoperation",
        "task",
    ),
    CLIENT_LEVEL: ("backupservice", "order", "payment", "notification"),
}
MENU_WORDS = {"backupservice": "services"}
"""The words of a list where they are not those of its name."""


class Who(NamedTuple):
    """Somebody who has entered; `account` is None for staff."""

    user: str
    level: int
    name: str
    account: Optional[int] = None

    @property
    def is_staff(self) -> bool:
        """Whether he is the administrator."""
        return self.level >= STAFF_LEVEL


class Request(NamedTuple):
    """What a browser asks for, and who asks. `is_sent` says that a form was sent."""

    panel: "Panel"
    params: Mapping[str, str]
    is_sent: bool
    who: Who
    language: str
    cookie: str

    @property
    def stand(self) -> Stand:
        """The BILLmanager behind the panel."""
        return self.panel.stand

    @property
    def visitor(self) -> Visitor:
        """The same person as BILLmanager names him to a plugin."""
        return Visitor(self.who.user, self.who.level, self.language)

    def number(self, name: str = "elid") -> Optional[int]:
        """A parameter that is a number."""
        text = self.params.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def say(self, name: str, /, **values: object) -> str:
        """A text of the panel's own."""
        return WORDS[self.language][name].format(**values)


class Shown(NamedTuple):
    """A page: its template and what stands in it. `error` stands above everything."""

    template: str
    title: str
    values: Dict[str, Any]
    error: str = ""
    status: int = 200


class Led(NamedTuple):
    """Another address in place of a page."""

    url: str
    cookies: Tuple[Tuple[str, str], ...] = ()


Answer = Union[Shown, Led]
Draw = Callable[[Request], Answer]


class Screen(NamedTuple):
    """A function of the panel: who may call it, and what it answers."""

    levels: Tuple[int, ...]
    draw: Draw


def to(func: str, **params: object) -> Led:
    """The way to a function of the panel; `told` names what is said there."""
    return Led("/billmgr?" + urlencode({"func": func, **params}))


class Panel(Web):
    """Serves the panel of a stand on loopback from the constructor on until `close()`.

    `clients` are who may be entered as; all others are refused. What is paid goes to the payment
    method `method`, where there is one. Nothing runs by itself unless it is `live`.
    """

    def __init__(self, stand: Stand, port: int = 0, live: bool = False) -> None:
        self.stand = stand
        self.method: Optional[int] = None
        self.itemtype = stand.add_itemtype("backupservice")
        self.failures: List[str] = []
        self.hints: List[Tuple[str, str]] = []
        self.admin: Tuple[str, str] = ("", "")
        self._sessions: Dict[str, Who] = {}
        self._turn = threading.RLock()
        self._stopping = threading.Event()
        self._texts = stand.plugins
        super().__init__(stand.root, port)
        self._scheduler: Optional[threading.Thread] = None
        if live:
            self._scheduler = threading.Thread(target=self._work_on, daemon=True)
            self._scheduler.start()

    @property
    def plugins(self) -> Any:
        """What the XML of the module says, as read when the panel began."""
        return self._texts

    @property
    def address(self) -> str:
        """Under which address the panel itself is."""
        return f"{self.url}/billmgr"

    def close(self) -> None:
        """Stop listening, and the scheduler. Raises AssertionError where the panel failed."""
        self._stopping.set()
        super().close()
        if self._scheduler is not None:
            self._scheduler.join()
        assert not self.failures, self.failures

    # -- the scheduler -------------------------------------------------------------------------

    def work(self) -> List[Run]:
        """Runs each operation that was not tried yet, as BILLmanager does by itself."""
        with self._turn:
            waiting = [
                row["id"]
                for row in self.stand.operations()
                if not row["trycount"] and row["manual"] != "on"
            ]
            return [self.stand.run_operation(number) for number in waiting]

    def _work_on(self) -> None:
        while not self._stopping.wait(POLL_S):
            self.work()

    # -- who ------------------------------------------------------------------------------------

    def clients(self) -> List[Who]:
        """Who may be entered as: the first user of each client."""
        rows = self.stand.sql(
            "SELECT MIN(u.id) AS id, a.id AS account, a.name FROM account a"
            " JOIN user u ON u.account = a.id GROUP BY a.id, a.name ORDER BY a.id"
        )
        return [Who(str(one["id"]), CLIENT_LEVEL, one["name"], one["account"]) for one in rows]

    def enter(self, who: Who) -> str:
        """A session, as the cookie has it."""
        if who.account is not None:
            session = self.stand.payments.log_in_as(int(who.user))
        else:
            session = secrets.token_hex(16)
        self._sessions[session] = who
        return session

    # -- one request ----------------------------------------------------------------------------

    def draw(
        self, method: str, path: str, query: str, body: bytes, headers: HTTPMessage
    ) -> PanelPage:
        """The panel's own pages; everything else is not there."""
        if headers.get("Host", "") != urlsplit(self.url).netloc:
            return _plain(403, "not this host")
        if path in STATIC:
            return _page(200, STATIC[path], (HERE / path[1:]).read_text("utf-8"))
        if path == "/":
            return _led(Led("/billmgr"))
        if path != "/billmgr":
            return _plain(404, "not here")
        is_sent = method == "POST"
        if is_sent and headers.get("Origin") != self.url:
            return _plain(403, "not from here")
        text = f"{query}&{body.decode('utf-8', 'replace')}" if is_sent else query
        cookies = SimpleCookie(headers.get("Cookie", ""))
        session = cookies[SESSION_COOKIE].value if SESSION_COOKIE in cookies else ""
        kept = cookies[LANGUAGE_COOKIE].value if LANGUAGE_COOKIE in cookies else ""
        request = Request(
            self,
            dict(parse_qsl(text, keep_blank_values=True)),
            is_sent,
            self._sessions.get(session, Who("", 0, "")),
            "ru" if kept.rpartition(":")[2] == "ru" else "en",
            session,
        )
        try:
            return self._answer(request)
        except Exception:  # noqa: BLE001  whatever it is, `close()` tells of it
            self.failures.append(traceback.format_exc())
            return _plain(500, self.failures[-1])

    def _answer(self, request: Request) -> PanelPage:
        from tests.browser.screens import SCREENS

        func = request.params.get("func", "start")
        screen = SCREENS.get(func)
        if screen is None:
            found: Answer = _notice(request, "missing", 404)
        elif screen.levels and request.who.level not in screen.levels:
            found = _notice(request, "denied", 403)
        else:
            with self._turn:
                found = screen.draw(request)
        return _led(found) if isinstance(found, Led) else self._render(request, func, found)

    def _render(self, request: Request, func: str, shown: Shown) -> PanelPage:
        told = request.params.get("told", "")
        text = (
            _environment()
            .get_template(shown.template)
            .render(
                say=request.say,
                language=request.language,
                who=request.who,
                func=func,
                menu=[
                    (name, request.say(MENU_WORDS.get(name, name)))
                    for name in MENUS.get(request.who.level, ())
                ],
                told=request.say(told) if told in WORDS["en"] and told not in REFUSALS else "",
                place=request.params.get("elid", ""),
                title=shown.title,
                error=shown.error or (request.say(told) if told in REFUSALS else ""),
                **shown.values,
            )
        )
        return _page(shown.status, "text/html", text)


REFUSALS = ("choose_one", "no_larger", "tariff_needs_module", "not_counted")
"""What of the panel's own words says that nothing came of it."""

POLICY = "; ".join(
    (
        *("default-src 'none'", "style-src 'self'", "script-src 'self'", "form-action 'self'"),
        *("base-uri 'none'", "frame-ancestors 'none'"),
    )
)


@lru_cache(maxsize=None)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _notice(request: Request, name: str, status: int) -> Shown:
    title = request.say(f"{name}_title")
    return Shown("notice.html", title, {"text": request.say(name)}, status=status)


def _page(status: int, kind: str, text: str) -> PanelPage:
    headers = (
        ("Content-Type", f"{kind}; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", POLICY),
        ("X-Content-Type-Options", "nosniff"),
    )
    return PanelPage(status, headers, text)


def _plain(status: int, text: str) -> PanelPage:
    return _page(status, "text/plain", text + "\n")


def _led(led: Led) -> PanelPage:
    kept = tuple(
        ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax")
        for name, value in led.cookies
    )
    return PanelPage(303, (("Location", led.url), ("Cache-Control", "no-store"), *kept), "")
