"""WebSocket APIs: `server.py` opens connections and runs routes for their messages; `management.py` is `@connections`."""
