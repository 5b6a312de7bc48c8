"""Requests as the double reads them and answers as it writes them: forms, the OCS envelope, JSON
and XML.
"""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Mapping, Optional
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=UTF-8"
XML_TYPE = "application/xml; charset=utf-8"
XML_OUTSIDE = "text/xml; charset=UTF-8"
HTML_PAGE = (
    '<!DOCTYPE html>\n<html class="ng-csp" lang="en">\n'
    '<head><meta charset="utf-8"><title>Nextcloud</title></head>\n'
    '<body id="body-login"><h2>{title}</h2><p>{text}</p></body>\n</html>\n'
)


def parse_form(text: str) -> Dict[str, Any]:
    """Read a query or form; ``groups[]`` and ``groups[0]`` become a list, of a name given twice the
    last one counts, as in PHP.
    """
    form: Dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace"):
        array = re.match(r"([^\[]+)\[\d*\]\Z", name)
        if array is not None and isinstance(form.setdefault(array.group(1), []), list):
            form[array.group(1)].append(value)
        else:
            form[name] = value
    return form


@dataclass
class Request:
    """One HTTP request; ``headers`` by lower-cased name, ``path`` still quoted and without the
    sub-path.
    """

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    body: bytes
    query: Dict[str, Any] = field(init=False)
    form: Dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        """Read query and body; a body that cannot be read counts as empty, as in PHP."""
        self.query = parse_form(self.query_text)
        self.form = {}
        text = self.body.decode("utf-8", "replace")
        if "json" in self.headers.get("content-type", ""):
            try:
                body = json.loads(text)
            except ValueError:
                body = None
            self.form = body if isinstance(body, dict) else {}
        elif text:
            self.form = parse_form(text)

    @property
    def parameters(self) -> Dict[str, Any]:
        """Query and body together, the body winning."""
        return {**self.query, **self.form}

    @property
    def json_in_query(self) -> bool:
        """Whether ``format=json`` was asked for in the query, all that answers made outside the
        router look at.
        """
        return self.query.get("format") == "json"

    @property
    def cookies(self) -> Dict[str, str]:
        """The cookies that were sent, by name."""
        parts = self.headers.get("cookie", "").split(";")
        return {name.strip(): value for name, _, value in (part.partition("=") for part in parts)}

    @property
    def wants_json(self) -> bool:
        """Whether a normal answer is to be JSON."""
        return self.json_in_query or "application/json" in self.headers.get("accept", "")

    @property
    def ocs_version(self) -> int:
        """1 or 2 by the path, 0 if it is no OCS path."""
        for version in (1, 2):
            if self.path.startswith(f"/ocs/v{version}.php"):
                return version
        return 0

    @property
    def route(self) -> str:
        """The unquoted path behind ``/ocs/v1.php``."""
        return unquote(self.path[len("/ocs/v1.php") :])


@dataclass
class Answer:
    """One HTTP answer; ``ocs_code`` is what the envelope in ``body`` says, None without one."""

    http_status: int
    body: bytes = b""
    content_type: str = HTML_TYPE
    headers: Dict[str, str] = field(default_factory=dict)
    ocs_code: Optional[int] = None
    cookies: List[str] = field(default_factory=list)


def html(http_status: int, title: str, text: str = "") -> Answer:
    """Make one of the server's pages."""
    return Answer(http_status, HTML_PAGE.format(title=title, text=text).encode())


def plain_json(http_status: int, value: object, content_type: str = JSON_TYPE) -> Answer:
    """Make a JSON answer without an envelope."""
    return Answer(http_status, json.dumps(value, separators=(",", ":")).encode(), content_type)


def envelope(
    http_status: int,
    code: int,
    message: Optional[str],
    data: Any = None,
    *,
    as_json: bool = True,
    counts: bool = True,
    content_type: str = "",
) -> Answer:
    """Make an OCS answer; ``counts`` adds the two empty fields that v1 has on answers from the
    router.
    """
    good = code in (100, 200)
    meta: Dict[str, Any] = {
        "status": "ok" if good else "failure",
        "statuscode": code,
        "message": message,
    }
    if counts:
        meta.update(totalitems="", itemsperpage="")
    data = [] if data is None else data
    text = json.dumps({"ocs": {"meta": meta, "data": data}}, separators=(",", ":"))
    answer = Answer(http_status, text.encode(), JSON_TYPE, ocs_code=code)
    if not as_json:
        answer = as_xml(answer)
    answer.content_type = content_type or answer.content_type
    return answer


def as_xml(answer: Answer, content_type: str = XML_TYPE) -> Answer:
    """Give an OCS answer in XML; one without an envelope stays as it is."""
    if answer.ocs_code is None or answer.content_type != JSON_TYPE:
        return answer
    text = '<?xml version="1.0"?>\n' + _xml("ocs", json.loads(answer.body)["ocs"], "")
    return replace(answer, body=text.encode(), content_type=content_type)


def _xml(name: str, value: Any, indent: str) -> str:
    """Write one value as the server's XML: lists are <element>, true is 1, false is empty, null is
    <x/>.
    """
    if value is None or value in ([], {}):
        return f"{indent}<{name}/>\n"
    if isinstance(value, (list, dict)):
        parts = value.items() if isinstance(value, dict) else [("element", one) for one in value]
        inner = "".join(_xml(str(key), one, indent + " ") for key, one in parts)
        return f"{indent}<{name}>\n{inner}{indent}</{name}>\n"
    text = ("1" if value else "") if isinstance(value, bool) else str(value)
    return f"{indent}<{name}>{escape(text)}</{name}>\n"
