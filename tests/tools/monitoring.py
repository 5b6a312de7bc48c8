"""Makes Zabbix's template and Grafana's dashboard, each in both languages, for `make docs`.

Both say the same in many places, and their words twice: the tables here have each of them once. The
format of the template is that which Zabbix 7.0 exports and reads; tests/meta/zabbix.py has it.
"""

import json
import uuid
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import yaml

from utils.consts import MODULE

Texts = Tuple[str, str]
"""Words in English and Russian."""

LANGUAGES = ("en", "ru")
FOLDER = "etc/monitoring"

TEMPLATE = f"{MODULE} by Zabbix agent"
MASTER = f"{MODULE}.metrics"
GROUP = "Templates/Applications"
GROUP_UUID = "a571c0d144b14fd4a87a9d9b2aa9fcd6"
"""The group that Zabbix has for applications, by the number that it has everywhere."""

HOW_OFTEN = "2m"


class Item(NamedTuple):
    """A number of the document: where it stands, how it is called, what it is measured in.

    `steps` are done to it after it was taken; `kind` is its type in Zabbix.
    """

    key: str
    path: str
    name: Texts
    units: str = ""
    kind: str = "UNSIGNED"
    steps: Tuple[Tuple[str, Tuple[str, ...]], ...] = ()


class Trigger(NamedTuple):
    """What is wrong, and how much so. In the expression each `<key>` stands for an item."""

    name: Texts
    expression: str
    priority: str
    help: Texts


_GROWTH = (("SIMPLE_CHANGE", ()),)
_RARELY = (("DISCARD_UNCHANGED_HEARTBEAT", ("1d",)),)

ITEMS = (
    Item("version", "$.version", ("Version", "Версия"), kind="CHAR", steps=_RARELY),
    Item(
        "gathered",
        "$.gathered_timestamp_seconds",
        ("Last look at billing and clouds", "Последний взгляд на биллинг и облака"),
        "unixtime",
        "FLOAT",
    ),
    Item(
        "does_nothing",
        "$.does_nothing",
        (
            "Kept from work by etc/billmgr.DoNothing",
            "Работа запрещена файлом etc/billmgr.DoNothing",
        ),
    ),
    *(
        Item(f"source[{name}]", f"$.sources.{name}", (f"Source: {english}", f"Источник: {russian}"))
        for name, english, russian in (
            ("billing", "billing", "биллинг"),
            ("counters", "counters of the runs", "счётчики запусков"),
            ("services", "services", "услуги"),
            ("space", "space", "место"),
            ("operations", "operations", "операции"),
            ("statistics", "statistics", "статистика"),
            ("audit", "audit", "сверка"),
        )
    ),
)

OF_MODULE = (
    Item("cloud", "cloud_up", ("Cloud answers", "Облако отвечает")),
    Item("refusals", "refusals", ("Refusals that stand", "Действующие отказы облака")),
    Item("refusal", "refusal", ("Code of the refusal", "Код отказа"), kind="CHAR", steps=_RARELY),
    Item("services.active", "services.active", ("Services: active", "Услуги: активные")),
    Item(
        "services.suspended",
        "services.suspended",
        ("Services: suspended", "Услуги: приостановленные"),
    ),
    Item("services.ordered", "services.ordered", ("Services: ordered", "Услуги: заказанные")),
    Item(
        "services.processing",
        "services.processing",
        ("Services: in progress", "Услуги: в обработке"),
    ),
    Item(
        "services.unlimited",
        "services_without_limit",
        ("Services without a limit", "Услуги без ограничения места"),
    ),
    Item("sold", "sold_bytes", ("Space sold", "Продано места"), "B"),
    Item("used", "used_bytes", ("Space used", "Занято места"), "B"),
    Item("operations.waiting", "operations_waiting", ("Operations waiting", "Операции ждут")),
    Item(
        "operations.oldest",
        "operations_oldest_age_seconds",
        ("Age of the oldest operation", "Возраст старейшей операции"),
        "s",
        "FLOAT",
    ),
    Item(
        "operations.tries",
        "operations_most_tries",
        ("Tries of the worst operation", "Попытки худшей операции"),
    ),
    Item(
        "operations.stopped",
        "operations_stopped",
        ("Operations left to staff", "Операции, оставленные сотрудникам"),
    ),
    Item(
        "statistics.age",
        "statistics_age_seconds",
        ("Age of the last whole day of statistics", "Возраст последнего полного дня статистики"),
        "s",
        "FLOAT",
    ),
    Item(
        "audit.faults",
        "audit_faults",
        ("Faults that the last audit has left", "Непорядки, оставшиеся после последней сверки"),
    ),
    Item(
        "certificate",
        "certificate_left_seconds",
        ("Certificate is valid for", "Сертификат действителен ещё"),
        "s",
        "FLOAT",
    ),
    Item("runs", "runs", ("Runs", "Запуски"), steps=_GROWTH),
    Item("failures", "run_failures", ("Runs that failed", "Запуски с ошибкой"), steps=_GROWTH),
    Item("requests", "requests", ("Requests", "Запросы"), steps=_GROWTH),
    Item(
        "requests.failed",
        "request_failures",
        ("Requests that failed", "Запросы с ошибкой"),
        steps=_GROWTH,
    ),
    Item("retries", "retries", ("Requests sent once more", "Повторённые запросы"), steps=_GROWTH),
    Item("pauses", "pauses", ("Pauses", "Паузы"), steps=_GROWTH),
    Item(
        "pauses.length",
        "pause_ms",
        ("Length of the pauses", "Длительность пауз"),
        "s",
        "FLOAT",
        (*_GROWTH, ("MULTIPLIER", ("0.001",))),
    ),
)

MACROS = (
    (
        "{$PMNEXTCLOUD.FAILURES.MAX}",
        "3",
        ("Failed runs in 15 minutes.", "Запусков с ошибкой за 15 минут."),
    ),
    (
        "{$PMNEXTCLOUD.WAIT.MAX}",
        "1h",
        ("How long an operation may wait.", "Сколько операция может ждать."),
    ),
    (
        "{$PMNEXTCLOUD.STATISTICS.MAX}",
        "36h",
        ("Age of the last whole day.", "Возраст последнего полного дня."),
    ),
    (
        "{$PMNEXTCLOUD.CERTIFICATE.MIN}",
        "21d",
        ("Least time left of the certificate.", "Наименьший остаток срока сертификата."),
    ),
)

_SEE = (
    "processing/pmnextcloud --command doctor says what is wrong and what to do.",
    "processing/pmnextcloud --command doctor скажет, что не так и что делать.",
)
_SEE_HISTORY = (
    "processing/pmnextcloud --command history --failed shows which and why.",
    "processing/pmnextcloud --command history --failed покажет, какие и почему.",
)

TRIGGERS = (
    Trigger(
        ("pmnextcloud: no metrics", "pmnextcloud: нет метрик"),
        "nodata(<gathered>,30m)=1",
        "HIGH",
        (
            "The command metrics is silent for half an hour: sudo, the agent or the program.",
            "Команда metrics не отвечает полчаса: sudo, агент или программа.",
        ),
    ),
    Trigger(
        ("pmnextcloud: billing cannot be read", "pmnextcloud: биллинг не читается"),
        "max(<source[billing]>,10m)=0",
        "HIGH",
        _SEE,
    ),
    Trigger(
        ("pmnextcloud: runs are not counted", "pmnextcloud: запуски не считаются"),
        "max(<source[counters]>,10m)=0",
        "WARNING",
        _SEE,
    ),
    *(
        Trigger(
            (f"pmnextcloud: {english} cannot be read", f"pmnextcloud: не читается {russian}"),
            f"max(<source[{name}]>,10m)=0",
            "WARNING",
            _SEE,
        )
        for name, english, russian in (
            ("services", "the number of services", "число услуг"),
            ("space", "the space of services", "место услуг"),
            ("operations", "the queue of operations", "очередь операций"),
            ("statistics", "the memory of statistics", "память о статистике"),
            ("audit", "the memory of the audit", "память о сверке"),
        )
    ),
    Trigger(
        ("pmnextcloud: nothing is done", "pmnextcloud: ничего не делается"),
        "min(<does_nothing>,1h)=1",
        "WARNING",
        (
            "etc/billmgr.DoNothing keeps the module from its work for an hour.",
            "Файл etc/billmgr.DoNothing уже час запрещает модулю работать.",
        ),
    ),
)

OF_MODULE_TRIGGERS = (
    Trigger(
        ("{#NAME}: the cloud does not answer", "{#NAME}: облако не отвечает"),
        "max(<cloud>,10m)=0",
        "HIGH",
        _SEE,
    ),
    Trigger(
        ("{#NAME}: the cloud refuses the module", "{#NAME}: облако отказывает модулю"),
        "min(<refusals>,5m)>0",
        "HIGH",
        _SEE,
    ),
    Trigger(
        ("{#NAME}: runs fail", "{#NAME}: запуски завершаются ошибкой"),
        "sum(<failures>,15m)>={$PMNEXTCLOUD.FAILURES.MAX}",
        "WARNING",
        _SEE_HISTORY,
    ),
    Trigger(
        ("{#NAME}: an operation waits too long", "{#NAME}: операция ждёт слишком долго"),
        "last(<operations.oldest>)>{$PMNEXTCLOUD.WAIT.MAX}",
        "AVERAGE",
        _SEE_HISTORY,
    ),
    Trigger(
        ("{#NAME}: operations are left to staff", "{#NAME}: операции оставлены сотрудникам"),
        "min(<operations.stopped>,15m)>0",
        "AVERAGE",
        _SEE_HISTORY,
    ),
    Trigger(
        ("{#NAME}: days of statistics are missing", "{#NAME}: не хватает дней статистики"),
        "last(<statistics.age>)>{$PMNEXTCLOUD.STATISTICS.MAX}",
        "AVERAGE",
        _SEE,
    ),
    Trigger(
        ("{#NAME}: the certificate ends soon", "{#NAME}: сертификат скоро истечёт"),
        "last(<certificate>)<{$PMNEXTCLOUD.CERTIFICATE.MIN}",
        "WARNING",
        _SEE,
    ),
    Trigger(
        ("{#NAME}: billing and cloud differ", "{#NAME}: биллинг и облако расходятся"),
        "last(<audit.faults>)>0",
        "WARNING",
        (
            "processing/pmnextcloud --command audit shows in what, and mends what is safe.",
            "processing/pmnextcloud --command audit покажет, в чём, и исправит безопасное.",
        ),
    ),
)


# -- Zabbix ---------------------------------------------------------------------------------------


def zabbix(language: str) -> str:
    """The template in YAML. In both languages all but the words is the same."""
    at = LANGUAGES.index(language)
    template = {
        "uuid": _uuid("template"),
        "template": TEMPLATE,
        "name": TEMPLATE,
        "description": (
            "Nextcloud and ownCloud sold by BILLmanager. How to set it up: docs/en/watching.md.",
            "Nextcloud и ownCloud, которые продаёт BILLmanager. Как включить: docs/ru/watching.md.",
        )[at],
        "groups": [{"name": GROUP}],
        "items": [_master(at), *(_item(one, at) for one in ITEMS)],
        "discovery_rules": [_discovery(at)],
        "macros": [
            {"macro": name, "value": value, "description": words[at]}
            for name, value, words in MACROS
        ],
    }
    export = {
        "version": "7.0",
        "template_groups": [{"uuid": GROUP_UUID, "name": GROUP}],
        "templates": [template],
    }
    document: str = yaml.safe_dump(
        {"zabbix_export": export}, sort_keys=False, allow_unicode=True, width=100
    )
    return document


def _master(at: int) -> Dict[str, Any]:
    return {
        "uuid": _uuid(MASTER),
        "name": ("All metrics", "Все метрики")[at],
        "key": MASTER,
        "delay": HOW_OFTEN,
        "history": "1h",
        "value_type": "TEXT",
        "timeout": "30s",
    }


def _item(one: Item, at: int) -> Dict[str, Any]:
    key = f"{MODULE}.{one.key}"
    triggers = [_trigger(each, at) for each in TRIGGERS if f"<{one.key}>" in each.expression]
    return {
        **_dependent(key, one.name[at], one, one.path),
        **({"triggers": triggers} if triggers else {}),
    }


def _of_module(one: Item, at: int) -> Dict[str, Any]:
    found = [each for each in OF_MODULE_TRIGGERS if f"<{one.key}>" in each.expression]
    triggers = [_trigger(each, at, of_module=True) for each in found]
    path = f"$.modules[?(@.module=={{#MODULE}})].{one.path}.first()"
    return {
        **_dependent(_key(one.key), f"{{#NAME}}: {one.name[at]}", one, path),
        **({"trigger_prototypes": triggers} if triggers else {}),
    }


def _key(of: str) -> str:
    return f"{MODULE}.module.{of}[{{#MODULE}}]"


def _dependent(key: str, name: str, one: Item, path: str) -> Dict[str, Any]:
    """An item that is taken from the document; a number that is not there is no value."""
    steps: List[Dict[str, Any]] = [
        {"type": "JSONPATH", "parameters": [path], "error_handler": "DISCARD_VALUE"}
    ]
    for kind, parameters in one.steps:
        steps.append({"type": kind, **({"parameters": [*parameters]} if parameters else {})})
    return {
        "uuid": _uuid(key),
        "name": name,
        "type": "DEPENDENT",
        "key": key,
        **({} if one.kind == "UNSIGNED" else {"value_type": one.kind}),
        **({"units": one.units} if one.units else {}),
        "preprocessing": steps,
        "master_item": {"key": MASTER},
    }


def _trigger(one: Trigger, at: int, of_module: bool = False) -> Dict[str, Any]:
    expression = one.expression
    for item in OF_MODULE if of_module else ITEMS:
        key = _key(item.key) if of_module else f"{MODULE}.{item.key}"
        expression = expression.replace(f"<{item.key}>", f"/{TEMPLATE}/{key}")
    return {
        "uuid": _uuid(one.name[0]),
        "expression": expression,
        "name": one.name[at],
        "priority": one.priority,
        "description": one.help[at],
    }


def _discovery(at: int) -> Dict[str, Any]:
    return {
        "uuid": _uuid("discovery"),
        "name": ("Processing modules", "Модули обработки")[at],
        "type": "DEPENDENT",
        "key": f"{MODULE}.modules",
        "item_prototypes": [_of_module(one, at) for one in OF_MODULE],
        "master_item": {"key": MASTER},
        "lld_macro_paths": [
            {"lld_macro": "{#MODULE}", "path": "$.module"},
            {"lld_macro": "{#NAME}", "path": "$.name"},
        ],
        "preprocessing": [
            {"type": "JSONPATH", "parameters": ["$.modules"]},
            {"type": "DISCARD_UNCHANGED_HEARTBEAT", "parameters": ["1h"]},
        ],
    }


def _uuid(of: str) -> str:
    """A number of the kind that Zabbix wants, the same for the same thing each time."""
    digest = uuid.uuid5(uuid.NAMESPACE_DNS, f"{MODULE} {of}").bytes
    return uuid.UUID(bytes=digest, version=4).hex


# -- Grafana --------------------------------------------------------------------------------------


class Panel(NamedTuple):
    """A panel: its title, the unit of Grafana, its queries each with the words beside its line."""

    title: Texts
    unit: str
    queries: Tuple[Tuple[str, str], ...]
    kind: str = "timeseries"
    help: Optional[Texts] = None


_M = '{module=~"$module"}'

PANELS = (
    Panel(("Version", "Версия"), "none", (("pmnextcloud_build_info", "{{version}}"),), "stat"),
    Panel(
        ("Sources that cannot be read", "Нечитаемые источники"),
        "none",
        (("count(pmnextcloud_source_up == 0) or vector(0)", ""),),
        "stat",
    ),
    Panel(
        ("Refusals that stand", "Действующие отказы облака"),
        "none",
        ((f"sum(pmnextcloud_refusal_stands{_M}) or vector(0)", ""),),
        "stat",
    ),
    Panel(
        ("Certificate is valid for", "Сертификат действителен ещё"),
        "s",
        ((f"min by (module) (pmnextcloud_certificate_left_seconds{_M})", "{{module}}"),),
        "stat",
    ),
    Panel(
        ("Runs that failed, by cause", "Запуски с ошибкой по причинам"),
        "short",
        (
            (
                'sum by (code) (increase(pmnextcloud_runs_total{module=~"$module|0",'
                'code!~"done|nothing"}[$__rate_interval]))',
                "{{code}}",
            ),
        ),
    ),
    Panel(
        ("Runs, by command", "Запуски по командам"),
        "short",
        (("sum by (command) (increase(pmnextcloud_runs_total[$__rate_interval]))", "{{command}}"),),
    ),
    Panel(
        ("Duration of runs, 95th percentile", "Длительность запусков, 95-й процентиль"),
        "s",
        (
            (
                "histogram_quantile(0.95, sum by (command, le)"
                " (rate(pmnextcloud_run_duration_seconds_bucket[$__rate_interval])))",
                "{{command}}",
            ),
        ),
    ),
    Panel(
        ("Duration of answers of the cloud", "Длительность ответов облака"),
        "s",
        tuple(
            (
                f"histogram_quantile({part}, sum by (module, le)"
                f" (rate(pmnextcloud_cloud_request_duration_seconds_bucket{_M}"
                "[$__rate_interval])))",
                f"{{{{module}}}} {part}",
            )
            for part in ("0.5", "0.95")
        ),
    ),
    Panel(
        ("Requests, by outcome", "Запросы по исходам"),
        "reqps",
        (
            (
                f"sum by (code) (rate(pmnextcloud_cloud_requests_total{_M}[$__rate_interval]))",
                "{{code}}",
            ),
        ),
    ),
    Panel(
        ("Retries and pauses", "Повторы и паузы"),
        "short",
        (
            (f"sum(increase(pmnextcloud_cloud_retries_total{_M}[$__rate_interval]))", "retries"),
            (f"sum(increase(pmnextcloud_cloud_pauses_total{_M}[$__rate_interval]))", "pauses"),
            (
                f"sum(increase(pmnextcloud_cloud_pause_seconds_total{_M}[$__rate_interval]))",
                "pauses, s",
            ),
        ),
    ),
    Panel(
        ("Services, by state", "Услуги по состояниям"),
        "short",
        ((f"sum by (state) (pmnextcloud_services{_M})", "{{state}}"),),
    ),
    Panel(
        ("Space", "Место"),
        "bytes",
        (
            (f"sum by (module) (pmnextcloud_sold_bytes{_M})", "{{module}} sold"),
            (f"sum by (module) (pmnextcloud_used_bytes{_M})", "{{module}} used"),
        ),
    ),
    Panel(
        ("Services without a limit", "Услуги без ограничения места"),
        "short",
        ((f"pmnextcloud_services_without_limit{_M}", "{{module}}"),),
    ),
    Panel(
        ("Operations", "Операции"),
        "short",
        (
            (f"sum by (module) (pmnextcloud_operations_waiting{_M})", "{{module}} waiting"),
            (f"sum by (module) (pmnextcloud_operations_stopped{_M})", "{{module}} left to staff"),
            (f"max by (module) (pmnextcloud_operations_most_tries{_M})", "{{module}} most tries"),
        ),
    ),
    Panel(
        ("Age of the oldest operation", "Возраст старейшей операции"),
        "s",
        ((f"max by (module) (pmnextcloud_operations_oldest_age_seconds{_M})", "{{module}}"),),
    ),
    Panel(
        ("Age of the last whole day of statistics", "Возраст последнего полного дня статистики"),
        "s",
        ((f"max by (module) (pmnextcloud_statistics_age_seconds{_M})", "{{module}}"),),
    ),
    Panel(
        ("Differences of the last audit", "Расхождения последней сверки"),
        "short",
        ((f"sum by (class) (pmnextcloud_audit_differences{_M})", "{{class}}"),),
    ),
    Panel(
        ("Time since the last audit", "Время с последней сверки"),
        "s",
        ((f"time() - max by (module) (pmnextcloud_audit_timestamp_seconds{_M})", "{{module}}"),),
    ),
)

_COLUMNS, _WIDTH, _HEIGHT, _STATS, _STAT_HEIGHT = 2, 12, 8, 4, 4


def grafana(language: str) -> str:
    """The dashboard in JSON, as Grafana imports it."""
    at = LANGUAGES.index(language)
    source = {"type": "prometheus", "uid": "${datasource}"}
    panels = [_panel(number, one, at, source) for number, one in enumerate(PANELS)]
    dashboard = {
        "title": "pmnextcloud",
        "uid": f"{MODULE}-{language}",
        "tags": [MODULE],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": ("Data source", "Источник данных")[at],
                    "type": "datasource",
                    "query": "prometheus",
                },
                {
                    "name": "module",
                    "label": ("Module", "Модуль")[at],
                    "type": "query",
                    "datasource": source,
                    "query": {"query": "label_values(pmnextcloud_services, module)", "refId": "A"},
                    "refresh": 2,
                    "includeAll": True,
                    "allValue": ".*",
                    "multi": True,
                    "current": {"text": "All", "value": "$__all"},
                },
            ]
        },
        "panels": panels,
    }
    return json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"


def _panel(number: int, one: Panel, at: int, source: Dict[str, str]) -> Dict[str, Any]:
    if one.kind == "stat":
        place = {"x": 6 * number, "y": 0, "w": 6, "h": _STAT_HEIGHT}
    else:
        row, column = divmod(number - _STATS, _COLUMNS)
        x, y = column * _WIDTH, _STAT_HEIGHT + row * _HEIGHT
        place = {"x": x, "y": y, "w": _WIDTH, "h": _HEIGHT}
    return {
        "id": number + 1,
        "type": one.kind,
        "title": one.title[at],
        "datasource": source,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": one.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place_of),
                "datasource": source,
                "expr": query,
                "legendFormat": legend,
            }
            for place_of, (query, legend) in enumerate(one.queries)
        ],
    }


FILES = {
    **{f"{FOLDER}/zabbix-{one}.yaml": zabbix(one) for one in LANGUAGES},
    **{f"{FOLDER}/grafana-{one}.json": grafana(one) for one in LANGUAGES},
}
"""The files that are made, each with its text."""
