"""What exists, and what it may say: the registry and the wire protocol."""
