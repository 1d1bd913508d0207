"""REST APIs: how they answer requests."""
