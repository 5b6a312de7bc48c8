"""What is read for monitoring: each source by itself, and what is not known is not there."""

import logging
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

from tests.unit.conftest import make_billing, make_item, make_order, make_server
from utils.base import errors, sizes
from utils.billing.modules import StoredModule
from utils.billing.operations import Queued
from utils.billing.tariffs import Sold
from utils.census.days import WholeDays
from utils.cloud.connection import CloudStatus
from utils.cloud.refusals import Refusals
from utils.cloud.transport import Response
from utils.consts import STATUS_ACTIVE, Level
from utils.host import state
from utils.host.root import Host
from utils.host.settings import Settings
from utils.metrics import gather as room
from utils.metrics import gauges
from utils.metrics.gather import gather
from utils.run.call import Call
from utils.run.context import Context

GIB = 1024**3
MODULE = make_server().module_id
LABEL = (str(MODULE),)
CERTIFICATE = "Nov 26 12:00:00 2099 GMT"


class Cloud:
    """A cloud that shows itself, or fails to."""

    def __init__(self, error: Optional[Exception] = None, wait_s: float = 0.0) -> None:
        self.error = error
        self.wait_s = wait_s
        self.asked = 0

    def look(self) -> CloudStatus:
        """What is seen without a login."""
        self.asked += 1
        time.sleep(self.wait_s)
        if self.error is not None:
            raise self.error
        return CloudStatus({}, Response(200, {}, b"", CERTIFICATE))


class Scene:
    """A run of `metrics` with one module and its cloud."""

    def __init__(self, tmp_path: Path, log: logging.Logger) -> None:
        self.billing = make_billing()
        self.cloud = Cloud()
        self.state = state.State(str(tmp_path / "var/pmnextcloud"))
        self.host = Host(str(tmp_path))
        self.ctx = Context(
            Call("metrics"),
            self.host,
            log=log,
            settings=Settings(),
            billing=self.billing,
            state=self.state,
            client=lambda server: self.cloud,
        )
        billing = self.billing
        billing.modules.stored.return_value = [StoredModule(MODULE, "Cloud", True)]
        billing.modules.server.return_value = make_server()
        billing.services.by_status.return_value = {(MODULE, STATUS_ACTIVE): 3}
        billing.services.sold.return_value = []
        billing.tariffs.orders.return_value = {}
        billing.statistics.used.return_value = []
        billing.operations.queue.return_value = []

    def look(self) -> Dict[Tuple[str, Tuple[str, ...]], int]:
        """All samples by name and labels."""
        samples = gather(self.ctx).samples
        found = {(one.name, one.labels): one.value for one in samples}
        assert len(found) == len(samples)
        return found


@pytest.fixture
def scene(tmp_path: Path, log: logging.Logger) -> Scene:
    """A module whose cloud is well."""
    return Scene(tmp_path, log)


def up(found: Dict[Tuple[str, Tuple[str, ...]], int]) -> Dict[str, int]:
    """Each source, and whether it could be read."""
    return {labels[0]: value for (name, labels), value in found.items() if name == gauges.SOURCE_UP}


ALL = ("billing", *(one.name for one in room.SOURCES), "cloud")


def test_where_all_is_well_each_source_is_up(scene: Scene) -> None:
    found = scene.look()
    assert up(found) == dict.fromkeys(ALL, 1)
    assert found[gauges.SERVICES, (*LABEL, "active")] == 3
    assert found[gauges.SERVICES, (*LABEL, "suspended")] == 0
    assert found[gauges.DOES_NOTHING, ()] == 0
    assert 0 <= time.time() - found[gauges.GATHERED, ()] < 60
    assert found[gauges.CERTIFICATE, LABEL] > 70 * 365 * 86400


def test_without_billing_nothing_is_told_but_that(scene: Scene) -> None:
    scene.billing.modules.stored.side_effect = errors.DatabaseUnavailable("x")
    gathered = gather(scene.ctx)
    assert gathered.modules is None
    names = {one.name for one in gathered.samples}
    assert names == {gauges.SOURCE_UP, gauges.GATHERED, gauges.DOES_NOTHING}
    assert scene.cloud.asked == 0


BROKEN = {
    "services": ("services.by_status", (gauges.SERVICES,)),
    "space": ("statistics.used", (gauges.SOLD, gauges.USED, gauges.UNLIMITED)),
    "operations": ("operations.queue", (gauges.WAITING, gauges.OLDEST, gauges.MOST_TRIES)),
}


@pytest.mark.parametrize("source", BROKEN)
def test_a_source_that_cannot_be_read_has_no_numbers_and_stops_no_other(
    scene: Scene, source: str
) -> None:
    noun, gone = BROKEN[source]
    well = scene.look()
    method: Any = scene.billing
    for name in noun.split("."):
        method = getattr(method, name)
    method.side_effect = errors.DatabaseUnavailable("x")
    found = scene.look()
    assert up(found) == {**dict.fromkeys(ALL, 1), source: 0}
    assert {name for name, _ in well} - {name for name, _ in found} >= {*gone}


def test_a_source_that_takes_too_long_is_left(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SOURCE_S", 1.0)
    scene.billing.services.by_status.side_effect = lambda: time.sleep(20)
    began = time.monotonic()
    assert up(scene.look()) == {**dict.fromkeys(ALL, 1), "services": 0}
    assert time.monotonic() - began < 15


# -- space ----------------------------------------------------------------------------------------


def test_space_is_summed_over_all_services(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "BATCH", 2)
    items = [make_item(id=number) for number in (1, 2, 3)]
    quotas: List[Optional[float]] = [5 * GIB, sizes.UNLIMITED, None]
    sold = {one.id: Sold(make_order(quota_bytes=quota), None) for one, quota in zip(items, quotas)}
    scene.billing.services.sold.side_effect = lambda module, after, count: [
        one for one in items if one.id > after
    ][:count]
    scene.billing.tariffs.orders.side_effect = lambda some: {one.id: sold[one.id] for one in some}
    scene.billing.statistics.used.side_effect = lambda ids, first: [*ids]
    scene.billing.tariffs.counted_bytes.side_effect = lambda counted: counted * GIB
    found = scene.look()
    assert found[gauges.SOLD, LABEL] == 5 * GIB
    assert found[gauges.UNLIMITED, LABEL] == 1
    assert found[gauges.USED, LABEL] == 6 * GIB
    first = scene.billing.statistics.used.call_args.args[1]
    assert first == date.today() - timedelta(days=31)


# -- operations -----------------------------------------------------------------------------------


def _wait(*ids: int, stopped: Optional[bool] = False) -> List[Queued]:
    return [Queued(number, MODULE, number % 10, stopped) for number in ids]


def test_the_oldest_operation_waits_since_it_was_first_seen(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    ages = []
    for at_s, ids in ((0, (11,)), (60, (11, 12)), (90, (12,)), (100, ()), (200, (12,))):
        monkeypatch.setattr(time, "time", lambda at_s=at_s: now + at_s)
        scene.billing.operations.queue.return_value = _wait(*ids)
        ages.append(scene.look()[gauges.OLDEST, LABEL])
    assert ages == [0, 60, 30, 0, 0]


def test_operations_are_counted_with_their_tries(scene: Scene) -> None:
    scene.billing.operations.queue.return_value = [*_wait(13, 17), *_wait(14, stopped=True)]
    found = scene.look()
    assert found[gauges.WAITING, LABEL] == 3
    assert found[gauges.MOST_TRIES, LABEL] == 7
    assert found[gauges.STOPPED, LABEL] == 1


def test_where_billmanager_does_not_tell_nothing_is_called_stopped(scene: Scene) -> None:
    scene.billing.operations.queue.return_value = _wait(13, stopped=None)
    found = scene.look()
    assert (gauges.STOPPED, LABEL) not in found
    assert found[gauges.WAITING, LABEL] == 1


@pytest.mark.parametrize("kept", [None, [], "x", {"11": "x"}, {"11": -1}, {"11": 1e18}, {"x": 0}])
def test_a_memory_of_operations_that_is_none_begins_anew(scene: Scene, kept: Any) -> None:
    scene.state.write(state.WAITING, kept)
    scene.billing.operations.queue.return_value = _wait(11)
    assert scene.look()[gauges.OLDEST, LABEL] == 0


def test_where_nothing_can_be_kept_no_age_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, value: object) -> None:
        raise errors.StateUnwritable("x")

    monkeypatch.setattr(scene.state, "write", refuse)
    scene.billing.operations.queue.return_value = _wait(11)
    found = scene.look()
    assert (gauges.OLDEST, LABEL) not in found
    assert found[gauges.WAITING, LABEL] == 1


# -- what the module remembers --------------------------------------------------------------------


def test_before_the_first_whole_day_there_is_no_age_of_statistics(scene: Scene) -> None:
    assert not {name for name, _ in scene.look()} & {gauges.STATISTICS_AGE, gauges.STATISTICS_DAY}


def test_the_age_of_statistics_counts_from_the_end_of_the_last_whole_day(scene: Scene) -> None:
    WholeDays(scene.state, MODULE).add(date.today() - timedelta(days=3))
    found = scene.look()
    midnight = time.mktime((date.today() - timedelta(days=2)).timetuple())
    assert found[gauges.STATISTICS_DAY, LABEL] == midnight
    assert abs(found[gauges.STATISTICS_AGE, LABEL] - (time.time() - midnight)) < 60


def test_what_the_last_audit_has_left_is_told_by_class(scene: Scene) -> None:
    kept = {"at": 1795700000.5, "differences": {"quota": 2, "email": 1}, "faults": 2}
    scene.state.write(state.AUDITED.format(MODULE), kept)
    found = scene.look()
    assert found[gauges.AUDITED, LABEL] == 1795700000
    assert found[gauges.DIFFERENCES, (*LABEL, "quota")] == 2
    assert found[gauges.DIFFERENCES, (*LABEL, "email")] == 1
    assert found[gauges.FAULTS, LABEL] == 2


@pytest.mark.parametrize(
    "kept",
    ["x", {}, {"at": 1}, {"at": 1, "faults": 0}, {"at": 1, "faults": 0, "differences": {"a": "b"}}],
)
def test_a_memory_of_an_audit_that_is_none_tells_nothing(scene: Scene, kept: Any) -> None:
    scene.state.write(state.AUDITED.format(MODULE), kept)
    found = scene.look()
    assert (gauges.AUDITED, LABEL) not in found
    assert up(found)["audit"] == 1


def test_a_refusal_stands_until_the_cloud_takes_something(scene: Scene) -> None:
    refusals = Refusals(scene.state, scene.billing.fingerprint, make_server(), Level.WRITES)
    refusals.remember(errors.LoginRefused("x"))
    key = (gauges.REFUSAL, (*LABEL, errors.LoginRefused.code))
    assert scene.look()[key] == 1
    refusals.forget()
    assert key not in scene.look()


def test_a_refusal_of_another_password_does_not_stand(scene: Scene) -> None:
    refusals = Refusals(scene.state, scene.billing.fingerprint, make_server(), Level.WRITES)
    refusals.remember(errors.LoginRefused("x"))
    scene.billing.fingerprint.return_value = "1" * 32
    assert gauges.REFUSAL not in {name for name, _ in scene.look()}


# -- clouds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [errors.CloudUnreachable("x"), errors.NotACloud("x"), OSError()])
def test_a_cloud_that_does_not_answer_as_one_is_down(scene: Scene, error: Exception) -> None:
    scene.cloud.error = error
    found = scene.look()
    assert up(found) == {**dict.fromkeys(ALL, 1), "cloud": 0}
    assert (gauges.CERTIFICATE, LABEL) not in found


def test_a_cloud_that_takes_too_long_is_left(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "CLOUDS_S", 0.1)
    scene.cloud.wait_s = 1.0
    began = time.monotonic()
    assert up(scene.look())["cloud"] == 0
    assert time.monotonic() - began < 0.9


def test_clouds_are_asked_at_once(scene: Scene) -> None:
    scene.billing.modules.stored.return_value = [
        StoredModule(number, "Cloud", True) for number in range(1, 5)
    ]
    scene.cloud.wait_s = 0.5
    began = time.monotonic()
    scene.look()
    assert scene.cloud.asked == 4
    assert time.monotonic() - began < 1.5


def test_a_module_without_a_connection_is_down_and_stops_no_other(scene: Scene) -> None:
    scene.billing.modules.stored.return_value = [
        StoredModule(number, "Cloud", True) for number in (MODULE, MODULE + 1)
    ]

    def server(module_id: int) -> Any:
        if module_id == MODULE:
            raise errors.ModuleUnset("x")
        return make_server(module_id=module_id)

    scene.billing.modules.server.side_effect = server
    found = scene.look()
    for source in ("cloud", "refusals"):
        assert found[gauges.SOURCE_UP, (source, str(MODULE))] == 0
        assert found[gauges.SOURCE_UP, (source, str(MODULE + 1))] == 1


def test_no_cloud_is_asked_while_nothing_is_to_be_done(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/billmgr.DoNothing").touch()
    found = scene.look()
    assert found[gauges.DOES_NOTHING, ()] == 1
    assert up(found)["cloud"] == 0
    assert scene.cloud.asked == 0


def test_no_secret_and_no_name_stands_in_the_metrics(scene: Scene) -> None:
    scene.cloud.error = errors.CloudUnreachable("made-up-password")
    text = gauges.as_text(gather(scene.ctx).samples)
    assert "made-up-password" not in text
    assert "Cloud" not in text
    assert "cloud.example.com" not in text
