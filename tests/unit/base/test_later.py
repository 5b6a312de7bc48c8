"""Modules that are put off: there when they are called, and not before."""

import re
import sys
import warnings
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator

import pytest

from utils.base.later import SWITCH, later, without_warnings

HEAVY = "a_heavy_module"
USER = "a_user_of_it"


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{HEAVY}.py").write_text("def double(number):\n    return 2 * number\n")
    (tmp_path / f"{USER}.py").write_text(f"from {HEAVY} import double\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in (HEAVY, USER):
        sys.modules.pop(name, None)


def user_of_later() -> Any:
    """The module that takes a function of the heavy one, which is put off."""
    with later(HEAVY):
        return __import__(USER)


def test_a_module_is_loaded_when_its_function_is_called() -> None:
    user = user_of_later()
    assert HEAVY not in sys.modules
    assert user.double(21) == 42
    assert HEAVY in sys.modules


def test_a_function_may_be_called_while_its_user_loads(tmp_path: Path) -> None:
    (tmp_path / f"{USER}.py").write_text(f"from {HEAVY} import double\nfour = double(2)\n")
    assert user_of_later().four == 4
    assert HEAVY in sys.modules


def test_a_function_that_is_given_instead_loads_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{USER}.py").write_text(f"from {HEAVY} import double\nfour = double(2)\n")
    with later(HEAVY, instead={f"{HEAVY}.double": lambda number: number + number}):
        user = __import__(USER)
    assert user.four == 4
    assert HEAVY not in sys.modules
    assert __import__(HEAVY).double.__module__ == HEAVY


def test_where_the_one_that_is_given_says_nothing_the_module_is_asked(tmp_path: Path) -> None:
    (tmp_path / f"{USER}.py").write_text(f"from {HEAVY} import double\nfour = double(2)\n")
    with later(HEAVY, instead={f"{HEAVY}.double": lambda number: None}):
        assert __import__(USER).four == 4
    assert HEAVY in sys.modules


def test_whoever_comes_later_gets_the_module_itself() -> None:
    user_of_later()
    assert __import__(HEAVY).double.__module__ == HEAVY


def test_what_is_loaded_already_is_left_alone() -> None:
    module = __import__(HEAVY)
    assert user_of_later().double is module.double
    assert sys.modules[HEAVY] is module


def test_what_is_no_function_is_said_to_be_missing() -> None:
    with later(HEAVY):
        stands_for_it: Any = __import__(HEAVY)
        with pytest.raises(AttributeError):
            stands_for_it.__version__  # noqa: B018  the look is what is tested


@pytest.mark.parametrize("quiet", [without_warnings, lambda: later(HEAVY)])
def test_a_library_that_warns_while_it_loads_is_not_heard(
    recwarn: pytest.WarningsRecorder, quiet: Callable[[], ContextManager[None]]
) -> None:
    with quiet():
        warnings.warn("too old", stacklevel=1)
    assert not recwarn.list
    warnings.warn("heard again", stacklevel=1)
    assert len(recwarn.list) == 1


def test_the_switch_has_everything_loaded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "1")
    user = user_of_later()
    assert HEAVY in sys.modules
    assert user.double is sys.modules[HEAVY].double


@pytest.mark.parametrize("value", ["", "0", "no"])
def test_any_other_value_of_the_switch_leaves_it_on(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(SWITCH, value)
    user_of_later()
    assert HEAVY not in sys.modules


def test_a_body_that_fails_leaves_nothing_behind() -> None:
    with pytest.raises(KeyError), later(HEAVY):
        raise KeyError
    assert HEAVY not in sys.modules


# -- regular expressions ----------------------------------------------------------------------

PATTERN = "a_user_of_patterns"
BROKEN = "(never closed"


@pytest.fixture
def pattern_user(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Loads a module that makes `shape` of these arguments of re.compile, with all put off."""

    def load(arguments: str) -> Any:
        text = f"import re\nshape = re.compile({arguments})\n"
        (tmp_path / f"{PATTERN}.py").write_text(text)
        with later():
            return __import__(PATTERN)

    yield load
    sys.modules.pop(PATTERN, None)


def test_a_regular_expression_is_compiled_when_it_is_used(
    pattern_user: Callable[[str], Any],
) -> None:
    user = pattern_user(repr(BROKEN))
    with pytest.raises(re.error):
        user.shape.match("text")


@pytest.mark.parametrize("arguments", ["'[a-z]+', re.IGNORECASE", "'[a-z]+', flags=re.I"])
def test_it_does_what_a_compiled_one_does(
    pattern_user: Callable[[str], Any], arguments: str
) -> None:
    shape, compiled = pattern_user(arguments).shape, re.compile("[a-z]+", re.IGNORECASE)
    assert not isinstance(shape, re.Pattern)
    for _ in range(2):
        assert shape.fullmatch("Word").group() == "Word"
        assert shape.sub("-", "1 Word") == compiled.sub("-", "1 Word")
        assert (shape.pattern, shape.flags) == (compiled.pattern, compiled.flags)


def test_what_a_compiled_one_has_not_it_has_not_either(pattern_user: Callable[[str], Any]) -> None:
    shape = pattern_user("'x'").shape
    for name in ("no_such_method", "__len__"):
        with pytest.raises(AttributeError):
            getattr(shape, name)


def test_after_the_body_and_where_it_failed_expressions_are_compiled_at_once() -> None:
    with pytest.raises(KeyError), later():
        raise KeyError
    assert isinstance(re.compile("after the body"), re.Pattern)


def test_a_body_in_a_body_does_not_end_the_outer_one() -> None:
    with later():
        with later():
            pass
        assert not isinstance(re.compile("still in the body"), re.Pattern)
    assert isinstance(re.compile("out of both"), re.Pattern)


def test_the_switch_has_expressions_compiled_at_once(
    monkeypatch: pytest.MonkeyPatch, pattern_user: Callable[[str], Any]
) -> None:
    monkeypatch.setenv(SWITCH, "1")
    assert isinstance(pattern_user("'x'").shape, re.Pattern)
