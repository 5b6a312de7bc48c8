"""Which server a stored secret belongs to: what may be sent where."""

from pathlib import Path
from typing import Any, Callable, Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles.billmanager import keys
from tests.unit.conftest import make_server
from utils.base import address, errors
from utils.base.secret import Secret
from utils.base.values import Place
from utils.billing.key import Key
from utils.cloud.binding import MOST_KEPT, Binding
from utils.host.state import State

HERE = "https://cloud.example.com"
CONFIRM = Secret("real-password-77")
OTHERS = (
    "https://evil.example.com",
    "https://cloud.example.com:8443",
    "http://cloud.example.com:443",
    "http://cloud.example.com",
    "https://cloud.example.com.evil.example",
    "https://loud.example.com",
)
SAME = (
    "https://cloud.example.com",
    "https://cloud.example.com:443",
    "https://cloud.example.com./nc",
    "https://cloud.example.com/another/folder",
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """BILLmanager's key."""
    path = tmp_path_factory.mktemp("key") / "billmgr.pem"
    path.write_bytes(keys.shared().pem())
    return Key(str(path))


class Memory:
    """Makes the memory of one process after the other; they share the files."""

    def __init__(self, folder: Path, key: Key) -> None:
        self.state = State(str(folder / "var" / "pmnextcloud"))
        self.key = key

    def __call__(self, *former: str) -> Binding:
        """The memory of module 31."""
        return Binding(self.state, self.key.fingerprint, 31, former)


@pytest.fixture
def memory(tmp_path: Path, key: Key) -> Memory:
    """The memories of processes."""
    return Memory(tmp_path, key)


def server(base_url: str = HERE, **changes: Any) -> Any:
    """A connection with both secrets."""
    return make_server(base_url=base_url, confirm_secret=CONFIRM, **changes)


def test_what_is_not_known_may_be_tried_and_is_named(memory: Memory) -> None:
    memory().check(server())
    assert memory().list_unbound(server()) == ("nc_password", "nc_confirm_password")
    memory().keep(server())
    assert memory().list_unbound(server()) == ()


@pytest.mark.parametrize("base_url", OTHERS)
@pytest.mark.parametrize("left", ["secret", "confirm_secret"])
def test_either_secret_is_sent_to_no_other_server(memory: Memory, base_url: str, left: str) -> None:
    memory().keep(server())
    new = {"secret": Secret("new-one-1"), "confirm_secret": Secret("new-one-2")}
    del new[left]
    given_now = make_server(**{"base_url": base_url, "confirm_secret": CONFIRM, **new})
    with pytest.raises(errors.SecretElsewhere, match=r"https://cloud\.example\.com:443"):
        memory().check(given_now)


@pytest.mark.parametrize("base_url", SAME)
def test_a_folder_and_the_usual_port_written_out_are_the_same_server(
    memory: Memory, base_url: str
) -> None:
    memory().keep(server())
    memory().check(server(base_url))


def test_secrets_that_were_sent_under_a_certificate_are_not_sent_without(memory: Memory) -> None:
    memory().keep(server())
    with pytest.raises(errors.SecretElsewhere):
        memory().check(server(verify_tls=False))
    memory().check(
        server(verify_tls=False)._replace(secret=Secret("new-1"), confirm_secret=Secret("new-2"))
    )


def test_a_check_that_is_switched_on_holds_from_then_on(memory: Memory) -> None:
    memory().keep(server(verify_tls=False))
    memory().check(server())
    memory().keep(server())
    with pytest.raises(errors.SecretElsewhere):
        memory().check(server(verify_tls=False))


def test_an_old_secret_stays_where_it_was_though_another_has_been_tried(memory: Memory) -> None:
    """A form is checked with two new secrets, and saved with the stored second one."""
    memory().keep(server())
    tried = make_server(
        base_url=OTHERS[0], secret=Secret("tried-1"), confirm_secret=Secret("tried-2")
    )
    memory().keep(tried, server())
    with pytest.raises(errors.SecretElsewhere, match="nc_confirm_password"):
        memory().check(tried._replace(confirm_secret=CONFIRM))


def test_no_number_of_tries_makes_the_stored_ones_forgotten(memory: Memory) -> None:
    memory().keep(server())
    for number in range(4 * MOST_KEPT):
        memory().keep(make_server(base_url=OTHERS[0], secret=Secret(f"tried-{number}")), server())
    assert len(memory.state.read("secrets-31")) <= MOST_KEPT + 2
    with pytest.raises(errors.SecretElsewhere):
        memory().check(server(OTHERS[0]))


def test_a_cloud_that_has_moved_takes_its_secrets_along_once(memory: Memory) -> None:
    memory().keep(server())
    moved = memory(HERE + "/nc")
    moved.check(server(OTHERS[1]))
    moved.keep(server(OTHERS[1]))
    moved.check(server(OTHERS[1]))
    with pytest.raises(errors.SecretElsewhere):
        moved.check(server(OTHERS[0]))


def test_the_file_tells_no_secret(memory: Memory) -> None:
    memory().keep(server())
    kept = Path(memory.state.path("secrets-31")).read_text("utf-8")
    assert CONFIRM.reveal() not in kept
    assert server().secret.reveal() not in kept


@pytest.mark.parametrize(
    "kept", [[], "x", {"a": 1}, {"a": ["x"]}, {"a": ["x", "yes"]}, {"a": [1, True]}, None]
)
def test_a_damaged_memory_is_none(memory: Memory, kept: Any) -> None:
    memory.state.write("secrets-31", kept)
    memory().check(server())
    memory().keep(server())
    assert memory().list_unbound(server()) == ()


@given(st.lists(st.sampled_from((*OTHERS, *SAME)), max_size=6))
def test_whatever_addresses_come_after_each_other_the_first_keeps_its_secrets(
    tmp_path_factory: pytest.TempPathFactory, key: Key, addresses: Any
) -> None:
    memory = Memory(tmp_path_factory.mktemp("var"), key)
    memory().keep(server())
    seen: Dict[str, bool] = {}
    for base_url in addresses:
        try:
            memory().check(server(base_url))
        except errors.SecretElsewhere:
            seen[base_url] = False
        else:
            memory().keep(server(base_url))
            seen[base_url] = True
    assert all(went == (base_url in SAME) for base_url, went in seen.items())


# -- what was known is lost ------------------------------------------------------------------------


def place(base_url: str, is_shown: bool = True) -> Place:
    """Where the account of a service is, as its mark tells."""
    return Place(1001, address.digest(base_url), base_url if is_shown else "")


@pytest.fixture
def lost(tmp_path: Path, key: Key) -> Callable[..., Binding]:
    """A module whose file is gone, and whose services have their accounts at those addresses."""

    def make(*base_urls: str, former: Any = (), is_shown: bool = True) -> Binding:
        state = State(str(tmp_path / "var" / "pmnextcloud"))
        places = [place(one, is_shown) for one in base_urls]
        return Binding(state, key.fingerprint, 31, former, lambda: places)

    return make


@pytest.mark.parametrize("is_shown", [True, False])
def test_services_tell_where_secrets_belong_that_nobody_remembers(
    lost: Callable[..., Binding], is_shown: bool
) -> None:
    binding = lost(HERE, HERE, is_shown=is_shown)
    binding.check(server())
    for base_url in OTHERS[:-1]:
        words = r"https://cloud\.example\.com:443" if is_shown else "service 1001"
        if base_url == "http://cloud.example.com":
            words = "http://cloud.example.com:80"  # marks do not tell the two apart
        with pytest.raises(errors.SecretElsewhere, match=f"nc_password: {words}"):
            binding.check(server(base_url))


@pytest.mark.parametrize("is_shown", [True, False])
def test_one_service_elsewhere_is_enough_to_ask_again(
    lost: Callable[..., Binding], is_shown: bool
) -> None:
    with pytest.raises(errors.SecretElsewhere):
        lost(HERE, HERE, OTHERS[0], is_shown=is_shown).check(server())
    lost(HERE, OTHERS[0], former=[OTHERS[0]], is_shown=is_shown).check(server())


def test_another_folder_of_the_server_is_no_other_server(lost: Callable[..., Binding]) -> None:
    lost(HERE + "/old").check(server())
    lost(OTHERS[0] + "/old", former=[OTHERS[0]]).check(server())


def test_without_services_a_secret_may_be_tried(lost: Callable[..., Binding]) -> None:
    for base_url in (HERE, *OTHERS):
        lost().check(server(base_url, verify_tls=False))


@pytest.mark.parametrize(
    ("base_url", "verify_tls", "goes"),
    [
        (HERE, True, True),
        (HERE, False, False),
        ("http://cloud.example.com", True, False),
        ("http://127.0.0.1:8080", True, True),
        ("https://127.0.0.1", False, True),
    ],
)
def test_what_may_have_been_sent_under_a_certificate_is_not_sent_without(
    lost: Callable[..., Binding], base_url: str, verify_tls: bool, goes: bool
) -> None:
    binding, given_now = lost(base_url), server(base_url, verify_tls=verify_tls)
    if goes:
        binding.check(given_now)
        return
    with pytest.raises(errors.SecretElsewhere, match="cloud.example.com"):
        binding.check(given_now)


def test_what_a_form_alone_has_may_be_tried_and_what_is_stored_may_not(
    lost: Callable[..., Binding],
) -> None:
    binding = lost(HERE)
    new = {"secret": Secret("new-one-1"), "confirm_secret": Secret("new-one-2")}
    binding.check(server(OTHERS[0])._replace(**new), server())
    for name in new:
        given_now = server(OTHERS[0])._replace(**{**new, name: getattr(server(), name)})
        with pytest.raises(errors.SecretElsewhere):
            binding.check(given_now, server())


def test_services_are_not_asked_where_all_is_known(
    lost: Callable[..., Binding], memory: Memory
) -> None:
    memory().keep(server())
    lost(OTHERS[0]).check(server())


@pytest.mark.parametrize("folder", ["gone", "not a folder"])
def test_what_cannot_be_kept_on_disk_is_kept_in_memory(
    memory: Memory, folder: str, tmp_path: Path
) -> None:
    if folder == "not a folder":
        (tmp_path / "var").mkdir()
        (tmp_path / "var" / "pmnextcloud").write_text("")
    memory().keep(server())
    with pytest.raises(errors.SecretElsewhere):
        memory().check(server(OTHERS[0]))


def test_a_module_that_remembers_anything_may_try_what_is_new_anywhere(
    lost: Callable[..., Binding], memory: Memory
) -> None:
    """A cloud was given up for another one: its services stay behind, and others are sold."""
    memory().keep(server())
    new = {"secret": Secret("new-one-1"), "confirm_secret": Secret("new-one-2")}
    lost(HERE).check(server(OTHERS[0])._replace(**new))


def test_what_is_lost_stays_so_though_a_form_with_other_secrets_was_good(
    lost: Callable[..., Binding],
) -> None:
    binding = lost(HERE)
    tried = make_server(
        base_url=OTHERS[0], secret=Secret("tried-1"), confirm_secret=Secret("tried-2")
    )
    binding.check(tried, server())
    binding.keep(tried, server())
    binding.check(tried)
    with pytest.raises(errors.SecretElsewhere, match="nc_confirm_password"):
        binding.check(tried._replace(confirm_secret=CONFIRM))
    assert binding.list_unbound(server()) == ("nc_password", "nc_confirm_password")
    binding.keep(server())
    assert binding.list_unbound(server()) == ()


@pytest.mark.parametrize("rest", [{}, {"b": "x"}, {"b": ["x", "yes"]}])
def test_what_is_damaged_in_part_is_lost_but_for_the_rest(
    lost: Callable[..., Binding], memory: Memory, rest: Any
) -> None:
    memory().keep(server())
    kept = memory.state.read("secrets-31")
    first, _ = kept
    memory.state.write("secrets-31", {first: kept[first], **rest} if rest else {})
    lost(HERE).check(server())
    with pytest.raises(errors.SecretElsewhere):
        lost(OTHERS[1]).check(server(OTHERS[0]))
