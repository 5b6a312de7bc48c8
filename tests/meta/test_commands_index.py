"""What the module can be asked to do, and that each answer to `features` can be kept."""

import importlib
from pathlib import Path

import pytest

import commands
from commands import COMMANDS, SYNONYMS, load, name_of
from commands._features import FLAGS, list_features
from tests.e2e.world import LIFE
from tests.tools import table
from utils.base import errors
from utils.host.settings import Settings


@pytest.mark.parametrize("name", ["", "Open", "open ", "__init__", "_open", "../open", "reopen"])
def test_an_unknown_command_is_told(name: str) -> None:
    with pytest.raises(errors.UnknownCommand) as caught:
        name_of(name)
    assert caught.value.value == (name or "--command")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded_and_run(name: str) -> None:
    assert name_of(name) == name
    assert callable(load(name).run)
    assert COMMANDS[name].budget_s(Settings()) > 0


@pytest.mark.parametrize(
    ("synonym", "name"),
    [("set_param", "setparam"), ("connection_form_tune", "tune_connection")],
)
def test_other_spellings_are_taken_and_never_advertised(synonym: str, name: str) -> None:
    assert name_of(synonym) == name
    assert synonym not in list_features()
    assert SYNONYMS[synonym] == name


def test_every_advertised_feature_is_served_and_every_command_advertised() -> None:
    unadvertised = {name for name in COMMANDS if name not in list_features()}
    for_people = {*table.FOR_PEOPLE, *table.OF_THE_PAST, *table.PAGES}
    assert unadvertised == {"features", *table.RENEWALS, *for_people}
    assert sorted(list_features()) == sorted({*COMMANDS, *FLAGS} - unadvertised)


def test_every_file_of_a_command_is_in_the_index() -> None:
    files = {path.stem for path in Path(commands.__file__).parent.glob("_*.py")} - {"__init__"}
    assert files == {f"_{name}" for name in COMMANDS}


def test_only_features_checks_the_page_and_what_people_start_need_no_settings() -> None:
    light = [name for name, command in COMMANDS.items() if not command.is_limited]
    people = {*table.FOR_PEOPLE, *table.OF_THE_PAST, *table.PAGES}
    assert light == [one for one in COMMANDS if one in ("features", *table.CHECKS) or one in people]
    assert people == {
        *("doctor", "history", "audit", "adopt", "purge", "waiting", "hold", "release"),
        *("restore", "certificate", "page", "report", "metrics"),
    }


def test_every_command_that_talks_to_a_cloud_is_in_the_life_of_the_tests() -> None:
    assert sorted(LIFE) == sorted(table.AT_CLOUDS)


def test_every_command_says_what_it_does() -> None:
    for name in COMMANDS:
        module = importlib.import_module(f"commands._{name}")
        assert module.__doc__
        assert module.run.__doc__
