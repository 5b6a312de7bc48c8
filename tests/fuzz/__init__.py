"""The readers of what comes from outside, fed with made-up bytes: see targets."""
