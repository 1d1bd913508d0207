"""Which program runs a runtime's functions, and how it is started: one module per family."""
