"""The pretend world: speaks only the device protocol and HTTP, so it cannot cheat."""
