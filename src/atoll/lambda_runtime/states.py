"""The lifecycle of an execution environment, as a table. What happens in a state is `environment.py`'s business.

    STARTING ─▶ INIT ─▶ IDLE ◀─▶ BUSY ─▶ DRAINING
        │         │       │        │         │
        └─────────┴───────┴────────┴─────────┴──▶ STOPPING ─▶ STOPPED

docs: Lambda developer guide, "Understanding the Lambda execution environment lifecycle".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from atoll.lambda_runtime.errors import IllegalTransition


class State(Enum):
    """STARTING: being forked. INIT: imports the handler. IDLE: waits. BUSY: runs an invocation. DRAINING: runs its last one.
    STOPPING: is being killed. STOPPED: no process is left."""

    STARTING = "starting"
    INIT = "init"
    IDLE = "idle"
    BUSY = "busy"
    DRAINING = "draining"
    STOPPING = "stopping"
    STOPPED = "stopped"


ENDING = frozenset({State.STOPPING, State.STOPPED})
TRANSITIONS: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.STARTING: frozenset({State.INIT, State.STOPPING}),
        State.INIT: frozenset({State.IDLE, State.STOPPING}),
        State.IDLE: frozenset({State.BUSY, State.STOPPING}),
        State.BUSY: frozenset({State.IDLE, State.DRAINING, State.STOPPING}),
        State.DRAINING: frozenset({State.STOPPING}),
        State.STOPPING: frozenset({State.STOPPED}),
        State.STOPPED: frozenset(),
    }
)


def require(current: State, following: State) -> State:
    """`following`, if `current` leads to it. Raises IllegalTransition otherwise."""
    if following not in TRANSITIONS[current]:
        raise IllegalTransition(f"an environment cannot go from {current.value} to {following.value}")
    return following
