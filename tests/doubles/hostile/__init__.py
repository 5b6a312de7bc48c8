"""A cloud that means ill: it hears all and answers with whatever bytes it is given."""

from tests.doubles.hostile.server import Heard, Hostile, head, whole

__all__ = ["Heard", "Hostile", "head", "whole"]
