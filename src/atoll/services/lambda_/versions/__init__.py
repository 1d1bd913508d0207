"""Versions of a function, and the aliases that point to them."""
