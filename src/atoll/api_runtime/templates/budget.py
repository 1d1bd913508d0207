"""What a template may spend: it is users' text, and none holds up the others. Pure."""

from __future__ import annotations

STEPS = 1_000_000
"""Evaluations, a second's work; what a template says in a loop of 1,000 in a loop of 100."""
SIZE = 10 * 1024 * 1024
"""Of the output, and of any text on the way, in characters. docs: API Gateway quotas, payload size."""
SLICE = 250
"""Steps between two chances for others, half a millisecond."""
BURST = 1_500
"""Steps at once that are taken on the event loop, about a millisecond."""
_CHARACTERS_PER_STEP = 128


class TemplateError(Exception):
    """The template cannot be parsed, or failed, or does too much. API Gateway's client gets a 500 and `Internal server error`."""


class Burst(Exception):
    """One step takes so long that it should be taken elsewhere than on the event loop."""


class Budget:
    """Counts down. `spend` raises TemplateError where nothing is left, and Burst where more than `burst` steps are taken at once."""

    __slots__ = ("_burst", "_floor", "_pause", "left")

    def __init__(self, steps: int = STEPS, burst: int = STEPS) -> None:
        self.left = steps
        self._burst = burst
        self._pause = steps - SLICE
        self._floor = max(steps - burst, 0)

    def spend(self, steps: int, characters: int = 0) -> None:
        """Pays for steps, and for the making of a text."""
        if characters > SIZE:
            raise TemplateError("a text is longer than 10 MB")
        self.left -= steps + characters // _CHARACTERS_PER_STEP
        if self.left < self._floor:
            if self.left < 0:
                raise TemplateError("the template does too much")
            raise Burst

    def due(self) -> bool:
        """Whether others should have their chance."""
        if self.left > self._pause:
            return False
        self._pause = self.left - SLICE
        self._floor = max(self.left - self._burst, 0)
        return True
