"""What a template may spend: it is users' text, and none holds up the others. Pure."""

from __future__ import annotations

STEPS = 1_000_000
"""Evaluations, a second's work; what a template says in a loop of 1,000 in a loop of 100."""
SIZE = 10 * 1024 * 1024
"""Of the output, and of any text on the way, in characters. docs: API Gateway quotas, payload size."""
SLICE = 1_000
"""Steps between two chances for others, under a millisecond."""
_CHARACTERS_PER_STEP = 128


class TemplateError(Exception):
    """The template cannot be parsed, or failed, or does too much. API Gateway's client gets a 500 and `Internal server error`."""


class Budget:
    """Counts down. `spend` raises TemplateError where nothing is left."""

    __slots__ = ("left", "pause")

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps
        self.pause = steps - SLICE

    def spend(self, steps: int, characters: int = 0) -> None:
        """Pays for steps, and for the making of a text."""
        if characters > SIZE:
            raise TemplateError("a text is longer than 10 MB")
        self.left -= steps + characters // _CHARACTERS_PER_STEP
        if self.left < 0:
            raise TemplateError("the template does too much")

    def due(self) -> bool:
        """Whether others should have their chance."""
        if self.left > self.pause:
            return False
        self.pause = self.left - SLICE
        return True
