"""Texts from outside, made fit for where they go."""


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


def printable(text: str, instead: str = "?") -> str:
    """The text with control characters and the like replaced: one line, safe in a terminal."""
    return "".join(char if char.isprintable() else instead for char in text)
