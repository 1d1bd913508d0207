"""How many users, roles and groups an account has."""

from __future__ import annotations

from pathlib import Path

from atoll.kernel.region import open_kernel
from atoll.kernel.store.api import Transaction
from atoll.services.iam.store import USERS, User, count

ACCOUNT = "123456789012"


def user(name: str) -> User:
    return User(name=name, path="/", id=f"AIDA{name}", created=1)


async def test_a_data_directory_from_before_there_were_counts(tmp_path: Path) -> None:
    kernel = await open_kernel(tmp_path, "process", verify=True)

    def fill(tx: Transaction) -> None:
        for name in ("ann", "ben", "cat"):
            USERS.put(tx, ACCOUNT, user(name))
        tx.delete((ACCOUNT, "", "iam", "counts", "user"))

    async def counted() -> int:
        return await kernel.store.read(lambda tx: count(tx, ACCOUNT, "user"))

    await kernel.store.transact(fill)
    assert await counted() == 3
    await kernel.store.transact(lambda tx: USERS.delete(tx, ACCOUNT, user("ben")))
    assert await counted() == 2
    await kernel.store.transact(lambda tx: USERS.create(tx, ACCOUNT, user("dan")))
    assert await counted() == 3
    await kernel.close()
