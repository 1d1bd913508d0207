"""What a user has of its own by id: signing certificates and SSH public keys. They go by the user's unique id, so that a renamed user keeps
them, and a user who has any cannot be deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.iam.errors import NoSuchEntityException
from atoll.services.iam.store import User


class Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What all have: an id, when they came (whole seconds), and their status."""

    id: str
    created: int
    status: str = "Active"


class SigningCertificate(Item, frozen=True, omit_defaults=True, kw_only=True):
    """A certificate, as PEM."""

    body: str


class SshKey(Item, frozen=True, omit_defaults=True, kw_only=True):
    """A public key, as given; `fingerprint` is MD5, with colons."""

    body: str
    fingerprint: str


T = TypeVar("T", bound=Item)


@dataclass(frozen=True)
class Items(Generic[T]):
    """One kind: `word` stands in its keys; `missing` says that there is none with an id."""

    word: str
    codec: Codec[T]
    missing: str

    def all(self, tx: Reader, account: str, user: User) -> Iterator[T]:
        """The user's, by id."""
        return (self.codec.decode(raw) for _, raw in tx.scan(under(self._prefix(account, user))))

    def get(self, tx: Reader, account: str, user: User, item_id: str) -> T:
        """One of the user's. Raises NoSuchEntityException."""
        raw = tx.get((*self._prefix(account, user), item_id))
        if raw is None:
            raise NoSuchEntityException(self.missing.format(item_id))
        return self.codec.decode(raw)

    def put(self, tx: Transaction, account: str, user: User, item: T) -> None:
        """Stores one."""
        tx.set((*self._prefix(account, user), item.id), self.codec.encode(item))

    def delete(self, tx: Transaction, account: str, user: User, item_id: str) -> None:
        """Removes one. Raises NoSuchEntityException."""
        self.get(tx, account, user, item_id)
        tx.delete((*self._prefix(account, user), item_id))

    def _prefix(self, account: str, user: User) -> Key:
        return (account, "", "iam", self.word, user.id)


CERTIFICATES = Items(
    "signing-certificates",
    Codec(SigningCertificate),
    "The Certificate with id {} cannot be found.",
)
SSH_KEYS = Items("ssh-keys", Codec(SshKey), "The Public Key with id {} cannot be found.")


def has_any(tx: Reader, account: str, user: User) -> bool:
    """Whether the user has any."""
    return any(CERTIFICATES.all(tx, account, user)) or any(SSH_KEYS.all(tx, account, user))
