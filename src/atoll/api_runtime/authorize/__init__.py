"""Who calls an API, and may they? `authorizers.py` is the way in; each kind of authorizer is a module beside it."""
