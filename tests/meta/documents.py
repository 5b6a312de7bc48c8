"""The project's documents: which there are, and what a document is made of."""

import re
from functools import lru_cache
from typing import Dict, Iterator, List, NamedTuple, Tuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.meta.messages import LANGUAGES, ROOT, read

MARKDOWN = MarkdownIt("commonmark").enable("table")

FACTS = ("docs/en/protocol.md", "docs/en/clouds.md", "docs/en/payments.md")
"""What is known of BILLmanager and of the clouds; comments in the program cite their headings."""

FOR_DEVELOPERS = ("CONTRIBUTING.md", *FACTS)
"""Pages for those who change the program, in English alone."""

PAGES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*/*.md"))
NAMES = sorted({page.split("/")[-1] for page in PAGES if page not in FOR_DEVELOPERS})

PAIRS: Dict[str, Tuple[str, str]] = {
    "the first page": ("README.ru.md", "README.md"),
    **{name: (f"docs/ru/{name}", f"docs/en/{name}") for name in NAMES},
}
"""Each page for administrators by its name: the Russian one and the English one."""

FOR_ADMINISTRATORS = [page for pair in PAIRS.values() for page in pair]
ALL = [*FOR_ADMINISTRATORS, *FOR_DEVELOPERS, "CHANGELOG.md"]


class Page(NamedTuple):
    """A document: where it is, and what it is made of."""

    name: str
    tokens: Tuple[Token, ...]

    def blocks(self, *kinds: str) -> List[str]:
        """What stands in fenced blocks of these kinds."""
        return [one.content for one in self.tokens if one.type == "fence" and one.info in kinds]

    def inline(self) -> Iterator[Token]:
        """The parts of texts, in order."""
        for token in self.tokens:
            yield from token.children or []

    def code(self) -> List[str]:
        """What stands in backticks."""
        return [token.content for token in self.inline() if token.type == "code_inline"]

    def headings(self) -> List[Tuple[str, str]]:
        """Level and text of each heading."""
        pairs = zip(self.tokens, self.tokens[1:])
        return [(one.tag, next_.content) for one, next_ in pairs if one.type == "heading_open"]

    def links(self) -> List[str]:
        """Where its links lead."""
        opened = [token for token in self.inline() if token.type == "link_open"]
        return [str(token.attrs["href"]) for token in opened]

    def anchors(self) -> List[str]:
        """The anchors of its headings, as they are made where it is read."""
        words = [re.sub(r"[^\w\- ]", "", text.lower()) for _, text in self.headings()]
        return [word.replace(" ", "-") for word in words]

    def section(self, number: int) -> "Page":
        """What stands below a heading of level 2, by the number of the heading from 0 on."""
        starts = [
            index
            for index, token in enumerate(self.tokens)
            if token.type == "heading_open" and token.tag == "h2"
        ]
        end = [*starts, len(self.tokens)][number + 1]
        return Page(self.name, self.tokens[starts[number] : end])

    def first_cells(self) -> List[str]:
        """What stands in backticks in the first cells of its tables."""
        found, is_first = [], False
        for token in self.tokens:
            if token.type in ("tr_open", "td_close"):
                is_first = token.type == "tr_open"
            elif is_first:
                found += [one.content for one in token.children or [] if one.type == "code_inline"]
        return found


def page_of(name: str, text: str) -> Page:
    """A document with that text."""
    return Page(name, tuple(MARKDOWN.parse(text)))


@lru_cache(maxsize=None)
def page(name: str) -> Page:
    """A document of the project."""
    return page_of(name, read(name))


def in_both(name: str) -> List[Page]:
    """A page in each language."""
    return [page(f"docs/{language}/{name}") for language in LANGUAGES]


def alike(code: str) -> str:
    """Code with its placeholders made the same in all languages."""
    return re.sub("НОМЕР|КАТАЛОГ|FOLDER", "NUMBER", " ".join(code.split()))
