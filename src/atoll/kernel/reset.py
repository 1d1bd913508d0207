"""Emptying an account, or the whole region, in one transaction: a crash leaves everything or nothing.

An account's own records lie under its id. What belongs to it under GLOBAL_ACCOUNT (access keys, API ids, names that are unique in the
region) is found by what its writers declare: `Shared` says where such records lie, and whose one is. `(GLOBAL_ACCOUNT, "", "kernel")`
is the region's own (its clock, its node) and is never emptied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from atoll.kernel import blobs, deliveries, tasks
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, Range, between, pack, under
from atoll.kernel.service import Service, Shared
from atoll.kernel.store.api import Reader, Transaction, counter

MOST_COUNTED = 100
"""Records of a service in an account that `contents` counts; more are said to be this many."""
ACCOUNTS = between((), (GLOBAL_ACCOUNT,))
KERNEL: Key = (GLOBAL_ACCOUNT, "", "kernel")
OF_THE_KERNEL = (
    Shared(tasks.PREFIX, tasks.owner),
    Shared(blobs.PREFIX, blobs.owner),
    Shared(deliveries.PREFIX, deliveries.account_of),
)


@dataclass(frozen=True, slots=True)
class Reset:
    """What the services of a region declare, put together."""

    shared: Sequence[Shared]
    counters: Sequence[Callable[[str], Key]]

    @staticmethod
    def of(services: Iterable[Service]) -> Reset:
        """From the services' manifests."""
        services = list(services)
        return Reset(
            [*OF_THE_KERNEL, *(shared for service in services for shared in service.shared)],
            [counter for service in services for counter in service.counters],
        )

    def account(self, tx: Transaction, account: str) -> None:
        """Deletes everything that belongs to one account."""
        for shared, key in self._shared_by(tx, account):
            shared.remove(tx, key)
        self._delete_own(tx, account)

    def region(self, tx: Transaction) -> None:
        """Deletes everything that belongs to any account, and what the region remembers of its callers."""
        for account in list(accounts(tx)):
            self._delete_own(tx, account)
        tx.clear_range(between((GLOBAL_ACCOUNT,), KERNEL))
        tx.clear_range(Range(under(KERNEL).end, under((GLOBAL_ACCOUNT,)).end))

    def contents(self, tx: Reader) -> dict[str, dict[str, int]]:
        """How many records each account has of each service, at most MOST_COUNTED. Accounts without any are left out."""
        found = {account: self._records(tx, account) for account in accounts(tx)}
        return {account: records for account, records in found.items() if records}

    def _shared_by(self, tx: Reader, account: str) -> list[tuple[Shared, Key]]:
        return [
            (shared, key)
            for shared in self.shared
            for key, raw in tx.scan(under(shared.prefix))
            if shared.owner(tx, key, raw) == account
        ]

    def _delete_own(self, tx: Transaction, account: str) -> None:
        counts = [(key, raw) for name in self.counters if (raw := tx.get(key := name(account))) is not None]
        tx.clear_range(under((account,)))
        for key, raw in counts:
            tx.add(key, counter(raw) + 1)

    def _records(self, tx: Reader, account: str) -> dict[str, int]:
        kept = {name(account) for name in self.counters}
        records: dict[str, int] = {}
        span = under((account,))
        while row := next(iter(tx.scan(span, limit=1)), None):
            key = row[0]
            place, service = under(key[:3]), str(key[2])
            count = sum(1 for at, _ in tx.scan(place, limit=MOST_COUNTED) if at not in kept)
            if count:
                records[service] = min(records.get(service, 0) + count, MOST_COUNTED)
            span = span._replace(start=place.end)
        return records


def accounts(tx: Reader) -> Iterable[str]:
    """Every account that has records of its own, in order, each found with one look-up."""
    span = ACCOUNTS
    while row := next(iter(tx.scan(span, limit=1)), None):
        account = str(row[0][0])
        yield account
        span = Range(under((account,)).end, pack((GLOBAL_ACCOUNT,)))
