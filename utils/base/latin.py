"""Texts in other letters, written in Latin ones as people of those countries write them."""

_PAIRS = (
    "аa бb вv гg дd еe ёe жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ъ ыy"
    " ь эe юyu яya іi їyi єye ґg ўu"
    " αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo"
    " ßss æae œoe øo łl đd ðd þth ıi"
)
_LETTERS = {pair[0]: pair[1:] for pair in _PAIRS.split()}
"""Letters of Cyrillic, of Greek and of Latin, each with its form in ASCII."""


def to_latin(text: str) -> str:
    """The text with letters that are not ASCII written in ASCII; what has no such form stays.

    >>> to_latin("Иванов"), to_latin("Müller-Łoś"), to_latin("山")
    ('Ivanov', 'Muller-Los', '山')
    """
    if text.isascii():
        return text
    import unicodedata  # most names are ASCII

    # One letter may be told as itself or as a plain one with a sign; "й" is one of its own.
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


def _letter(char: str) -> str:
    if char.isascii():
        return char
    known = _LETTERS.get(char.lower())
    if known is None:
        import unicodedata

        plain = unicodedata.normalize("NFKD", char)
        known = "".join(one for one in plain if not unicodedata.combining(one))
        return "".join(_LETTERS.get(one, one) for one in known)
    return known.capitalize() if char.isupper() else known
