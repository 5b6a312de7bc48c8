"""Cut a recording of a real server down to what the replay needs: ``python -m tests.cloud.trim
FULL.json tests/cloud/recordings/NAME.json``.

Kept are the exchanges that the program can cause (``replay.why_left_out`` says why the others are
not), with the headers that matter. A request that is left out but changed something that a kept one
shows is kept as a step of set-up: sent to the double, not compared and not counted.
"""

import json
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from .replay import PAGE_START, USUAL_HEADERS, why_left_out

Entry = Dict[str, Any]
REQUEST_HEADERS = ("OCS-APIRequest", "Content-Type", "Accept", "X-Requested-With")
ANSWER_HEADERS = (
    "Content-Type",
    "WWW-Authenticate",
    "X-Nextcloud-Maintenance-Mode",
    "Retry-After",
    "Location",
)


def trim(recording: Dict[str, Any]) -> Dict[str, Any]:
    """Give the short form of a recording: the server and each section's steps in order."""
    entries: List[Entry] = recording["transcripts"]
    names = {entry["name"] for entry in entries}
    sections: Dict[str, List[Entry]] = {}
    for entry in entries:
        step = _setup(entry) if why_left_out(entry, names) else _exchange(entry)
        if step is not None:
            sections.setdefault(entry["section"], []).append(step)
    return {"server": recording["server"], "sections": sections}


def write(short: Dict[str, Any], target: Path) -> None:
    """Write the short form, one step a line: a change of one is a change of one line."""
    sections = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(_one_line(step) for step in steps) + "\n]"
        for name, steps in short["sections"].items()
    )
    target.write_text(
        f'{{"server": {_one_line(short["server"])},\n"sections": {{\n{sections}\n}}}}\n', "utf-8"
    )


def _one_line(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _exchange(entry: Entry) -> Entry:
    """Give an exchange without what the replay does not look at: of a page only that it is one."""
    short = _request(entry)
    short["status"] = entry["status"]
    short["answer_headers"] = _some(entry["response_headers"], ANSWER_HEADERS)
    body = entry["body"] or ""
    try:
        short["json"] = json.loads(body)
    except ValueError:
        short["text"] = PAGE_START if body.startswith(PAGE_START) else body
    return short


def _setup(entry: Entry) -> Optional[Entry]:
    """Give the step of set-up for a write that had an effect, a half one too (101, 102), None for
    everything else.
    """
    code = entry.get("ocs_statuscode")
    path = entry.get("url", "").partition("?")[0]
    if (
        code not in (100, 200, 101, 102)
        or entry["method"] == "GET"
        or "/cloud/" not in path
        or "cookies" in entry["as"]
        or entry["section"] == "emulated"
        or path.endswith(("/subadmins", "/welcome"))
    ):
        return None
    return {**_request(entry), "setup": True}


def _request(entry: Entry) -> Entry:
    """Give the request of an entry; without a body no form, with the usual headers none."""
    short = {name: entry[name] for name in ("name", "as", "method", "url")}
    if entry["form"] is not None:
        short["form"] = entry["form"]
    headers = _some(entry["request_headers"], REQUEST_HEADERS)
    if headers != USUAL_HEADERS:
        short["headers"] = headers
    return short


def _some(headers: Dict[str, Any], names: Iterable[str]) -> Dict[str, Any]:
    """Give the headers of these names."""
    return {name: value for name, value in headers.items() if name in names}


if __name__ == "__main__":
    write(trim(json.loads(Path(sys.argv[1]).read_text("utf-8"))), Path(sys.argv[2]))
