"""Whole runs: the real program on the BILLmanager double and a cloud, over real sockets."""
