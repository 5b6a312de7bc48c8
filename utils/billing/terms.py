"""What the tariff form says of accounts, as values; see utils.base.values.Terms.

Everything is optional. A stored value that cannot be used counts as none, so that no order fails of
it, and is named by the doctor.
"""

from typing import Callable, Dict, List, Mapping, TypeVar

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
    MOST_PASSWORD,
    TARIFF_FIRST_PASSWORD,
    TARIFF_GROUP,
    TARIFF_KINDS,
    TARIFF_LANGUAGE,
    TARIFF_LENGTH,
    TARIFF_LOGIN,
    TARIFF_NAME,
    TARIFF_UNLIMITED,
    language_of,
)

NAMES = (BY_NOBODY, BY_CLIENT, BY_PERSON)
KINDS = (KINDS_ALL, KINDS_PLAIN, KINDS_SIMPLE)
FIRST_PASSWORDS = (BY_BILLING, BY_LINK)
_SWITCHES = ("on", "off")

LONGEST_NAME = 64
"""Characters of a display name; Nextcloud takes no more."""

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
    )
    return terms._replace(broken=tuple(broken))


def _length(text: str) -> int:
    length = int(text)
    if not LEAST_PASSWORD <= length <= MOST_PASSWORD:
        raise ValueError(text)
    return length


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
