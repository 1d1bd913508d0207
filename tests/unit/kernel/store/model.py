"""The store against a model: a dict, to which the same random transactions are applied one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from tests.unit.kernel.store.support import Opener

from atoll.kernel.keys import Key, between, pack, under
from atoll.kernel.store.api import Reader, Transaction, counter

Op = tuple[Any, ...]
State = tuple[dict[Key, bytes], list[bytes]]
"""What the model holds: the entries, and the values appended to the log."""

ROOT: Key = ("111122223333", "", "model")
LOG: Key = ("111122223333", "", "model-log")
KEYS: list[Key] = [
    *((*ROOT, n) for n in (-1, 0, 1, 2, 3, 300)),
    *((*ROOT, text) for text in ("", "a", "a\x00", "b")),
    *((*ROOT, "a", n) for n in range(3)),
    (*ROOT, None),
    (*ROOT, b"\xff"),
    (*ROOT, ("x", None)),
]
COUNTERS: list[Key] = [(*ROOT, "counter", n) for n in range(3)]


class Thrown(Exception):
    """What a transaction of the test raises."""


key = st.sampled_from(KEYS)
any_key = st.sampled_from(KEYS + COUNTERS)
limit = st.none() | st.integers(0, 5)
operation = st.one_of(
    st.tuples(st.just("set"), key, st.binary(max_size=4)),
    st.tuples(st.just("delete"), any_key),
    st.tuples(st.just("add"), st.sampled_from(COUNTERS), st.integers(-5, 5)),
    st.tuples(st.just("append"), st.binary(max_size=4)),
    st.tuples(st.just("clear"), any_key, any_key),
    st.tuples(st.just("clear_under"), st.sampled_from([(*ROOT, "a"), (*ROOT, "counter"), ROOT, LOG])),
    st.tuples(st.just("get"), any_key),
    st.tuples(st.just("scan"), any_key, any_key, limit, st.booleans()),
    st.tuples(st.just("scan_all"), limit, st.booleans()),
)
transaction = st.tuples(st.lists(operation, max_size=8), st.booleans() | st.just(False))
"""Operations, and whether the function raises at their end."""


def run_on_store(tx: Transaction, operations: list[Op]) -> list[Any]:
    seen: list[Any] = []
    for name, *arguments in operations:
        match name, arguments:
            case "set", (at, value):
                tx.set(at, value)
            case "delete", (at,):
                tx.delete(at)
            case "add", (at, amount):
                tx.add(at, amount)
            case "append", (value,):
                tx.append(LOG, value)
            case "clear", (start, end):
                tx.clear_range(between(start, end))
            case "clear_under", (prefix,):
                tx.clear_range(under(prefix))
            case "get", (at,):
                seen.append(tx.get(at))
            case "scan", (start, end, most, reverse):
                seen.append(list(tx.scan(between(start, end), limit=most, reverse=reverse)))
            case "scan_all", (most, reverse):
                seen.append(list(tx.scan(under(ROOT), limit=most, reverse=reverse)))
    return seen


def run_on_model(state: State, operations: list[Op]) -> tuple[State, list[Any]]:
    entries, log = dict(state[0]), list(state[1])
    appended: list[bytes] = []  # at commit: not touched by a clear in the same transaction
    seen: list[Any] = []
    for name, *arguments in operations:
        match name, arguments:
            case "set", (at, value):
                entries[at] = value
            case "delete", (at,):
                entries.pop(at, None)
            case "add", (at, amount):
                entries[at] = b"%d" % (counter(entries.get(at)) + amount)
            case "append", (value,):
                appended.append(value)
            case "clear", (start, end):
                entries = {at: value for at, value in entries.items() if not pack(start) <= pack(at) < pack(end)}
            case "clear_under", (prefix,):
                entries = {at: value for at, value in entries.items() if at[: len(prefix)] != prefix or at == prefix}
                log = [] if prefix == LOG else log
            case "get", (at,):
                seen.append(entries.get(at))
            case "scan", (start, end, most, reverse):
                inside = {at: value for at, value in entries.items() if pack(start) <= pack(at) < pack(end)}
                seen.append(ordered(inside, reverse=reverse)[:most])
            case "scan_all", (most, reverse):
                seen.append(ordered(entries, reverse=reverse)[:most])
    return (entries, log + appended), seen


def ordered(entries: dict[Key, bytes], *, reverse: bool = False) -> list[tuple[Key, bytes]]:
    return sorted(entries.items(), key=lambda entry: pack(entry[0]), reverse=reverse)


def whole(tx: Reader) -> tuple[list[tuple[Key, bytes]], list[tuple[Any, bytes]]]:
    return list(tx.scan(under(ROOT))), [(at[-1], value) for at, value in tx.scan(under(LOG))]


class Machine(RuleBasedStateMachine):
    """Batches of transactions of one tick, with reopening in between. `fresh` is set by `check_against_model`."""

    fresh: Callable[[], Opener]

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.opener = type(self).fresh()
        self.state: State = ({}, [])
        self.open()

    def open(self) -> None:
        self.manager = self.opener()
        self.store = self.runner.run(self.manager.__aenter__())

    @rule(batch=st.lists(transaction, min_size=1, max_size=5))
    def transact(self, batch: list[tuple[list[Op], bool]]) -> None:
        def function(operations: list[Op], throws: bool) -> Callable[[Transaction], list[Any]]:
            def run(tx: Transaction) -> list[Any]:
                seen = run_on_store(tx, operations)
                if throws:
                    raise Thrown(repr(seen))
                return seen

            return run

        async def together() -> list[Any]:
            calls = [self.store.transact(function(*each)) for each in batch]
            return await asyncio.gather(*calls, return_exceptions=True)

        for (operations, throws), result in zip(batch, self.runner.run(together()), strict=True):
            state, expected = run_on_model(self.state, operations)
            if throws:
                assert isinstance(result, Thrown), result
                assert str(result) == repr(expected)
            else:
                assert result == expected
                self.state = state

    @rule()
    def reopen(self) -> None:
        self.runner.run(self.manager.__aexit__(None, None, None))
        self.open()

    @invariant()
    def the_store_holds_what_the_model_holds(self) -> None:
        if not hasattr(self, "store"):
            return
        entries, log = self.runner.run(self.store.read(whole))
        assert entries == ordered(self.state[0])
        assert [value for _, value in log] == self.state[1]
        places = [at for at, _ in log]
        assert places == sorted(set(places))

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.runner.run(self.manager.__aexit__(None, None, None))
            self.runner.close()


def check_against_model(fresh: Callable[[], Opener], *, examples: int = 40, steps: int = 20) -> None:
    """Runs random machines; `fresh` gives each an opener on a new place. Raises AssertionError with the shortest history that differs."""
    machine = type("StoreMachine", (Machine,), {"fresh": staticmethod(fresh)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
