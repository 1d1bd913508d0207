"""Regular expressions that users wrote: compiled within bounds. Whoever uses one gives a time-out too. Pure.

The compiler writes out what is repeated: `((a{999}){999}){999}` would take more memory than there is, and nothing can stop it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

LENGTH = 1_000
"""Of a pattern, in characters."""
WRITTEN_OUT = 2_500
"""How many characters, classes and groups a pattern may come to with its repetitions written out: about three milliseconds of compiling."""
_UNCOUNTED = re.compile(r"\(\?(?:#|[A-Za-z0-9]*[xV])")
"""Comments, and modes in which blanks or classes are read in another way than they are counted here."""
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]?|\{(\d*)(?:,(\d*))?\}|.", re.DOTALL)


class BadPattern(ValueError):
    """The pattern cannot be used. The text says why."""


def compiled(pattern: str) -> regex.Pattern[str]:
    """The pattern made ready. Raises BadPattern where it is wrong, or too much."""
    import regex

    if len(pattern) > LENGTH or _UNCOUNTED.search(pattern) or written_out(pattern) > WRITTEN_OUT:
        raise BadPattern("a regular expression is too long")
    try:
        return regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError, ValueError) as error:
        raise BadPattern(f"a regular expression is wrong: {error}") from error


def written_out(pattern: str) -> int:
    """To how much the pattern comes with what is counted (`a{9}`) written out: at least one for each character, class and group."""
    around: list[int] = []
    before, last = 0, 0  # of the group at hand: what is complete, and the last item, which may be repeated
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if token[1] is not None:
            times = [int(count[:9]) for count in token.groups() if count]
            last *= max(1, *times) if times else 1
        elif text == "(":
            around.append(before + last)
            before, last = 0, 1
        elif text == ")" and around:
            before, last = around.pop(), before + last
        else:
            before, last = before + last, 1
    return sum(around) + before + last
