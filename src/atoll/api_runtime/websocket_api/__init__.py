"""WebSocket APIs: how they answer messages."""
