"""What people read says what the program does: messages, forms, the sample of the settings."""

import re
import subprocess
from pathlib import Path
from typing import Dict, List, Set

import pytest

import commands
from tests.meta.messages import (
    LANGUAGES,
    PREFIX,
    ROOT,
    codes,
    document,
    messages,
    name_of,
    read,
)
from tests.meta.names import program
from tests.tools import docs
from utils import consts
from utils.accounts import endings, traces
from utils.accounts.fullness import FULL
from utils.audit import shown
from utils.audit.differences import MENDED, VERDICTS
from utils.base import errors, xml
from utils.billing.terms import MOST_PERCENT
from utils.doctor import words
from utils.ending import purge
from utils.ending import words as ending
from utils.ending.night import GONE, SOON
from utils.history import telling
from utils.host import root, settings
from utils.report.words import GROUP as OF_REPORT
from utils.run import adoptionwords, dryrun, guard
from utils.run import telling as letters
from utils.run.suspension import SUSPENDED

CONNECTION_FORM = f"processing.edit.{consts.MODULE}"
TARIFF_FORM = f"pricelist.{consts.MODULE}"

PROMISE = {"en": "again by itself", "ru": "BILLmanager повторит"}

SAME_IN_BOTH = {"dry_core", "group_billing", "times", "title_core", "title_python"}
"""Names of programs, and signs."""


def inputs(form: str) -> List[xml.Form]:
    """The inputs and selects of a form."""
    fields = document().findall(f"metadata[@name='{form}']//field")
    found = [node for field in fields for node in field]
    assert [name_of(node) for node in found] == [name_of(field) for field in fields]
    return found


# -- messages -------------------------------------------------------------------------------------


def test_there_are_errors_to_speak_of() -> None:
    assert {"unexpected", "login_taken", "cloud_lost", "cloud_rights_missing"} <= set(codes())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_error_has_a_message_and_each_message_an_error(language: str) -> None:
    assert set(messages(language, "msgerror")) == {PREFIX + code for code in codes()}


def test_each_error_is_raised_somewhere() -> None:
    handler = read("etc/pmnextcloud.sh")
    for error in errors.list_kinds():
        is_used = re.search(rf"\berrors\.{error.__name__}\b", program())
        assert is_used or error.__subclasses__() or error.code in handler, error


def test_both_languages_have_the_same_groups_and_names() -> None:
    names: List[Dict[str, Set[str]]] = []
    for language in LANGUAGES:
        groups = document().findall(f"lang[@name='{language}']/messages")
        names.append({name_of(node): set() for node in groups})
        assert len(names[-1]) == len(groups)
        for group in names[-1]:
            names[-1][group] = set(messages(language, group))
    assert names[0] == names[1]
    forms_named = {CONNECTION_FORM, TARIFF_FORM}
    others = {"plugin", "label_processing_modules", "msgerror"}
    others |= {words.MESSAGES, words.TASKS, dryrun.GROUP, telling.GROUP, adoptionwords.GROUP}
    others |= {shown.GROUP, docs.OF_COMMANDS, guard.GROUP, letters.GROUP, ending.GROUP}
    others.add(OF_REPORT)
    assert set(names[0]) == forms_named | others
    assert [node.get("name") for node in document().findall("lang")] == list(LANGUAGES)


@pytest.mark.parametrize(
    "group",
    [
        "plugin",
        CONNECTION_FORM,
        TARIFF_FORM,
        "msgerror",
        words.MESSAGES,
        words.TASKS,
        dryrun.GROUP,
        telling.GROUP,
        adoptionwords.GROUP,
        shown.GROUP,
        docs.OF_COMMANDS,
        guard.GROUP,
        letters.GROUP,
        ending.GROUP,
        OF_REPORT,
    ],
)
def test_messages_are_written_in_their_language(group: str) -> None:
    russian, english = (messages(language, group) for language in LANGUAGES)
    for name, text in russian.items():
        assert text.strip() == text != "", name
        assert english[name].strip() == english[name] != "", name
        assert not re.search("[а-яё]", english[name], re.IGNORECASE), name
        if not name.startswith("placeholder_") and name not in SAME_IN_BOTH:
            assert re.search("[а-яё]", text, re.IGNORECASE), name
            assert text != english[name], name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "group",
    [
        "msgerror",
        words.MESSAGES,
        dryrun.GROUP,
        telling.GROUP,
        adoptionwords.GROUP,
        shown.GROUP,
        ending.GROUP,
    ],
)
def test_only_known_placeholders_and_the_same_in_both_languages(language: str, group: str) -> None:
    for name, text in messages(language, group).items():
        used = re.findall(r"__\w+?__", text)
        assert set(used) <= {"__value__", "__object__"}, name
        assert used == re.findall(r"__\w+?__", messages("en", group)[name]), name


def test_the_texts_of_the_report_have_the_same_places_in_both_languages() -> None:
    russian, english = (messages(language, OF_REPORT) for language in LANGUAGES)
    assert any(places(text) for text in english.values())
    for name, text in russian.items():
        assert places(text) == places(english[name]), name


LETTERS = {
    FULL: {"item", "day", "percent", "full", "used", "quota", "free", "login"},
    guard.SHORT: {"item", "day", "used", "quota", "over", "login"},
    **dict.fromkeys((SOON, GONE), {"item", "day", "login", "until"}),
    **{f"{SUSPENDED}_{level}": {"item", "day", "login"} for level in consts.SUSPENSIONS},
}
"""What the program puts into each kind of letter."""

FIGURES = {
    "figures": {"used", "needed", "chosen"},
    "figures_counted": {"used", "needed", "chosen", "day"},
}
"""What it puts into what the guard says."""


def places(text: str) -> Set[str]:
    """The names of the places in a message."""
    return set(re.findall(r"__([a-z]+)__", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_letters_have_places_for_all_that_they_are_given(language: str) -> None:
    texts = messages(language, letters.GROUP)
    assert set(texts) == {f"{kind}_{part}" for kind in LETTERS for part in ("subject", "text")}
    for kind, given in LETTERS.items():
        subject = places(texts[f"{kind}_subject"])
        assert subject | places(texts[f"{kind}_text"]) == given
        assert subject >= {"item", "day"}, "by these a letter is told from all others"
        assert "@" not in texts[f"{kind}_subject"], "it may be shown in the history"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_guard_says_all_figures(language: str) -> None:
    texts = messages(language, guard.GROUP)
    assert {name: places(text) for name, text in texts.items()} == FIGURES


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_repeat_is_promised_exactly_where_billmanager_repeats(language: str) -> None:
    for code, error in codes().items():
        text = messages(language, "msgerror")[PREFIX + code]
        assert (PROMISE[language] in text) is error.is_repeated, code


@pytest.mark.parametrize("language", LANGUAGES)
def test_settings_and_fields_named_in_messages_exist(language: str) -> None:
    known = {*settings.Settings._fields, "trusted_domains", "provisioning_api"}
    known |= {"files_sharing", "hide_disabled_user_shares", "max_quota", "allow_unlimited_quota"}
    known |= {"allowed_admin_ranges", "trusted_proxies", "display_errors", "node_exporter"}
    named = ("msgerror", CONNECTION_FORM, TARIFF_FORM, words.MESSAGES)
    groups = [messages(language, name) for name in named]
    for text in (text for group in groups for text in group.values()):
        plain = re.sub(r"__\w+?__", "", text)
        assert set(re.findall(r"\b[a-z]+_[a-z_]+\b", plain)) <= known, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_limits_named_in_messages_are_those_of_the_program(language: str) -> None:
    texts = messages(language, "msgerror")
    numbers = re.findall(r"\d+", texts[PREFIX + "timeout_invalid"])
    limits = [consts.MIN_TIMEOUT_S, consts.MAX_TIMEOUT_S, consts.DEFAULT_TIMEOUT_S]
    assert [int(number) for number in numbers] == limits
    assert re.findall(r"\d+", texts[PREFIX + "field_too_long"]) == [str(consts.MAX_FIELD_LENGTH)]
    corrected = re.findall(r"\d+", messages(language, words.MESSAGES)["timeout_corrected"])
    assert [int(number) for number in corrected] == limits[:2]
    from commands._check_connection import MAX_WAIT_S

    hint = messages(language, CONNECTION_FORM)["hint_timeout"]
    assert [int(number) for number in re.findall(r"\d+", hint)] == [
        *limits,
        int(MAX_WAIT_S),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_class_of_differences_says_what_is_and_what_to_do(language: str) -> None:
    texts = messages(language, shown.GROUP)
    for kind in VERDICTS:
        sentence, _, remedy = texts[kind].partition(". ")
        assert sentence, kind
        assert remedy.endswith("."), kind
        assert ("--repair" in remedy) is (kind in MENDED), kind


# -- the plugin and its forms ---------------------------------------------------------------------


def test_the_plugin_serves_the_item_types_of_the_features() -> None:
    plugin = document().find("plugin")
    assert plugin is not None
    assert plugin.get("name") == consts.MODULE
    assert plugin.findtext("group") == "processing_module"
    types = [node.get("name") for node in plugin.findall("params/type")]
    assert tuple(types) == consts.ITEM_TYPES


def test_the_connection_form_has_the_fields_that_are_stored() -> None:
    fields = {name_of(node): node for node in inputs(CONNECTION_FORM)}
    assert tuple(fields) == consts.MODULE_PARAMS
    assert fields[consts.PARAM_SECRET].get("type") == "password"
    assert fields[consts.PARAM_SECRET].get("private") == "yes"
    assert fields[consts.PARAM_VERIFY].get("type") == "checkbox"
    assert fields[consts.PARAM_TIMEOUT].get("check") == "int"
    assert fields[consts.PARAM_BASE_URL].get("check") == "url"
    required = [name for name, node in fields.items() if node.get("required")]
    assert required == [consts.PARAM_BASE_URL]
    lengths = {name: node.get("maxlength") for name, node in fields.items()}
    assert lengths.pop(consts.PARAM_VERIFY) is None
    assert set(lengths.values()) == {str(consts.MAX_FIELD_LENGTH)}


def test_the_tariff_form_has_the_fields_that_are_read_and_an_example_of_two() -> None:
    examples = {consts.TARIFF_LOGIN_EXAMPLE, consts.TARIFF_PASSWORD_EXAMPLE}
    assert {name_of(node) for node in inputs(TARIFF_FORM)} == {
        *consts.TARIFF_FIELDS,
        *examples,
    }
    lists = {name_of(node) for node in inputs(TARIFF_FORM) if node.tag == "select"}
    assert lists == {
        *(consts.TARIFF_GROUP, consts.TARIFF_KINDS, consts.TARIFF_FIRST_PASSWORD),
        *(consts.TARIFF_NAME, consts.TARIFF_LANGUAGE),
        *(consts.TARIFF_SUSPENSION, consts.TARIFF_ON_CLOSE, consts.TARIFF_TRIAL_GROUP),
    }


def options_of_the_tariff_form() -> Set[str]:
    """The messages of the values in its lists, but for languages, which have their own names."""
    from commands._pricelist_dynamic_settings_tune import AS_SETTINGS, NO_GROUP
    from utils.billing import terms

    values = {
        consts.TARIFF_GROUP: [NO_GROUP[1]],
        consts.TARIFF_TRIAL_GROUP: [NO_GROUP[1]],
        consts.TARIFF_SUSPENSION: [*consts.SUSPENSIONS],
        consts.TARIFF_ON_CLOSE: [AS_SETTINGS[1], *consts.ON_CLOSE],
        consts.TARIFF_KINDS: [AS_SETTINGS[1], *terms.KINDS],
        consts.TARIFF_NAME: [AS_SETTINGS[1], *terms.NAMES],
        consts.TARIFF_LANGUAGE: ["cloud_default", consts.BY_CLIENT],
        consts.TARIFF_FIRST_PASSWORD: [*terms.FIRST_PASSWORDS],
    }
    return {f"{name}_{value}" for name, found in values.items() for value in found}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tariff_form_names_the_ranges_and_defaults_of_days(language: str) -> None:
    texts, to = messages(language, TARIFF_FORM), "до" if language == "ru" else "to"
    defaults = settings.Settings()
    for name, most, usual in (
        (consts.TARIFF_WARN_DAYS, consts.MOST_WARN_DAYS, consts.WARN_DAYS),
        (consts.TARIFF_KEEP_DAYS, consts.MOST_KEEP_DAYS, defaults.keep_days),
    ):
        assert f"1 {to} {most}" in texts[f"hint_{name}"]
        assert texts[f"placeholder_{name}"] == str(usual)


@pytest.mark.parametrize("language", LANGUAGES)
def test_people_read_every_outcome_hold_and_trace(language: str) -> None:
    texts = messages(language, ending.GROUP)
    kinds = (endings.DELETED, purge.PLANNED, purge.KEPT, purge.LIVES, purge.BUSY)
    names = {f"verdict_{kind}" for kind in (*kinds, purge.FAILED, purge.LOST)}
    names |= {f"kept_{by}" for by in (purge.ENABLED, purge.LOGGED_IN, purge.NAMED, purge.PROTECTED)}
    names |= {f"seen_{what}" for what in (traces.ACCOUNT, traces.GROUPS, traces.LIST)}
    names |= {f"why_{why}" for why in (endings.CLOSED_SERVICE, endings.REPLACED)}
    found = {name for name in texts if re.match("(verdict|kept|seen|why)_", name)}
    assert found == names


def test_the_tariff_form_shows_the_thresholds_that_a_tariff_has_by_default() -> None:
    for language in LANGUAGES:
        shown_texts = messages(language, TARIFF_FORM)
        assert shown_texts["placeholder_cloud_warn_at"] == " ".join(map(str, consts.WARN_AT))
        assert (
            f"1 {'до' if language == 'ru' else 'to'} {MOST_PERCENT}"
            in shown_texts["hint_cloud_warn_at"]
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_field_has_a_label_and_a_hint_and_nothing_else_has(language: str) -> None:
    for form in (CONNECTION_FORM, TARIFF_FORM):
        names = {name_of(node) for node in inputs(form)}
        options = options_of_the_tariff_form() if form == TARIFF_FORM else set()
        texts = set(messages(language, form))
        assert names | {"hint_" + name for name in names} | options <= texts
        rest = texts - names - {"hint_" + name for name in names} - options
        assert rest <= {"placeholder_" + name for name in names}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_url_message_names_the_field_by_its_label(language: str) -> None:
    label = messages(language, CONNECTION_FORM)[consts.PARAM_BASE_URL]
    assert label in messages(language, "msgerror")[PREFIX + "url_missing"]


# -- settings -------------------------------------------------------------------------------------


def test_the_sample_settings_change_nothing() -> None:
    assert settings.load(str(ROOT / root.SETTINGS)) == settings.Settings()


def sample() -> List[docs.Setting]:
    """The blocks of the sample."""
    return [setting for chapter in docs.sample() for setting in chapter.settings]


def test_the_sample_settings_are_the_defaults_and_all_of_them(tmp_path: Path) -> None:
    assert [one.name for one in sample()] == list(settings.Settings._fields)
    path = tmp_path / "pmnextcloud.conf"
    path.write_text("".join(f"{one.name} = {one.value}\n" for one in sample()), encoding="utf-8")
    assert settings.load(str(path)) == settings.Settings()


@pytest.mark.parametrize("setting", sample(), ids=lambda one: one.name)
def test_each_sample_setting_is_explained_in_both_languages(setting: docs.Setting) -> None:
    assert re.search("[А-ЯЁ`].*[а-яё]{3}", setting.explained["ru"])
    assert re.search("^[A-Z`].*[a-z]{3}", setting.explained["en"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("setting", sample(), ids=lambda one: one.name)
def test_the_sample_says_what_a_setting_takes(setting: docs.Setting, language: str) -> None:
    text, reader = setting.explained[language], settings.READERS[setting.name]
    if isinstance(reader, settings.Number):
        assert docs.allowed_by(reader, docs.WORDS[language]) in " ".join(text.split())
    if isinstance(reader, settings.Choice):
        assert set(re.findall("`([a-z]+)`", text)) == set(reader.words)


def test_the_log_that_is_rotated_is_the_module_s() -> None:
    text = read("etc/pmnextcloud.logrotate")
    assert "\n@BASE@/var/pmnextcloud.log {\n" in text
    assert "create 0600 root root" in text


@pytest.mark.parametrize(("code", "told"), [(0, ""), (1, "it failed\nbadly\n")])
def test_cron_mails_only_what_has_failed(tmp_path: Path, code: int, told: str) -> None:
    (tmp_path / "processing").mkdir()
    program = tmp_path / "processing/pmnextcloud"
    says = '[ "$*" = "--command purge" ] && echo it failed && echo badly >&2'
    program.write_text(f"#!/bin/sh\n{says}; exit {code}\n")
    program.chmod(0o755)
    lines = read("etc/pmnextcloud.cron").replace("@BASE@", str(tmp_path)).splitlines()
    (job,) = (line for line in lines if re.match(r"[0-9]", line))
    minute, hour, *days, user, command = job.split(" ", 6)
    assert (days, user) == (["*"] * 3, "root")
    assert minute.isdigit()
    assert hour.isdigit()
    assert "%" not in command, "cron takes that for the end of a line"
    run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == (told, "")


# -- commands and changelog ------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_command_is_explained(language: str) -> None:
    assert set(messages(language, docs.OF_COMMANDS)) == set(commands.COMMANDS)


def test_the_changelog_has_this_version_below_what_is_not_released() -> None:
    headings = re.findall(r"^## \[(.*?)\](.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == ("Unreleased", "")
    assert headings[1][0] == consts.VERSION
    for _, rest in headings[1:]:
        assert re.fullmatch(r" - \d{4}-\d\d-\d\d", rest)
