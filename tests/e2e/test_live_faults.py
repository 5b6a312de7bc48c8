"""Cut off and killed between the module and a real server, and repeated: `-m live` only.

A proxy on loopback stands between the two. It hands every request on, and at one of them hangs up
before the server saw it, or after the server carried it out; or it kills the module there. A new
command needs a scene here, unless it only answers a form or people. That is asked without a server
too.
"""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Callable, Dict, NamedTuple, Optional, Type

import pytest
import requests

from tests.doubles.billmanager import DELETED, SUSPENDED, ModuleProcess, Stand
from tests.e2e.sites import RealSite
from tests.e2e.world import World, real_world
from tests.tools import table

TIMEOUT_S = 120
NOT_HANDED_ON = {"host", "connection", "content-length", "transfer-encoding", "accept-encoding"}


class Proxy:
    """A plain HTTP server on loopback in front of `target`; counts the requests.

    At request number `fatal` it calls `strike` and hangs up, before or after the target saw it.
    """

    def __init__(self, target: str, verify: object) -> None:
        self.target, self.verify = target, verify
        self.seen = 0
        self.fatal: Optional[int] = None
        self.after = False
        self.strike: Callable[[], None] = lambda: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Proxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self, fatal: Optional[int] = None, after: bool = False) -> None:
        """Counts anew; without `fatal` everything is handed on."""
        self.seen, self.fatal, self.after = 0, fatal, after
        self.strike = lambda: None


def _handler(proxy: Proxy) -> Type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            number, proxy.seen = proxy.seen, proxy.seen + 1
            is_fatal = number == proxy.fatal
            if is_fatal and not proxy.after:
                self._hang_up()
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() not in NOT_HANDED_ON}
            with requests.Session() as http:
                http.trust_env = False
                answer = http.request(
                    self.command,
                    proxy.target + self.path,
                    data=body,
                    headers=headers,
                    allow_redirects=False,
                    verify=proxy.verify,
                    timeout=TIMEOUT_S,
                )
            if is_fatal:
                self._hang_up()
                return
            self.send_response(answer.status_code)
            for name in ("Content-Type", "WWW-Authenticate"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            for cookie in answer.raw.headers.getlist("Set-Cookie"):
                # Ours is no https, over which alone such a cookie would come back.
                self.send_header("Set-Cookie", re.sub("; *secure", "", cookie, flags=re.I))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def _hang_up(self) -> None:
            proxy.strike()
            self.close_connection = True

        def log_message(self, *words: object) -> None:
            """Says nothing."""

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  the library's names

    return Handler


class Scene(NamedTuple):
    """A command and how a service comes to where it is called for."""

    command: str
    prepare: Callable[[World], int]


def _suspended(world: World) -> int:
    item = world.opened()
    world.run("suspend", item).check()
    return item


def _changing(world: World) -> int:
    item = world.opened()
    world.stand.change_tariff(item, world.tariff(gib=30, group="pmnextcloud-gold"))
    return item


def _drifted(world: World) -> int:
    """Billing has it suspended and in a larger tariff, of which the cloud knows nothing."""
    item, tariff = world.opened(), world.tariff(gib=30, group="pmnextcloud-gold")
    world.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", tariff, item)
    world.stand.set_status(item, SUSPENDED)
    return item


def _unlisted(world: World) -> int:
    (world.stand.root / _groups_file(world)).unlink()
    return world.order()


def _groups_file(world: World) -> str:
    return f"var/pmnextcloud/groups-{world.module}.json"


SCENES = {
    "open": Scene("open", lambda world: world.order()),
    "suspend": Scene("suspend", lambda world: world.opened()),
    "resume": Scene("resume", _suspended),
    "setparam": Scene("setparam", _changing),
    "changepassword": Scene("changepassword", lambda world: world.opened()),
    "close": Scene("close", lambda world: world.opened()),
    "sync_item": Scene("sync_item", _drifted),
    "stat": Scene("stat", lambda world: world.opened()),
    "get_server_config": Scene("get_server_config", _unlisted),
}


def _state(world: World, item: int) -> Dict[str, Any]:
    params = world.stand.params(item)
    account = world.site.account(world.login(item))
    # A login to an account that is gone would count as a wrong one and slow the server down.
    may_log_in = account is not None and "userpassword" in params
    return {
        "status": world.status(item),
        "account": account,
        "saved": sorted(params),
        "gets in": may_log_in and world.customer_gets_in(item),
        "operations": len(world.stand.operations(item)),
        "usage": [(row["param"], row["value"]) for row in world.stand.stats(item)],
        "group is offered": f'"{world.group}"' in world.stand.read(_groups_file(world)),
    }


def test_every_command_that_changes_something_has_a_scene() -> None:
    assert {scene.command for scene in SCENES.values()} == {*table.SERVICES, *table.MODULES}


@pytest.mark.live
@pytest.mark.proof("live: cut off and killed")
@pytest.mark.parametrize("name", SCENES)
def test_cut_off_or_killed_before_a_real_server_it_ends_as_undisturbed(
    stand: Stand, name: str, record_property: Callable[[str, object], None]
) -> None:
    site = RealSite()
    with Proxy(site.url, site.ca_file or True) as proxy, real_world(
        stand, base_url=proxy.url
    ) as world:
        world.site.add_group(world.group)
        world.know_cloud()
        tried = _try_all(world, proxy, SCENES[name])
    record_property("tried", tried)


def _try_all(world: World, proxy: Proxy, scene: Scene) -> int:
    """Plays the scene once undisturbed, then with every request struck in four ways."""

    def play(fatal: Optional[int], after: bool, kill: bool) -> Dict[str, Any]:
        proxy.reset()
        item = scene.prepare(world)
        start = world.starter(scene.command, item)
        proxy.reset(fatal, after)
        started = threading.Event()
        process: Optional[ModuleProcess] = None

        def strike() -> None:
            started.wait()
            assert process is not None
            process.kill_group()

        if kill:
            proxy.strike = strike
        process = start()
        started.set()
        run = process.finish()
        if fatal is None:
            run.check()
        elif kill:
            assert run.exit_code == -9, run
        else:
            assert (run.exit_code == 0) == (run.error is None), run
        if fatal is not None:
            proxy.reset()
            start().finish().check()
        ended = _state(world, item)
        world.stand.set_status(item, DELETED)  # so that `stat` of the next one does not count it
        return ended

    undisturbed = play(None, after=False, kill=False)
    requests_made, tried = proxy.seen, 0
    assert requests_made
    for fatal in range(requests_made):
        for after in (False, True):
            for kill in (False, True):
                case = f"request {fatal}, after={after}, kill={kill}"
                assert play(fatal, after, kill) == undisturbed, case
                tried += 1
    return tried
