"""HTTP APIs: `server.py` answers requests; each other module is a step of that, or the words of an answer."""
