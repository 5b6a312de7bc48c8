"""One run of one command: its call, what it has at hand, its visit to the cloud, its report."""
