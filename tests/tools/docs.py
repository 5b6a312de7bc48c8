"""Writes what of docs/ says what the program says itself: the pages of its messages.

`make docs` runs it. What stands above MADE in a page is written by hand, what follows is made from
xml/ and utils.base.errors, so that no page can say anything else than the program does.
"""

from typing import Iterator

from tests.meta.messages import (
    LANGUAGES,
    PREFIX,
    ROOT,
    TOLD,
    codes,
    messages,
)
from utils.base.errors import Told

MADE = "<!-- From here on made by `make docs`. -->\n"

COLUMNS = {
    "en": "| code | who is told | whether BILLmanager repeats |",
    "ru": "| код | кому сообщается | повторит ли BILLmanager |",
}
REPEATS = {
    "en": {
        Told.FORM: "no",
        Told.STAFF_NOW: "no: stopped until somebody starts it again",
        Told.STAFF_LATER: "yes, up to `tries_before_manual` tries",
        Told.PROBLEM: "yes",
        Told.LOG: "yes",
    },
    "ru": {
        Told.FORM: "нет",
        Told.STAFF_NOW: "нет: остановлена, пока её не запустят снова",
        Told.STAFF_LATER: "да, до `tries_before_manual` попыток",
        Told.PROBLEM: "да",
        Told.LOG: "да",
    },
}


def page(language: str) -> str:
    """Where the page of the messages is."""
    return f"docs/{language}/messages.md"


def whole_page(language: str) -> str:
    """The page as it has to be. Raises ValueError where the mark is missing."""
    before, mark, _ = (ROOT / page(language)).read_text(encoding="utf-8").partition(MADE)
    if not mark:
        raise ValueError(f"{page(language)}: the line {MADE.strip()} is missing")
    return before + MADE + "".join(f"\n{block}\n" for block in blocks(language))


def blocks(language: str) -> Iterator[str]:
    """What is made: a table of all errors, then each message under its code, by who is told."""
    errors, texts = sorted(codes().items()), messages(language, "msgerror")
    rows = [COLUMNS[language], "|---|---|---|"]
    for code, error in errors:
        who = error.told
        repeats = REPEATS[language][
            who if error.is_repeated or who is Told.STAFF_NOW else Told.FORM
        ]
        rows.append(f"| [`{code}`](#{code}) | {TOLD[language][who]} | {repeats} |")
    yield "\n".join(rows)
    for who, words in TOLD[language].items():
        yield f"## {words.capitalize()}"
        for code, error in errors:
            if error.told is who:
                yield f"### `{code}`\n\n{texts[PREFIX + code].replace('__value__', '…')}"


def main() -> None:
    """Writes the pages."""
    for language in LANGUAGES:
        (ROOT / page(language)).write_text(whole_page(language), encoding="utf-8")


if __name__ == "__main__":
    main()
