"""The store: one ordered key-value interface with transactions (`api.py`), and its engines. State exists nowhere else."""
