"""Logins as a cloud compares them: ASCII letters without their case, everything else as it stands.

To Unicode an "ſ" is an "s" in another case. To a cloud it is another letter, so `user_1` and
`uſer_1` are two accounts, and str.casefold is of no use here.
"""

from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold(login: str) -> str:
    """The login in the one spelling that all its spellings share.

    >>> fold("User_1"), fold("Uſer_1")
    ('user_1', 'uſer_1')
    """
    return login.translate(_LOWER)


def same(one: str, other: str) -> bool:
    """Whether a cloud takes both for the same account."""
    return fold(one) == fold(other)


def names(saved: str, login: str) -> bool:
    """Whether what is saved on a service names that login: blanks around it are a slip of the hand.

    >>> names(" USER_1", "user_1"), names("", "user_1")
    (True, False)
    """
    return same(saved.strip(), login)
