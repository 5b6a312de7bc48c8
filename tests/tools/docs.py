"""Writes those parts of the documents that say what the program says itself.

`make docs` runs it. What stands between BEGIN and END (or the end of the page) is made from the
program, its messages in xml/ and the sample of its settings; the rest is written by hand. So no
page can say anything else than the program does, and a new error, setting or command needs no
hand in the documents.
"""

import ast
import re
from configparser import ConfigParser
from functools import partial
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

from commands import COMMANDS
from tests.meta.messages import LANGUAGES, PREFIX, ROOT, TOLD, codes, messages, read
from tests.tools import monitoring
from utils.audit.differences import ADVICE, FAULT, MENDED, VERDICTS
from utils.audit.shown import GROUP as OF_AUDIT
from utils.base.errors import Told
from utils.consts import MODULE
from utils.host import root, settings

BEGIN = "<!-- From here on made by `make docs`. -->\n"
END = "<!-- From here on written by hand. -->\n"

OF_COMMANDS = f"commands.{MODULE}"
"""The messages that say what each command does."""

READMES = {"en": "README.md", "ru": "README.ru.md"}

Blocks = Iterator[str]


class Words(NamedTuple):
    """What the made parts say beside what the program says, in one language."""

    errors: str
    repeats: Dict[Told, str]
    settings: str
    nothing: str
    between: str
    readers: Dict[Callable[[str], Any], str]
    commands: str
    classes: str
    verdicts: Dict[str, str]
    mended: str


WORDS = {
    "en": Words(
        errors="| code | who is told | whether BILLmanager repeats |",
        repeats={
            Told.FORM: "no",
            Told.STAFF_NOW: "no: stopped until somebody starts it again",
            Told.STAFF_LATER: "yes, up to `tries_before_manual` tries",
            Told.PROBLEM: "yes",
            Told.LOG: "yes",
        },
        settings="| setting | default | allowed |",
        nothing="empty",
        between="{} to {}",
        readers={
            settings.yes_or_no: "`yes`, `no`",
            settings.absolute_path: "absolute path",
            settings.url: "URL",
            settings.addresses: "addresses, separated by spaces",
            settings.punctuation: "punctuation",
            settings.disks: "numbers of modules with sizes, separated by spaces",
        },
        commands="| command | what it does |",
        classes="| class | verdict | what it is and what to do | `--repair` |",
        verdicts={FAULT: "fault", ADVICE: "to know"},
        mended="mends it",
    ),
    "ru": Words(
        errors="| код | кому сообщается | повторит ли BILLmanager |",
        repeats={
            Told.FORM: "нет",
            Told.STAFF_NOW: "нет: остановлена, пока её не запустят снова",
            Told.STAFF_LATER: "да, до `tries_before_manual` попыток",
            Told.PROBLEM: "да",
            Told.LOG: "да",
        },
        settings="| настройка | по умолчанию | допустимо |",
        nothing="пусто",
        between="от {} до {}",
        readers={
            settings.yes_or_no: "`yes`, `no`",
            settings.absolute_path: "полный путь",
            settings.punctuation: "знаки препинания",
            settings.disks: "номера обработчиков с размерами, через пробел",
            settings.url: "URL",
            settings.addresses: "адреса через пробел",
        },
        commands="| команда | что делает |",
        classes="| класс | оценка | что это и что делать | `--repair` |",
        verdicts={FAULT: "непорядок", ADVICE: "к сведению"},
        mended="исправляет",
    ),
}


# -- messages -------------------------------------------------------------------------------------


def of_errors(language: str) -> Blocks:
    """A table of all errors, then each message under its code, by who is told."""
    errors, texts = sorted(codes().items()), messages(language, "msgerror")
    rows = [WORDS[language].errors, "|---|---|---|"]
    for code, error in errors:
        who = error.told
        is_no = not error.is_repeated and who is not Told.STAFF_NOW
        repeats = WORDS[language].repeats[Told.FORM if is_no else who]
        rows.append(f"| [`{code}`](#{code}) | {TOLD[language][who]} | {repeats} |")
    yield "\n".join(rows)
    for who, words in TOLD[language].items():
        yield f"## {words.capitalize()}"
        for code, error in errors:
            if error.told is who:
                yield f"### `{code}`\n\n{texts[PREFIX + code].replace('__value__', '…')}"


# -- settings -------------------------------------------------------------------------------------


class Setting(NamedTuple):
    """A block of the sample: the setting, its value there, its explanations by language."""

    name: str
    value: str
    explained: Dict[str, str]


class Chapter(NamedTuple):
    """A part of the sample: its title by language, its settings."""

    title: Dict[str, str]
    settings: List[Setting]


def sample() -> List[Chapter]:
    """What the sample says. Raises ValueError where a block of it is not understood."""
    chapters: List[Chapter] = []
    for block in read(root.SETTINGS).strip().split("\n\n")[1:]:
        title = re.fullmatch(r"# -- ([^.]+)\. ([^.]+?) -+", block)
        setting = re.fullmatch(r"((?:# .*\n)+)#(\w+) =(.*)", block)
        if title:
            chapters.append(Chapter({"en": title[1], "ru": title[2]}, []))
        elif setting and chapters:
            explained = in_both(setting[1])
            chapters[-1].settings.append(Setting(setting[2], setting[3].strip(), explained))
        else:
            raise ValueError(f"{root.SETTINGS}: neither title nor setting: {block}")
    return chapters


def in_both(comment: str) -> Dict[str, str]:
    """The lines of a comment by language: English first, Russian from its first letter on."""
    lines = [line[2:] for line in comment.splitlines()]
    first = next(number for number, line in enumerate(lines) if re.search("[а-яё]", line, re.I))
    return {"en": "\n".join(lines[:first]), "ru": "\n".join(lines[first:])}


def of_settings(language: str) -> Blocks:
    """A table of all settings, then what the sample says of each."""
    words, chapters = WORDS[language], sample()
    rows = [words.settings, "|---|---|---|"]
    for setting in (setting for chapter in chapters for setting in chapter.settings):
        default = f"`{setting.value}`" if setting.value else words.nothing
        allowed = allowed_by(settings.READERS[setting.name], words)
        rows.append(f"| [`{setting.name}`](#{setting.name}) | {default} | {allowed} |")
    yield "\n".join(rows)
    for chapter in chapters:
        yield f"## {chapter.title[language]}"
        for setting in chapter.settings:
            yield f"### `{setting.name}`\n\n{setting.explained[language]}"


def allowed_by(reader: Callable[[str], Any], words: Words) -> str:
    """What a reader of a setting takes. Raises KeyError for a kind that is not known here."""
    if isinstance(reader, settings.Number):
        return words.between.format(reader.low, reader.high)
    if isinstance(reader, settings.Choice):
        return ", ".join(f"`{word}`" for word in reader.words)
    return words.readers[reader]


# -- commands -------------------------------------------------------------------------------------


def of_commands(language: str) -> Blocks:
    """A table of all commands in the order of the program."""
    texts = messages(language, OF_COMMANDS)
    rows = [f"| `{name}` | {texts[name]} |" for name in COMMANDS]
    yield "\n".join([WORDS[language].commands, "|---|---|", *rows])


# -- classes of differences -----------------------------------------------------------------------


def of_classes(language: str) -> Blocks:
    """A table of all classes that the audit tells, in its order."""
    words, texts = WORDS[language], messages(language, OF_AUDIT)
    rows = [words.classes, "|---|---|---|---|"]
    for kind, verdict in VERDICTS.items():
        text = re.sub(r"(--\w+|\bformer_servers\b)", r"`\1`", texts[kind])
        mended = words.mended if kind in MENDED else ""
        rows.append(f"| `{kind}` | {words.verdicts[verdict]} | {text} | {mended} |")
    yield "\n".join(rows)


# -- rooms ----------------------------------------------------------------------------------------


def floors() -> List[List[str]]:
    """The rooms of utils/ from the highest floor down, as the contract of imports has them."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    layers = setup["importlinter:contract:2"]["layers"].split("\n")
    return [layer.split(" | ") for layer in layers if layer.strip()]


def of_rooms() -> Blocks:
    """A table of the rooms with the first line of what each says of itself."""
    rows = ["| room | what is there |", "|---|---|"]
    for room in (room for floor in floors() for room in floor):
        is_file = (ROOT / "utils" / f"{room}.py").is_file()
        path = f"utils/{room}.py" if is_file else f"utils/{room}/__init__.py"
        words = str(ast.get_docstring(ast.parse(read(path)))).splitlines()[0]
        rows.append(f"| `{path.replace('__init__.py', '')}` | {words} |")
    yield "\n".join(rows)


# -- pages ----------------------------------------------------------------------------------------

MADE: Dict[str, Callable[[], Blocks]] = {
    **{f"docs/{language}/messages.md": partial(of_errors, language) for language in LANGUAGES},
    **{f"docs/{language}/settings.md": partial(of_settings, language) for language in LANGUAGES},
    **{READMES[language]: partial(of_commands, language) for language in LANGUAGES},
    **{f"docs/{language}/audit.md": partial(of_classes, language) for language in LANGUAGES},
    "CONTRIBUTING.md": of_rooms,
}
"""The pages that have a made part, and what makes it."""


def whole_page(page: str) -> str:
    """The page as it has to be. Raises ValueError where BEGIN is missing."""
    before, begin, rest = read(page).partition(BEGIN)
    if not begin:
        raise ValueError(f"{page}: the line {BEGIN.strip()} is missing")
    made = "".join(f"\n{block}\n" for block in MADE[page]())
    _, end, after = rest.partition(END)
    return before + begin + made + (f"\n{end}{after}" if end else "")


def main() -> None:
    """Writes the pages, all or, where one cannot be made, none."""
    pages = {page: whole_page(page) for page in MADE}
    for page, text in pages.items():
        (ROOT / page).write_text(text, encoding="utf-8")
    for name, text in monitoring.FILES.items():
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
