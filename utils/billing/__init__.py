"""BILLmanager: what is read from its database, what is asked of its core, in its own nouns."""
