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
from typing import Any, Callable, Dict, List, NamedTuple, Set, Tuple

from .server import Cloud

Entry = Dict[str, Any]
RECORDINGS = Path(__file__).parent / "recordings"
PASSWORD = "Very-Strong-Pw-77!"  # noqa: S105  the one that the recorder gave its accounts
DISK_BYTES = 50_000_000_000
PAGE_START = "<!DOCTYPE html>"
ADDRESS = re.compile(r"http://127\.0\.0\.1(:\d+)?")
USUAL_HEADERS = {"OCS-APIRequest": "true"}
OTHER_ROUTES = re.compile(
    r"/(welcome|subadmins|user/fields|groups/details|core/getapppassword)(\?|\Z)"
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
        "needs a kept session: the program keeps no cookies",
        lambda entry, names: "cookies" in str(entry["as"]),
    ),
    (
        "translated text: the program asks for English",
        lambda entry, names: "Accept-Language" in entry["request_headers"],
    ),
    (
        "conditional request: the program sends none",
        lambda entry, names: "If-None-Match" in entry["request_headers"],
    ),
    ("a method that the program never uses", lambda entry, names: entry["method"] == "HEAD"),
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
    sections: Dict[str, List[Entry]] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))[
        "sections"
    ]
    return sections


class Given(NamedTuple):
    """What the recorder had done by other means (occ, WebDAV, calls that are not kept) before a
    step.

    ``sections``: at the start of a section; ``steps``: once, before the first step of that name,
    its variant in brackets left off; ``always``: before every step, with its name.
    """

    sections: Dict[str, Callable[[Cloud], None]]
    steps: Dict[str, Callable[[Cloud], None]]
    always: Callable[[Cloud, str], None]


def replay(
    cloud: Cloud, sections: Dict[str, List[Entry]], given: Given
) -> Tuple[int, List[Difference]]:
    """Send every step in order; give the number of exchanges compared and all differences.

    Every section starts on the fresh cloud.
    """
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    compared, differences = 0, []
    to_come = dict(given.steps)
    for section, steps in sections.items():
        cloud.reset()
        given.sections.get(section, _nothing)(cloud)
        for step in steps:
            to_come.pop(step["name"].partition(" [")[0], _nothing)(cloud)
            given.always(cloud, step["name"])
            _lend_disk(cloud, step)
            answer = _send(cloud, connection, step)
            if not step.get("setup"):
                compared += 1
                differences += _compare(step, *answer)
    connection.close()
    return compared, differences


def _nothing(cloud: Cloud) -> None:
    """Leave the cloud as it is."""


def _send(
    cloud: Cloud, connection: http.client.HTTPConnection, step: Entry
) -> Tuple[int, Dict[str, str], bytes]:
    """Send one request as recorded; give status, headers by lower-cased name and body."""
    headers = dict(step.get("headers", USUAL_HEADERS))
    authorization = _authorization(cloud, step)
    if authorization:
        headers["Authorization"] = authorization
    body = step["form"].encode() if "form" in step else None
    connection.request(step["method"], step["url"], body, headers)
    answer = connection.getresponse()
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
    user = cloud.users.find(login)
    owner = "admin" if "of admin" in way else login
    if "wrong password" in way or "wrong password" in step["name"]:
        password = "Wrong-password-1"  # noqa: S105  nobody's
    elif step["name"].startswith("empty password"):
        password = ""
    elif "app password" in way or way == "bearer)":
        password = next((token for token, who in cloud.app_passwords.items() if who == owner), "")
    else:
        password = PASSWORD if user is None else user.password
    if way == "bearer)":
        return f"Bearer {password}"
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
    if where.endswith(".lastLogin"):
        recorded, doubled = recorded > 0, doubled > 0
    if isinstance(recorded, str):
        recorded = ADDRESS.sub("http://127.0.0.1", recorded)
    return [] if recorded == doubled else [(where, recorded, doubled)]
