"""The format in which Zabbix 7.0 exports and reads templates, as far as ours has use for it.

From the manual, "Configuration export/import", and the validator of the frontend that reads it
(ui/include/classes/import/validators/C70XmlValidator.php in the sources of 7.0): which elements
there are at which place, which of them have to be there, and which words they take. Whatever the
template has beside is refused here, be it known to Zabbix or not.
"""

import re
from typing import Any, Collection, Dict, Iterator, Mapping, Tuple, Union

TEXT = "text"
"""A text of its own; a number is written as a text too."""

UUID = "uuid"
"""32 hexadecimal digits of a UUID of version 4."""

Shape = Union[str, Collection[str], "List", "Object"]


class List:
    """A list of things of one shape, with one at least."""

    def __init__(self, of: Shape) -> None:
        self.of = of


class Object:
    """Elements by name; those in `required` have to be there."""

    def __init__(self, required: Tuple[str, ...], **elements: Shape) -> None:
        self.required = required
        self.elements: Mapping[str, Shape] = elements


_STEP = Object(
    ("type",),
    type=("JSONPATH", "SIMPLE_CHANGE", "MULTIPLIER", "DISCARD_UNCHANGED_HEARTBEAT"),
    parameters=List(TEXT),
    error_handler=("ORIGINAL_ERROR", "DISCARD_VALUE", "CUSTOM_VALUE", "CUSTOM_ERROR"),
)
_OF_RULE = Object(
    ("type",),
    type=("JSONPATH", "DISCARD_UNCHANGED_HEARTBEAT"),
    parameters=List(TEXT),
)
_TRIGGER = Object(
    ("uuid", "expression", "name"),
    uuid=UUID,
    expression=TEXT,
    name=TEXT,
    priority=("NOT_CLASSIFIED", "INFO", "WARNING", "AVERAGE", "HIGH", "DISASTER"),
    description=TEXT,
)
_MASTER = Object(("key",), key=TEXT)
_ITEM: Dict[str, Shape] = {
    "uuid": UUID,
    "name": TEXT,
    "type": ("ZABBIX_PASSIVE", "DEPENDENT"),
    "key": TEXT,
    "delay": TEXT,
    "history": TEXT,
    "value_type": ("FLOAT", "CHAR", "LOG", "UNSIGNED", "TEXT"),
    "units": TEXT,
    "timeout": TEXT,
    "preprocessing": List(_STEP),
    "master_item": _MASTER,
}
_NAMED = ("uuid", "name", "key")

EXPORT = Object(
    ("zabbix_export",),
    zabbix_export=Object(
        ("version", "template_groups", "templates"),
        version=("7.0",),
        template_groups=List(Object(("uuid", "name"), uuid=UUID, name=TEXT)),
        templates=List(
            Object(
                ("uuid", "template", "groups"),
                uuid=UUID,
                template=TEXT,
                name=TEXT,
                description=TEXT,
                groups=List(Object(("name",), name=TEXT)),
                items=List(Object(_NAMED, **_ITEM, triggers=List(_TRIGGER))),
                discovery_rules=List(
                    Object(
                        _NAMED,
                        uuid=UUID,
                        name=TEXT,
                        type=("ZABBIX_PASSIVE", "DEPENDENT"),
                        key=TEXT,
                        item_prototypes=List(
                            Object(_NAMED, **_ITEM, trigger_prototypes=List(_TRIGGER))
                        ),
                        master_item=_MASTER,
                        lld_macro_paths=List(
                            Object(("lld_macro", "path"), lld_macro=TEXT, path=TEXT)
                        ),
                        preprocessing=List(_OF_RULE),
                    )
                ),
                macros=List(Object(("macro",), macro=TEXT, value=TEXT, description=TEXT)),
            )
        ),
    ),
)

_UUID4 = re.compile(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")


def misfits(value: Any, shape: Shape, at: str = "$") -> Iterator[str]:
    """Where a document is not as the format has it."""
    if isinstance(shape, Object):
        yield from _object(value, shape, at)
    elif isinstance(shape, List):
        if not isinstance(value, list) or not value:
            yield f"{at}: no list with anything in it"
            return
        for number, one in enumerate(value):
            yield from misfits(one, shape.of, f"{at}[{number}]")
    elif not isinstance(value, str):
        yield f"{at}: {value!r} is no text"
    elif shape == UUID and not _UUID4.fullmatch(value):
        yield f"{at}: {value!r} is no UUID of version 4"
    elif not isinstance(shape, str) and value not in shape:
        yield f"{at}: {value!r} is none of {shape}"


def _object(value: Any, shape: Object, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: no object"
        return
    yield from (f"{at}: no {name}" for name in shape.required if name not in value)
    for name, one in value.items():
        if name in shape.elements:
            yield from misfits(one, shape.elements[name], f"{at}.{name}")
        else:
            yield f"{at}: {name} is not known there"
    if value.get("type") == "DEPENDENT" and "master_item" not in value:
        yield f"{at}: depends on nothing"
