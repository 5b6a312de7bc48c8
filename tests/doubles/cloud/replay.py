"""Replay a recording of a real server against the double and tell every difference.

Compared are HTTP status, the headers that matter and the whole body: keys, types and values. Only
what no double can know is compared by type: moments of login and generated names. Free space of the
disk is taken over from the recording before a request, and addresses of the server are put in place
of each other.
"""

import base64
import http.client
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple
from urllib.parse import quote_plus

from tests import PATIENCE_S

from .server import Cloud

Entry = Dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
PASSWORD = "Very-Strong-Pw-77!"
DISK_BYTES = 50_000_000_000
PAGE_START = '<!DOCTYPE html>\n<html class="ng-csp"'
CUT = "...cut"  # a recorder's mark at the end of a body that was too long for him
ADMIN_PASSWORD = "{admin password}"
ADDRESS = re.compile(r"http://127\.0\.0\.1(:\d+)?")
USUAL_HEADERS = {"OCS-APIRequest": "true"}
MOMENTS = re.compile(r"\.(lastLogin|(first|last)LoginTimestamp|last_login|creation_time)\Z")
OTHER_ROUTES = re.compile(
    r"/(welcome|wipe|subadmins|user/fields|groups/details|subadmins/details|core/getapppassword"
    r"|cloud/apps|cloud/apps/.*|v\d\.php/config|v\d\.php/apps/.*|ocs-provider/)(\?|\Z)"
)
Rule = Tuple[str, Callable[[Entry, Set[str]], object]]
LEFT_OUT: List[Rule] = [
    ("the recorder's note of a mail, no request", lambda entry, names: "url" not in entry),
    ("answers of a patched server", lambda entry, names: entry["section"] == "emulated"),
    (
        "WebDAV and web pages: the program speaks OCS only",
        lambda entry, names: re.match(r"/(remote\.php|index\.php\Z)", entry["url"]),
    ),
    (
        "a front server, or another port of the same one",
        lambda entry, names: entry["url"].startswith("http"),
    ),
    (
        "answer in XML or YAML asked for: the program always sends format=json",
        lambda entry, names: (
            "format=json" not in entry["url"] and not entry["url"].endswith("/status.php")
        ),
    ),
    (
        "recorded on v1, too, where the program calls it",
        lambda entry, names: (
            "[v2json]" in entry["name"] and entry["name"].replace("[v2json]", "[v1json]") in names
        ),
    ),
    (
        "translated text: the program asks for English",
        lambda entry, names: "Accept-Language" in entry["request_headers"],
    ),
    (
        "conditional request: the program sends none",
        lambda entry, names: "If-None-Match" in entry["request_headers"],
    ),
    (
        "a method that the program never uses: it changes one key at a time by PUT",
        lambda entry, names: (
            entry["method"] == "HEAD" or (entry["method"] == "PATCH" and entry["status"] != 405)
        ),
    ),
    (
        "a search with _ on SQLite, which finds nothing there and something everywhere else",
        lambda entry, names: (
            re.search(r"php/cloud/users\?search=\w*(\w_|_\w)", entry["url"])
            and entry["body"].endswith('{"users":[]}}}')
            and 'message":null' in entry["body"]
        ),
    ),
    (
        "a call that the program never makes",
        lambda entry, names: (
            OTHER_ROUTES.search(entry["url"])
            or (entry["method"] == "PUT" and "/cloud/groups/" in entry["url"])
        ),
    ),
    (
        "a path with two slashes: the program joins its URLs with one",
        lambda entry, names: "/ocs//" in entry["url"],
    ),
    (
        "four at once, in no order that could be repeated: the unit tests have a race of their own",
        lambda entry, names: entry["name"].startswith("four parallel creates of one userid"),
    ),
]


def why_left_out(entry: Entry, names: Set[str]) -> str:
    """Give the reason for which an entry of a full recording is not replayed, "" for one that is.

    ``names`` are the names of all entries of the recording.
    """
    return next((reason for reason, applies in LEFT_OUT if applies(entry, names)), "")


class Difference(NamedTuple):
    """One thing in which the double is not the server."""

    name: str
    what: str
    recorded: object
    doubled: object


def load(name: str) -> Dict[str, List[Entry]]:
    """Give the steps of a trimmed recording by section."""
    sections: Dict[str, List[Entry]] = read(name)["sections"]
    return sections


def read(name: str) -> Dict[str, Any]:
    """Give a whole trimmed recording, as ``trim.trim`` made it."""
    recording: Dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return recording


class Given(NamedTuple):
    """What the recorder had done by other means (occ, WebDAV, calls that are not kept) before a
    step.

    ``sections``: at the start of a section; ``steps``: once, before the first step of that name,
    its variant in brackets left off; ``always``: before every step, with its name;
    ``one_state``: what one section left is there in the next.
    """

    sections: Dict[str, Callable[[Cloud], None]]
    steps: Dict[str, Callable[[Cloud], None]]
    always: Callable[[Cloud, str], None]
    one_state: bool = False


class Clock:
    """A clock that stands until it is set, in seconds; a thousandth passes with every look, so that
    no two moments are the same.
    """

    def __init__(self) -> None:
        """Start at some moment."""
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Give the moment."""
        self.now += 0.001
        return self.now


class Jars:
    """The cookies that were kept, by the name of the one who kept them."""

    def __init__(self) -> None:
        """Start without any."""
        self._jars: Dict[str, Dict[str, str]] = {}
        self._last = ""

    def open(self, name: Optional[str]) -> Dict[str, str]:
        """Give a jar; "the last" is that of the request before, None one that nobody keeps."""
        if name is None:
            return {}
        self._last = self._last if name == "the last" else name
        return self._jars.setdefault(self._last, {})


def replay(
    cloud: Cloud, sections: Dict[str, List[Entry]], given: Given
) -> Tuple[int, List[Difference]]:
    """Send every step in order; give the number of exchanges compared and all differences.

    Every section starts on the fresh cloud and without cookies, with ``one_state`` only the first
    on the fresh cloud.
    """
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=PATIENCE_S)
    compared, differences = 0, []
    to_come = dict(given.steps)
    cloud.reset()
    for section, steps in sections.items():
        if not given.one_state:
            cloud.reset()
        given.sections.get(section, _nothing)(cloud)
        jars = Jars()
        for step in steps:
            to_come.pop(step["name"].partition(" [")[0], _nothing)(cloud)
            given.always(cloud, step["name"])
            _lend_disk(cloud, step)
            answer = _send(cloud, connection, step, jars.open(step.get("jar")))
            if not step.get("setup"):
                compared += 1
                differences += _compare(step, *answer)
    connection.close()
    return compared, differences


def _nothing(cloud: Cloud) -> None:
    """Leave the cloud as it is."""


def _send(
    cloud: Cloud, connection: http.client.HTTPConnection, step: Entry, jar: Dict[str, str]
) -> Tuple[int, Dict[str, str], bytes]:
    """Send one request as recorded, with the cookies of a jar, which takes those of the answer;
    give status, headers by lower-cased name and body.
    """
    headers = dict(step.get("headers", USUAL_HEADERS))
    authorization = _authorization(cloud, step)
    if authorization:
        headers["Authorization"] = authorization
    if jar:
        headers["Cookie"] = "; ".join("=".join(pair) for pair in jar.items())
    form = step.get("form")
    if form is not None:
        form = form.replace(ADMIN_PASSWORD, quote_plus(cloud.admin_password)).encode()
    connection.request(step["method"], step["url"], form, headers)
    answer = connection.getresponse()
    for cookie in answer.headers.get_all("Set-Cookie") or []:
        name, _, value = cookie.partition(";")[0].partition("=")
        jar[name] = value
    return (
        answer.status,
        {name.lower(): value for name, value in answer.getheaders()},
        answer.read(),
    )


def _authorization(cloud: Cloud, step: Entry) -> str:
    """Give the Authorization header of whoever sent the step, "" for nobody."""
    if step["as"] is None:
        return ""
    login, _, way = step["as"].partition(" (")
    user = cloud.users.find(login) or next(iter(cloud.users.with_email(login)), None)
    owner = way.partition(" of ")[2].rstrip(")") or login
    if way.startswith("wrong") or "wrong password" in step["name"]:
        password = "Wrong-password-1"
    elif step["name"].startswith("empty password"):
        password = ""
    elif way.startswith(("app password", "bearer", "token")):
        password = next((token for token, who in cloud.app_passwords.items() if who == owner), "")
    else:
        password = PASSWORD if user is None else user.password
    if way in ("bearer)", "wrong bearer)", "token)"):
        return f"{way.rstrip(')').split()[-1]} {password}"
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def _lend_disk(cloud: Cloud, step: Entry) -> None:
    """Give the double as much free disk as the server had at that moment."""
    free = [int(number) for number in re.findall(r'"free": (\d+)', json.dumps(step.get("json")))]
    if free and max(free) > DISK_BYTES:
        cloud.disk_free_bytes = max(free)


def _compare(step: Entry, status: int, headers: Dict[str, str], body: bytes) -> List[Difference]:
    """Give all differences between an answer and the recorded one."""
    found = []
    if status != step["status"]:
        found.append(Difference(step["name"], "HTTP status", step["status"], status))
    for name in ("Content-Type", "WWW-Authenticate", "X-Nextcloud-Maintenance-Mode", "Retry-After"):
        recorded, doubled = step["answer_headers"].get(name), headers.get(name.lower())
        if recorded != doubled:
            found.append(Difference(step["name"], name, recorded, doubled))
    text = body.decode()
    if "json" in step:
        parts = _unlike(step["json"], _json(ADDRESS.sub("http://127.0.0.1", text)), "body")
        found += [Difference(step["name"], *part) for part in parts]
    elif step["text"] == PAGE_START:
        # The words of the pages are nobody's contract.
        found += (
            []
            if text.startswith(PAGE_START)
            else [Difference(step["name"], "page", PAGE_START, text)]
        )
    elif step["text"].endswith(CUT):
        if not text.startswith(step["text"][: -len(CUT)]):
            found.append(Difference(step["name"], "start", step["text"], text[:200]))
    elif step["text"].split() != text.split():
        found.append(Difference(step["name"], "body", step["text"], text))
    return found


def _json(text: str) -> object:
    """Read JSON; text that is none is its own value."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unlike(recorded: Any, doubled: Any, where: str) -> List[Tuple[str, object, object]]:
    """Give every place in which two JSON values differ, with both values."""
    if type(recorded) is not type(doubled):
        return [(where + " (type)", recorded, doubled)]
    if isinstance(recorded, dict):
        found: List[Tuple[str, object, object]] = [
            (f"{where}.{key} (missing)", key in recorded, key in doubled)
            for key in sorted(set(recorded) ^ set(doubled))
        ]
        for key in sorted(set(recorded) & set(doubled)):
            found += _unlike(recorded[key], doubled[key], f"{where}.{key}")
        return found
    if isinstance(recorded, list):
        found = [] if len(recorded) == len(doubled) else [(where + " (length)", recorded, doubled)]
        for number, (was, now) in enumerate(zip(recorded, doubled)):
            found += _unlike(was, now, f"{where}[{number}]")
        return found
    if MOMENTS.search(where):
        recorded, doubled = recorded > 0, doubled > 0
    if isinstance(recorded, str):
        recorded = ADDRESS.sub("http://127.0.0.1", recorded)
    return [] if recorded == doubled else [(where, recorded, doubled)]
