"""Comments cite what is known of others by its heading, in one form, and the heading is there.

The form is that of this example: docs/en/clouds.md, "Quotas".
"""

import ast
import io
import re
import tokenize
from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, Set, Tuple

import pytest

from tests.meta.documents import FACTS, page
from tests.meta.messages import ROOT

SOURCES = sorted(
    [
        *(
            path
            for folder in ("utils", "commands", "tests")
            for path in (ROOT / folder).rglob("*.py")
        ),
        *ROOT.glob("pm*.py"),
    ]
)
CITATION = re.compile(r'(docs/en/(?:protocol|clouds|payments)\.md)(?:, "([^"]+)")?')
OTHER_FORMS = (
    r"\b[Ss]ections? [A-L]\b",
    r"\([A-L](?:\.\d+)?\)",
    r"\b[A-L]\.\d+\b",
    r"\bnotes, [A-L]\b",
    r"protocol notes",
)
"""How notes outside the project were cited: by letters, which nobody can look up."""


def prose(source: str) -> Iterator[str]:
    """The comments and the texts that stand alone, each on one line."""
    comments: List[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 and comments:
                yield " ".join(comments)
                comments = []
            comments.append(token.string.lstrip("# "))
            last = token.start[0]
    yield " ".join(comments)
    for node in ast.walk(ast.parse(source)):
        value = getattr(getattr(node, "value", None), "value", None)
        if isinstance(node, ast.Expr) and isinstance(value, str):
            yield " ".join(value.split())


@lru_cache(maxsize=None)
def headings(document: str) -> Set[str]:
    """The headings of a document."""
    return {text for tag, text in page(document).headings() if tag != "h1"}


def cited(text: str) -> Iterator[Tuple[str, str]]:
    """The documents that a text cites, each with the heading, which may be empty."""
    for found in CITATION.finditer(text):
        yield found.group(1), found.group(2) or ""


def faults(source: str) -> List[str]:
    """What is wrong with the citations of a source."""
    found = []
    for text in prose(source):
        for document, heading in cited(text):
            if heading not in headings(document):
                found.append(f"{document} has no heading {heading!r}")
        for name in re.findall(r"[\w./*{}-]+\.md\b", text):
            if not list(ROOT.glob(name)):
                found.append(f"no such document: {name}")
        found += [text for form in OTHER_FORMS if re.search(form, text)]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_cited_is_there(path: Path) -> None:
    assert faults(path.read_text("utf-8")) == []


def test_no_script_or_table_cites_what_is_not_here() -> None:
    suffixes = {".sh", ".sql", ".xml", ".cfg", ".yml", ".mk", ""}
    folders = ("etc", "xml", "tests/os", "tests/tools", "tests/doubles/billmanager")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in [ROOT / "Makefile", ROOT / "setup.cfg", *files]:
        if path.suffix in suffixes:
            text = path.read_text("utf-8")
            assert not re.search(r"protocol notes|\w+-(ocs|newer|protocol)\.md", text), path


def test_what_is_known_is_relied_on() -> None:
    """Facts that no comment cites are of no use here."""
    texts = [text for path in SOURCES for text in prose(path.read_text("utf-8"))]
    used = {one for text in texts for one in cited(text)}
    for document in FACTS:
        assert headings(document) == {heading for name, heading in used if name == document}


@pytest.mark.parametrize(
    "text",
    [
        'docs/en/clouds.md, "Quota"',
        "docs/en/clouds.md",
        "docs/en/clouds.md: quotas",
        'docs/en/protocol.md, "Quotas"',
        "nextcloud-ocs.md, 4",
        "protocol notes, D.3",
        "as is known (D.3)",
        "as is known (E)",
        "Sections C.1, K: all of it",
    ],
)
@pytest.mark.parametrize("form", ["# {}\n", '"""{}."""\n', "x = 1  # {}\n"])
def test_a_wrong_citation_is_found(text: str, form: str) -> None:
    assert faults(form.format(text))


def test_a_citation_may_be_broken_over_lines() -> None:
    assert faults('# as in docs/en/clouds.md,\n# "Whether a login\n# may write"\n') == []
    assert faults('"""As in docs/en/clouds.md, "Whether\n    a login may write"."""\n') == []


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if (ROOT / "tests") in path.parents],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_no_test_has_a_remark_to_a_checker_that_looks_at_none(path: Path) -> None:
    """The types of tests are not checked: what is to be ignored there misleads who reads it."""
    assert not [text for text in prose(path.read_text("utf-8")) if "type: ignore" in text]
