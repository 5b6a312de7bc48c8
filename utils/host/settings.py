"""etc/pmnextcloud.conf: how the module behaves; every setting has a default."""

import os
from typing import Any, Callable, Dict, NamedTuple, Tuple

from utils.base import address, errors


class Settings(NamedTuple):
    """The administrator's choices; the sample file explains each."""

    budget_s: int = 90
    form_budget_s: int = 20
    stat_budget_s: int = 3600
    tries_before_manual: int = 10
    on_close: str = "delete"
    taken_login: str = "refuse"
    display_name: str = "none"
    password_length: int = 20
    allow_plain_http: bool = False
    ca_file: str = ""
    proxy: str = ""
    former_servers: Tuple[str, ...] = ()
    page_size: int = 200
    log_file: str = ""


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"not between {low} and {high}")
        return number

    return read


def _choice(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError("not one of " + ", ".join(words))
        return text

    return read


def _switch(text: str) -> bool:
    if text.lower() in ("yes", "on", "true", "1"):
        return True
    if text.lower() in ("no", "off", "false", "0"):
        return False
    raise ValueError("neither yes nor no")


def _file(text: str) -> str:
    if text and not os.path.isabs(text):
        raise ValueError("not an absolute path")
    return text


def _addresses(text: str) -> Tuple[str, ...]:
    try:
        return tuple(address.clean(word) for word in text.split())
    except errors.BadArguments as error:
        raise ValueError(str(error)) from error


_READERS: Dict[str, Callable[[str], Any]] = {
    "budget_s": _number(20, 3600),
    "form_budget_s": _number(5, 60),
    "stat_budget_s": _number(10, 86400),
    "tries_before_manual": _number(1, 1000),
    "on_close": _choice("delete", "disable"),
    "taken_login": _choice("refuse", "suffix"),
    "display_name": _choice("none", "client"),
    "password_length": _number(12, 40),
    "allow_plain_http": _switch,
    "ca_file": _file,
    "proxy": str,
    "former_servers": _addresses,
    "page_size": _number(1, 500),
    "log_file": _file,
}


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
            if not equals or key not in _READERS:
                raise ValueError("no such setting")
            values[key] = _READERS[key](value)
        except ValueError as error:
            raise errors.SettingsBroken(f"{path}, line {number}, {key}: {error}") from error
    return Settings(**values)
