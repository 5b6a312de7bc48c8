"""What CONTRIBUTING says is tried: the map of the rooms, and each thing to add, place by place.

A thing is added to a copy of the project by hand, in the places that its section names, and `make
docs` makes the rest. Then the tests are content. With any one of the places left out they are not:
so none of them is needless, and none is missing.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

import pytest

from tests.meta.documents import page
from tests.meta.messages import ROOT, read
from tests.tools import docs

Edit = Callable[[str], str]
"""Makes the new text of a file from the old one, which is empty where there is none."""

MESSAGES_FILE = "xml/billmgr_mod_pmnextcloud.xml"
TEXTS = ("tests/meta/test_messages.py", "tests/meta/test_docs.py")


class Trial(NamedTuple):
    """Something added: the heading that tells how, the places by hand, the tests that judge.

    `beside` are edits that no test asks for as such: what uses the thing. `made` counts the pages
    that `make docs` changes.
    """

    heading: str
    by_hand: Dict[str, Edit]
    judges: Tuple[str, ...]
    made: int
    most: int
    beside: Dict[str, Edit]


def after(mark: str, new: str, head: str = "") -> Edit:
    """Puts new lines behind the first line that begins with a text, below one with another."""

    def edit(text: str) -> str:
        start = re.search(rf"^{re.escape(head)}", text, re.MULTILINE)
        assert start, f"no line begins with {head!r}"
        line = re.compile(rf"^{re.escape(mark)}.*\n", re.MULTILINE).search(text, start.start())
        assert line, f"no line begins with {mark!r}"
        return text[: line.end()] + new + text[line.end() :]

    return edit


def at_end(new: str) -> Edit:
    """Appends lines to a file, or makes one of them."""
    return lambda text: text + new


def said(group: str, name: str, russian: str, english: str) -> Edit:
    """Puts a message into a group, in both languages, of which Russian comes first."""

    def edit(text: str) -> str:
        head = f'<messages name="{group}">\n'
        before, middle, rest = text.split(head)
        texts = (f'<msg name="{name}">{words}</msg>\n' for words in (russian, english))
        return before + head + next(texts) + middle + head + next(texts) + rest

    return edit


TRIALS = {
    "setting": Trial(
        "Add a setting",
        {
            "utils/host/settings.py": after(
                "    metrics_file:", "    grace_days: int = _setting(14, Number(0, 90))\n"
            ),
            "etc/pmnextcloud.conf": at_end(
                "\n# Days that a closed account is kept, 0 to 90.\n"
                "# Сколько дней хранить закрытую запись, от 0 до 90.\n#grace_days = 14\n"
            ),
        },
        (*TEXTS, "tests/unit/host/test_settings.py"),
        made=2,
        most=2,
        beside={},
    ),
    "error": Trial(
        "Add an error",
        {
            "utils/base/errors.py": at_end(
                '\n\nclass QuotaBelowUsage(PmError, told=Told.STAFF_NOW):\n    """Too small."""\n'
            ),
            MESSAGES_FILE: said("msgerror", "msg_error_quota_below_usage", "Мало.", "Too small."),
        },
        (*TEXTS, "tests/unit/base/test_errors.py"),
        made=2,
        most=2,
        beside={
            "utils/base/sizes.py": at_end(
                "\n\ndef refuse() -> None:\n    raise errors.QuotaBelowUsage()\n"
            )
        },
    ),
    "command": Trial(
        "Add a command",
        {
            "commands/_wake.py": lambda text: text + read("commands/_resume.py"),
            "commands/__init__.py": after('    "resume": ', '    "wake": Command(Level.WRITES),\n'),
            MESSAGES_FILE: said(docs.OF_COMMANDS, "wake", "будит", "wakes"),
            "tests/e2e/test_kill.py": after(
                "}", '\nSCENES["wake"] = SCENES["resume"]._replace(command="wake")\n', "SCENES = {"
            ),
            "tests/e2e/test_faults.py": after(
                "}", '\nSCENES["wake"] = SCENES["resume"]\n', "SCENES"
            ),
            "tests/e2e/test_live_faults.py": after(
                "}", '\nSCENES["wake"] = SCENES["resume"]._replace(command="wake")\n', "SCENES = {"
            ),
            "tests/e2e/world.py": after(")", 'LIFE = (*LIFE[:-1], "wake", LIFE[-1])\n', "LIFE = ("),
            "tests/tools/bench.py": after('    add("resume")', '    add("wake")\n'),
        },
        (
            *TEXTS,
            "tests/meta/test_commands_index.py",
            *(f"tests/e2e/test_{name}.py" for name in ("kill", "faults", "live_faults", "bench")),
            *("-k", "not e2e or test_every_command"),
        ),
        made=2,
        most=9,
        beside={},
    ),
    "product": Trial(
        "Add a product",
        {
            "tests/doubles/cloud/recordings/fakecloud-1.0.0.json": at_end("[]\n"),
            "tests/doubles/cloud/capabilities/fakecloud-1.0.0.json": at_end('{"anonymous": {}}\n'),
            "tests/doubles/cloud/profile.py": at_end(
                'PROFILES["fakecloud-1.0.0"] = dataclasses.replace(\n    NEXTCLOUD_34,'
                ' name="fakecloud-1.0.0", version_string="1.0.0", product="fakecloud"\n)\n'
            ),
            "utils/cloud/products.py": at_end(
                'PRODUCTS = (*PRODUCTS, NEXTCLOUD._replace(name="Fakecloud"))  # type: ignore\n'
            ),
            "utils/doctor/clouds.py": after("TRIED = ", 'TRIED["Fakecloud"] = ((1,), (1,))\n'),
            "docs/en/clouds.md": at_end("\nFakecloud shows its name.\n"),
            "docs/en/cloud-user.md": after("## Which clouds", "\nFakecloud 1.\n"),
            "docs/ru/cloud-user.md": after("## Какие облака", "\nFakecloud 1.\n"),
        },
        ("tests/meta/test_products.py",),
        made=0,
        most=8,
        beside={},
    ),
}


# -- the map --------------------------------------------------------------------------------------


def test_the_drawing_has_the_floors_of_the_import_rule() -> None:
    (drawing,) = page("CONTRIBUTING.md").blocks("mermaid")
    arrows = re.findall(r"^    (\w+) --> (\w+)$", drawing, re.MULTILINE)
    floors = [["pmnextcloud"], ["commands"], *docs.floors()]
    pairs = [(high, low) for up, down in zip(floors, floors[1:]) for high in up for low in down]
    assert arrows == pairs


# -- what is added --------------------------------------------------------------------------------


def places(heading: str) -> List[str]:
    """The files that the numbered steps below a heading begin with."""
    document = page("CONTRIBUTING.md")
    titles = [text for tag, text in document.headings() if tag == "h2"]
    tokens = document.section(titles.index(heading)).tokens
    found = []
    for index, token in enumerate(tokens):
        if token.type == "list_item_open":
            first = (tokens[index + 2].children or [])[0]
            assert first.type == "code_inline", "a step begins with its file"
            found.append(first.content)
    return found


def copied(folder: Path) -> Path:
    """The files of the project, as they are now, in a folder."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def write(folder: Path, edits: Dict[str, Edit]) -> None:
    """Makes the edits in a copy."""
    for name, edit in edits.items():
        path = folder / name
        path.write_text(edit(path.read_text("utf-8") if path.exists() else ""), "utf-8")


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Runs a module of Python in a copy."""
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def complaints(folder: Path, judges: Tuple[str, ...]) -> str:
    """What `make docs` and the judging tests say against a copy; nothing where they are content."""
    made = run(folder, "tests.tools.docs")
    if made.returncode:
        return made.stderr
    judged = run(folder, "pytest", "-q", "-x", "-p", "no:cacheprovider", *judges)
    assert judged.returncode in (0, 1, 2), "tests ran, or could not be loaded"
    return judged.stdout if judged.returncode else ""


def changed_pages(folder: Path) -> Iterator[str]:
    """The documents that are others in a copy."""
    for name in docs.MADE:
        if (folder / name).read_bytes() != (ROOT / name).read_bytes():
            yield name


@pytest.mark.parametrize("name", TRIALS)
def test_the_steps_are_enough(name: str, tmp_path: Path) -> None:
    trial = TRIALS[name]
    folder = copied(tmp_path)
    write(folder, {**trial.by_hand, **trial.beside})
    assert complaints(folder, trial.judges) == ""
    assert len(list(changed_pages(folder))) == trial.made


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "left_out"), [(name, place) for name, one in TRIALS.items() for place in one.by_hand]
)
def test_each_step_is_asked_for(name: str, left_out: str, tmp_path: Path) -> None:
    trial = TRIALS[name]
    edits = {**trial.by_hand, **trial.beside}
    del edits[left_out]
    folder = copied(tmp_path)
    write(folder, edits)
    assert complaints(folder, trial.judges)


@pytest.mark.parametrize("name", TRIALS)
def test_the_steps_are_those_that_were_tried_and_few(name: str) -> None:
    trial = TRIALS[name]
    told = places(trial.heading)
    assert len(told) == len(trial.by_hand) <= trial.most
    for place, tried in zip(told, trial.by_hand):
        # A new file is told by one that is there.
        assert (ROOT / place).is_file()
        assert place == tried or (Path(place).parent, Path(place).suffix) == (
            Path(tried).parent,
            Path(tried).suffix,
        )
