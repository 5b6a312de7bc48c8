"""The account of one service: whose it is, what it is to be, and how it gets there."""
