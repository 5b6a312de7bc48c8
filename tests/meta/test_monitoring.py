"""The files for Prometheus, Grafana and Zabbix: whole, in both languages, of true metrics."""

import copy
import json
import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Set

import pytest
import yaml

from tests import ROOT
from tests.e2e.watchers import IS_DEBIAN, promtool
from tests.meta.messages import read
from tests.meta.zabbix import EXPORT, misfits
from tests.tools import monitoring, schema
from tests.tools.monitoring import FILES, LANGUAGES
from utils.host.exposition import BUILD, COUNTERS, FAILURES, HISTOGRAMS, PREFIX
from utils.metrics.gather import SOURCES
from utils.metrics.gauges import GAUGES

needs_promtool = pytest.mark.skipif(not IS_DEBIAN, reason="promtool is brought on Debian alone")

COUNTED = [one[0] for one in (*COUNTERS.values(), *FAILURES.values())]
TIMED = [one[0] for one in HISTOGRAMS.values()]
METRICS = {PREFIX + name for name in (BUILD, *COUNTED, *TIMED, *GAUGES)}
"""The names of all metrics."""

SERIES = {
    *METRICS,
    *(f"{PREFIX}{name}_{part}" for name in TIMED for part in ("bucket", "sum", "count")),
}
_NAME = re.compile(rf"\b{PREFIX}[a-z_]+")

ALERTS = yaml.safe_load(read("etc/monitoring/alerts.yml"))["groups"][0]["rules"]


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_is_named_as_prometheus_wants_it(name: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)
    assert not re.search(r"_(ms|milliseconds|minutes|hours|days|kb|mib|gib|percent)\b", name)
    assert name.endswith("_total") == (name[len(PREFIX) :] in COUNTED)


def test_labels_name_nobody() -> None:
    labels = {label for one in GAUGES.values() for label in one.labels}
    labels |= {label for one in (*COUNTERS.values(), *HISTOGRAMS.values()) for label in one[1]}
    assert labels == {"module", "command", "code", "state", "source", "class"}


def _named(language: str) -> Set[str]:
    return set(_NAME.findall(read(f"docs/{language}/watching.md")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_each_metric_and_no_other(language: str) -> None:
    assert _named(language) == METRICS


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_each_alert_and_no_other(language: str) -> None:
    told = re.findall(r"^\| `(Pm\w+)` \|", read(f"docs/{language}/watching.md"), re.MULTILINE)
    assert told == [one["alert"] for one in ALERTS]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_each_file_and_each_file_is_there(language: str) -> None:
    text = read(f"docs/{language}/watching.md")
    files = {path.name for path in (ROOT / "etc/monitoring").iterdir()}
    assert {name for name in files if f"`{name}`" not in text} == set()


# -- what is made ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_is_as_make_docs_makes_it(name: str) -> None:
    assert read(name) == FILES[name]


def _without_words(value: Any) -> Any:
    """A document without names, titles and descriptions."""
    if isinstance(value, dict):
        words = ("name", "title", "description", "label", "uid")
        return {key: _without_words(one) for key, one in value.items() if key not in words}
    return [*map(_without_words, value)] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    """The names, titles and descriptions of a document."""
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, str) and key in ("name", "title", "description"):
            yield one
        elif isinstance(one, (dict, list)):
            yield from _texts(one)


@pytest.mark.parametrize("made", [monitoring.zabbix, monitoring.grafana])
def test_both_languages_differ_in_words_alone(made: Callable[[str], str]) -> None:
    english, russian = (yaml.safe_load(made(language)) for language in LANGUAGES)
    assert _without_words(english) == _without_words(russian)
    pairs = [*zip(_texts(english), _texts(russian))]
    same = {one for one, other in pairs if one == other}
    allowed = {"Templates/Applications", monitoring.TEMPLATE, "pmnextcloud", "datasource", "module"}
    assert same <= allowed
    assert len(pairs) > 20
    assert not [text for text, _ in pairs if re.search("[а-яё]", text)]


# -- Prometheus and Grafana -----------------------------------------------------------------------


@needs_promtool
def test_promtool_has_nothing_against_the_rules_and_the_settings(tmp_path: Path) -> None:
    for name in ("alerts.yml", "prometheus.yml"):
        (tmp_path / name).write_text(read(f"etc/monitoring/{name}"), "utf-8")
    assert f"{len(ALERTS)} rules found" in promtool("check", "rules", str(tmp_path / "alerts.yml"))
    assert "SUCCESS" in promtool("check", "config", str(tmp_path / "prometheus.yml"))


def _alert_tests() -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = yaml.safe_load(read("tests/meta/alerts.test.yml"))["tests"]
    return [one for test in found for one in test["alert_rule_test"]]


@needs_promtool
def test_each_alert_fires_when_it_has_to_and_not_before(tmp_path: Path) -> None:
    rules = yaml.safe_load(read("etc/monitoring/alerts.yml"))
    for rule in rules["groups"][0]["rules"]:
        del rule["annotations"]  # the words, which the tests of promtool would have to repeat
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump(rules), "utf-8")
    tests = read("tests/meta/alerts.test.yml").replace("- ALERTS", f"- {tmp_path / 'alerts.yml'}")
    (tmp_path / "tests.yml").write_text(tests, "utf-8")
    assert "SUCCESS" in promtool("test", "rules", str(tmp_path / "tests.yml"))


@pytest.mark.parametrize("fires", [True, False])
def test_each_alert_is_tried_where_it_fires_and_where_not(fires: bool) -> None:
    tried = {one["alertname"] for one in _alert_tests() if bool(one.get("exp_alerts")) is fires}
    assert tried == {one["alert"] for one in ALERTS}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: str(alert["alert"]))
def test_an_alert_has_words_in_both_languages_and_metrics_that_are_there(
    alert: Dict[str, Any],
) -> None:
    words = alert["annotations"]
    assert set(words) == {"summary", "summary_ru", "description", "description_ru"}
    for name, text in words.items():
        assert bool(re.search("[а-яё]", text)) == name.endswith("_ru")
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert set(_NAME.findall(alert["expr"])) <= SERIES


def test_the_dashboard_shows_all_metrics_but_those_that_others_are_made_of() -> None:
    dashboard = json.loads(read("etc/monitoring/grafana-en.json"))
    shown = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in _NAME.findall(target["expr"])
    }
    assert shown <= SERIES
    ours = {name.replace("_bucket", "") for name in shown}
    others = ("does_nothing", "gathered_timestamp_seconds", "audit_faults", "run_failures_total")
    others += ("cloud_request_failures_total", "statistics_last_day_timestamp_seconds")
    assert METRICS - ours == {PREFIX + name for name in others}


def test_no_panel_of_the_dashboard_lies_on_another() -> None:
    places = [
        one["gridPos"] for one in json.loads(read("etc/monitoring/grafana-en.json"))["panels"]
    ]
    cells = [
        (x, y)
        for one in places
        for x in range(one["x"], one["x"] + one["w"])
        for y in range(one["y"], one["y"] + one["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


# -- Zabbix ---------------------------------------------------------------------------------------


@pytest.fixture(params=LANGUAGES)
def export(request: pytest.FixtureRequest) -> Dict[str, Any]:
    """The template in each language."""
    document: Dict[str, Any] = yaml.safe_load(read(f"etc/monitoring/zabbix-{request.param}.yaml"))
    return document


def test_the_template_has_the_format_of_zabbix(export: Dict[str, Any]) -> None:
    assert list(misfits(export, EXPORT)) == []


WRONG: Dict[str, Callable[[Dict[str, Any]], Any]] = {
    "an element too many": lambda one: one.update(application="x"),
    "an element too few": lambda one: one.pop("key"),
    "a number for a text": lambda one: one.update(history=0),
    "an unknown word": lambda one: one.update(value_type="INTEGER"),
    "a UUID of another version": lambda one: one.update(uuid="0" * 32),
    "an item that depends on nothing": lambda one: one.pop("master_item"),
    "an empty list": lambda one: one.update(preprocessing=[]),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_of_the_format_is_found(export: Dict[str, Any], wrong: str) -> None:
    broken = copy.deepcopy(export)
    WRONG[wrong](broken["zabbix_export"]["templates"][0]["items"][1])
    assert len(list(misfits(broken, EXPORT))) == 1


def _all(value: Any, name: str) -> Iterator[Any]:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if key == name:
            yield one
        if isinstance(one, (dict, list)):
            yield from _all(one, name)


def test_no_number_and_no_key_of_the_template_stands_twice(export: Dict[str, Any]) -> None:
    [template] = export["zabbix_export"]["templates"]
    uuids = [*_all(export, "uuid")]
    assert len(uuids) == len(set(uuids))
    [rule] = template["discovery_rules"]
    keys = [one["key"] for one in (*template["items"], rule, *rule["item_prototypes"])]
    assert len(keys) == len(set(keys))


def test_each_trigger_looks_at_items_and_macros_of_the_template(export: Dict[str, Any]) -> None:
    [template] = export["zabbix_export"]["templates"]
    keys = {one["key"] for one in template["items"]}
    keys |= {one["key"] for one in template["discovery_rules"][0]["item_prototypes"]}
    macros = {one["macro"] for one in template["macros"]}
    used: Set[str] = set()
    for expression in _all(export, "expression"):
        assert "<" not in expression.replace(")<{$", "")
        [(host, key)] = re.findall(r"\(/([^/]+)/([^,)]+)[,)]", expression)
        assert host == template["template"]
        assert key in keys
        used |= set(re.findall(r"\{\$[A-Z.]+\}", expression))
    assert used == macros


def test_each_trigger_hangs_on_the_item_that_it_looks_at() -> None:
    triggers = [*monitoring.TRIGGERS, *monitoring.OF_MODULE_TRIGGERS]
    made = yaml.safe_load(monitoring.zabbix("en"))
    assert len([*_all(made, "expression")]) == len(triggers)


def test_each_source_has_an_item_and_is_known_to_the_schema() -> None:
    document = json.loads(read("docs/metrics.schema.json"))
    whole = {one.name for one in SOURCES if not one.of_module} | {"billing", "counters"}
    assert set(document["properties"]["sources"]["properties"]) == whole
    keys = {one.key for one in monitoring.ITEMS}
    assert {f"source[{name}]" for name in whole} <= keys


def test_each_number_of_a_module_is_known_to_the_schema() -> None:
    document = json.loads(read("docs/metrics.schema.json"))
    known = document["properties"]["modules"]["items"]["properties"]
    for one in monitoring.OF_MODULE:
        first, *rest = one.path.split(".")
        assert first in known
        assert set(rest) <= set(known[first].get("properties", {}))
    assert list(schema.faults({}, document, document, "$"))


def test_the_agent_may_start_as_root_what_it_is_told_to_start_and_nothing_else() -> None:
    [line] = re.findall(r"^UserParameter=(.*)$", read("etc/monitoring/zabbix_agentd.conf"), re.M)
    key, _, command = line.partition(",")
    assert key == monitoring.MASTER
    words = command.replace("sudo -n ", "")
    [rule] = re.findall(r"^zabbix .*$", read("etc/monitoring/sudoers"), re.M)
    assert rule == f"zabbix ALL=(root) NOPASSWD: {words}"
