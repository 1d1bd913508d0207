"""What IAM judges of an operation on a table, an index or an item. docs: Service Authorization Reference, Amazon DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atoll.kernel.context import Context
from atoll.kernel.keys import Key
from atoll.kernel.service import Access, EachOf, PolicyOf, Request, ResourceOf, ValuesOf
from atoll.services.dynamodb.access import table_arn
from atoll.services.dynamodb.conditions import ON_TABLE
from atoll.services.dynamodb.store import POLICIES, policy_key

LONGEST = 1283
"""Characters in the ARN of anything that has a policy."""


def on_table(
    action: str,
    *,
    resource: ResourceOf = table_arn,
    conditions: Mapping[str, ValuesOf] = ON_TABLE,
    each: EachOf | None = None,
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

    async def by_arn(ctx: Context, request: Request) -> str | None:
        found = resource(ctx, request)
        if not isinstance(found, (str, Sequence)):
            found = await found
        arn = found if isinstance(found, str) else found[0] if found else ""
        parts = arn.split(":", 5)
        if len(parts) < 6 or len(arn) > LONGEST:
            return None
        _, _, _, region, account, name = parts
        name = name.removeprefix("table/").partition("/index/")[0]
        return await _read(ctx, (account, region, "dynamodb", "policy", name))

    async def by_name(ctx: Context, request: Request) -> str | None:
        name = request.get("TableName") or ""
        if name.startswith("arn:") or len(name) > LONGEST:
            return await by_arn(ctx, request)
        return await _read(ctx, policy_key(ctx, name))

    return by_name if resource is table_arn else by_arn


async def _read(ctx: Context, key: Key) -> str | None:
    raw = await ctx.store.read(lambda tx: tx.get(key))
    return None if raw is None else POLICIES.decode(raw).text


def policy_but_for_root(resource: ResourceOf) -> PolicyOf:
    """As `policy_on`, but the account's own root is not held by it: the way out for whoever is locked out."""
    read = policy_on(resource)

    async def unless_root(ctx: Context, request: Request) -> str | None:
        return None if ctx.principal.kind == "root" else await read(ctx, request)

    return unless_root
