"""Tests of pmnextcloud: units, the two doubles, and whole runs of the program on them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The project's folder."""
