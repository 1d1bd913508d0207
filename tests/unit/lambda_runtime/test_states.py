"""The lifecycle table."""

from __future__ import annotations

import itertools

import pytest

from atoll.lambda_runtime.errors import IllegalTransition
from atoll.lambda_runtime.states import TRANSITIONS, State, require


def test_every_state_can_be_stopped_and_stopped_is_the_end() -> None:
    for state in State:
        if state not in (State.STOPPING, State.STOPPED):
            assert require(state, State.STOPPING) is State.STOPPING
    assert not TRANSITIONS[State.STOPPED]


def test_a_transition_that_is_not_listed_raises() -> None:
    for current, following in itertools.product(State, State):
        if following not in TRANSITIONS[current]:
            with pytest.raises(IllegalTransition):
                require(current, following)
