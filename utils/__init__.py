"""What the commands stand on, room by room; a room imports only rooms below it (setup.cfg)."""
