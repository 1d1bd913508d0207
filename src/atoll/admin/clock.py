"""`/_atoll/clock`: what time it is in the region, and moving it forward."""

from __future__ import annotations

from typing import Any

from atoll.admin.answers import Refused, given
from atoll.admin.moments import amount, instant, iso
from atoll.kernel.clock import ClockStuck
from atoll.kernel.http import HttpRequest
from atoll.kernel.region import Kernel

MEMBERS = {"advance": '"1h30m"', "set": '"2027-01-01T00:00:00Z"'}
MOST_DUE = 20
LATEST = 253_402_300_799.0
"""The last second of the year 9999: no later time can be written as AWS writes times."""


def shown(kernel: Kernel) -> dict[str, Any]:
    """Region time, how far it is ahead of wall time, and what is due next (names, times, seconds from now)."""
    clock = kernel.clock
    now = clock.now()
    return {
        "region_time": iso(now),
        "epoch": round(now, 3),
        "wall_time": iso(clock.wall()),
        "offset": round(clock.offset, 3),
        "due": [{"what": name, "at": iso(when), "in": round(when - now, 3)} for when, name in clock.due(MOST_DUE)],
    }


async def move(kernel: Kernel, request: HttpRequest) -> dict[str, Any]:
    """Moves region time as the body says, and answers when all that became due is done. Raises Refused."""
    members = given(request, MEMBERS)
    if len(members) != 1:
        raise Refused('Say one of {"advance": "1h30m"} and {"set": "2027-01-01T00:00:00Z"}.')
    try:
        if "advance" in members:
            await _advance(kernel, amount(members["advance"]))
        else:
            await _set(kernel, instant(members["set"]))
    except ClockStuck as error:
        raise Refused(f"Region time stands at {iso(kernel.clock.now())}: {error}.", 409) from error
    except ValueError as error:
        raise Refused(str(error)) from None
    return shown(kernel)


async def _advance(kernel: Kernel, seconds: float) -> None:
    if seconds < 0:
        raise Refused("Region time never goes backward: advance it by zero or more.")
    _check(kernel.clock.now() + seconds)
    await kernel.advance(seconds)


async def _set(kernel: Kernel, target: float) -> None:
    _check(target)
    if target < kernel.clock.now():
        raise Refused(f"Region time never goes backward: it is {iso(kernel.clock.now())} already.")
    await kernel.advance_to(target)


def _check(target: float) -> None:
    if not target <= LATEST:
        raise Refused("Region time ends with the year 9999.")
