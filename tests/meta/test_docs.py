"""The documents say what is: commands, paths, settings, codes, links; both languages the same."""

import re
import shlex
import tempfile
from collections import Counter
from typing import Callable, Dict, Iterator, List
from urllib.parse import unquote

import pytest

import commands
from tests.meta import documents, names
from tests.meta.diagrams import in_diagram
from tests.meta.documents import NAMES, PAIRS, Page, alike, in_both, page, page_of
from tests.meta.messages import LANGUAGES, ROOT, messages, read
from tests.meta.names import BASE
from tests.tools import docs
from utils import consts
from utils.base import errors
from utils.billing import needs
from utils.doctor import facts
from utils.host import root, settings
from utils.host.state import SPARES
from utils.webpay.checkout import NOTIFY_SCRIPT, PLACE

CHECKED = [*documents.FOR_ADMINISTRATORS, "CONTRIBUTING.md"]
"""The documents whose names are the program's; what is known of others has theirs."""

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

PHRASES = {
    "pmnextcloud 9",
    "<doc/>",
    "--group billing",
    "bin/core billmgr -V",
    "mgrctl -i",
    "--group admin",
    "apt install prometheus-node-exporter",
    "--collector.textfile.directory",
    "promtool check metrics",
    "systemctl restart zabbix-agent",
    "visudo -c",
    "zabbix_agentd -t pmnextcloud.metrics",
}
"""Code that is neither a name nor a whole command."""

SYSTEMS = {"cd", "curl", "diff", "git", "grep", "ls", "readlink", "rm", "tail", "tar", "touch"}
"""Programs of the system: what they are given is looked at where it is a path."""

ELSEWHERE = {
    BASE,
    SPARES,
    "/root/pmnextcloud-backup.tar.gz",
    "/root/storage.html",
    "dist",
    "versions",
    PLACE + NOTIFY_SCRIPT,
    "src/pmnextcloud/current/etc/monitoring",
    "/etc/cron.d/pmnextcloud-metrics",
    "/etc/sudoers.d/pmnextcloud",
    "/etc/zabbix/zabbix_agentd.d/pmnextcloud.conf",
    "/etc/zabbix/zabbix_agentd.conf.d",
    *names.CLOUDS_FILES,
}
"""Paths that are neither in the project nor put there by its installation."""


# -- what a document may say ----------------------------------------------------------------------


def faults(document: Page) -> List[str]:
    """What is wrong with the commands, paths, names and diagrams of a document."""
    found: List[str] = []
    for token in document.tokens:
        if token.type == "fence":
            found += in_block(token.info, token.content)
    for code in map(alike, document.code()):
        found += in_code(code)
    return found


def in_block(kind: str, text: str) -> Iterator[str]:
    """What is wrong with a fenced block; one of commands has to name its folder."""
    lines = text.replace("\\\n", " ").splitlines()
    if kind == "sh":
        if any(map(is_below_root, lines)) and lines[0] != f"cd {BASE}":
            yield f"a block without its folder: {lines}"
        for line in lines:
            yield from in_command(line)
    elif kind == "ini":
        yield from in_settings(text)
    elif kind == "text":
        yield from (f"no line of the log: {line}" for line in lines if not names.is_log(line))
    elif kind == "console":
        yield from (f"no line of a dry run: {line}" for line in lines if not names.is_dry(line))
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
        yield from in_option(code) if code.startswith("--") else in_command(code)
    elif "://" in code:
        yield from in_address(code)
    elif "/" in code:
        yield from in_path(code)
    else:
        yield from in_word(code)


def in_address(address: str) -> Iterator[str]:
    """What is wrong with an address: it may be somebody's."""
    if not re.fullmatch(r"https?://((\w+\.)?example\.com(/[\w.]+)?)?", address):
        yield f"not an address to show: {address}"


def in_word(code: str) -> Iterator[str]:
    """What is wrong with a single name in a sentence."""
    if re.fullmatch("[A-Z_]+=|CLOUD_[A-Z]+", code):
        yield from in_variable(code)
    elif code.startswith("--"):
        yield from in_option(code)
    elif not code.isdigit() and code not in names.vocabulary():
        yield f"not a name of anything: {code}"


def in_option(code: str) -> Iterator[str]:
    """What is wrong with an option of the program, with or without a value."""
    if code.split()[0] not in names.options():
        yield f"no such option: {code}"


def in_settings(text: str) -> Iterator[str]:
    """What the program says to these lines of its settings."""
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
    if short not in names.paths() | ELSEWHERE and not list(ROOT.glob(short.lstrip("/"))):
        yield f"no such path: {path}"


def in_command(line: str) -> Iterator[str]:
    """What is wrong with a line for a shell."""
    for part in line.split(" && "):
        part, _, target = part.partition(" > ")
        yield from in_operand(target)
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
    """What is wrong with NAME=value: nothing reads it."""
    name, _, value = word.partition("=")
    if not re.search(rf"\b{name}\b", names.installer() + names.tools() + names.program()):
        yield f"nothing reads {word}"
    yield from in_address(value) if "://" in value else in_operand(value)


def in_make(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of make: targets, variables."""
    makefile = "Makefile"
    if words[:1] == ["-C"]:
        if words[1] != "src/pmnextcloud":
            yield f"no Makefile there: {words[1]}"
        words, makefile = words[2:], "etc/installed.mk"
    for word in words:
        if "=" in word:
            yield from in_variable(word)
        elif word not in names.targets(makefile):
            yield f"make has no target {word}"


def in_call(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of the program: options, command, what the command needs."""
    words = [word for word in words if word not in names.flags()]
    given = dict(zip(words[::2], words[1::2]))
    if len(words) % 2 or not set(given) <= names.options():
        yield f"no such options: {words}"
    command = given.get("--command", "")
    if command not in commands.COMMANDS:
        yield f"no such command: {words}"
        return
    is_bulk = commands.COMMANDS[command].has_bulk and "--module" in given
    for option in set() if is_bulk else names.needed_by(command) - set(given):
        yield f"{words} needs {option}"
    for option in ("--item", "--module"):
        if not re.fullmatch(r"\d+|NUMBER", alike(given.get(option, "1"))):
            yield f"no number: {words}"


def in_mgrctl(words: List[str]) -> Iterator[str]:
    """What is wrong with a call of the core: the documents need no other than a reload."""
    if words != ["-m", "billmgr", "-R"] or "sbin/mgrctl -m billmgr -R" not in names.installer():
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
    root.HANDLER: in_call,
    root.MGRCTL: in_mgrctl,
    "occ": in_occ,
    "sudo": in_sudo,
    "sha256sum": in_sum,
}


# -- each document --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHECKED)
def test_what_a_document_names_is_there(name: str) -> None:
    assert faults(page(name)) == []


def broken_links(document: Page) -> List[str]:
    """The links of a document that lead nowhere."""
    broken = []
    for link in document.links():
        where, _, anchor = unquote(link).partition("#")
        if where.startswith("https://"):
            continue
        target = (ROOT / document.name).parent / where if where else ROOT / document.name
        name = target.resolve().relative_to(ROOT).as_posix() if target.is_file() else ""
        if not name or (anchor and anchor not in page(name).anchors()):
            broken.append(link)
    return broken


@pytest.mark.parametrize("name", documents.ALL)
def test_links_lead_somewhere(name: str) -> None:
    assert broken_links(page(name)) == []


@pytest.mark.parametrize("name", documents.ALL)
def test_no_heading_stands_twice(name: str) -> None:
    anchors = Counter(page(name).anchors())
    allowed = {"added", "changed", "fixed", "security"} if name == "CHANGELOG.md" else set()
    assert {anchor for anchor, count in anchors.items() if count > 1} <= allowed


@pytest.mark.parametrize("name", PAIRS)
def test_a_page_is_the_same_in_both_languages(name: str) -> None:
    russian, english = map(page, PAIRS[name])
    assert [level for level, _ in russian.headings()] == [level for level, _ in english.headings()]
    for kind in ("sh", "ini", "text"):
        both = [[alike(block) for block in one.blocks(kind)] for one in (russian, english)]
        assert both[0] == both[1]
    counts = [Counter(map(alike, one.code())) for one in (russian, english)]
    assert counts[0] == counts[1], {
        code: (counts[0][code], counts[1][code])
        for code in {*counts[0], *counts[1]}
        if counts[0][code] != counts[1][code]
    }
    targets = [
        [re.sub(r"#.*|(?<=/)(ru|en)(?=/)|\.ru(?=\.md)", "", link) for link in one.links()]
        for one in (russian, english)
    ]
    assert targets[0] == targets[1]
    rows = [[token.type for token in one.tokens].count("tr_open") for one in (russian, english)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", PAIRS)
def test_a_page_is_written_in_its_language(name: str) -> None:
    russian, english = map(read, PAIRS[name])
    assert len(re.findall("[а-яё]", russian)) > len(re.findall("[a-z]", russian)) / 2
    assert re.findall("[а-яё]+", english.replace("[Русский]", ""), re.IGNORECASE) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_contents_lead_to_every_page(language: str) -> None:
    links = {link.partition("#")[0] for link in page(f"docs/{language}/README.md").links()}
    assert {name for name in NAMES if name != "README.md"} <= links
    first = page(docs.READMES[language]).links()
    assert {f"docs/{language}/README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= set(first)


def test_those_who_change_it_are_led_to_what_is_known_of_others() -> None:
    assert set(documents.FACTS) <= set(page("CONTRIBUTING.md").links())


@pytest.mark.parametrize("name", docs.READMES.values())
def test_the_first_page_is_short(name: str) -> None:
    """The table of the commands beside, which grows with them."""
    lines = read(name).splitlines()
    assert len([line for line in lines if not line.startswith("| `")]) <= 120


# -- pages that must be whole ---------------------------------------------------------------------


@pytest.mark.parametrize("name", docs.MADE)
def test_the_made_part_of_a_page_says_what_the_program_says(name: str) -> None:
    assert read(name) == docs.whole_page(name), "run: make docs"


def test_the_architecture_has_each_table_call_parameter_and_file() -> None:
    parameters = {consts.ITEM_LOGIN, consts.ITEM_PASSWORD, consts.ITEM_URL, consts.ITEM_MARK}
    parameters |= {consts.ITEM_ACCOUNT}
    parameters |= {consts.ITEM_MEMO.format(kind) for kind in names.LETTERS}
    parameters |= {consts.ITEM_LEVEL, consts.ITEM_TRIAL_GROUP}
    parameters |= {*consts.MODULE_PARAMS, *consts.TARIFF_FIELDS, consts.ITEM_DOMAIN}
    for one in in_both("architecture.md"):
        named = one.section(5).first_cells()
        optional = {table for table, *_ in needs.OPTIONAL}
        functions = {*needs.FUNCTIONS, *needs.PAYMENT_FUNCTIONS}
        tables = {*needs.TABLES, *needs.PAYMENT_TABLES}
        assert set(named) == {*tables, *optional, *functions}
        assert set(needs.WRITTEN) <= set(one.section(5).code())
        assert set(one.section(4).first_cells()) == parameters
        assert set(map(alike, one.section(6).first_cells())) == names.kept_files()
        assert set(map(alike, one.section(7).first_cells())) <= names.locked_files()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_product_page_has_the_fields_by_their_labels(language: str) -> None:
    text = read(f"docs/{language}/product.md")
    labels = messages(language, f"processing.edit.{consts.MODULE}")
    for name in consts.MODULE_PARAMS:
        assert f"\n| {labels[name]} |" in text
    for name in (consts.TARIFF_GROUP, "usergroup_no_group", consts.TARIFF_WARN_AT):
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
    assert words in names.installer()


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
        "```console\nIt would have done:\n```",
        "```console\n   1. cloud        PUT /ocs/v1.php/cloud/nobody/user_15\n```",
        "```console\n   1. BILLmanager  service.postparam sok=ok\n```",
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


def test_the_page_of_the_facts_names_every_part_in_its_order() -> None:
    for language in LANGUAGES:
        text = read(f"docs/{language}/facts.md")
        parts = re.findall(r"^\| `(\w+)` \|", text, re.M)
        assert parts == ["facts", *facts.PARTS]
