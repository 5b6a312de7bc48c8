"""Tokens: random, known as ours, and never taken for anything else."""

import pytest

from utils.accounts.tokens import is_token, make_token


def test_a_token_is_random_and_known_as_one() -> None:
    made = {make_token().reveal() for _ in range(50)}
    assert len(made) == 50
    assert all(map(is_token, made))


@pytest.mark.parametrize(
    "text",
    ["", "boss", "pm boss", "pm " + "x" * 15, "pm " + "x" * 17, "pm " + "é" * 16, "PM " + "x" * 16]
    + ["pm " + "x" * 16 + "\n", " pm " + "x" * 16],
)
def test_nothing_else_is_one(text: str) -> None:
    assert not is_token(text)
