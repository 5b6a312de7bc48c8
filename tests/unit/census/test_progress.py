"""How far a long run is."""

import fcntl
import logging
import os
import pty
import struct
import sys
import termios
from types import SimpleNamespace
from typing import List

import pytest

from utils.census import progress
from utils.census.progress import LOG_EVERY_S, Progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The seconds of the clock, to be changed."""
    now = [1000.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def test_it_is_said_every_few_seconds(
    clock: List[float], log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    shown = Progress(log, 1000)
    for done in range(0, 1000, 100):
        clock[0] += LOG_EVERY_S / 2
        shown.show(done)
    shown.close()
    assert caplog.messages == [
        "100 of 1000 services done, 20.0 a second",
        "300 of 1000 services done, 30.0 a second",
        "500 of 1000 services done, 33.3 a second",
        "700 of 1000 services done, 35.0 a second",
        "900 of 1000 services done, 36.0 a second",
    ]


def test_on_a_terminal_there_is_a_bar(log: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = pty.openpty()
    fcntl.ioctl(reader, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    with os.fdopen(reader, "rb", buffering=0) as seen, os.fdopen(writer, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        shown = Progress(log, 1000)
        shown.show(400)
        shown.show(1000)
        shown.close()
        text = ""
        while not text.endswith("\n"):
            text += seen.read(65536).decode()
    assert "0/1000" in text
    assert "1000/1000" in text
    assert "100%" in text


@pytest.mark.parametrize("closed", [False, True])
def test_without_a_terminal_there_is_none(
    closed: bool, log: logging.Logger, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    if closed:
        monkeypatch.setattr(sys, "stderr", None)
    shown = Progress(log, 10)
    shown.show(10)
    shown.close()
    assert capfd.readouterr() == ("", "")
