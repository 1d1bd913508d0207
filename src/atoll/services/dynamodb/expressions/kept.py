"""What texts come to, remembered: many short ones, few long ones.

A tree takes up to eighty times the bytes of its text, and texts are the clients': so that what is remembered of them takes some tens of
megabytes at most, whatever they send. Of long ones there is room for as many as one request can hold, which is read more than once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

SHORT = 384
"""Characters of what most texts are shorter than."""
MANY, FEW = 1024, 128


class Kept(Generic[T]):
    """A function of a text that remembers what it gave."""

    __slots__ = ("_long", "_short")

    def __init__(self, read: Callable[[str], T]) -> None:
        self._short = lru_cache(maxsize=MANY)(read)
        self._long = lru_cache(maxsize=FEW)(read)

    def __call__(self, text: str) -> T:
        return (self._short if len(text) <= SHORT else self._long)(text)

    def cache_clear(self) -> None:
        """Forgets all."""
        self._short.cache_clear()
        self._long.cache_clear()
