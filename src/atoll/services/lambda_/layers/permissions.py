"""AddLayerVersionPermission, RemoveLayerVersionPermission, GetLayerVersionPolicy.

docs: API_AddLayerVersionPermission and the like; messages as AWS answered (recorded by the LocalStack project).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.errors import ResourceNotFoundException, stale_revision
from atoll.services.lambda_.layers.names import Layer, layer_version
from atoll.services.lambda_.layers.policy import permission, statement
from atoll.services.lambda_.layers.store import LAYER_VERSIONS, LayerVersion, get, version_key
from atoll.services.lambda_.policy import document, with_statement, without_statement

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        AddLayerVersionPermissionRequestTypeDef,
        GetLayerVersionPolicyRequestTypeDef,
        RemoveLayerVersionPermissionRequestTypeDef,
    )


@operation("AddLayerVersionPermission", access=[permission("AddLayerVersionPermission")])
async def add_layer_version_permission(
    ctx: Context, request: AddLayerVersionPermissionRequestTypeDef
) -> dict[str, Any]:
    """Returns the statement as JSON text. Raises InvalidParameterValueException, ResourceNotFoundException,
    ResourceConflictException, PreconditionFailedException, PolicyLengthExceededException."""
    named = layer_version(ctx, request)
    if "OrganizationId" in request:
        ctx.warn("OrganizationId", "accounts belong to no organization: the statement lets nobody in")
    added, revision = statement(named, request), ctx.ids.uuid()

    def add(tx: Transaction) -> None:
        version = get(tx, named)
        _expect(version, request)
        _save(tx, named, version, with_statement(version.statements, added), revision)

    await ctx.store.transact(add)
    return {"Statement": msgspec.json.encode(added).decode(), "RevisionId": revision}


@operation("RemoveLayerVersionPermission", access=[permission("RemoveLayerVersionPermission")])
async def remove_layer_version_permission(ctx: Context, request: RemoveLayerVersionPermissionRequestTypeDef) -> None:
    """Raises InvalidParameterValueException, ResourceNotFoundException, PreconditionFailedException."""
    named, revision = layer_version(ctx, request), ctx.ids.uuid()

    def remove(tx: Transaction) -> None:
        version = get(tx, named)
        _expect(version, request)
        _save(tx, named, version, without_statement(version.statements, request["StatementId"]), revision)

    await ctx.store.transact(remove)


@operation("GetLayerVersionPolicy", access=[permission("GetLayerVersionPolicy")])
async def get_layer_version_policy(ctx: Context, request: GetLayerVersionPolicyRequestTypeDef) -> dict[str, Any]:
    """Raises InvalidParameterValueException, ResourceNotFoundException."""
    named = layer_version(ctx, request)
    version = await ctx.store.read(lambda tx: get(tx, named))
    if not version.statements:
        raise ResourceNotFoundException("No policy is associated with the given resource.")
    return {"Policy": document(version.statements), "RevisionId": version.revision}


def _expect(version: LayerVersion, request: Mapping[str, Any]) -> None:
    """Raises PreconditionFailedException if the caller knows another revision of the policy."""
    expected = request.get("RevisionId")
    if expected is not None and expected != version.revision:
        raise stale_revision("GetLayerPolicy")


def _save(tx: Transaction, named: Layer, version: LayerVersion, found: list[dict[str, Any]], revision: str) -> None:
    """Stores the version with these statements for its policy."""
    changed = msgspec.structs.replace(version, statements=found, revision=revision)
    tx.set(version_key(named), LAYER_VERSIONS.encode(changed))
