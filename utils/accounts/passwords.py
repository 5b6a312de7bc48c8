"""Passwords that the module makes for accounts: as the settings say, or as a cloud wants them."""

from typing import TYPE_CHECKING

from utils.base.secret import Secret
from utils.consts import PASSWORD_SYMBOLS
from utils.misc import generate_secure_password

if TYPE_CHECKING:
    from utils.cloud.answers import PasswordRules
    from utils.host.settings import Settings

OTHER_SYMBOLS = ("#!", PASSWORD_SYMBOLS)
"""What a second try takes in place of the symbols in the settings: the two that ownCloud's app
password_policy allows as it comes, and some other policies want, or else the usual ones."""

LONGEST_PASSWORD = 64
"""The clouds take longer ones, and no policy that people can live with asks for more."""


def make_usual(settings: "Settings") -> Secret:
    """A new password as the settings have it."""
    return Secret(generate_secure_password(settings.password_length, settings.password_symbols))


def make_other(settings: "Settings", rules: "PasswordRules") -> Secret:
    """A new password as the cloud tells that it wants one, with other symbols than the usual."""
    symbols = rules.symbols
    if symbols is None:
        symbols = next(one for one in OTHER_SYMBOLS if set(one) != set(settings.password_symbols))
    length = min(max(rules.least_length, settings.password_length), LONGEST_PASSWORD)
    least_of_kind = min(max(rules.least_of_kind, 2), LONGEST_PASSWORD // 4)
    return Secret(generate_secure_password(length, symbols, least_of_kind))
