"""BILLmanager's own server: its folders, our settings, our memory, locks, the time of a run."""
