"""The command adopt on the stand and the cloud's double, in this process: words, files, codes."""

import csv
import io
import logging
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

from commands import load
from tests.doubles.billmanager import ACTIVE, CoreFault, Stand
from tests.doubles.cloud import NEXTCLOUD_29, OWNCLOUD_10, Cloud
from tests.e2e.sites import DoubleSite
from tests.e2e.world import World
from utils.base import errors, sheets
from utils.billing.reply import Reply
from utils.census.pace import TimeIsUp
from utils.census.reader import Reader
from utils.consts import ITEM_MARK
from utils.host.root import Host
from utils.run.adoptionwords import AdoptionWords
from utils.run.call import MAX_PASSWORD_BYTES, Call, read_password
from utils.run.context import Context

PASSWORD = "Known-to-people-77"


class Old:
    """A provider whose customers were there before the billing."""

    def __init__(self, stand: Stand, cloud: Cloud) -> None:
        self.log = logging.getLogger("adopt")
        self.world = World(stand, DoubleSite(cloud))
        self.stand, self.cloud = stand, cloud

    def sell(self, **saved: str) -> int:
        """An open service on which the account's password is saved, or what is given instead."""
        item = self.world.order(crypted_params=saved or {"userpassword": PASSWORD})
        self.stand.set_status(item, ACTIVE)
        return item

    def account(self, **fields: Any) -> str:
        """An account of the client's e-mail, and of a login that nothing else has."""
        login = f"old{len(self.cloud.users)}"
        given = {"email": "client7@example.com", "quota": "1 GB", **fields}
        self.cloud.add_user(login, PASSWORD, **given)
        return login

    def run(self, **call: Any) -> Reply:
        """The reply of the command."""
        host = Host(str(self.stand.root))
        return load("adopt").run(Context(Call("adopt", **call), host, log=self.log))

    def one(self, item: int, login: str, **call: Any) -> Reply:
        """The reply for one service."""
        return self.run(item=item, login=login, **call)

    def lines(self, *lines: str, **call: Any) -> Reply:
        """The reply for the lines of a file."""
        self.path.write_text("\n".join(lines), "utf-8")
        return self.run(file=str(self.path), **call)

    @property
    def path(self) -> Path:
        """The file."""
        return self.stand.root / "customers.csv"

    def report(self) -> List[Dict[str, str]]:
        """What the report has of each line."""
        text = Path(f"{self.path}.report.csv").read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))


@pytest.fixture(scope="module", params=[NEXTCLOUD_29, OWNCLOUD_10], ids=lambda one: one.name)
def old(request: pytest.FixtureRequest) -> Iterator[Old]:
    """One BILLmanager and one cloud for all tests of this file."""
    with Stand() as stand, Cloud(request.param) as cloud:
        cloud.rate_limit.enabled = False
        yield Old(stand, cloud)


def told(reply: Reply) -> str:
    """What people read."""
    return reply.document.decode()


def marked(old: Old, item: int) -> bool:
    """Whether the service has a mark."""
    return ITEM_MARK in old.stand.params(item)


@pytest.fixture
def no_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever would wait for another finds that he has waited long enough."""
    monkeypatch.setattr("utils.run.context.Context.wait_s", 0.1)
    monkeypatch.setattr("utils.billing.mgrctl.time.sleep", lambda seconds: None)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


# -- one service ----------------------------------------------------------------------------------


def test_one_service_is_adopted_and_compared(old: Old) -> None:
    item, login = old.sell(), old.account()
    reply = old.one(item, login)
    assert reply.exit_code == 0, told(reply)
    assert f"{item}  {login}: adopted\n" in told(reply)
    assert "the password saved on the service" in told(reply)
    assert "would change: quota" in told(reply)
    assert told(reply).rstrip().endswith("--sync.")
    assert old.stand.params(item)["username"] == login
    again = told(old.one(item, login))
    assert "adopted before" in again


def test_with_sync_it_is_brought_to_what_was_ordered(old: Old) -> None:
    item, login = old.sell(), old.account()
    reply = old.one(item, login, sync=True)
    assert "brought to what was ordered: quota" in told(reply)
    assert old.world.group in old.cloud.users[login].groups
    assert "would change nothing" in told(old.one(item, login))


def test_an_account_that_cannot_be_compared_is_adopted_all_the_same(old: Old) -> None:
    item, login = old.sell(), old.account()
    empty = old.stand.add_tariff(old.world.itemtype, addons=[])
    old.stand.sql("UPDATE item SET pricelist = %s WHERE id = %s", empty, item)
    reply = old.one(item, login)
    assert (reply.exit_code, "could not be compared" in told(reply)) == (0, True)
    assert old.one(item, login, sync=True).exit_code == 1


def test_a_password_is_taken_from_standard_input(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{PASSWORD}\n".encode())))
    item, login = old.sell(userpassword="Wr0ng-saved-one"), old.account()
    reply = old.one(item, login, password_stdin=True)
    assert (reply.exit_code, "that was given" in told(reply)) == (0, True)
    assert old.stand.params(item)["userpassword"] == PASSWORD


@pytest.mark.parametrize("stdin", [b"", b"\n", b"\xff\n", b"x" * (MAX_PASSWORD_BYTES + 1), None])
def test_no_password_on_standard_input_is_told(
    monkeypatch: pytest.MonkeyPatch, stdin: Optional[bytes]
) -> None:
    text = None if stdin is None else io.TextIOWrapper(io.BytesIO(stdin))
    monkeypatch.setattr("sys.stdin", text)
    with pytest.raises(errors.BadInput):
        read_password()


def test_on_a_terminal_the_password_is_typed_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda: PASSWORD)
    assert read_password().reveal() == PASSWORD


def test_trust_is_told_and_needs_root_or_the_owner_of_the_key(
    old: Old, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    item, login = old.sell(), old.account()
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(errors.TrustRefused, match="12345"):
        old.one(item, login, trust=True)
    assert not marked(old, item)
    monkeypatch.undo()
    reply = old.one(item, login, trust=True)
    assert (reply.exit_code, "taken for a proof" in told(reply)) == (0, True)
    assert f"service {item}: {login} is adopted on trust" in caplog.text


def test_root_may_trust_where_the_key_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from utils.run.adoption import refuse_trust_of_others

    monkeypatch.setattr("os.geteuid", lambda: 0)
    refuse_trust_of_others(Context(Call(), Host("/nowhere")))


def test_a_refused_service_is_told_with_its_error_and_what_to_do(old: Old) -> None:
    item = old.sell()
    reply = old.one(item, "nobody-at-all", lang="ru")
    assert reply.exit_code == 1
    assert f"{item}  nobody-at-all: не принята (login_unknown)\n" in told(reply)
    assert "Проверьте логин" in told(reply)


def test_a_mark_that_does_not_arrive_is_no_success(old: Old, no_seconds: None) -> None:
    item, login = old.sell(), old.account()
    old.stand.core_faults.append(CoreFault("service.saveparam", kind="error", times=None))
    try:
        reply = old.one(item, login)
    finally:
        old.stand.core_faults.clear()
    assert (reply.exit_code, "not adopted" in told(reply)) == (1, True)
    assert old.one(item, login).exit_code == 0


def test_what_others_change_meanwhile_is_no_success(
    old: Old, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, login = old.sell(), old.account()
    monkeypatch.setattr("utils.run.adoption.write", lambda *args: None)
    monkeypatch.setattr("utils.run.adoption.note", lambda *args: None)
    reply = old.one(item, login)
    assert (reply.exit_code, "(not_saved)" in told(reply)) == (1, True)


def test_a_dry_run_tells_what_it_would_do_and_writes_nothing(old: Old) -> None:
    item, login = old.sell(), old.account()
    reply = old.one(item, login, dry_run=True, sync=True)
    assert reply.exit_code == 0
    assert "would be adopted" in told(reply)
    assert "is tried once, when" in told(reply)
    assert "would change: quota" in told(reply)
    assert not marked(old, item)


def test_while_nothing_is_to_be_done_nothing_is(old: Old) -> None:
    item, login = old.sell(), old.account()
    old.stand.write("etc/billmgr.DoNothing", "")
    try:
        reply = old.one(item, login)
    finally:
        (old.stand.root / "etc/billmgr.DoNothing").unlink()
    assert (reply.exit_code, "DoNothing" in told(reply)) == (1, True)
    assert not marked(old, item)


def test_what_is_wrong_with_the_installation_is_told(old: Old) -> None:
    old.stand.write("etc/pmnextcloud.conf", "no_such_setting = 1\n")
    try:
        reply = old.one(1, "ivan")
    finally:
        old.stand.write("etc/pmnextcloud.conf", "")
    assert (reply.exit_code, "no_such_setting" in told(reply)) == (1, True)


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"item": 1},
        {"login": "ivan"},
        {"item": 1, "login": "ivan", "yes": True},
        {"item": 1, "login": "ivan", "module": 1},
        {"file": "/x", "item": 1},
        {"file": "/x", "login": "ivan"},
        {"file": "/x", "password_stdin": True},
        {"file": "/x", "module": 1},
        {"file": "/no/such/file"},
        {"file": "/dev/null"},
        {"file": "/"},
        {"suggest": True},
        {"suggest": True, "module": 4711},
        {"suggest": True, "module": 1, "sync": True},
        {"suggest": True, "module": 1, "trust": True},
    ],
)
def test_what_cannot_be_meant_is_told(old: Old, call: Dict[str, Any]) -> None:
    with pytest.raises(errors.BadArguments):
        old.run(**call)


# -- the lines of a file --------------------------------------------------------------------------


def test_a_file_is_looked_at_then_done_then_found_done(old: Old) -> None:
    items = [old.sell() for _ in range(3)]
    logins = [old.account() for _ in items]
    bad = f"{items[2]};nobody-at-all"
    lines = ["item;login", *(f"{item};{login}" for item, login in zip(items[:2], logins)), bad, "x"]
    preview = old.lines(*lines)
    assert (preview.exit_code, marked(old, items[0])) == (1, False)
    assert f"     2  {items[0]}  {logins[0]}: would be adopted\n" in told(preview)
    assert "     5  x  : not adopted (line_invalid)\n" in told(preview)
    assert "would be adopted: 2, was adopted before: 0, not adopted: 2, not tried: 0" in told(
        preview
    )
    assert "UTF-8" in told(preview)
    assert not Path(f"{old.path}.report.csv").exists()
    done = old.lines(*lines, yes=True)
    assert "adopted: 2, was adopted before: 0, not adopted: 2, not tried: 0" in told(done)
    assert [(one["line"], one["verdict"], one["error"]) for one in old.report()] == [
        ("2", "adopted", ""),
        ("3", "adopted", ""),
        ("4", "refused", "login_unknown"),
        ("5", "refused", "line_invalid"),
    ]
    assert all(one["changes"].startswith("quota") for one in old.report()[:2])
    assert all(one["words"] for one in old.report()[2:])
    again = old.lines(*lines[:3], yes=True)
    assert (again.exit_code, [one["verdict"] for one in old.report()]) == (0, ["already"] * 2)


def test_a_service_or_a_login_that_stands_there_twice_is_left_to_people(old: Old) -> None:
    items = [old.sell() for _ in range(3)]
    first, second = old.account(), old.account()
    lines = [f"{items[0]};{first}", f"{items[0]};{second}", f"{items[1]};{first}"]
    old.lines(*lines, f"{items[2]};{first.upper()}", yes=True)
    assert [one["error"] for one in old.report()] == ["line_twice", "line_twice", "", "line_twice"]


def test_what_is_wrong_with_a_module_leaves_its_other_lines(old: Old) -> None:
    other = World(old.stand, old.world.site, password="Wr0ng-for-a-module")
    theirs = [other.order(crypted_params={"userpassword": PASSWORD}) for _ in range(2)]
    for item in theirs:
        old.stand.set_status(item, ACTIVE)
    good, login = old.sell(), old.account()
    lines = [f"{theirs[0]};a", f"{good};{login}", f"{theirs[1]};b"]
    assert old.lines(*lines, yes=True).exit_code == 1
    verdicts = [(one["verdict"], one["error"]) for one in old.report()]
    left = ("untried", "cloud_login_refused")
    assert verdicts == [left, ("adopted", ""), left]
    refused = old.stand.root / "var/pmnextcloud" / f"refused-{other.module}.json"
    assert refused.exists(), "other runs need not meet it"


def test_a_dry_run_keeps_no_refusal(old: Old) -> None:
    other = World(old.stand, old.world.site, password="Wr0ng-for-a-module")
    item = other.order(crypted_params={"userpassword": PASSWORD})
    old.stand.set_status(item, ACTIVE)
    assert "(cloud_login_refused)" in told(old.lines(f"{item};a"))
    assert not (old.stand.root / "var/pmnextcloud" / f"refused-{other.module}.json").exists()


def test_a_service_that_another_run_works_on_is_one_bad_line(old: Old, no_seconds: None) -> None:
    import subprocess
    import sys

    busy, good, login = old.sell(), old.sell(), old.account()
    lock = old.stand.root / "var/pmnextcloud/services.json.lock"
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+b');"
        "fcntl.lockf(file, fcntl.LOCK_EX, 1, int(sys.argv[2])); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(lock), str(busy)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        old.stand.write("etc/pmnextcloud.conf", "budget_s = 20\n")
        try:
            old.lines(f"{busy};a", f"{good};{login}", yes=True)
        finally:
            old.stand.write("etc/pmnextcloud.conf", "")
            other.kill()
    assert [one["error"] for one in old.report()] == ["busy", ""]


def test_without_billmanager_no_line_is_tried(old: Old) -> None:
    from utils.billing.services import Services

    patch = pytest.MonkeyPatch()

    def fail(self: Services, item_id: int) -> int:
        raise errors.DatabaseUnavailable("down")

    patch.setattr(Services, "module_of", fail)
    try:
        old.lines("1;a", "2;b", yes=True)
    finally:
        patch.undo()
    assert [one["verdict"] for one in old.report()] == ["untried"] * 2


def test_a_very_long_file_is_not_read(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utils.run.adoptions.MOST_BYTES", 3)
    with pytest.raises(errors.BadArguments, match="over 3 bytes"):
        old.lines("1;ivan")


def test_no_link_is_followed_to_write_a_report(old: Old) -> None:
    report = Path(f"{old.path}.report.csv")
    report.unlink(missing_ok=True)
    report.symlink_to(old.stand.root / "elsewhere")
    try:
        with pytest.raises(errors.BadArguments, match="report.csv"):
            old.lines("1;ivan", yes=True)
        assert not (old.stand.root / "elsewhere").exists()
    finally:
        report.unlink()


# -- a file that is proposed ----------------------------------------------------------------------


def test_what_fits_is_proposed(old: Old) -> None:
    item, login = old.sell(), old.account()
    reply = old.run(suggest=True, module=old.world.module)
    rows = [row.cells for row in sheets.read(reply.document).rows]
    assert rows[0] == ["item", "login", "e-mail"]
    assert [str(item), login, "client7@example.com"] in rows
    path = old.stand.root / "proposed.csv"
    written = old.run(suggest=True, module=old.world.module, file=str(path))
    assert (path.read_bytes(), os.stat(path).st_mode & 0o777) == (reply.document, 0o600)
    assert f"{path}: {len(rows) - 1}" in told(written)
    with pytest.raises(errors.BadArguments, match="proposed.csv"):
        old.run(suggest=True, module=old.world.module, file=str(path))
    path.unlink()
    dry = old.run(suggest=True, module=old.world.module, file=str(path), dry_run=True)
    assert (dry.document, path.exists()) == (reply.document, False)


def test_a_proposal_without_time_is_none(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(self: Reader, services: object) -> Iterator[object]:
        raise TimeIsUp
        yield

    monkeypatch.setattr(Reader, "pages", end)
    reply = old.run(suggest=True, module=old.world.module)
    assert (reply.exit_code, "3600 s" in told(reply)) == (1, True), told(reply)


# -- words ----------------------------------------------------------------------------------------


def test_where_the_messages_are_gone_the_names_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("utils.host.messages.HOME", tmp_path)
    assert AdoptionWords("en", is_dry=False).say("report", "x") == "report x"
