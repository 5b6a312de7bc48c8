"""The words of the report in one language, and days, sizes and numbers as it writes them."""

from datetime import date
from typing import Optional

from utils.base import sizes
from utils.consts import MODULE
from utils.host import messages

GROUP = f"report.{MODULE}"
"""The messages of the report."""

NOTHING = "–"
"""What stands in a cell of which nothing is known."""


class Words:
    """The texts in the language that is wanted: `ru`, `en`, or an empty text."""

    def __init__(self, wanted: str) -> None:
        self.language = messages.language(wanted)
        self._texts = messages.read(self.language, GROUP)
        self._errors = messages.read(self.language, messages.ERRORS)

    def say(self, name: str, **values: object) -> str:
        """A text with its values; its name where the program's XML is not whole."""
        text = self._texts.get(name, f"{name} {values or ''}".strip())
        for place, value in values.items():
            text = text.replace(f"__{place}__", messages.shown(str(value)))
        return text

    def cause(self, code: str) -> str:
        """What an error means: the first sentence of its message, without what was seen."""
        text = self._texts.get(f"code_{code}") or self._errors.get(f"msg_error_{code}", "")
        return text.partition(". ")[0].partition(": __value__")[0].replace("__value__", "…")

    def day(self, day: Optional[date]) -> str:
        """A date as the language writes it."""
        if day is None:
            return NOTHING
        return day.strftime("%d.%m.%Y") if self.language == "ru" else day.isoformat()

    def month(self, month: str) -> str:
        """A month (YYYY-MM) as the language writes it."""
        return f"{month[5:]}.{month[:4]}" if self.language == "ru" else month

    def size(self, size_bytes: Optional[float], sign: bool = False) -> str:
        """A size with at most two decimals; with `sign` one that may be more or less."""
        if size_bytes is None:
            return NOTHING
        if size_bytes == sizes.UNLIMITED:
            return self.say("unlimited")
        plus = "−" if size_bytes < 0 else "+" if sign and size_bytes > 0 else ""
        return plus + messages.size(self.language, abs(size_bytes))

    def number(self, number: Optional[float], decimals: int = 0) -> str:
        """A number with so many decimals."""
        if number is None:
            return NOTHING
        text = f"{number:.{decimals}f}"
        return text.replace(".", ",") if self.language == "ru" else text

    def percent(self, part: Optional[float]) -> str:
        """A part of a whole."""
        if part is None:
            return NOTHING
        return self.number(part * 100) + (" %" if self.language == "ru" else "%")

    def seconds(self, took_ms: Optional[int]) -> str:
        """A time; short ones are shown as hundredths of a second."""
        if took_ms is None:
            return NOTHING
        return self.say("seconds", count=self.number(took_ms / 1000, 2))
