"""Tests of pmnextcloud: units, the two doubles, and whole runs of the program on them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The project's folder."""

PATIENCE_S = 240
"""How long is waited for what has to come, whatever else the machine does: only what hangs takes
so long. It ends before the time limit of a test does, so that the test says what did not come."""
