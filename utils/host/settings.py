"""etc/pmnextcloud.conf: how the module behaves; every setting has a default.

A setting is one line of `Settings` and one block of the sample, which explains it to the
administrator; docs/*/settings.md is made of both by `make docs`.
"""

import os
from typing import Any, Callable, Dict, List, NamedTuple, Tuple, TypeVar

from utils.base import errors
from utils.consts import (
    BY_CLIENT,
    BY_NOBODY,
    LEAST_PASSWORD,
    MOST_KEEP_DAYS,
    MOST_PASSWORD,
    ON_CLOSE,
    PASSWORD_SYMBOLS,
)

_Value = TypeVar("_Value")
_Reader = Callable[[str], Any]


class Number:
    """Reads whole numbers from `low` to `high`."""

    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def __call__(self, text: str) -> int:
        """The number. Raises ValueError."""
        number = int(text)
        if not self.low <= number <= self.high:
            raise ValueError(f"not between {self.low} and {self.high}")
        return number


class Choice:
    """Reads one of a few words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, text: str) -> str:
        """The word. Raises ValueError."""
        if text not in self.words:
            raise ValueError("not one of " + ", ".join(self.words))
        return text


def yes_or_no(text: str) -> bool:
    """Reads a switch. Raises ValueError."""
    if text.lower() in ("yes", "on", "true", "1"):
        return True
    if text.lower() in ("no", "off", "false", "0"):
        return False
    raise ValueError("neither yes nor no")


def absolute_path(text: str) -> str:
    """Reads a path, or an empty text. Raises ValueError."""
    if text and not os.path.isabs(text):
        raise ValueError("not an absolute path")
    return text


def punctuation(text: str) -> str:
    """Reads symbols of a password, or an empty text for none. Raises ValueError."""
    import string  # few change these symbols

    if any(char not in string.punctuation for char in text):
        raise ValueError("other characters than punctuation")
    return text


def addresses(text: str) -> Tuple[str, ...]:
    """Reads addresses of clouds, separated by blanks. Raises ValueError."""
    from utils.base import address  # forms do without

    try:
        return tuple(address.clean(word) for word in text.split())
    except errors.BadArguments as error:
        raise ValueError(str(error)) from error


def disks(text: str) -> Tuple[Tuple[int, int], ...]:
    """Reads the sizes of disks by the numbers of modules: `31=20TB 32=500GB`. Raises ValueError."""
    from utils.base import sizes  # only the report needs it

    found = []
    for word in text.split():
        number, equals, size = word.partition("=")
        choice = sizes.parse_choice(size) if equals else None
        if choice is None or not choice.unit_bytes or not choice.number:
            raise ValueError("not NUMBER=SIZE with a unit")
        found.append((Number(1, 10**9)(number), int(choice.number * choice.unit_bytes)))
    return tuple(found)


def url(text: str) -> str:
    """Reads the address of a proxy; the HTTP library tells when it is none."""
    return text


FULL_PAGE, NO_PAGE = "full", "none"
"""What the page of a service is: with pictures, or not there at all."""

_READERS: List[_Reader] = []
"""The readers of the settings, in the order of their lines."""


def _setting(default: _Value, reader: Callable[[str], _Value]) -> _Value:
    """The default of a setting; keeps `reader`, which makes its value of the text in the file."""
    _READERS.append(reader)
    return default


class Settings(NamedTuple):
    """The administrator's choices; the sample file explains each."""

    budget_s: int = _setting(90, Number(20, 3600))
    form_budget_s: int = _setting(20, Number(5, 60))
    stat_budget_s: int = _setting(3600, Number(10, 86400))
    tries_before_manual: int = _setting(10, Number(1, 1000))
    on_close: str = _setting("delete", Choice(*ON_CLOSE))
    keep_days: int = _setting(30, Number(1, MOST_KEEP_DAYS))
    wait_leaves_group: bool = _setting(False, yes_or_no)
    purge_limit: int = _setting(20, Number(1, 1000))
    reuse: str = _setting("ask", Choice("ask", "yes", "no"))
    certificate_years: int = _setting(5, Number(1, 100))
    tell_endings: bool = _setting(False, yes_or_no)
    tell_before_days: int = _setting(7, Number(1, 60))
    taken_login: str = _setting("refuse", Choice("refuse", "suffix"))
    statistics_without_maximum: str = _setting("unlimited", Choice("unlimited", "included"))
    display_name: str = _setting(BY_NOBODY, Choice(BY_NOBODY, BY_CLIENT))
    customer_page: str = _setting(FULL_PAGE, Choice(FULL_PAGE, "text", NO_PAGE))
    downgrade: str = _setting("refuse", Choice("refuse", "warn", "allow"))
    downgrade_margin_percent: int = _setting(5, Number(0, 100))
    warnings_per_run: int = _setting(50, Number(1, 10_000))
    password_length: int = _setting(20, Number(LEAST_PASSWORD, MOST_PASSWORD))
    password_symbols: str = _setting(PASSWORD_SYMBOLS, punctuation)
    allow_plain_http: bool = _setting(False, yes_or_no)
    ca_file: str = _setting("", absolute_path)
    proxy: str = _setting("", url)
    former_servers: Tuple[str, ...] = _setting((), addresses)
    page_size: int = _setting(200, Number(1, 500))
    disk_sizes: Tuple[Tuple[int, int], ...] = _setting((), disks)
    log_file: str = _setting("", absolute_path)
    history_days: int = _setting(90, Number(0, 3660))
    metrics_file: str = _setting("", absolute_path)


READERS: Dict[str, _Reader] = dict(zip(Settings._fields, _READERS))
"""What makes the value of each setting of the text in the file; raises ValueError."""


def load(path: str) -> Settings:
    """The settings in the file at `path`; a missing file means the defaults.

    Raises SettingsBroken, naming the line, for an unknown key or a value that cannot be used.
    """
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise errors.SettingsBroken(f"{path}: {type(error).__name__}") from error
    values: Dict[str, Any] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        try:
            if not equals or key not in READERS:
                raise ValueError("no such setting")
            values[key] = READERS[key](value)
        except ValueError as error:
            raise errors.SettingsBroken(f"{path}, line {number}, {key}: {error}") from error
    return Settings(**values)
