"""The schema of the audit says what the audit says, and its checker finds what does not fit."""

import copy
import json
from typing import Any, Callable, Dict

import pytest

from tests.meta.messages import read
from tests.meta.schemas import misfits
from utils.audit.differences import VERDICTS
from utils.audit.findings import DONE, FAILED, GONE, PLANNED, POSSIBLE
from utils.consts import STATES

SCHEMA = json.loads(read("docs/audit.schema.json"))
DIFFERENCE = SCHEMA["properties"]["differences"]["items"]["properties"]

DOCUMENT: Dict[str, Any] = {
    "module": "pmnextcloud",
    "version": "1.0.0",
    "modules": [{"id": 31, "name": "Cloud", "services": 2, "in_progress": 0, "error": None}],
    "sums": {
        **{kind: 0 for kind in VERDICTS},
        **{"changes": 1, "above_bytes": 0, "unlimited": 0, "unpaid_bytes": 0},
    },
    "refused": False,
    "differences": [
        {
            "class": "quota",
            "verdict": "fault",
            "module": 31,
            "item": 15,
            "client": {"id": 7, "name": "Client 7"},
            "tariff": None,
            "login": "user_15",
            "billing": {"quota_bytes": 5},
            "cloud": {"quota_bytes": "unlimited"},
            "above_bytes": None,
            "used_bytes": 0,
            "repair": {"change": "quota", "state": "possible", "why": ""},
        }
    ],
}


def test_a_document_of_the_audit_fits() -> None:
    assert not list(misfits(DOCUMENT, SCHEMA))


def _difference(name: str, value: Any) -> Callable[[Dict[str, Any]], None]:
    return lambda document: document["differences"][0].update({name: value})


WRONG: Dict[str, Callable[[Dict[str, Any]], None]] = {
    "no field": lambda document: document.pop("sums"),
    "one more field": lambda document: document.update(more=1),
    "another module": lambda document: document.update(module="other"),
    "no number": _difference("item", "15"),
    "a truth value for a number": _difference("item", True),
    "an unknown class": _difference("class", "quotas"),
    "an unknown side": _difference("cloud", {"quotas": 1}),
    "an unknown quota": _difference("cloud", {"quota_bytes": "much"}),
    "less than nothing": _difference("cloud", {"used_bytes": -1}),
    "no date": _difference("billing", {"last_day": "yesterday"}),
    "no list": _difference("billing", {"services": 15}),
    "a list of texts": _difference("billing", {"services": ["15"]}),
    "no state": _difference("repair", {"change": "quota", "state": "perhaps", "why": ""}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_does_not_fit_is_found(wrong: str) -> None:
    document = copy.deepcopy(DOCUMENT)
    WRONG[wrong](document)
    assert len(list(misfits(document, SCHEMA))) == 1


def test_the_schema_knows_every_class_status_and_outcome() -> None:
    assert DIFFERENCE["class"]["enum"] == list(VERDICTS)
    assert set(DIFFERENCE["verdict"]["enum"]) == set(VERDICTS.values())
    for side in ("billing", "cloud"):
        status = DIFFERENCE[side]["properties"]["status"]["enum"]
        assert status == list(STATES.values())
    repair = DIFFERENCE["repair"]["anyOf"][1]["properties"]
    assert set(repair["state"]["enum"]) == {POSSIBLE, PLANNED, DONE, GONE, FAILED}
