"""HTTP APIs: how they answer requests."""
