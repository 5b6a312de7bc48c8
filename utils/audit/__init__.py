"""The audit: where billing and clouds do not say the same, and the mending of what is safe."""
