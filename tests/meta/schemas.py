"""JSON Schema, as far as the project's own schemas use it: what of a document does not fit."""

import re
from typing import Any, Callable, Dict, Iterator

Schema = Dict[str, Any]

_TYPES: Dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}


def misfits(value: Any, schema: Schema, place: str = "$") -> Iterator[str]:
    """Where a value is not as its schema says. Raises KeyError for a word that is unknown here."""
    for word, wanted in schema.items():
        yield from _WORDS[word](value, wanted, schema, place)


def _type(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if not any(_TYPES[kind](value) for kind in kinds):
        yield f"{place}: {value!r} is no {' or '.join(kinds)}"


def _const(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if value != wanted:
        yield f"{place}: {value!r} is not {wanted!r}"


def _enum(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if value not in wanted:
        yield f"{place}: {value!r} is none of {wanted}"


def _minimum(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if _TYPES["integer"](value) and value < wanted:
        yield f"{place}: {value!r} is below {wanted}"


def _pattern(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"{place}: {value!r} does not match {wanted}"


def _any_of(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if all(list(misfits(value, one, place)) for one in wanted):
        yield f"{place}: {value!r} fits none"


def _items(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    for number, one in enumerate(value if isinstance(value, list) else []):
        yield from misfits(one, wanted, f"{place}[{number}]")


def _required(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{place}: no {name}" for name in wanted if name not in value)


def _properties(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    for name, one in value.items() if isinstance(value, dict) else ():
        if name in wanted:
            yield from misfits(one, wanted[name], f"{place}.{name}")
        elif schema.get("additionalProperties") is False:
            yield f"{place}: {name} is unknown"


def _nothing(value: Any, wanted: Any, schema: Schema, place: str) -> Iterator[str]:
    yield from ()


_WORDS: Dict[str, Callable[[Any, Any, Schema, str], Iterator[str]]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "minimum": _minimum,
    "pattern": _pattern,
    "anyOf": _any_of,
    "items": _items,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _nothing,  # looked at beside the properties
    "$schema": _nothing,
    "title": _nothing,
}
