"""The history of what was done: read, chosen, told to people and to machines."""
