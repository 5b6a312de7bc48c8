"""The metrics: what is read in billing and clouds for monitoring, and told to its programs."""
