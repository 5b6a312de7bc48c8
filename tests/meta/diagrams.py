"""The diagrams of the documents, as far as their lines show what is wrong with them.

Nothing here draws: GitHub does, and shows an error in place of a diagram that it does not
understand. So each line has to be of a known form, and each name that is joined declared.
"""

import re
from typing import Dict, Iterator, Set, Tuple

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
KINDS = {
    "flowchart LR": FLOWCHART,
    "flowchart TD": FLOWCHART,
    "sequenceDiagram": SEQUENCE,
    "stateDiagram-v2": STATES,
}


def in_diagram(head: str, *lines: str) -> Iterator[str]:
    """What is wrong with a diagram: a line of no known form, a name that is not declared."""
    if head not in KINDS:
        yield f"no diagram: {head}"
        return
    names: Dict[str, Set[str]] = {"declares": set(), "joins": set()}
    depth = 0
    for line in map(str.strip, lines):
        what, found = _kind_of(line, head)
        if what in names:
            names[what].update(found)
        depth += {"opens": 1, "closes": -1}.get(what, 0)
        if what == "unknown" or depth < 0:
            yield f"no line of a {head}, or not here: {line}"
    if depth > 0:
        yield "an end is missing"
    if names["declares"] != names["joins"] - {"[*]"}:
        yield f"not declared, or not joined: {names}"


def _kind_of(line: str, head: str) -> Tuple[str, Tuple[str, ...]]:
    """What a line of a diagram does, and the names in it."""
    for pattern, what in KINDS[head]:
        found = re.fullmatch(pattern, line)
        if found:
            return what, found.groups()
    return "unknown", ()
