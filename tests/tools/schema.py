"""Checks a JSON value against a JSON Schema, as far as the schemas of this project go.

A word of a schema that is not known here is refused: nothing passes because it was not looked at.
"""

import re
from typing import Any, Callable, Dict, Iterator, Mapping

_TYPES: Dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "null": lambda value: value is None,
}
_WORDS = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "const", "enum", "pattern"),
    *("minimum", "items", "oneOf", "properties", "required", "additionalProperties"),
}


Faults = Iterator[str]
Schema = Mapping[str, Any]


def faults(value: Any, schema: Schema, whole: Schema, at: str) -> Faults:
    """What is wrong with the value; `whole` is the schema that the references are in."""
    unknown = set(schema) - _WORDS
    if unknown:
        raise ValueError(f"not known: {unknown}")
    if "$ref" in schema:
        schema = {**schema, **whole["$defs"][schema["$ref"].rpartition("/")[2]]}
    kinds = schema.get("type", [*_TYPES])
    if not any(_TYPES[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{at}: {value!r} is no {kinds}"
        return
    yield from _of_value(value, schema, at)
    if "oneOf" in schema:
        fitting = [one for one in schema["oneOf"] if not list(faults(value, one, whole, at))]
        if len(fitting) != 1:
            yield f"{at}: {value!r} is {len(fitting)} of them"
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from faults(one, schema.get("items", {}), whole, f"{at}[{number}]")
    if isinstance(value, dict):
        yield from _of_object(value, schema, whole, at)


def _of_value(value: Any, schema: Schema, at: str) -> Faults:
    if "const" in schema and value != schema["const"]:
        yield f"{at}: {value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{at}: {value!r} does not fit"
    if isinstance(value, int) and value < schema.get("minimum", value):
        yield f"{at}: {value} is too small"


def _of_object(value: Dict[str, Any], schema: Schema, whole: Schema, at: str) -> Faults:
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: no {name}"
    for name, one in value.items():
        if name in known:
            yield from faults(one, known[name], whole, f"{at}.{name}")
        elif schema.get("additionalProperties", True) is False:
            yield f"{at}: {name} is not known"
