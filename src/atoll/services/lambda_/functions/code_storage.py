"""What an account keeps of code: the blobs that a version or layer version owns, and how much they may come to."""

from __future__ import annotations

from collections.abc import Collection

from atoll.kernel import blobs
from atoll.kernel.keys import Key
from atoll.kernel.store.api import Transaction, counter
from atoll.services.lambda_.errors import CodeStorageExceededException
from atoll.services.lambda_.store import Version

TOTAL_CODE_SIZE = 75 << 30
"""docs: Lambda quotas, "Storage for uploaded functions"; AWS answers the same number of bytes."""


def digests(version: Version) -> set[str]:
    """The blobs that a version needs: its package, and its layers with the list of them."""
    return {version.code, *(layer.code for layer in version.layers), version.overlay} - {""}


def own(tx: Transaction, owner: Key, needed: Collection[str], before: Collection[str] = ()) -> None:
    """Links the blobs that `owner` needs now, and unlinks what of `before` it no longer does."""
    for digest in set(before) - set(needed):
        blobs.unlink(tx, digest, owner)
    for digest in set(needed) - set(before):
        blobs.link(tx, digest, owner)


def charge(tx: Transaction, usage: Key, size: int) -> None:
    """Adds `size` bytes (less than 0: frees them) to the account's counter. Raises CodeStorageExceededException past the quota."""
    if size > 0 and counter(tx.get(usage)) + size > TOTAL_CODE_SIZE:
        raise CodeStorageExceededException("Code storage limit exceeded.")
    tx.add(usage, size)
