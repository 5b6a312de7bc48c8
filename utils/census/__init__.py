"""All services of a module with their accounts: read, counted, compared."""
