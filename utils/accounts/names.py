"""Names of accounts: made by the template of a tariff, or typed by a customer in an order.

A name decides nothing about whose an account is: that is in the mark (utils.accounts.ownership). So
a template may be changed any day, and what was opened by an earlier one stays as it is.

What the clouds take: docs/en/clouds.md, "Names of accounts". Nextcloud refuses `+`, ownCloud less
than three characters, both more than 64. Blanks and apostrophes are taken, and are left out here,
because names are typed on telephones and stand in addresses.
"""

import re
from typing import Dict, List, NamedTuple, Optional

from utils.base import errors, logins
from utils.base.latin import to_latin
from utils.consts import ITEM_EMAIL, ITEM_LOGIN

DEFAULT_TEMPLATE = "user_@ID@"

SHORTEST, LONGEST = 3, 64
"""Characters of a name: ownCloud takes no fewer, neither takes more."""

LONGEST_KNOWN = 255
"""Characters of a name that is there already; the clouds' own columns hold 64 and 255."""

MACROS = ("ID", "ACCOUNT_ID", "USERNAME", "DOMAIN", "EMAIL", "EMAIL_NAME", "EMAIL_DOMAIN")
"""What may stand in a template between two @. The first four are BILLmanager's own."""

RESERVED = frozenset(
    (
        *("admin", "administrator", "root", "system", "support", "guest", "nobody"),
        # Where it is taken the next ones would be user_2 and so on, which services of these
        # numbers have.
        "user",
        # Folders of the clouds beside the accounts': ownCloud refuses them by name.
        *("avatars", "meta", "files_encryption", "files_external", "appdata", "cache", "upload"),
    )
)
"""Names that no customer gets: a cloud has them itself, or others would take them for its staff."""

_MACRO = re.compile(r"@([A-Z_]+)@", re.ASCII)
_UNUSABLE = re.compile(r"[^A-Za-z0-9._@-]+")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._@-]*[A-Za-z0-9])?", re.ASCII)
_NUMBERED = re.compile(r"user_([0-9]{1,18})(_[0-9])?", re.ASCII)
"""Names that the services of that number have where no template says otherwise."""


class Parts(NamedTuple):
    """What a name may be made of; a text is empty where it is not known."""

    item_id: int
    account_id: int
    user_name: str = ""
    domain: str = ""
    email: str = ""


EXAMPLE = Parts(15, 7, "ivanov", "example.com", "ivanov@mail.example")
"""The order by which a template is shown at work."""


def item_of(login: str) -> Optional[int]:
    """The number of the service that has such a name by default, or None where none has."""
    match = _NUMBERED.fullmatch(logins.fold(login))
    return int(match.group(1)) if match else None


def default_login(item_id: int) -> str:
    """The name that an account has where no template says otherwise, and where one makes none."""
    return f"user_{item_id}"


def make_login(template: str, parts: Parts, longest: int = LONGEST) -> str:
    """The name that the template makes, of `longest` characters at most: numbers are cut last.

    What no cloud takes is written in Latin letters or left out. Where too little is left for a
    name, or one that others have a right to, it is the default one: no template costs an order.
    """
    template, values = template or DEFAULT_TEMPLATE, _values(parts)
    used = [one for one in _MACRO.findall(template) if one in MACROS[2:]]
    whole = _fill(template, values)
    while len(whole) > longest and any(values[macro] for macro in used):
        widest = max(used, key=lambda macro: len(values[macro]))
        values[widest] = values[widest][:-1]
        whole = _fill(template, values)
    login = _trim(whole[:longest])
    return login if _is_free(login, parts.item_id) else default_login(parts.item_id)


def _values(parts: Parts) -> Dict[str, str]:
    """What each macro stands for."""
    name, _, email_domain = parts.email.rpartition("@")
    # BILLmanager's users often have their e-mail address for a name.
    user_name = parts.user_name.strip().partition("@")[0] or name
    texts = (user_name, parts.domain, parts.email, name, email_domain)
    words = (_clean(text).lower() for text in texts)
    return dict(zip(MACROS, (str(parts.item_id), str(parts.account_id), *words)))


def _fill(template: str, values: Dict[str, str]) -> str:
    return _clean(_MACRO.sub(lambda match: values.get(match.group(1), ""), template))


def _clean(text: str) -> str:
    return _UNUSABLE.sub("", to_latin(text.strip()))


def _trim(login: str) -> str:
    """Without what a missing part leaves at the ends and, twice, between two others."""
    return re.sub(r"([._@-])[._@-]+", r"\1", login).strip("._@-")


def _is_free(login: str, item_id: int) -> bool:
    """Whether a service may have that name, as far as a name tells."""
    number = item_of(login)
    is_fit = len(login) >= SHORTEST and _NAME.fullmatch(login) is not None
    return is_fit and not is_reserved(login) and number in (None, item_id)


def is_reserved(login: str) -> bool:
    """Whether that is a name that no customer gets."""
    return logins.fold(login) in RESERVED


# -- what a template cannot do --------------------------------------------------------------------

UNKNOWN_MACRO, UNUSABLE, NUMBER_OF_OTHERS, NOT_UNIQUE = (
    "name_macro_unknown",
    "name_unusable",
    "name_of_others",
    "name_not_unique",
)
"""What may be wrong with a template. The names are those of the doctor's messages."""


class Fault(NamedTuple):
    """What is wrong with a template, and the part of it that is to blame."""

    name: str
    value: str


def find_faults(template: str) -> List[Fault]:
    """What is wrong with a template; nothing where all is well."""
    if not template:
        return []
    found = []
    macros = _MACRO.findall(template)
    unknown = [f"@{one}@" for one in macros if one not in MACROS]
    if unknown:
        found.append(Fault(UNKNOWN_MACRO, ", ".join(unknown)))
    literal = _MACRO.sub("", template)
    if _UNUSABLE.search(to_latin(literal)):
        found.append(Fault(UNUSABLE, template))
    if item_of(_trim(_fill(template, _values(EXAMPLE)))) not in (None, EXAMPLE.item_id):
        found.append(Fault(NUMBER_OF_OTHERS, template))
    if "ID" not in macros:
        found.append(Fault(NOT_UNIQUE, template))
    return found


# -- what a customer types ------------------------------------------------------------------------


def check_typed(param: str, value: str, item_id: Optional[int] = None) -> None:
    """Refuses a user name or an e-mail that was typed in an order, or on the service `item_id`.

    Other parameters, and empty values, are fine. On a service that is there a user name may be any
    that a cloud has: staff names an account so that is to be taken over. Raises NameUnfit with
    what is wrong, EmailUnfit.
    """
    text = value.strip()
    if param == ITEM_EMAIL and text:
        from utils.misc import validate_email  # a tariff form needs no log

        if not validate_email(text):
            raise errors.EmailUnfit(text)
    if param == ITEM_LOGIN and text:
        (_check_new if item_id is None else _check_known)(text)


def _check_new(login: str) -> None:
    is_length = SHORTEST <= len(login) <= LONGEST
    if not is_length or not _NAME.fullmatch(login):
        raise errors.NameUnfit(login)
    if is_reserved(login) or item_of(login) is not None:
        raise errors.NameReserved(login)


def _check_known(login: str) -> None:
    if len(login) > LONGEST_KNOWN or not login.isprintable():
        raise errors.NameUnfit(login)
