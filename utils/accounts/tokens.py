"""Tokens: what proves an account that was made without a password of ours.

Where the cloud mails the customer a link to set his first password, nobody here knows one by which
an account that a killed run has begun could be told from a stranger's. So it is made with a random
text that the mark holds, in a field that the cloud shows with the account and that its owner cannot
change. Once the mark says that the account is made, the token is taken off.
"""

import re

from utils.base.secret import Secret

_TOKEN = re.compile(r"pm [A-Za-z0-9_-]{16}", re.ASCII)
"""No password that is made here has a blank, and no account has such a name by chance."""

_RANDOM_BYTES = 12
"""96 bits, which nobody guesses; their 16 characters leave the mark as long as a password does."""


def make_token() -> Secret:
    """A new token."""
    import secrets

    return Secret(f"pm {secrets.token_urlsafe(_RANDOM_BYTES)}")


def is_token(text: str) -> bool:
    """Whether a text is a token of ours."""
    return _TOKEN.fullmatch(text) is not None
