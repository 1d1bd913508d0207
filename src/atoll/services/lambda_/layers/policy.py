"""Who may use a layer version: its resource policy, and the permissions of operations on layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.service import Access
from atoll.services.lambda_.layers.names import Layer, layer, layer_version_arn
from atoll.services.lambda_.layers.store import find
from atoll.services.lambda_.policy import shared_document


def statement(of: Layer, request: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that a request to AddLayerVersionPermission means, as AWS writes it."""
    principal = request["Principal"]
    made: dict[str, Any] = {
        "Sid": request["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": _root(principal)},
        "Action": request["Action"],
        "Resource": of.version_arn,
    }
    if "OrganizationId" in request:
        made["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": request["OrganizationId"]}}
    return made


def _root(principal: str) -> str:
    return principal if principal.startswith("arn:") else f"arn:aws:iam::{principal}:root"


async def layer_policy(ctx: Context, request: Mapping[str, Any]) -> str | None:
    """The document on the layer version that a request names; to another account one that is not here denies as one that shares
    nothing."""
    named = layer(ctx, request)
    found = await ctx.store.read(lambda tx: find(tx, named)) if named.region == ctx.region else None
    return shared_document(ctx, named.account, found.statements if found else [])


def permission(action: str) -> Access:
    """The permission for an action on a layer version: by the caller's policies or the version's own."""
    return Access(f"lambda:{action}", resource=layer_version_arn, resource_policy=layer_policy)


USES_LAYERS = Access(
    "lambda:GetLayerVersion",
    resource=layer_version_arn,
    resource_policy=layer_policy,
    each=lambda request: [{"Arn": arn} for arn in request.get("Layers") or ()],
)
"""Whoever gives a function layers must be allowed to get each of them. docs: "Granting layer access to other accounts"."""
