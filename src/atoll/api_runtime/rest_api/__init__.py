"""REST APIs: `server.py` answers requests, `call.py` is what its steps work on; what APIs are made of is in `records.py`."""
