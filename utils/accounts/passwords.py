"""Passwords that the module makes for accounts: as the settings say, or as a cloud wants them."""

from typing import TYPE_CHECKING, NamedTuple

from utils.base.secret import Secret
from utils.base.values import Terms
from utils.consts import KINDS_ALL, KINDS_PLAIN, KINDS_SIMPLE, PASSWORD_SYMBOLS

if TYPE_CHECKING:
    from utils.cloud.answers import PasswordRules
    from utils.host.settings import Settings

_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"
"""None that is easily taken for another one."""

OTHER_SYMBOLS = ("#!", PASSWORD_SYMBOLS)
"""What a second try takes in place of the symbols in the settings: the two that ownCloud's app
password_policy allows as it comes, and some other policies want, or else the usual ones."""

LONGEST_PASSWORD = 64
"""The clouds take longer ones, and no policy that people can live with asks for more."""


class Rule(NamedTuple):
    """How long a password is, its symbols, and whether it has capital letters."""

    length: int
    symbols: str
    has_capitals: bool = True

    def make(self) -> str:
        """A new password by the rule."""
        return generate_secure_password(self.length, self.symbols, has_capitals=self.has_capitals)


def rule_of(settings: "Settings", terms: Terms) -> Rule:
    """The rule for the passwords of a tariff: the settings', as far as it says nothing else."""
    length, kinds = terms.password_length or settings.password_length, terms.password_kinds
    if kinds in (KINDS_PLAIN, KINDS_SIMPLE):
        return Rule(length, "", has_capitals=kinds == KINDS_PLAIN)
    usual = settings.password_symbols
    return Rule(length, usual or PASSWORD_SYMBOLS if kinds == KINDS_ALL else usual)


def make_usual(settings: "Settings", terms: Terms) -> Secret:
    """A new password as the tariff, or else the settings, have it."""
    return Secret(rule_of(settings, terms).make())


def make_other(settings: "Settings", terms: Terms, rules: "PasswordRules") -> Secret:
    """A new password as the cloud tells that it wants one, with other symbols than the usual."""
    usual = rule_of(settings, terms)
    symbols = rules.symbols
    if symbols is None:
        symbols = next(one for one in OTHER_SYMBOLS if set(one) != set(usual.symbols))
    length = min(max(rules.least_length, usual.length), LONGEST_PASSWORD)
    least_of_kind = min(max(rules.least_of_kind, 2), LONGEST_PASSWORD // 4)
    return Secret(generate_secure_password(length, symbols, least_of_kind))


def generate_secure_password(
    length: int = 20,
    symbols: str = PASSWORD_SYMBOLS,
    least_of_kind: int = 2,
    has_capitals: bool = True,
) -> str:
    """A random password of both cases, digits and, unless there are none, symbols.

    Capitals are left out where it `has_capitals` not. At least so many of each kind, and longer
    than `length` where that needs it. No letters or digits that are easily taken for one another.
    Raises ValueError for fewer than 8 characters.
    """
    from random import SystemRandom  # what only knows the rules makes none

    chance = SystemRandom()
    if length < 8:
        raise ValueError("a password needs at least 8 characters")
    small, capital = _LETTERS[:25], _LETTERS[25:] if has_capitals else ""
    kinds = [*filter(None, (small, capital, _DIGITS, symbols))]
    characters = [chance.choice(kind) for kind in kinds for _ in range(least_of_kind)]
    everything = "".join(kinds)
    characters += [chance.choice(everything) for _ in range(length - len(characters))]
    chance.shuffle(characters)
    return "".join(characters)
