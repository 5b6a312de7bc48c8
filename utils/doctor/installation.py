"""Whether the program, its files and its own folder are as they have to be."""

import ast
import os
import re
import stat
import sys
from contextlib import suppress
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Collection, Dict, Iterator, Optional, Set, Tuple

from utils.base.errors import SettingsBroken
from utils.consts import VERSION
from utils.doctor.findings import Check, Finding, advice, fault, well
from utils.doctor.watching import watching
from utils.host import messages, root
from utils.host.messages import FORMS, PAGE
from utils.host.settings import NO_PAGE
from utils.run.context import Context

HOME = Path(messages.HOME)
ROTATION = Path("/etc/logrotate.d")
OLDEST_PYTHON = (3, 8)
MENDED_PYTHON = (3, 10)
"""Libraries that older ones can run have known holes, which etc/requirements/advisories.json names
with the reason why none is a way in here."""

LEAST_FREE_BYTES = 100 * 1024**2
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", re.MULTILINE)


def python(ctx: Context) -> Iterator[Finding]:
    """The interpreter."""
    version = "{}.{}.{}".format(*sys.version_info)
    if sys.version_info < OLDEST_PYTHON:
        yield fault("python_old", version)
    elif sys.version_info < MENDED_PYTHON:
        yield advice("python_unmended", version)
    else:
        yield well(f"{version}, {sys.executable}")


def program(command_modules: Collection[str], ctx: Context) -> Iterator[Finding]:
    """Whether all of the program can be loaded, also what is loaded late."""
    broken = set()
    for name in sorted({*_sources(), *command_modules, *_imported()}):
        try:
            import_module(name)
        except Exception as error:  # noqa: BLE001  a file cut in half may raise anything
            broken.add(f"{name}: {type(error).__name__}: {error}")
    for name in (f"xml/{FORMS}", f"xml/{PAGE}", root.SETTINGS):
        if not (HOME / name).is_file():
            broken.add(name)
    for words in sorted(broken):
        yield fault("program_broken", words)
    if not broken:
        yield well(f"{VERSION}, {HOME}")


def _parts(pattern: str) -> Iterator[Path]:
    """What lies in the folders of the program and in their folders, by a pattern of its name."""
    for folder in ("commands", "utils"):
        yield from sorted((HOME / folder).rglob(pattern))


def _files() -> Iterator[Path]:
    return _parts("*.py")


def _sources() -> Set[str]:
    """The modules that are there."""
    there = {".".join(path.relative_to(HOME).with_suffix("").parts) for path in _files()}
    return {name.replace(".__init__", "") for name in there}


def _imported() -> Set[str]:
    """The program's modules that are imported anywhere in it, and the libraries."""
    names: Set[str] = set()
    for path in _files():
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue  # its own import tells
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *_submodules(node)}
    return names


def _submodules(node: ast.ImportFrom) -> Iterator[str]:
    """Of `from utils.base import one`, what is a file and no name in one."""
    package = str(node.module)
    if (HOME.joinpath(*package.split(".")) / "__init__.py").is_file():
        yield from (f"{package}.{alias.name}" for alias in node.names)


def libraries(ctx: Context) -> Iterator[Finding]:
    """Whether the libraries have the versions that were tried."""
    minor = "{}.{}".format(*sys.version_info)
    paths = (HOME / "etc" / "requirements" / f"{minor}.txt", HOME / "requirements.txt")
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        yield advice("pins_missing", HOME)
        return
    pinned: Dict[str, Set[str]] = {}
    for name, version in _PIN.findall(path.read_text("utf-8")):
        pinned.setdefault(name, set()).add(version)
    differing = []
    for name, versions in sorted(pinned.items()):
        try:
            present = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # not for this Python; what is needed and missing, `program` tells
        if present not in versions:
            differing.append(f"{name} {present}")
    yield advice("libraries_differ", ", ".join(differing)) if differing else well(len(pinned))


def handler(ctx: Context) -> Iterator[Finding]:
    """What BILLmanager starts."""
    path = ctx.host.path(root.HANDLER)
    if not os.path.isfile(path):
        yield fault("handler_missing", path)
    elif not os.access(path, os.X_OK):
        yield fault("handler_not_executable", path)
    else:
        yield well(path)


def exposed(ctx: Context) -> Iterator[Finding]:
    """Whether only the owner can change what root runs, and read what is secret."""
    found = False
    places = [HOME, HOME / "pmnextcloud.py", HOME / "commands", HOME / "utils", *_parts("*")]
    started = [ctx.host.path(name) for name in (root.HANDLER, root.PAGE_HANDLER)]
    for path in [*started, *map(str, places)]:
        info = _info(path)
        if info and (info.st_mode & stat.S_IWOTH or info.st_uid not in (0, os.geteuid())):
            found = True
            yield fault("program_exposed", path)
    for path in _secret_files(ctx):
        info = _info(path)
        if info and info.st_mode & (stat.S_IROTH | stat.S_IWOTH):
            found = True
            yield fault("secret_exposed", path)
    folder = _info(ctx.state.folder)
    if folder and stat.S_ISDIR(folder.st_mode) and folder.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        found = True
        yield advice("folder_open", ctx.state.folder)
    if not found:
        yield well()


def _secret_files(ctx: Context) -> Iterator[str]:
    config = ctx.host.config()
    yield ctx.host.path(config.get("CryptKey") or root.KEY)
    yield ctx.host.path(root.DATABASE)
    try:
        holds_password = "@" in ctx.settings.proxy
    except SettingsBroken:
        holds_password = True  # nobody knows
    if holds_password:
        yield ctx.host.path(root.SETTINGS)


def _info(path: str) -> Optional[os.stat_result]:
    """The file's owner and mode, or None where it is not there."""
    try:
        return os.stat(path)
    except OSError:
        return None


def forms(ctx: Context) -> Iterator[Finding]:
    """Whether BILLmanager has this version's forms and messages to read, with those of the page."""
    yield installed(ctx.host.path(root.FORMS), FORMS)
    with suppress(SettingsBroken):  # which has a check of its own
        if ctx.settings.customer_page != NO_PAGE:
            yield installed(ctx.host.path(root.PAGE), PAGE)


def installed(path: str, name: str) -> Finding:
    """Whether BILLmanager has that file of ours to read, as it is in this version."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return fault("forms_missing", path)
    is_ours = content == (HOME / "xml" / name).read_bytes()
    return well(path) if is_ours else fault("forms_other", path)


def settings(ctx: Context) -> Iterator[Finding]:
    """etc/pmnextcloud.conf. SettingsBroken names the line."""
    path = ctx.host.path(root.SETTINGS)
    changed = [
        name
        for name, value in ctx.settings._asdict().items()
        if value != ctx.settings._field_defaults[name]
    ]
    if not os.path.exists(path):
        yield advice("settings_default", path)
    else:
        yield well(", ".join(changed))


def authorities(ctx: Context) -> Iterator[Finding]:
    """The certificate authorities that are trusted beside the usual ones."""
    path = ctx.settings.ca_file
    if path:
        import ssl

        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:
            raise SettingsBroken(f"ca_file: {path}: {error}") from error
    yield well(path)


def state(ctx: Context) -> Iterator[Finding]:
    """The module's own folder and the room for it."""
    folder = ctx.state.folder
    place = folder if os.path.lexists(folder) else os.path.dirname(folder)
    if not os.path.isdir(place) or not os.access(place, os.W_OK | os.X_OK):
        yield fault("state_unwritable", place)
        return
    disk = os.statvfs(place)
    free_bytes = disk.f_bavail * disk.f_frsize
    if free_bytes < LEAST_FREE_BYTES:
        yield fault("disk_full", f"{place}: {free_bytes // 1024**2} MiB")
    else:
        yield well(place)


def log(ctx: Context) -> Iterator[Finding]:
    """Whether the log can be written."""
    path = _log_file(ctx)
    place = path if os.path.lexists(path) else os.path.dirname(path)
    if os.path.isdir(path) or not os.access(place, os.W_OK):
        yield fault("log_unwritable", path)
    else:
        yield well(path)


def _log_file(ctx: Context) -> str:
    return ctx.settings.log_file or ctx.host.path(root.LOG)


def rotation(ctx: Context) -> Iterator[Finding]:
    """Whether logrotate knows the log."""
    path = _log_file(ctx)
    for rules in sorted(ROTATION.glob("*")):
        try:
            if path in rules.read_text("utf-8", "replace").split():
                yield well(rules)
                return
        except OSError:
            continue
    yield advice("log_not_rotated", path)


def do_nothing(ctx: Context) -> Iterator[Finding]:
    """Whether BILLmanager has forbidden the modules to act."""
    path = ctx.host.path(root.DO_NOTHING)
    yield fault("does_nothing", path) if ctx.host.does_nothing() else well()


def checks(command_modules: Collection[str]) -> Tuple[Check, ...]:
    """The checks, in order; `command_modules` are the modules that the table of commands names."""
    return (Check("python", python), Check("program", partial(program, command_modules)), *_REST)


_REST = (
    Check("libraries", libraries),
    Check("handler", handler),
    Check("forms", forms, ("program",)),
    Check("settings", settings),
    Check("authorities", authorities, ("settings",)),
    Check("state", state),
    Check("log", log, ("settings",)),
    Check("rotation", rotation, ("settings",)),
    Check("watching", watching, ("settings",)),
    Check("exposed", exposed),
    Check("do_nothing", do_nothing),
)
