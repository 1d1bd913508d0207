"""Event source mappings: what feeds a function from a stream or queue. The operations keep them as data; `pollers.py` runs what polls.

A source is described in `sources.py`; one that is polled has a module that reads it (`dynamodb.py`) and a line in `pollers.POLLERS`.
"""
