"""Time to live: items that expire by themselves. `entries` says when each does, `expiry` deletes them then."""
