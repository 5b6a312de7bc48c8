"""What the tariff form says of accounts, and what is done with what it cannot say."""

import pytest

from utils.base.values import Client, Terms
from utils.billing.terms import read_terms, shown_name, spoken_language
from utils.consts import LANGUAGES, TARIFF_FIELDS, language_of

UNUSABLE_ENDS = (
    *(("cloud_on_close", one) for one in ("purge", "Wait")),
    *(("cloud_keep_days", one) for one in ("0", "3651", "-1", "ten", "١٤", "1.5")),
    ("cloud_suspension", "Lock"),
    *(("cloud_warn_days", one) for one in ("0", "61")),
)


def test_a_tariff_that_says_nothing_has_the_usual_terms() -> None:
    assert read_terms({}) == Terms()


def test_emptied_fields_have_the_usual_terms_but_that_nobody_is_told_of_full_space() -> None:
    emptied = read_terms(dict.fromkeys(TARIFF_FIELDS, " "))
    assert emptied == Terms()._replace(warn_at=())


def test_every_field_is_read() -> None:
    stored = {
        "usergroup": " gold ",
        "cloud_login": " nc@ID@ ",
        "cloud_password_length": "16",
        "cloud_password_kinds": "letters_digits",
        "cloud_display_name": "person",
        "cloud_language": "pt_BR",
        "cloud_unlimited": "on",
        "cloud_first_password": "link",
        "cloud_warn_at": "90 50",
        "cloud_on_close": "wait",
        "cloud_keep_days": " 14 ",
        "cloud_suspension": "read_only",
        "cloud_warn_days": "3",
        "cloud_trial_group": "trials",
    }
    assert set(stored) == set(TARIFF_FIELDS)
    assert read_terms({**stored, "name": "Basic"}) == Terms(
        group="gold",
        template="nc@ID@",
        password_length=16,
        password_kinds="letters_digits",
        name_source="person",
        language_source="pt_BR",
        is_unlimited=True,
        sends_link=True,
        warn_at=(50, 90),
        on_close="wait",
        keep_days=14,
        suspension="read_only",
        warn_days=3,
        trial_group="trials",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cloud_password_length", "11"),
        ("cloud_password_length", "41"),
        ("cloud_password_length", "many"),
        ("cloud_password_kinds", "runes"),
        ("cloud_display_name", "nobody"),
        ("cloud_language", "tlh"),
        ("cloud_unlimited", "1"),
        ("cloud_first_password", "pigeon"),
        ("cloud_trial_group", "Admin "),
        *UNUSABLE_ENDS,
    ],
)
def test_a_value_that_cannot_be_used_is_none_and_told(field: str, value: str) -> None:
    assert read_terms({field: value}) == Terms(broken=(field,))


@pytest.mark.parametrize(
    ("source", "setting", "name"),
    [
        ("", "none", ""),
        ("", "client", "Firm"),
        ("none", "client", ""),
        ("client", "none", "Firm"),
        ("person", "none", "Ivan"),
    ],
)
def test_the_name_is_the_tariff_s_choice_or_else_the_settings(
    source: str, setting: str, name: str
) -> None:
    client = Client("Firm", "Ivan")
    assert shown_name(Terms(name_source=source), client, setting) == name


def test_a_client_without_a_person_is_called_by_his_own_name() -> None:
    assert shown_name(Terms(name_source="person"), Client("Firm"), "none") == "Firm"


@pytest.mark.parametrize(
    ("source", "language", "spoken"),
    [("", "ru", ""), ("de", "ru", "de"), ("client", "ru", "ru"), ("client", "", "")],
)
def test_the_language_is_the_tariff_s_choice(source: str, language: str, spoken: str) -> None:
    terms, client = Terms(language_source=source), Client(language=language)
    assert spoken_language(terms, client) == spoken


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ru", "ru"),
        (" EN ", "en"),
        ("en-US", "en"),
        ("pt", "pt_PT"),
        ("pt_br", "pt_BR"),
        ("et", "et_EE"),
        ("zh", "zh_CN"),
        ("", ""),
        ("tlh", ""),
        ("_", ""),
    ],
)
def test_a_language_of_billmanager_is_one_of_the_cloud_or_none(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_its_own(language: str) -> None:
    assert language_of(language) == language
