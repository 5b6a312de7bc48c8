"""Which handler a path leads to."""

import re
from typing import Any, Callable, Dict, List, Optional, Pattern, Tuple

from .message import Request

Handler = Callable[..., Any]
Methods = Dict[str, Tuple[Optional[Handler], str]]
Table = List[Tuple[Pattern[str], Methods]]
ANYBODY, KNOWN, SUBADMIN, ADMIN = "anybody", "known", "sub-admin", "admin"


def table(rows: List[Tuple[str, Methods]]) -> Table:
    """Make a table of routes: by pattern of the path and method the handler and whom it serves.

    A handler of None stands for a route of the server that the program has no business with.
    """
    return [(re.compile(pattern + r"\Z", re.S), methods) for pattern, methods in rows]


def find(
    routes: Table, request: Request
) -> Tuple[Optional[Tuple[Optional[Handler], str]], Optional[Tuple[str, ...]]]:
    """Give route and ids of the path; without a route the ids tell whether only the method was
    wrong.

    The first pattern that has the method decides.
    """
    fits: Optional[Tuple[str, ...]] = None
    for pattern, methods in routes:
        match = pattern.match(request.route)
        if match is None:
            continue
        fits = match.groups()
        if request.method in methods:
            return methods[request.method], fits
    return None, fits
