"""The metrics that the command `metrics` reads itself, and their text."""

from typing import Dict, Iterable, List, NamedTuple, Tuple

from utils.host.exposition import PREFIX, head

MODULE, CODE, STATE, SOURCE, CLASS = "module", "code", "state", "source", "class"
"""The labels. The values of each are bounded: none is a service, a client or a text."""

GATHERED, SOURCE_UP, DOES_NOTHING = "gathered_timestamp_seconds", "source_up", "does_nothing"
STATISTICS_DAY = "statistics_last_day_timestamp_seconds"
STATISTICS_AGE = "statistics_age_seconds"
REFUSAL = "refusal_stands"
SERVICES, UNLIMITED = "services", "services_without_limit"
SOLD, USED = "sold_bytes", "used_bytes"
WAITING, OLDEST = "operations_waiting", "operations_oldest_age_seconds"
MOST_TRIES, STOPPED = "operations_most_tries", "operations_stopped"
AUDITED, DIFFERENCES = "audit_timestamp_seconds", "audit_differences"
FAULTS = "audit_faults"
CERTIFICATE = "certificate_left_seconds"

Labels = Tuple[str, ...]


class Gauge(NamedTuple):
    """The names of the labels of a metric, and what it says."""

    labels: Labels
    help: str


GAUGES: Dict[str, Gauge] = {
    GATHERED: Gauge((), "When billing and clouds were last looked at."),
    DOES_NOTHING: Gauge((), "Whether etc/billmgr.DoNothing keeps the module from its work."),
    SOURCE_UP: Gauge(
        (SOURCE, MODULE), "Whether a source could be read; where it is 0 its metrics are missing."
    ),
    STATISTICS_DAY: Gauge((MODULE,), "When the last day ended that was counted whole."),
    STATISTICS_AGE: Gauge((MODULE,), "How long ago the last day ended that was counted whole."),
    REFUSAL: Gauge((MODULE, CODE), "A refusal of the cloud, which has taken nothing since."),
    SERVICES: Gauge((MODULE, STATE), "Services by their status in billing."),
    UNLIMITED: Gauge((MODULE,), "Services with an account whose space has no limit."),
    SOLD: Gauge((MODULE,), "Space sold with a limit, to services with an account."),
    USED: Gauge((MODULE,), "Space that services with an account used when it was last counted."),
    WAITING: Gauge((MODULE,), "Operations in the queue of BILLmanager."),
    OLDEST: Gauge((MODULE,), "How long the oldest of them was seen to wait."),
    MOST_TRIES: Gauge((MODULE,), "Tries of that one of them which was tried most often."),
    STOPPED: Gauge((MODULE,), "Those of them that are left to staff."),
    AUDITED: Gauge((MODULE,), "When an audit has last looked at all of the module."),
    DIFFERENCES: Gauge((MODULE, CLASS), "Differences that this audit has left."),
    FAULTS: Gauge((MODULE,), "Those of the differences that are no mere advice."),
    CERTIFICATE: Gauge((MODULE,), "How long the certificate of the cloud is still valid."),
}


class Sample(NamedTuple):
    """One number of a metric, with the values of its labels; an empty one is no label."""

    name: str
    labels: Labels
    value: int


def as_text(samples: Iterable[Sample]) -> str:
    """The samples in Prometheus's text format, each metric with its kind and words."""
    by_name: Dict[str, List[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    lines: List[str] = []
    for name, gauge in GAUGES.items():
        if name in by_name:
            lines += head(name, "gauge", gauge.help)
            lines += [_line(gauge.labels, one) for one in by_name[name]]
    return "\n".join([*lines, ""]) if lines else ""


def _line(names: Labels, sample: Sample) -> str:
    pairs = [f'{name}="{value}"' for name, value in zip(names, sample.labels) if value]
    shown = "{" + ",".join(pairs) + "}" if pairs else ""
    return f"{PREFIX}{sample.name}{shown} {sample.value}"
