"""Atoll: a cloud region of your own."""

__version__ = "0.1.0"
