"""What the tariff form says of accounts, as values; see utils.base.values.Terms.

Everything is optional. A stored value that cannot be used counts as none, so that no order fails of
it, and is named by the doctor. Only how a service ends is never guessed (Tariffs.end_terms).
"""

import re
from typing import Callable, Dict, List, Mapping, Tuple, TypeVar

from utils.base.values import Client, Terms
from utils.consts import (
    BY_BILLING,
    BY_CLIENT,
    BY_LINK,
    BY_NOBODY,
    BY_PERSON,
    KINDS_ALL,
    KINDS_PLAIN,
    KINDS_SIMPLE,
    LANGUAGES,
    LEAST_PASSWORD,
    MOST_KEEP_DAYS,
    MOST_PASSWORD,
    MOST_WARN_DAYS,
    ON_CLOSE,
    SUSPENSIONS,
    TARIFF_FIRST_PASSWORD,
    TARIFF_GROUP,
    TARIFF_KEEP_DAYS,
    TARIFF_KINDS,
    TARIFF_LANGUAGE,
    TARIFF_LENGTH,
    TARIFF_LOGIN,
    TARIFF_NAME,
    TARIFF_ON_CLOSE,
    TARIFF_SUSPENSION,
    TARIFF_TRIAL_GROUP,
    TARIFF_UNLIMITED,
    TARIFF_WARN_AT,
    TARIFF_WARN_DAYS,
    is_admin_group,
    language_of,
)

NAMES = (BY_NOBODY, BY_CLIENT, BY_PERSON)
KINDS = (KINDS_ALL, KINDS_PLAIN, KINDS_SIMPLE)
FIRST_PASSWORDS = (BY_BILLING, BY_LINK)
_SWITCHES = ("on", "off")

LONGEST_NAME = 64
"""Characters of a display name; Nextcloud takes no more."""

MOST_PERCENT = 100
"""The highest threshold: whoever has less space than he uses is past it."""

_Value = TypeVar("_Value")


def read_terms(stored: Mapping[str, str]) -> Terms:
    """The terms of a tariff with these fields of its form; others may be among them."""
    broken: List[str] = []

    def read(field: str, reader: Callable[[str], _Value], default: _Value) -> _Value:
        text = stored.get(field, "").strip()
        try:
            return reader(text) if text else default
        except ValueError:
            broken.append(field)
            return default

    terms = Terms(
        group=stored.get(TARIFF_GROUP, "").strip(),
        template=stored.get(TARIFF_LOGIN, "").strip(),
        password_length=read(TARIFF_LENGTH, _length, 0),
        password_kinds=read(TARIFF_KINDS, _one_of(*KINDS), ""),
        name_source=read(TARIFF_NAME, _one_of(*NAMES), ""),
        language_source=read(TARIFF_LANGUAGE, _one_of(BY_CLIENT, *LANGUAGES), ""),
        is_unlimited=read(TARIFF_UNLIMITED, _one_of(*_SWITCHES), "off") == "on",
        sends_link=read(TARIFF_FIRST_PASSWORD, _one_of(*FIRST_PASSWORDS), "") == BY_LINK,
        on_close=read(TARIFF_ON_CLOSE, _one_of(*ON_CLOSE), ""),
        keep_days=read(TARIFF_KEEP_DAYS, _days(MOST_KEEP_DAYS), 0),
        suspension=read(TARIFF_SUSPENSION, _one_of(*SUSPENSIONS), ""),
        warn_days=read(TARIFF_WARN_DAYS, _days(MOST_WARN_DAYS), 0),
        trial_group=read(TARIFF_TRIAL_GROUP, _group_of_customers, ""),
    )
    if TARIFF_WARN_AT in stored:  # an emptied field says that nobody is told
        usual = terms.warn_at if stored[TARIFF_WARN_AT].strip() else ()
        terms = terms._replace(warn_at=read(TARIFF_WARN_AT, _thresholds, usual))
    return terms._replace(broken=tuple(broken))


def _length(text: str) -> int:
    length = int(text)
    if not LEAST_PASSWORD <= length <= MOST_PASSWORD:
        raise ValueError(text)
    return length


def _days(most: int) -> Callable[[str], int]:
    """Reads a number of days from 1 on, in plain digits."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= most):
            raise ValueError(text)
        return int(text)

    return read


def _group_of_customers(text: str) -> str:
    if is_admin_group(text):
        raise ValueError(text)
    return text


def _thresholds(text: str) -> Tuple[int, ...]:
    """The percentages, rising: `95 %, 80 %` is 80 and 95, and 0 is none."""
    words = [word for word in re.split(r"[\s,;%]+", text) if word]
    if not all(word.isascii() and word.isdigit() and len(word) <= 3 for word in words):
        raise ValueError(text)
    levels = sorted({int(word) for word in words} - {0})
    if levels and levels[-1] > MOST_PERCENT:
        raise ValueError(text)
    return tuple(levels)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def shown_name(terms: Terms, client: Client, setting: str) -> str:
    """The display name that an account is to have; empty for none. `setting` is the usual one."""
    names: Dict[str, str] = {BY_CLIENT: client.name, BY_PERSON: client.person or client.name}
    return names.get(terms.name_source or setting, "")[:LONGEST_NAME].strip()


def spoken_language(terms: Terms, client: Client) -> str:
    """The language that an account is to have; empty for the cloud's own choice."""
    source = terms.language_source
    return language_of(client.language) if source == BY_CLIENT else source
