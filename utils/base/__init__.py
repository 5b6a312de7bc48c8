"""What all rooms speak of: errors, values, secrets, sizes, addresses, texts, XML, the log."""
