"""Tests of pmnextcloud: units, the two doubles, and whole runs of the program on them."""
