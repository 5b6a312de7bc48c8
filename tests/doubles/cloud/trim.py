"""Cut a recording of a real server down to what the replay needs:
``python -m tests.doubles.cloud.trim FULL.json tests/doubles/cloud/recordings/NAME.json``.

Kept are the exchanges that the program can cause (``replay.why_left_out`` says why the others are
not), with the headers that matter. A request that is left out but changed something that a kept one
shows is kept as a step of set-up: sent to the double, not compared and not counted.

``as`` becomes one of a few forms, ``login (way)``; ``jar`` names the cookies that were kept. The
password that the recorded admin had and the paths of the machine are replaced.
"""

import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from .replay import ADMIN_PASSWORD, CUT, PAGE_START, USUAL_HEADERS, why_left_out

Entry = Dict[str, Any]
REQUEST_HEADERS = ("OCS-APIRequest", "Content-Type", "Accept", "X-Requested-With")
ANSWER_HEADERS = (
    "Content-Type",
    "WWW-Authenticate",
    "X-Nextcloud-Maintenance-Mode",
    "Retry-After",
    "Location",
)
REPLACED = (
    (r"http:(\\?/)\1cloud\.example\.org", r"http:\1\g<1>127.0.0.1"),
    (r"(\\?/)var\1nc\1data", r"\1var\1nextcloud\1data"),
    ("Adm1n-pass-2026%21", ADMIN_PASSWORD),
)
# Sections of which nothing is left for the others.
NOT_BUILT_ON = ("emulated", "v1xml", "v2json", "v2xml")
# Who sent a step, as the recorders named him, and the form that the replay knows.
WAYS = (
    (r"wrong Bearer", "admin (wrong bearer)"),
    (r"(\S+) \+ app password of (\S+)", r"\1 (app password of \2)"),
    (r"non-admin( \(app password\))?(, itself)?", r"rec_plain3\1"),
    (r"sub-admin( \(app password\))?", r"rec_sub3\1"),
    (r"(\S+) \(app password, Bearer\b.*\)|(\S+) \([Bb]earer\b.*\)", r"\1\2 (bearer)"),
    (r"(\S+) \((app password|token)( \+|,).*\)", r"\1 (\2)"),
    (r"(\S+) \((real|cookies)\b.*\)", r"\1"),
)


def trim(recording: Any) -> Dict[str, Any]:
    """Give the short form of a recording: the server, how many entries there were, how many are
    left out by reason, and each section's steps in order.
    """
    entries = _entries(recording)
    names = {entry["name"] for entry in entries}
    sections: Dict[str, List[Entry]] = {}
    for name, run in itertools.groupby(entries, key=lambda entry: str(entry["section"])):
        steps = [_setup(entry) if why_left_out(entry, names) else _exchange(entry) for entry in run]
        kept = [step for step in steps if step is not None]
        if kept:
            again = sum(one.split()[0] == name for one in sections)
            sections[f"{name} {again + 1}" if again else name] = kept
    left_out = Counter(why_left_out(entry, names) for entry in entries)
    del left_out[""]
    return {
        "server": _server(recording, entries),
        "entries": len(entries),
        "left_out": dict(left_out),
        "sections": sections,
    }


def _entries(recording: Any) -> List[Entry]:
    """Give the entries of a recording, of whatever form it is, in one form."""
    entries: List[Entry] = recording["transcripts"] if isinstance(recording, dict) else recording
    return _from_owncloud(entries) if "variant" in entries[0] else entries


def _from_owncloud(entries: List[Entry]) -> List[Entry]:
    """Give the entries of the ownCloud recorder in the form of the others.

    It went through everything once for each variant, which is a section here, then through much
    that is one last section.
    """
    given, section, seen = [], "start", {""}
    for entry in entries:
        variant = entry["variant"]
        if variant not in seen and "no format" not in variant:
            section = _variant(variant)
        elif section != "start" and _variant(variant) != section:
            section = "more"
        seen.add(variant)
        given.append(
            {
                "name": f"{entry['name']} [{_variant(variant)}]" if variant else entry["name"],
                "section": section,
                "as": _owncloud_caller(entry),
                "method": entry["method"],
                "url": entry["path"],
                "form": entry["form"],
                "request_headers": entry["request_headers"],
                "status": entry["status"],
                "response_headers": {
                    name.title().replace("Www", "WWW"): value
                    for name, value in entry["headers"].items()
                },
                "body": entry["body"],
                "ocs_statuscode": _code(entry["body"]),
            }
        )
    return given


def _variant(variant: str) -> str:
    """Write ``v1.php/json`` as the other recorders do."""
    return variant.replace(".php/", "").replace("no format", "")


def _owncloud_caller(entry: Entry) -> Optional[str]:
    """Give who sent an entry of the ownCloud recording; how is told by its name alone."""
    name, login = entry["name"], (entry["auth"] or "").replace("basic ", "")
    if name == "bearer-app-password":
        # The login that the session behind it was taken from is not among the entries.
        return "admin (token, cookies kept)"
    if "Cookie" in entry["request_headers"]:
        return "admin (cookies only)"
    if not login:
        return None
    if name == "app-password-wrong-login-name":
        return f"{login} (app password of admin)"
    if "wrong-password" in name or "-wrong-" in name or name == "login-with-old-password":
        return f"{login} (wrong password)"
    return f"{login} (app password)" if re.search(r"app-password(?!-(dis|en)able)", name) else login


def _code(body: Optional[str]) -> Optional[int]:
    """Give the OCS code of a body, None if it has none."""
    found = re.search(r"statuscode(?:\":|>)(\d+)", body or "")
    return int(found.group(1)) if found else None


def _server(recording: Any, entries: List[Entry]) -> Any:
    """Give what the server says of itself in status.php."""
    if isinstance(recording, dict):
        return recording["server"]
    return next((json.loads(one["body"]) for one in entries if one["name"] == "status.php"), {})


def write(short: Dict[str, Any], target: Path) -> None:
    """Write the short form, one step a line: a change of one is a change of one line."""
    sections = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(_one_line(step) for step in steps) + "\n]"
        for name, steps in short["sections"].items()
    )
    head = "".join(
        f'"{name}": {_one_line(short[name])},\n' for name in ("server", "entries", "left_out")
    )
    target.write_text(f'{{{head}"sections": {{\n{sections}\n}}}}\n', "utf-8")


def _one_line(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _exchange(entry: Entry) -> Entry:
    """Give an exchange without what the replay does not look at: of a page only that it is one, of
    a body that the recorder cut off what stands before the data.
    """
    short = _request(entry)
    short["status"] = entry["status"]
    short["answer_headers"] = _some(entry["response_headers"], ANSWER_HEADERS)
    body = entry["body"] or ""
    for pattern, replacement in REPLACED:
        body = re.sub(pattern, replacement, body)
    try:
        short["json"] = json.loads(body)
    except ValueError:
        short["text"] = PAGE_START if body.startswith(PAGE_START) else body
        if body.endswith(CUT):
            short["text"] = body.partition('"data":')[0] + CUT
    return short


def _setup(entry: Entry) -> Optional[Entry]:
    """Give the step of set-up for a write that had an effect, a half one too (101, 102), None for
    everything else.
    """
    code = entry.get("ocs_statuscode")
    path = entry.get("url", "").partition("?")[0]
    if (
        code not in (100, 200, 101, 102)
        or entry["method"] in ("GET", "PATCH")
        or "/cloud/" not in path
        or entry["section"] in NOT_BUILT_ON
        or path.endswith(("/subadmins", "/welcome"))
    ):
        return None
    return {**_request(entry), "setup": True}


def _request(entry: Entry) -> Entry:
    """Give the request of an entry; without a body no form, with the usual headers none."""
    short = {name: entry[name] for name in ("name", "as", "method", "url")}
    caller = entry["as"] or ""
    if "cookies" in caller:
        short["jar"] = "the last" if re.search("cookies (only|of)", caller) else caller
    if caller in ("cookies only", "admin (cookies only)"):
        short["as"] = None
    for pattern, replacement in WAYS if short["as"] else ():
        short["as"] = re.sub(rf"{pattern}\Z", replacement, short["as"])
    if entry["form"] is not None:
        short["form"] = entry["form"].replace(*REPLACED[-1])
    headers = _some(entry["request_headers"], REQUEST_HEADERS)
    if headers != USUAL_HEADERS:
        short["headers"] = headers
    return short


def _some(headers: Dict[str, Any], names: Iterable[str]) -> Dict[str, Any]:
    """Give the headers of these names."""
    return {name: value for name, value in headers.items() if name in names}


if __name__ == "__main__":
    write(trim(json.loads(Path(sys.argv[1]).read_text("utf-8"))), Path(sys.argv[2]))
