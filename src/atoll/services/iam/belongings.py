"""What an account has beside users, groups, roles and policies, found by ARN or name: identity providers, MFA devices, certificates.

How such things lie in the store, what IAM asks for them, and their tags. docs: IAM User Guide, "Tags for IAM resources".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import NO_CONDITIONS, Access, ResourceOf, ValuesOf
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.iam import paging, tagging
from atoll.services.iam.errors import LimitExceededException

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import TagTypeDef

T = TypeVar("T", bound=Struct)
Tags = Mapping[str, str]


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of thing: `word` stands in its keys, and it is found by a name that is the kind's own."""

    word: str
    codec: Codec[T]

    def prefix(self, account: str) -> Key:
        """Under which all of the account's lie, by name."""
        return (account, "", "iam", self.word)

    def find(self, tx: Reader, account: str, name: str) -> T | None:
        """The thing, or None."""
        raw = tx.get((*self.prefix(account), name))
        return self.codec.decode(raw) if raw else None

    def put(self, tx: Transaction, account: str, name: str, thing: T) -> None:
        """Stores it."""
        tx.set((*self.prefix(account), name), self.codec.encode(thing))

    def delete(self, tx: Transaction, account: str, name: str) -> None:
        """Removes it."""
        tx.delete((*self.prefix(account), name))

    def all(self, tx: Reader, account: str) -> Iterator[T]:
        """All of the account's, by name."""
        return (self.codec.decode(raw) for _, raw in tx.scan(under(self.prefix(account))))


def on(
    action: str,
    resource: ResourceOf,
    tags: Callable[[Reader, Context, Any], Tags | None],
    conditions: Mapping[str, ValuesOf] = NO_CONDITIONS,
) -> list[Access]:
    """The access of an operation on a thing, whose tags `tags` reads. `conditions` are those beside them."""

    async def found(ctx: Context, request: Any) -> Tags | None:
        return await ctx.store.read(lambda tx: tags(tx, ctx, request))

    return [Access(f"iam:{action}", resource=resource, conditions={"aws:ResourceTag/${TagKey}": found, **conditions})]


def makes(action: str, tag: str, resource: ResourceOf) -> list[Access]:
    """The access of an operation that makes a thing: whoever does so with tags must be allowed to tag it."""

    async def tagged(ctx: Context, request: Any) -> Any:
        if not request.get("Tags"):
            return []
        found = resource(ctx, request)
        return await found if isawaitable(found) else found

    return [
        Access(f"iam:{action}", resource=resource, conditions=adds_tags()),
        Access(f"iam:{tag}", resource=tagged, conditions=adds_tags()),
    ]


def new_tags(given: Iterable[TagTypeDef]) -> dict[str, str]:
    """The tags that a thing is made with. Raises InvalidInputException, LimitExceededException."""
    found = tagging.given(given, fold=False)
    if len(found) > tagging.MOST:
        raise LimitExceededException("The number of tags has reached the maximum limit.")
    return found


def tag_page(request: Mapping[str, Any], tags: Tags) -> dict[str, Any]:
    """A page of tags."""
    found, more = paging.page(request, paging.named(tags))
    return {"Tags": tagging.shown(dict(found)), **more}


def with_tags(present: Tags, given: Iterable[TagTypeDef]) -> dict[str, str]:
    """The tags of a thing after it was tagged. Raises InvalidInputException, LimitExceededException."""
    return tagging.merged(present, tagging.given(given, fold=False), fold=False)


def without_tags(present: Tags, keys: Sequence[str]) -> dict[str, str]:
    """The tags of a thing after some were taken."""
    return tagging.without(present, keys, fold=False)
