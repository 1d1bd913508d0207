"""What a run is to do: how long, how often, beside whom; and where it says what it is doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import servers
from benchmarks.servers import Kind

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """`seconds` of load for each figure in each of `rounds`, with so many `distinct` requests; so many `starts` of a server,
    `cold_starts` of a function, and `idle` functions."""

    seconds: int
    rounds: int
    distinct: int
    starts: int
    cold_starts: int
    idle: int
    with_peers: bool
    console: Console

    def peers(self, *, enforcing: bool = False) -> list[Kind]:
        """The peers, unless the run is to go without."""
        if not self.with_peers:
            return []
        return [
            servers.moto(self.console, enforcing=enforcing),
            servers.ministack(self.console, enforcing=enforcing),
        ]

    def databases(self, *, enforcing: bool = False) -> list[Kind]:
        """The peers for DynamoDB: also those that are nothing else, which check no signatures and are not there where they should."""
        if not self.with_peers or enforcing:
            return self.peers(enforcing=enforcing)
        local = servers.dynamodb_local()
        return [*self.peers(), servers.dynalite(self.console), *([local] if local else [])]

    def each(self, what: str, items: Iterable[T]) -> Iterator[T]:
        """The items, with a bar that shows how far it is."""
        found = list(items)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        # Rarely drawn: it would take from the client's core.
        with Progress(*columns, console=self.console, refresh_per_second=1) as progress:
            yield from progress.track(found, description=what)
