"""The metrics as one JSON document, from which Zabbix's template takes its items.

What it holds stands in docs/metrics.schema.json. A number that is not known is not there.
"""

import json
from typing import Any, Dict, List, Mapping, Tuple

from utils.base.tally import PAUSE_MS, PAUSES, REQUESTS, RETRIES, RUNS
from utils.consts import MODULE, VERSION
from utils.host.exposition import WELL, failures
from utils.metrics import gauges
from utils.metrics.gather import Gathered

_BY_MODULE = {RETRIES: "retries", PAUSES: "pauses", PAUSE_MS: "pause_ms"}


def as_json(numbers: Mapping[str, int], gathered: Gathered) -> bytes:
    """One document: what is of all, and an object for each module where billing names them."""
    document: Dict[str, Any] = {"program": MODULE, "version": VERSION, "sources": {}}
    modules: Dict[str, Dict[str, Any]] = {
        str(one.id): {"module": one.id, "name": one.name} for one in gathered.modules or ()
    }
    for name, labels, value in gathered.samples:
        if name == gauges.SOURCE_UP:
            source, module = labels
            about = modules[module] if module else document["sources"]
            about[f"{source}_up" if module else source] = value
            if source == "refusals" and value:
                about.setdefault("refusals", 0)
        elif labels:
            _add(modules[labels[0]], name, labels[1:], value)
        else:
            document[name] = value
    for number, module_numbers in modules.items():
        module_numbers.update(_counted(numbers, number))
    if gathered.modules is not None:
        document["modules"] = list(modules.values())
    return json.dumps(document, indent=1).encode() + b"\n"


def _add(module: Dict[str, Any], name: str, rest: Tuple[str, ...], value: int) -> None:
    if name == gauges.REFUSAL:
        module["refusals"] = module.get("refusals", 0) + value
        module["refusal"] = rest[0]
    elif rest:
        module.setdefault(name, {})[rest[0]] = value
    else:
        module[name] = value


def _counted(numbers: Mapping[str, int], module: str) -> Dict[str, Any]:
    """The counters of one module; 0 where nothing was counted yet."""
    of_runs, of_requests = _rows(numbers, RUNS), _rows(numbers, REQUESTS)
    codes: Dict[str, int] = {}
    for labels, number in of_runs:
        code = labels.split("/")[-1]
        if labels.split("/")[-2:-1] == [module] and code not in WELL:
            codes[code] = codes.get(code, 0) + number
    return {
        "runs": _sum(of_runs, module, 1),
        "run_failures": failures(RUNS, of_runs).get(module, 0),
        "failures": codes,
        "requests": _sum(of_requests, module, 0),
        "request_failures": failures(REQUESTS, of_requests).get(module, 0),
        **{name: numbers.get(f"{key}/{module}", 0) for key, name in _BY_MODULE.items()},
    }


def _rows(numbers: Mapping[str, int], counter: str) -> List[Tuple[str, int]]:
    """The labels and the numbers of a counter."""
    places = 3 if counter == RUNS else 2
    rows = [(key.split("/"), number) for key, number in numbers.items()]
    return [
        ("/".join(key[1:]), number)
        for key, number in rows
        if key[0] == counter and len(key) == places + 1
    ]


def _sum(rows: List[Tuple[str, int]], module: str, place: int) -> int:
    return sum(number for labels, number in rows if labels.split("/")[place] == module)
