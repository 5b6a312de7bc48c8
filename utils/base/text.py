"""Texts from outside, made fit for where they go."""

from utils.base.secret import strike_out

LONGEST = 500
"""Characters of a text that is shown to people: what is longer tells them nothing more."""

LONGEST_READ = 65_536
"""What stands behind so many characters of a text is not even looked at."""


def clean(text: str) -> str:
    """The text with what XML 1.0 cannot hold replaced by U+FFFD."""
    # A pattern of these ranges takes 6 ms to compile. Looking at each character of all texts of
    # a run takes less.
    return "".join(char if _is_xml(char) else "\ufffd" for char in text)


def _is_xml(char: str) -> bool:
    return (
        "\x20" <= char <= "\ud7ff"
        or char in "\t\n\r"
        or "\ue000" <= char <= "\ufffd"
        or char >= "\U00010000"
    )


def tame(text: str, longest: int = LONGEST) -> str:
    """A text from outside as it may be shown anywhere: one line, no secret, not too long.

    Secrets are struck out before anything is cut, so that no beginning of one is left.
    """
    known = strike_out(text[:LONGEST_READ])
    shown = printable(known[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def is_plain(text: str) -> bool:
    """Whether a name from outside holds nothing that hides, reverses, breaks or ends a text."""
    return clean(text) == text and text.isprintable()


def printable(text: str, instead: str = "?") -> str:
    """The text with control characters and the like replaced: one line, safe in a terminal."""
    return "".join(char if char.isprintable() else instead for char in text)
