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
    is_repeated,
    messages,
    told,
)

MADE = "<!-- From here on made by `make docs`. -->\n"

COLUMNS = {
    "en": "| code | who is told | whether BILLmanager repeats |",
    "ru": "| код | кому сообщается | повторит ли BILLmanager |",
}
REPEATS = {
    "en": {
        "form": "no",
        "staff now": "no: stopped until somebody starts it again",
        "staff later": "yes, up to `tries_before_manual` tries",
        "problem": "yes",
        "log": "yes",
    },
    "ru": {
        "form": "нет",
        "staff now": "нет: остановлена, пока её не запустят снова",
        "staff later": "да, до `tries_before_manual` попыток",
        "problem": "да",
        "log": "да",
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
        who = told(error)
        repeats = REPEATS[language][who if is_repeated(error) or who == "staff now" else "form"]
        rows.append(f"| [`{code}`](#{code}) | {TOLD[language][who]} | {repeats} |")
    yield "\n".join(rows)
    for who, words in TOLD[language].items():
        yield f"## {words.capitalize()}"
        for code, error in errors:
            if told(error) == who:
                yield f"### `{code}`\n\n{texts[PREFIX + code].replace('__value__', '…')}"


def main() -> None:
    """Writes the pages."""
    for language in LANGUAGES:
        (ROOT / page(language)).write_text(whole_page(language), encoding="utf-8")


if __name__ == "__main__":
    main()
