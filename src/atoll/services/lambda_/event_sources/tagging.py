"""The tags of event source mappings, for TagResource, UntagResource and ListTags."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.lambda_.errors import ResourceNotFoundException
from atoll.services.lambda_.event_sources import store


def read(tx: Reader, ctx: Context, arn: str) -> Mapping[str, str]:
    """The tags of the mapping with this ARN. Raises ResourceNotFoundException."""
    return _named(tx, ctx, arn).tags


def write(tx: Transaction, ctx: Context, arn: str, tags: dict[str, str], _revision: str) -> None:
    """Gives the mapping these tags; it goes on polling as before. Raises ResourceNotFoundException."""
    store.put(tx, msgspec.structs.replace(_named(tx, ctx, arn), tags=tags))


def _named(tx: Reader, ctx: Context, arn: str) -> store.Mapping:
    """The mapping, under no other name than its own: IAM compares the one that the request has."""
    mapping = store.get(tx, ctx.account, ctx.region, arn.rpartition(":")[2])
    if mapping.arn != arn:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return mapping
