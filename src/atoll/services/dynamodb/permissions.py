"""What IAM judges of an operation on a table, an index or an item. docs: Service Authorization Reference, Amazon DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access, PolicyOf, Request, ResourceOf, ValuesOf
from atoll.services.dynamodb.access import table_arn
from atoll.services.dynamodb.conditions import ON_TABLE
from atoll.services.dynamodb.store import POLICIES


def on_table(
    action: str,
    *,
    resource: ResourceOf = table_arn,
    conditions: Mapping[str, ValuesOf] = ON_TABLE,
    each: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None,
    policy: PolicyOf | None = None,
) -> Access:
    """The permission `dynamodb:action` on a table, or on what `resource` finds; the policy of the table (or stream) counts, too."""
    return Access(
        f"dynamodb:{action}",
        resource=resource,
        conditions=conditions,
        resource_policy=policy or policy_on(resource),
        each=each,
    )


def policy_on(resource: ResourceOf) -> PolicyOf:
    """Reads the policy of the table or stream that `resource` finds. A look at what the store keeps at hand, where there is none."""

    async def read(ctx: Context, request: Request) -> str | None:
        found = resource(ctx, request)
        if not isinstance(found, (str, Sequence)):
            found = await found
        parts = (found if isinstance(found, str) else found[0] if found else "").split(":", 5)
        if len(parts) < 6:
            return None
        _, _, _, region, account, name = parts
        key = (account, region, "dynamodb", "policy", name.removeprefix("table/").partition("/index/")[0])
        raw = await ctx.store.read(lambda tx: tx.get(key))
        return None if raw is None else POLICIES.decode(raw).text

    return read


def policy_but_for_root(resource: ResourceOf) -> PolicyOf:
    """As `policy_on`, but the account's own root is not held by it: the way out for whoever is locked out."""
    read = policy_on(resource)

    async def unless_root(ctx: Context, request: Request) -> str | None:
        return None if ctx.principal.kind == "root" else await read(ctx, request)

    return unless_root
