"""What there is: every path, name, option, setting and code that a document may speak of.

Taken from the constants that the program itself uses. Where it has none the source is read: what
the log is told, and what a command needs.
"""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, Set

import commands
from tests.meta.messages import LANGUAGES, ROOT, codes, messages, read
from tests.tools import monitoring
from utils import consts
from utils.accounts import names as account_names
from utils.accounts.fullness import FULL
from utils.audit import differences, findings, shown
from utils.billing import needs
from utils.billing.facts import KINDS
from utils.doctor import facts
from utils.doctor.words import VERDICTS
from utils.ending.night import GONE, SOON
from utils.host import counts, exposition, records, root, settings, state
from utils.metrics import gauges
from utils.run import counting, dryrun
from utils.run.call import Call
from utils.run.guard import SHORT
from utils.run.suspension import SUSPENDED
from utils.webpay.commands import COMMANDS as COMMANDS_OF_PAYMENTS

LETTERS = (FULL, SHORT, SOON, GONE, *(f"{SUSPENDED}_{level}" for level in consts.SUSPENSIONS))
"""The kinds of letters to clients."""

BASE = "/usr/local/mgr5"
CORES_LOG = "var/billmgr.log"
"""The log of BILLmanager itself, which the program leaves alone."""

CLOUDS_FILES = {"config.php", "ocs/v1.php", "status.php"}

OTHERS = {
    *("pm", "laststatdate", "processing"),
    *("provisioning_api", "ratelimit.protection.enabled", "trusted_domains"),
    *("#!", "password_policy", "Authorization"),
    *("allowed_admin_ranges", "trusted_proxies", "display_errors"),
    *("CryptKey", "TYPE.open", "NUMBER", "user_NUMBER", "user_NUMBER_2"),
    *("GET", "POST", "PUT", "DELETE", "?", "#", "…", "no", "yes"),
    *("make", "curl", "dnf", "git", "python3", "python3-venv"),
    *("mariadb-client-core", "mariadb-server-core"),
    *(".netrc", ".sha256", ".new", "db.conf"),
    "__value__",
    *("user_@ID@", "nc@ID@", "@EMAIL_NAME@_@ID@", "user_", "newUser.sendEmail", "on"),
    *("item;login", "item;login;e-mail", ";", ",", "customers.csv.report.csv"),
}
"""Names of others, and what stands for one."""


DRY_WORDS = ("dry_steps", "dry_cloud", "dry_core", "dry_database")
"""Messages that make a line of a dry run."""


# -- of the program -------------------------------------------------------------------------------


def constants(module: object) -> Set[str]:
    """The texts among the constants of a module."""
    values = (value for name, value in vars(module).items() if name.isupper())
    return {value for value in values if isinstance(value, str)}


NOT_TYPED = {"level", "is_bulk"}
"""What a call knows of itself that is no option."""


def options() -> Set[str]:
    """The options of the program."""
    return {_option(name) for name in Call._fields if name not in NOT_TYPED}


def flags() -> Set[str]:
    """Those of the options that take no value."""
    found = {name for name, value in Call._field_defaults.items() if value is False}
    return {_option(name) for name in found - NOT_TYPED}


def _option(name: str) -> str:
    return "--class" if name == "classes" else f"--{name.replace('_', '-')}"


def choices() -> Set[str]:
    """The words that settings take."""
    readers = settings.READERS.values()
    found = (reader.words for reader in readers if isinstance(reader, settings.Choice))
    return {word for words in found for word in words}


def kept_files() -> Set[str]:
    """The files that the module remembers things in, NUMBER being that of a module."""
    found = {f"{root.STATE}/{name.format('NUMBER')}.json" for name in state.FILES}
    days = {
        f"{root.HISTORY}/YYYY-MM-DD{records.SUFFIX}",
        f"{root.COUNTS}/YYYY-MM-DD{counts.SUFFIX}",
    }
    found |= days | {root.ENDINGS}
    return found | {f"{root.COUNTS}/{name}" for name in (counts.SUMS, counting.GATHERED)}


def locked_files() -> Set[str]:
    """The files whose bytes are locked."""
    names = [name.format("NUMBER") for name in (*state.FILES, *state.LOCKS)]
    return {f"{root.COUNTS}/{counts.LOCK}", *(f"{root.STATE}/{name}.json.lock" for name in names)}


def watched() -> Set[str]:
    """What monitoring knows: metrics, labels, alerts, macros of the template, and the files."""
    counted = [*exposition.COUNTERS.values(), *exposition.HISTOGRAMS.values()]
    names = [exposition.BUILD, *(one[0] for one in (*counted, *exposition.FAILURES.values()))]
    labels = {label for one in counted for label in one[1]} | {"version"}
    labels |= {label for one in gauges.GAUGES.values() for label in one.labels}
    alerts = re.findall(r"alert: (\w+)", read("etc/monitoring/alerts.yml"))
    files = {path.name for path in (ROOT / "etc/monitoring").iterdir()}
    return {
        *(exposition.PREFIX + name for name in (*names, *gauges.GAUGES)),
        *labels,
        *alerts,
        *files,
        *exposition.WELL,
        monitoring.MASTER,
        *("summary_ru", "description_ru", "vfs.file.contents"),
    }


# -- of the program, read from its source ---------------------------------------------------------


@lru_cache(maxsize=None)
def program() -> str:
    """The text of all that runs at a provider's."""
    folders = [path for name in ("utils", "commands") for path in (ROOT / name).rglob("*.py")]
    files = [*sorted(ROOT.glob("pm*.py")), *sorted(folders)]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def needed_by(command: str) -> Set[str]:
    """The options that a command cannot do without."""
    text = read(f"commands/_{command}.py")
    signs = {"--item": "ctx.service(", "--module": "ctx.call.module_id()"}
    return {option for option, sign in signs.items() if sign in text}


def is_log(line: str) -> bool:
    """Whether the program can write that line into its log."""
    head = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[\d+\] (DEBUG|INFO|WARNING|ERROR) (\S+) (\d+|-) "
    found = re.match(head, line)
    if found is None or found.group(2) not in commands.COMMANDS:
        return False
    message = line[found.end() :]
    return any(re.fullmatch(pattern, message) for pattern in _log_patterns())


def is_dry(line: str) -> bool:
    """Whether a dry run can print that line, in either language."""
    texts = {name: {messages(one, dryrun.GROUP)[name] for one in LANGUAGES} for name in DRY_WORDS}
    places = "|".join(map(re.escape, set.union(*(texts[name] for name in DRY_WORDS[1:]))))
    step = re.fullmatch(rf" *\d+\. ({places}) +(\S+) (\S+)(?: \S+=\S+)*", line)
    if step is None:
        return line in texts["dry_steps"]
    _, name, words = step.groups()
    if name in ("POST", "PUT", "DELETE"):
        return (
            re.fullmatch(r"/ocs/v1\.php/cloud/(users|groups)(/user_\d+(/\w+)?)?", words) is not None
        )
    return name in (*needs.FUNCTIONS, *needs.WRITTEN)


@lru_cache(maxsize=None)
def _log_patterns() -> List[str]:
    """What the log is told, each as a pattern; but not where all words come from elsewhere."""
    patterns = []
    for parts in re.findall(r'log\.\w+\(\s*((?:"[^"]*"\s*)+)', program()):
        words = "".join(re.findall(r'"([^"]*)"', parts))
        if re.search(r"[a-z]{3}", words):
            pattern = re.escape(words).replace("%s", r"\S.*").replace("%d", r"\d+")
            patterns.append(pattern)
    return patterns


# -- of its installation --------------------------------------------------------------------------


@lru_cache(maxsize=None)
def installer() -> str:
    """The text of what installs and removes, and of the Makefiles."""
    files = [path for path in sorted((ROOT / "etc").iterdir()) if path.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix != ".png"]
    return "\n".join([read("Makefile"), *texts])


@lru_cache(maxsize=None)
def tools() -> str:
    """The text of what make starts, but what judges the documents and has wrong names in it."""
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if path.parent.name != "meta"]
    texts = [path.read_text(encoding="utf-8") for path in files]
    return "\n".join([read("docker-compose.yml"), *texts])


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


def targets(makefile: str) -> Iterator[str]:
    """The targets of a Makefile that are there to be asked for."""
    text = read(makefile)
    for word in set(" ".join(re.findall(r"^\.PHONY:(.*)$", text, re.MULTILINE)).split()):
        if re.search(rf"^[\w \-]*\b{word}\b[\w \-]*:", text, re.MULTILINE):
            yield word


# -- all together ---------------------------------------------------------------------------------


@lru_cache(maxsize=None)
def paths() -> Set[str]:
    """Every path under BILLmanager's root that the program, its installation or the core has."""
    found = constants(root) | kept_files() | locked_files() | installed() | {CORES_LOG}
    folders = {str(parent) for path in found for parent in Path(path).parents}
    return (found | folders) - {".", "/"}


@lru_cache(maxsize=None)
def columns() -> Set[str]:
    """Columns of BILLmanager's tables, as `table.column`."""
    found = set()
    for table, body in re.findall(
        r"CREATE TABLE (\w+) \((.*?)\n\)", read("tests/doubles/billmanager/schema.sql"), re.S
    ):
        found |= {
            f"{table}.{column}" for column in re.findall(r"(?:^ +|, )`?(\w+)`? [A-Z]", body, re.M)
        }
    return found


@lru_cache(maxsize=None)
def outcomes() -> Set[str]:
    """What may become of a repair."""
    return {getattr(findings, name) for name in ("POSSIBLE", "PLANNED", "DONE", "GONE", "FAILED")}


def schema_names() -> Set[str]:
    """The names in what the audit says as JSON."""
    return set(re.findall(r'"(\w+)":', read("docs/audit.schema.json")))


def vocabulary() -> Set[str]:
    """Every single name that a document may speak of."""
    own = {*settings.Settings._fields, *codes(), *commands.COMMANDS, *constants(consts)}
    own |= {*needs.TABLES, *needs.WRITTEN, *needs.FUNCTIONS}
    own |= {*needs.PAYMENT_TABLES, *needs.PAYMENT_FUNCTIONS, *COMMANDS_OF_PAYMENTS}
    own |= {table for table, *_ in needs.OPTIONAL} | {consts.ITEM_ACCOUNT}
    own |= {consts.ITEM_MEMO.format(kind) for kind in LETTERS}
    own |= {*consts.ITEM_TYPES, *consts.DISK_ADDONS, *choices(), *columns()}
    own |= {*VERDICTS, "check", "finding", "verdict"}  # as the doctor's JSON has them
    own |= {*differences.VERDICTS, *shown.COLUMNS, *outcomes(), *schema_names()}
    own |= {*(f"@{macro}@" for macro in account_names.MACROS), *account_names.RESERVED}
    own |= watched()
    own |= {"facts", "unread", *facts.PARTS, *(kind.table for kind in KINDS.values())}
    files = {path.name for path in ROOT.iterdir() if path.is_file()}
    return own | files | CLOUDS_FILES | OTHERS
