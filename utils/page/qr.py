"""The way to the library for QR codes, the one file that knows it."""

from typing import List

from utils.base.later import later

with later("segno.writers"):
    from segno import encoder

QUIET = 4
"""Modules of white around a code, as the standard wants them."""


def matrix(text: str) -> List[List[bool]]:
    """The modules of the code of a text, row by row, dark ones true, with the white around it.

    Raises ValueError where the text is too long for a code.
    """
    # Level M bears a finger print on the screen; a level more makes the modules smaller.
    rows = encoder.encode(text, error="M", micro=False, boost_error=False).matrix
    width = len(rows) + 2 * QUIET
    edge = [False] * QUIET
    white = [[False] * width for _ in range(QUIET)]
    return [*white, *([*edge, *map(bool, row), *edge] for row in rows), *white]
