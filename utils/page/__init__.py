"""The page of one service in BILLmanager's web: who asks, what he may see, how it is shown."""
