"""The readers of what comes from outside bear whatever comes: a fixed number of made-up inputs."""

from random import Random

import pytest

from tests.fuzz.targets import SEEDS, TARGETS

ROUNDS = 1500
"""Inputs for each reader; `make fuzz` tries millions."""

PIECES = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"<", b">", b"&", b"/", b"=", b"#", b"@"),
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae", b"\x1b[2J", b"\n", b"\\ud800"),
    *(b"9" * 70, b"-1", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b'""', b"<!DOCTYPE a>"),
)


def spoil(seed: bytes, random: Random) -> bytes:
    """The seed with some of it changed, doubled, cut or replaced."""
    data = seed
    for _ in range(random.randint(1, 5)):
        at, end = sorted(random.randint(0, len(data)) for _ in range(2))
        data = random.choice(
            (
                data[:at] + random.choice(PIECES) + data[at:],
                data[:at] + random.choice(PIECES) + data[end:],
                data[:at] + data[end:],
                data[:end] + data[at:],
                data[:at] + bytes([random.randrange(256)]) + data[at + 1 :],
            )
        )
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_bears_what_is_made_up(name: str) -> None:
    random = Random(name)  # noqa: S311  the same inputs each time
    TARGETS[name](b"")
    for seed in SEEDS[name]:
        TARGETS[name](seed)
        for number in range(ROUNDS):
            data = spoil(seed, random)
            try:
                TARGETS[name](data)
            except Exception as error:
                raise AssertionError(f"{name}, number {number}: {data!r}") from error
