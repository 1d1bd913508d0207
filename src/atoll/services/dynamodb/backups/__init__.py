"""Backups and restores: what a table's items were, and how they become a table again (docs/decisions/0015)."""
