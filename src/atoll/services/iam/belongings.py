"""What an account has beside users, groups, roles and policies, found by ARN or name: identity providers, MFA devices, certificates.

How such things lie in the store, what IAM asks for them, and their tags. docs: IAM User Guide, "Tags for IAM resources".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import NO_CONDITIONS, Access, ResourceOf, ValuesOf
from atoll.kernel.store.api import Reader, Transaction
from atoll.kernel.tag_conditions import adds_tags
from atoll.services.iam import paging, tagging
from atoll.services.iam.errors import LimitExceededException, NoSuchEntityException

if TYPE_CHECKING:
    from types_boto3_iam.type_defs import TagTypeDef

Tags = Mapping[str, str]


class Thing(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What all have in common."""

    tags: dict[str, str] = {}


T = TypeVar("T", bound=Thing)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of thing: `word` stands in its keys, and it is found by a name that is the kind's own, its ARN perhaps. `missing` says that
    there is none of a name."""

    word: str
    codec: Codec[T]
    missing: str

    def prefix(self, account: str) -> Key:
        """Under which all of the account's lie, by name."""
        return (account, "", "iam", self.word)

    def find(self, tx: Reader, account: str, name: str) -> T | None:
        """The thing, or None."""
        raw = tx.get((*self.prefix(account), name))
        return self.codec.decode(raw) if raw else None

    def get(self, tx: Reader, account: str, name: str) -> T:
        """The thing. Raises NoSuchEntityException."""
        found = self.find(tx, account, name)
        if found is None:
            raise NoSuchEntityException(self.missing.format(name))
        return found

    def put(self, tx: Transaction, account: str, name: str, thing: T) -> None:
        """Stores it."""
        tx.set((*self.prefix(account), name), self.codec.encode(thing))

    def delete(self, tx: Transaction, account: str, name: str) -> None:
        """Removes it."""
        tx.delete((*self.prefix(account), name))

    def all(self, tx: Reader, account: str) -> Iterator[T]:
        """All of the account's, by name."""
        return (self.codec.decode(raw) for _, raw in tx.scan(under(self.prefix(account))))


def tags_of(kind: Kind[Any], name: Callable[[Context, Any], str]) -> Callable[[Reader, Context, Any], Tags | None]:
    """Reads the tags of the thing that a request names, for `on`."""

    def read(tx: Reader, ctx: Context, request: Any) -> Tags | None:
        found = kind.find(tx, ctx.account, name(ctx, request))
        return found.tags if found else None

    return read


async def retag(ctx: Context, kind: Kind[T], name: str, change: Callable[[Tags], dict[str, str]]) -> None:
    """Changes the tags of a thing. Raises NoSuchEntityException, and what `change` raises."""

    def write(tx: Transaction) -> None:
        thing = kind.get(tx, ctx.account, name)
        kind.put(tx, ctx.account, name, replace(thing, tags=change(thing.tags)))

    await ctx.store.transact(write)


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
