"""What IAM asks of operations on event source mappings. docs: service authorization reference, AWS Lambda."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access
from atoll.services.lambda_.event_sources import store
from atoll.services.lambda_.names import qualified_arn, target

ARN = ":event-source-mapping:"


def mapping_arn(ctx: Context, request: Mapping[str, Any]) -> str:
    """The ARN of the mapping that a request names by its UUID, or as `Resource`."""
    return str(request.get("Resource") or ctx.arn(f"event-source-mapping:{request['UUID']}"))


async def mapping_tags(ctx: Context, request: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The tags of the mapping that a request names."""
    mapping = await _named(ctx, request)
    return mapping.tags if mapping else None


def _before_and_after(request: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """A change of the function is one of both functions: whoever may not touch the one that the mapping feeds may not take it away."""
    return [{**request, "FunctionName": None}, request] if request.get("FunctionName") else [request]


async def _functions(ctx: Context, request: Mapping[str, Any]) -> Sequence[str] | None:
    """The function that the mapping shall feed, or else the one that it feeds."""
    if request.get("FunctionName"):
        return [qualified_arn(ctx, request)]
    mapping = await _named(ctx, request)
    return [mapping.target.qualified_arn] if mapping else None


async def _named(ctx: Context, request: Mapping[str, Any]) -> store.Mapping | None:
    uuid = mapping_arn(ctx, request).rpartition(":")[2]
    return await ctx.store.read(lambda tx: store.find(tx, ctx.account, ctx.region, uuid))


def on_mapping(action: str) -> Access:
    """The permission for an action on a mapping that is there."""
    conditions = {"aws:ResourceTag/${TagKey}": mapping_tags, "lambda:FunctionArn": _functions}
    return Access(f"lambda:{action}", resource=mapping_arn, conditions=conditions, each=_before_and_after)


OF_FUNCTION = {"lambda:FunctionArn": lambda ctx, request: [target(ctx, request).qualified_arn]}
"""The condition of making a mapping."""
