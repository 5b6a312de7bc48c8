"""The report: what was sold and used, when it will be full, what failed, what waits for staff."""
