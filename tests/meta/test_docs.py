"""The documents say what is: commands, paths, settings, codes, links; both languages the same."""

import os
import re
import shlex
import subprocess
import tempfile
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Set, Tuple
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

import commands
from tests.meta.messages import LANGUAGES, ROOT, codes, messages, read
from tests.tools import docs
from utils import consts
from utils.base import errors
from utils.billing import needs
from utils.host import settings

BASE = "/usr/local/mgr5"
READMES = ("README.md", "README.ru.md")
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*/*.md"))
NAMES = sorted({Path(page).name for page in PAGES})
MARKDOWN = MarkdownIt("commonmark").enable("table")

BILLMANAGERS = {"etc/billmgr.conf.d/db.conf", "var/billmgr.log"}
"""BILLmanager's own paths that only messages and documents name."""

OCC = {
    "admin-delegation:add",
    "app:enable",
    "config:system:set",
    "group:add",
    "security:bruteforce:reset",
    "user:add",
    "user:info",
    "user:list",
}
"""Commands that `occ list` of Nextcloud 29.0.6 and 34.0.1 was seen to name."""

CLOUDS_FILES = {"config.php", "ocs/v1.php", "status.php"}

WORDS = {
    *("provisioning_api", "ratelimit.protection.enabled", "trusted_domains"),
    *("allowed_admin_ranges", "trusted_proxies", "display_errors"),
    *("CryptKey", "TYPE.open", "NUMBER", "user_NUMBER", "user_NUMBER_2"),
    *("GET", "POST", "PUT", "DELETE", "?", "#", "…", "no", "yes"),
    *("make", "curl", "python3", "python3-venv", "mariadb-client-core", "mariadb-server-core"),
    *(".netrc", ".sha256", ".new", "db.conf"),
}
"""Names of others, and what stands for one."""

PHRASES = {
    *("pmnextcloud 9", "<doc/>", "--group billing", "--group admin"),
    *("user_<number>", "user_<номер>"),
}
"""Code that is neither a name nor a whole command."""

SYSTEMS = {"cd", "curl", "diff", "grep", "ls", "readlink", "rm", "tail", "tar", "touch"}
"""Programs of the system: what they are given is looked at where it is a path."""


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

    def section(self, number: int) -> List[str]:
        """What stands in backticks in the first cells of the tables below a heading of level 2."""
        starts = [
            index
            for index, token in enumerate(self.tokens)
            if token.type == "heading_open" and token.tag == "h2"
        ]
        tokens = self.tokens[starts[number] : [*starts, len(self.tokens)][number + 1]]
        found, is_first = [], False
        for token in tokens:
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


# -- what there is --------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def program() -> str:
    """The text of all that runs at a provider's."""
    folders = [path for name in ("utils", "commands") for path in (ROOT / name).rglob("*.py")]
    files = [ROOT / "pmnextcloud.py", *sorted(folders)]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@lru_cache(maxsize=None)
def installer() -> str:
    """The text of what installs and removes, and of the Makefiles."""
    files = [path for path in sorted((ROOT / "etc").iterdir()) if path.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix != ".png"]
    return "\n".join([read("Makefile"), *texts])


def remembered() -> Set[str]:
    """The names of the files that the program keeps, without the number of the module."""
    return set(re.findall(r'"(\w+)-\{[^"]*\}"', program())) - locked()


def locked() -> Set[str]:
    """What is locked besides such files."""
    return set(re.findall(r'path = ctx\.state\.path\(f?"(\w+)', program()))


@lru_cache(maxsize=None)
def paths() -> Set[str]:
    """Every path under BILLmanager's root that the program, its installation or the core has."""
    found = set(BILLMANAGERS)
    for parts in re.findall(r'path\(("[^)]*")\)', program()):
        found.add("/".join(re.findall(r'"([^"]*)"', parts)))
    found |= set(re.findall(r'"((?:etc|var)/[\w./-]+)"', program()))
    found |= {f"var/pmnextcloud/{name}-NUMBER.json" for name in remembered()}
    found |= {f"var/pmnextcloud/{name}-NUMBER.json.lock" for name in remembered() | locked()}
    found.add("var/pmnextcloud/services.json.lock")
    found |= installed()
    folders = {str(parent) for path in found for parent in Path(path).parents}
    return (found | folders) - {".", "/"}


@lru_cache(maxsize=None)
def installed() -> Set[str]:
    """What the installation puts there, by the names that its scripts give the places."""
    names = re.findall(r"^(\w+)=\$", read("etc/places"), re.MULTILINE)
    script = ". etc/places\n" + "\n".join(f'echo "{name}=${name}"' for name in names)
    said = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BASE": BASE},
        capture_output=True,
        text=True,
        check=True,
    )
    places = dict(line.split("=", 1) for line in said.stdout.splitlines())
    used = re.findall(r'"\$(\w+)([\w./-]*)"', read("etc/install") + read("etc/places"))
    found = {places[name] + rest for name, rest in used if name in places} | {*places.values()}
    return {path[len(BASE) + 1 :] if path.startswith(BASE) else path for path in found}


# -- what a document may say ----------------------------------------------------------------------


def faults(document: Page) -> List[str]:
    """What is wrong with the commands, paths, names and diagrams of a document."""
    found: List[str] = []
    for token in document.tokens:
        if token.type == "fence":
            found += in_block(token.info, token.content, document.name in READMES)
    for code in map(alike, document.code()):
        if document.name not in READMES or is_name_or_command(code):
            found += in_code(code)
    return found


def is_name_or_command(code: str) -> bool:
    """Whether code is what in_code looks at; the READMEs have formulas beside it."""
    word, *rest = code.split()
    if not rest:
        return not word.isalnum()
    return word in {*PROGRAMS, *SYSTEMS} or word.startswith(BASE)


def in_block(kind: str, text: str, is_anywhere: bool) -> Iterator[str]:
    """What is wrong with a fenced block; a command block names its folder, unless `is_anywhere`."""
    lines = text.replace("\\\n", " ").splitlines()
    if kind in ("sh", ""):
        if not is_anywhere and any(map(is_below_root, lines)) and lines[0] != f"cd {BASE}":
            yield f"a block without its folder: {lines}"
        for line in lines:
            yield from in_command(line)
    elif kind == "ini":
        yield from in_settings(text)
    elif kind == "text":
        yield from (f"no line of the log: {line}" for line in lines if not is_log(line))
    elif kind == "mermaid":
        yield from in_diagram(*lines)
    else:
        yield f"a block of {kind}"


def is_below_root(line: str) -> bool:
    """Whether a command only works in BILLmanager's root."""
    return bool(re.search(r"(?:^|\s)(?:processing|sbin|src|var|etc)/", line))


def in_code(code: str) -> Iterator[str]:
    """What is wrong with code in a sentence."""
    if code in PHRASES:
        return
    if re.fullmatch(r"\w+ = \S+", code):
        yield from in_settings(code)
    elif " " in code:
        yield from in_command(code)
    elif "://" in code:
        yield from in_address(code)
    elif "/" in code:
        yield from in_path(code)
    else:
        yield from in_word(code)


def in_address(address: str) -> Iterator[str]:
    """What is wrong with an address: it may be somebody's, or no page of a cloud."""
    if not re.fullmatch(r"https?://((\w+\.)?example\.com(/nextcloud|/status\.php)?)?", address):
        yield f"not an address to show: {address}"


def in_word(code: str) -> Iterator[str]:
    """What is wrong with a single name in a sentence."""
    if re.fullmatch("[A-Z_]+=|CLOUD_[A-Z]+", code):
        yield from in_variable(code)
    elif code.startswith("--"):
        if code not in options():
            yield f"no such option: {code}"
    elif not code.isdigit() and code not in vocabulary():
        yield f"not a name of anything: {code}"


def in_settings(text: str) -> Iterator[str]:
    """What the program says to these lines of etc/pmnextcloud.conf."""
    with tempfile.NamedTemporaryFile("w", suffix=".conf", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            settings.load(file.name)
        except errors.SettingsBroken as error:
            yield str(error)


def in_path(path: str) -> Iterator[str]:
    """What is wrong with a path: neither in the project nor in an installation."""
    short = alike(path[len(BASE) + 1 :] if path.startswith(BASE + "/") else path)
    short = short.rstrip("/") if len(short) > 1 else short
    own = {BASE, "/root/pmnextcloud-backup.tar.gz", "dist", "versions", *CLOUDS_FILES}
    if short not in paths() | own and not (ROOT / short).exists():
        yield f"no such path: {path}"


def in_command(line: str) -> Iterator[str]:
    """What is wrong with a line for a shell."""
    for part in line.split(" && "):
        words = shlex.split(part)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            yield from in_variable(words.pop(0))
        if not words:
            continue
        name = words[0][len(BASE) + 1 :] if words[0].startswith(BASE + "/") else words[0]
        check = PROGRAMS.get(name)
        if check is not None:
            yield from check(words[1:])
        elif name in SYSTEMS:
            for word in words[1:]:
                yield from in_address(word) if "://" in word else in_operand(word)
        elif part != "umask 077":
            yield f"unknown program: {line}"


def in_operand(word: str) -> Iterator[str]:
    """What is wrong with what a program is given, where it is a path."""
    if "/" in word:
        yield from in_path(word)


def in_variable(word: str) -> Iterator[str]:
    """What is wrong with NAME=value for make: nothing reads it."""
    name, _, value = word.partition("=")
    if not re.search(rf"\b{name}\b", installer() + tools()):
        yield f"nothing reads {word}"
    yield from in_address(value) if "://" in value else in_operand(value)


@lru_cache(maxsize=None)
def tools() -> str:
    """The text of what make starts, but this file, which has wrong names in it."""
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)]
    texts = [path.read_text(encoding="utf-8") for path in files]
    return "\n".join([read("docker-compose.yml"), *texts])


def in_make(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of make: targets, variables."""
    makefile = read("Makefile")
    if words[:1] == ["-C"]:
        if words[1] != "src/pmnextcloud":
            yield f"no Makefile there: {words[1]}"
        words, makefile = words[2:], read("etc/installed.mk")
    targets = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split())
    for word in words:
        if "=" in word:
            yield from in_variable(word)
        elif word not in targets or not re.search(rf"^[\w \-]*\b{word}\b[\w \-]*:", makefile, re.M):
            yield f"make has no target {word}"


def in_call(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of the program: options, command, what the command needs."""
    given = dict(zip(words[::2], words[1::2]))
    if len(words) % 2 or not set(given) <= options():
        yield f"no such options: {words}"
    name = given.get("--command", "")
    if name not in commands.COMMANDS:
        yield f"no such command: {words}"
        return
    text = read(f"commands/_{name}.py")
    needed = {"--item": "ctx.service(", "--module": "ctx.call.module_id()"}
    for option, sign in needed.items():
        if sign in text and option not in given:
            yield f"{words} needs {option}"
        if not re.fullmatch(r"\d+|NUMBER", alike(given.get(option, "1"))):
            yield f"no number: {words}"


def options() -> Set[str]:
    """The options of the program."""
    return set(re.findall(r'"(--[a-z]+)"', read("pmnextcloud.py")))


def in_mgrctl(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of the core: the documents need no other than a reload."""
    if words != ["-m", "billmgr", "-R"] or "sbin/mgrctl -m billmgr -R" not in installer():
        yield f"not how BILLmanager is reloaded: {words}"


def in_occ(words: List[str]) -> Iterator[str]:
    """What is wrong with a command for the server of the cloud."""
    if words[0] not in OCC:
        yield f"occ has no command {words[0]}"


def in_sudo(words: List[str]) -> Iterator[str]:
    """What is wrong with a command for another user."""
    if words[:4] != ["-u", "www-data", "php", "occ"]:
        yield f"sudo for what: {words}"
    yield from in_occ(words[4:])


def in_sum(words: List[str]) -> Iterator[str]:
    """What is wrong with a check of the archive."""
    if words[:1] != ["-c"]:
        yield f"sha256sum {words}"


PROGRAMS: Dict[str, Callable[[List[str]], Iterator[str]]] = {
    "make": in_make,
    "processing/pmnextcloud": in_call,
    "sbin/mgrctl": in_mgrctl,
    "occ": in_occ,
    "sudo": in_sudo,
    "sha256sum": in_sum,
}


@lru_cache(maxsize=None)
def vocabulary() -> Set[str]:
    """Every name that a document may speak of."""
    constants = {value for value in vars(consts).values() if isinstance(value, str)}
    own = {*settings.Settings._fields, *codes(), *commands.COMMANDS, *constants}
    own |= {*needs.TABLES, *needs.WRITTEN, *needs.FUNCTIONS}
    own |= {*consts.ITEM_TYPES, *consts.DISK_ADDONS, *choices(), *columns()}
    files = {path.name for path in ROOT.iterdir() if path.is_file()}
    return own | files | CLOUDS_FILES | WORDS


def choices() -> Set[str]:
    """The words that settings take."""
    return set(re.findall(r'"(\w+)"', " ".join(re.findall(r"_choice\((.*)\)", program()))))


@lru_cache(maxsize=None)
def columns() -> Set[str]:
    """Columns of BILLmanager's tables, as `table.column`."""
    found = set()
    for table, body in re.findall(
        r"CREATE TABLE (\w+) \((.*?)\n\)", read("tests/doubles/billmanager/schema.sql"), re.S
    ):
        found |= {f"{table}.{column}" for column in re.findall(r"^\s+`?(\w+)`? ", body, re.M)}
    return found


def is_log(line: str) -> bool:
    """Whether the program can write that line into its log."""
    head = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] (DEBUG|INFO|WARNING|ERROR) (\S+) (\d+|-) "
    found = re.match(head, line)
    if found is None or found.group(2) not in commands.COMMANDS:
        return False
    message = line[found.end() :]
    for parts in re.findall(r'log\.\w+\(\s*((?:"[^"]*"\s*)+)', program()):
        words = "".join(re.findall(r'"([^"]*)"', parts))
        if not re.search(r"[a-z]{3}", words):
            continue  # all words come from elsewhere
        pattern = re.escape(words)
        pattern = pattern.replace("%s", r"\S.*").replace("%d", r"\d+")
        if re.fullmatch(pattern, message):
            return True
    return False


# -- diagrams -------------------------------------------------------------------------------------

TEXT = r'[^";#]+'
ID = r"\w+"
FLOWCHART = (
    (rf'({ID})(?:\["{TEXT}"\]|\[\("{TEXT}"\)\])', "declares"),
    (rf'({ID}) -->(?:\|"{TEXT}"\|)? ({ID})', "joins"),
)
SEQUENCE = (
    (rf"participant ({ID}) as {TEXT}", "declares"),
    (rf"({ID})--?>>({ID}): {TEXT}", "joins"),
    (rf"Note over ({ID}): {TEXT}", "joins"),
    (rf"(?:opt|loop|alt) {TEXT}", "opens"),
    (r"end", "closes"),
)
STATES = (
    (rf'state "{TEXT}" as ({ID})', "declares"),
    (rf"({ID}|\[\*\]) --> ({ID}|\[\*\])(?: : {TEXT})?", "joins"),
)
DIAGRAMS = {"flowchart LR": FLOWCHART, "sequenceDiagram": SEQUENCE, "stateDiagram-v2": STATES}


def in_diagram(head: str, *lines: str) -> Iterator[str]:
    """What is wrong with a diagram, as far as its lines show: each is known and joins what is."""
    if head not in DIAGRAMS:
        yield f"no diagram: {head}"
        return
    names: Dict[str, Set[str]] = {"declares": set(), "joins": set()}
    depth = 0
    for line in map(str.strip, lines):
        what, found = kind_of(line, head)
        if what in names:
            names[what].update(found)
        depth += {"opens": 1, "closes": -1}.get(what, 0)
        if what == "unknown" or depth < 0:
            yield f"no line of a {head}, or not here: {line}"
    if depth > 0:
        yield "an end is missing"
    if names["declares"] != names["joins"] - {"[*]"}:
        yield f"not declared, or not joined: {names}"


def kind_of(line: str, head: str) -> Tuple[str, Tuple[str, ...]]:
    """What a line of a diagram does, and the names in it."""
    for pattern, what in DIAGRAMS[head]:
        found = re.fullmatch(pattern, line)
        if found:
            return what, found.groups()
    return "unknown", ()


# -- each document --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, *READMES])
def test_what_a_document_names_is_there(name: str) -> None:
    assert faults(page(name)) == []


def slugs(name: str) -> Set[str]:
    """The anchors of a document's headings, as they are made where it is read."""
    words = [re.sub(r"[^\w\- ]", "", text.lower()) for _, text in page(name).headings()]
    return {word.replace(" ", "-") for word in words}


def broken_links(document: Page) -> List[str]:
    """The links of a document that lead nowhere."""
    broken = []
    for link in document.links():
        where, _, anchor = unquote(link).partition("#")
        if where.startswith("https://"):
            continue
        target = (ROOT / document.name).parent / where if where else ROOT / document.name
        anchors = (
            slugs(target.resolve().relative_to(ROOT).as_posix()) if target.is_file() else set()
        )
        if not target.is_file() or (anchor and anchor not in anchors):
            broken.append(link)
    return broken


@pytest.mark.parametrize("name", [*PAGES, *READMES])
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(page(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_the_same_in_both_languages(name: str) -> None:
    russian, english = in_both(name)
    assert [level for level, _ in russian.headings()] == [level for level, _ in english.headings()]
    for kinds in (("sh", ""), ("ini",), ("text",)):
        both = [[alike(block) for block in one.blocks(*kinds)] for one in (russian, english)]
        assert both[0] == both[1]
    counts = [Counter(map(alike, one.code())) for one in (russian, english)]
    assert counts[0] == counts[1], {
        code: (counts[0][code], counts[1][code])
        for code in {*counts[0], *counts[1]}
        if counts[0][code] != counts[1][code]
    }
    targets = [
        [re.sub("#.*|(?<=/)(ru|en)(?=/)", "", link) for link in one.links()]
        for one in (russian, english)
    ]
    assert targets[0] == targets[1]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_written_in_its_language(name: str) -> None:
    russian, english = (read(one.name) for one in in_both(name))
    assert len(re.findall("[а-яё]", russian)) > len(re.findall("[a-z]", russian)) / 2
    assert re.findall("[а-яё]+", english.replace("[Русский]", ""), re.IGNORECASE) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_lead_to_every_page(language: str) -> None:
    links = {link.partition("#")[0] for link in page(f"docs/{language}/README.md").links()}
    assert {name for name in NAMES if name != "README.md"} <= links
    assert f"docs/{language}/README.md" in page(READMES[language == "ru"]).links()


# -- pages that must be whole ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_messages_are_those_of_the_program(language: str) -> None:
    assert read(docs.page(language)) == docs.whole_page(language), "run: make docs"


def test_the_architecture_has_each_table_call_parameter_and_file() -> None:
    parameters = {consts.ITEM_LOGIN, consts.ITEM_PASSWORD, consts.ITEM_URL, consts.ITEM_MARK}
    parameters |= {*consts.MODULE_PARAMS, consts.TARIFF_GROUP}
    for one in in_both("architecture.md"):
        named = one.section(5)
        assert set(named) == {*needs.TABLES, *needs.FUNCTIONS}
        assert set(needs.WRITTEN) <= set(one.code())
        assert set(one.section(4)) == parameters
        files = {f"var/pmnextcloud/{name}-NUMBER.json" for name in remembered()}
        assert set(map(alike, one.section(6))) == files
        stems = {path.split("/")[-1].split(".")[0].split("-")[0] for path in one.section(7)}
        assert locked() <= stems <= locked() | remembered()


def test_each_command_and_setting_is_explained_somewhere() -> None:
    for language in LANGUAGES:
        named = {code for name in PAGES if f"/{language}/" in name for code in page(name).code()}
        words = {word for code in named for word in code.split()}
        forms = {"tune_connection", "pricelist_dynamic_settings_tune"}
        assert set(commands.COMMANDS) - forms <= words
        quiet = {"log_file", "page_size"}  # README has them, and nothing hangs on them
        assert set(settings.Settings._fields) - quiet <= words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_product_page_has_the_fields_by_their_labels(language: str) -> None:
    text = read(f"docs/{language}/product.md")
    labels = messages(language, f"processing.edit.{consts.MODULE}")
    for name in consts.MODULE_PARAMS:
        assert f"\n| {labels[name]} |" in text
    for name in (consts.TARIFF_GROUP, "usergroup_no_group"):
        assert messages(language, f"pricelist.{consts.MODULE}")[name] in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "words",
    [
        "not installed, what was there is unchanged",
        "installed, but what goes with it is not",
        "BILLmanager could not be reloaded",
    ],
)
def test_what_the_installation_says_is_quoted_as_it_says_it(language: str, words: str) -> None:
    assert words in " ".join(read(f"docs/{language}/installation.md").split())
    assert words in installer()


# -- that all this can fail -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "`make instal`",
        "`make -C src/pmnextcloud lint`",
        "`make -C src/nextcloud install-only`",
        "`make install BAES=/usr/local/mgr5`",
        "`processing/pmnextcloud --command opne --item 5`",
        "`processing/pmnextcloud --command open --itm 5`",
        "`processing/pmnextcloud --command open --item five`",
        "`processing/pmnextcloud --command suspend`",
        "`processing/pmnextcloud --command stat --item 5`",
        "`sbin/mgrctl -m billmgr exit`",
        "`occ user:ad`",
        "`etc/pmnextcloud.cnf`",
        "`var/pmnextcloud/groups.json`",
        "`/usr/local/mgr5/etc/pmnextcloud.yaml`",
        "`src/pmnextcloud/version`",
        "`utils/apis.py`",
        "`budget_seconds`",
        "`dick`",
        "`--modul`",
        "`PYTON=`",
        "`https://cloud.exmple.com`",
        "`pmnextcloud 0`",
        "`login_taken_by`",
        "`service.postopened`",
        "`item.state`",
        "`on_close = keep`",
        "```ini\nformer_server = https://a.example\n```",
        "```sh\nrsync a b\n```",
        "```sh\nprocessing/pmnextcloud --command features\n```",
        "```sh\ncd /usr/local/mgr5\ntail -n 5 var/pmnextcloud.lg\n```",
        "```sh\nsudo -u www-data php occ maintenance\n```",
        "```text\n2026-03-02 04:11:09,512 [21733] ERROR open 15 it went wrong\n```",
        "```text\n2026-03-02 04:11:09,512 [21733] ERROR opne 15 failed: login_taken\n```",
        "```yaml\na: b\n```",
        "```mermaid\ngraph\n```",
        '```mermaid\nflowchart LR\n    a["A"]\n    a --> b\n```',
        '```mermaid\nflowchart LR\n    a["A]\n    a --> a\n```',
        "```mermaid\nsequenceDiagram\n    participant A as a\n    A->>A: x\n    opt y\n```",
        '```mermaid\nstateDiagram-v2\n    state "a" as a\n    a -> [*]\n```',
    ],
)
def test_what_is_wrong_is_found(text: str) -> None:
    assert faults(page_of("docs/en/new.md", text))


@pytest.mark.parametrize(
    "link", ["nowhere.md", "product.md#9-nothing", "#nothing", "../es/product.md"]
)
def test_a_broken_link_is_found(link: str) -> None:
    document = page_of("docs/en/backup.md", f"[a]({link})")
    assert broken_links(document) == [link]
