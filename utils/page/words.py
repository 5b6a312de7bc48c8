"""The words of the page in the visitor's language, and numbers as that language writes them."""

from datetime import date

from utils.base import errors, sizes
from utils.base.text import tame
from utils.consts import PAGE_FUNCTION
from utils.host import messages

TEXTS = f"{PAGE_FUNCTION}.words"
"""The messages that the program makes its sentences of; the others name fields and buttons."""

_MARKUP = str.maketrans({"<": "‹", ">": "›", "&": "＆"})
"""BILLmanager has markup in texts of its own forms (docs/en/protocol.md, "Pages of plugins"), so a
text from outside could have some too. Where texts are shown plainly, escapes would be seen.
"""

LONGEST, LONGEST_ERROR = 300, 1500
"""Characters of a text from outside, and of an error with all that it advises."""


def harmless(text: str, longest: int = LONGEST) -> str:
    """A text from outside with nothing in it that a theme could take for markup."""
    return tame(text, longest).translate(_MARKUP)


def failure(language: str, error: errors.PmError) -> str:
    """What an error means, for who has the right to know."""
    return harmless(messages.say_error(language, error), LONGEST_ERROR)


class Words:
    """The texts in one language: `ru` or `en`."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts = messages.read(language, TEXTS, messages.PAGE)

    def say(self, name: str, **values: str) -> str:
        """A text with its values, which are made harmless; its name where the XML is not whole."""
        text = self._texts.get(name, name)
        for key, value in values.items():
            text = text.replace(f"__{key}__", harmless(value))
        return text

    def has(self, name: str) -> bool:
        """Whether there is such a text."""
        return name in self._texts

    def size(self, size_bytes: float) -> str:
        """A size with at most two decimals: "1.5 GiB", «1,5 ГиБ»."""
        if size_bytes == sizes.UNLIMITED:
            return self.say("unlimited")
        return messages.size(self.language, size_bytes)

    def day(self, day: date) -> str:
        """A date as the language writes it."""
        return day.strftime("%d.%m.%Y") if self.language == "ru" else day.isoformat()
