"""What Prometheus and Zabbix see: Debian's own programs, and faults that are planted."""

import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest
import yaml

from tests.doubles.billmanager import Stand
from tests.doubles.cloud import NEXTCLOUD_29, Cloud, Fault
from tests.e2e.sites import DoubleSite
from tests.e2e.watchers import (
    IS_DEBIAN,
    MONITORING,
    NodeExporter,
    Prometheus,
    ZabbixAgent,
    promtool,
    until,
)
from tests.e2e.world import World
from tests.meta.messages import read
from tests.tools import schema
from tests.tools.monitoring import LANGUAGES

pytestmark = pytest.mark.skipif(not IS_DEBIAN, reason="Prometheus is brought on Debian alone")

SCHEMA = json.loads(read("docs/metrics.schema.json"))


class Watched(NamedTuple):
    """A provider, whose metrics a Prometheus reads by a node_exporter."""

    world: World
    cloud: Cloud
    prometheus: Prometheus

    def look(self) -> str:
        """What cron does every two minutes; the text of it."""
        run = self.world.stand.run("metrics")
        assert (run.exit_code, run.stderr) == (0, b""), run
        return run.stdout.decode()

    def fires(self, alert: str) -> Dict[str, str]:
        """The alert, once it fires."""
        return until(lambda: self.prometheus.firing().get(alert), f"{alert} does not fire")

    def ends(self, alert: str) -> None:
        """Waits for its end."""
        until(lambda: alert not in self.prometheus.firing(), f"{alert} does not end")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A provider with two services, a day of statistics, an audit, a failure and a repetition."""
    folder = tmp_path_factory.mktemp("watched")
    for name in ("exporter", "prometheus", "shown"):
        (folder / name).mkdir()
    with Stand(preloaded=True) as stand, Cloud(NEXTCLOUD_29) as cloud:
        stand.write("etc/pmnextcloud.conf", f"metrics_file = {folder / 'shown/pmnextcloud.prom'}\n")
        world = World(stand, DoubleSite(cloud))
        world.site.add_group(world.group)
        world.opened()
        world.run("suspend", world.opened()).check()
        stand.run("stat", module=world.module).check()
        assert stand.run("suspend", item=999_999).exit_code == 1
        cloud.faults.append(Fault("bad_gateway"))
        world.run("resume", world.items[-1]).check()
        stand.run("audit")
        exporter = NodeExporter(folder / "exporter", folder / "shown")
        with exporter, Prometheus(folder / "prometheus", exporter.port) as prometheus:
            one = Watched(world, cloud, prometheus)
            one.look()
            seen = "count_over_time(pmnextcloud_build_info[1m]) > 2"
            until(lambda: prometheus.query(seen), "nothing was scraped")
            yield one


def test_promtool_has_nothing_to_say_of_the_metrics(watched: Watched) -> None:
    text = watched.look()
    assert promtool("check", "metrics", stdin=text) == ""
    for name in ("runs_total", "cloud_request_duration_seconds_bucket", "sold_bytes", "services"):
        assert f"\npmnextcloud_{name}{{" in text


def test_all_metrics_come_to_prometheus_as_they_were_printed(watched: Watched) -> None:
    text = watched.look()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    found = watched.prometheus.query('{__name__=~"pmnextcloud_.+"}')
    seen = {series["metric"]["__name__"] for series in found}
    assert {name for name in names if name not in seen and f"{name}_count" not in seen} == set()
    [services] = watched.prometheus.query('sum(pmnextcloud_services{state=~"active|suspended"})')
    assert services["value"][1] == "2"
    [faults] = watched.prometheus.query("node_textfile_scrape_error")
    assert faults["value"][1] == "0"


def _panels() -> List[Any]:
    dashboards = [json.loads(read(f"etc/monitoring/grafana-{one}.json")) for one in LANGUAGES]
    return [
        pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
        for panel in dashboards[0]["panels"]
        for target in panel["targets"]
    ]


NOT_HERE = "pmnextcloud_certificate_left_seconds"
"""The cloud of the tests has no TLS, and so no series of that."""


@pytest.mark.parametrize("expression", _panels())
def test_each_query_of_the_dashboard_has_an_answer(watched: Watched, expression: str) -> None:
    asked = expression.replace("$module", ".*").replace("$__rate_interval", "1m")
    assert "$" not in asked
    assert bool(watched.prometheus.query(asked)) is (NOT_HERE not in asked)


def test_a_refusal_of_the_cloud_fires_until_the_module_has_another_password(
    watched: Watched,
) -> None:
    world, stand = watched.world, watched.world.stand
    assert "PmnextcloudRefused" not in watched.prometheus.firing()
    watched.cloud.users["admin"].password = "Another-Pw-for-tests-9"
    assert world.run("suspend", world.items[0]).exit_code == 1
    watched.look()
    alert = watched.fires("PmnextcloudRefused")
    assert alert["code"] == "cloud_login_refused"
    assert alert["module"] == str(world.module)
    assert "cloud_login_refused" in alert["summary"]
    assert "отказывает" in alert["summary_ru"]
    stand.sql(
        "UPDATE processingcryptedparam SET value = %s"
        " WHERE processingmodule = %s AND intname = 'nc_password'",
        stand.encrypt("Another-Pw-for-tests-9"),
        world.module,
    )
    world.run("suspend", world.items[0]).check()
    watched.look()
    watched.ends("PmnextcloudRefused")


def test_a_cloud_that_is_down_fires_until_it_is_up(watched: Watched) -> None:
    watched.cloud.pause()
    try:
        watched.look()
        assert watched.fires("PmnextcloudCloudDown")["module"] == str(watched.world.module)
    finally:
        watched.cloud.resume()
    watched.look()
    watched.ends("PmnextcloudCloudDown")


def test_an_operation_that_is_left_to_staff_fires_until_it_is_gone(watched: Watched) -> None:
    stand = watched.world.stand
    operation = stand.add_operation("suspend", watched.world.items[0], trycount=10)
    stand.sql("UPDATE runningoperation SET manual = 'on' WHERE id = %s", operation)
    watched.look()
    assert watched.fires("PmnextcloudOperationsStopped")["module"] == str(watched.world.module)
    [tries] = watched.prometheus.query("pmnextcloud_operations_most_tries")
    assert tries["value"][1] == "10"
    stand.sql("DELETE FROM runningoperation WHERE id = %s", operation)
    watched.look()
    watched.ends("PmnextcloudOperationsStopped")


# -- Zabbix ---------------------------------------------------------------------------------------


@pytest.fixture
def agent(watched: Watched, tmp_path: Path) -> Iterator[ZabbixAgent]:
    """The agent with the shipped lines, at the root of the stand.

    In place of sudo, which not every machine has, is one that starts what it is given.
    """
    (tmp_path / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
    (tmp_path / "sudo").chmod(0o755)
    line = (MONITORING / "zabbix_agentd.conf").read_text("utf-8")
    assert "sudo -n /usr/local/mgr5/" in line
    line = line.replace("/usr/local/mgr5", str(watched.world.stand.root))
    path = f"{tmp_path}:{os.environ['PATH']}"
    with ZabbixAgent(tmp_path, line, PATH=path) as made:
        yield made


def test_the_agent_of_zabbix_answers_the_key(watched: Watched, agent: ZabbixAgent) -> None:
    assert agent.ask("agent.ping") == "1"
    document = json.loads(agent.ask("pmnextcloud.metrics"))
    assert list(schema.faults(document, SCHEMA, SCHEMA, "$")) == []
    [module] = document["modules"]
    assert module["module"] == watched.world.module
    assert module["services"]["active"] + module["services"]["suspended"] == 2


def test_each_item_of_the_template_finds_its_number_in_what_the_agent_answers(
    watched: Watched, agent: ZabbixAgent
) -> None:
    document = json.loads(agent.ask("pmnextcloud.metrics"))
    template = yaml.safe_load(read("etc/monitoring/zabbix-en.yaml"))["zabbix_export"]["templates"][
        0
    ]
    paths = [one["preprocessing"][0]["parameters"][0] for one in template["items"][1:]]
    for path in paths:
        value: Any = document
        for name in path[2:].split("."):
            value = value[name]
        assert value is not None
    [module] = document["modules"]
    missing = []
    for one in template["discovery_rules"][0]["item_prototypes"]:
        path = one["preprocessing"][0]["parameters"][0]
        assert path.startswith("$.modules[?(@.module=={#MODULE})].")
        value = module
        for name in path.split(")].")[1].replace(".first()", "").split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            missing.append(one["key"].partition("[")[0].rpartition("module.")[2])
    assert missing == ["refusal", "certificate"]
