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
from atoll.services.lambda_.errors import (
    PolicyLengthExceededException,
    PreconditionFailedException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from atoll.services.lambda_.layers.names import Layer, layer_version
from atoll.services.lambda_.layers.policy import permission, statement
from atoll.services.lambda_.layers.store import LAYER_VERSIONS, LayerVersion, get, version_key
from atoll.services.lambda_.permissions import MAX_POLICY
from atoll.services.lambda_.policy import document

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import (
        AddLayerVersionPermissionRequestTypeDef,
        GetLayerVersionPolicyRequestTypeDef,
        RemoveLayerVersionPermissionRequestTypeDef,
    )


@operation(
    "AddLayerVersionPermission",
    access=[permission("AddLayerVersionPermission")],
    not_honoured={"OrganizationId": "accounts belong to no organization: the statement lets nobody in"},
)
async def add_layer_version_permission(
    ctx: Context, request: AddLayerVersionPermissionRequestTypeDef
) -> dict[str, Any]:
    """Returns the statement as JSON text. Raises InvalidParameterValueException, ResourceNotFoundException,
    ResourceConflictException, PreconditionFailedException, PolicyLengthExceededException."""
    named = layer_version(ctx, request)
    added, revision = statement(named, request), ctx.ids.uuid()

    def add(tx: Transaction) -> None:
        version = get(tx, named)
        _expect(version, request)
        if any(one["Sid"] == added["Sid"] for one in version.statements):
            raise ResourceConflictException(
                f"The statement id ({added['Sid']}) provided already exists. Please provide a new statement id, "
                "or remove the existing statement."
            )
        _save(tx, named, msgspec.structs.replace(version, statements=[*version.statements, added], revision=revision))

    await ctx.store.transact(add)
    return {"Statement": msgspec.json.encode(added).decode(), "RevisionId": revision}


@operation("RemoveLayerVersionPermission", access=[permission("RemoveLayerVersionPermission")])
async def remove_layer_version_permission(ctx: Context, request: RemoveLayerVersionPermissionRequestTypeDef) -> None:
    """Raises InvalidParameterValueException, ResourceNotFoundException, PreconditionFailedException."""
    named, revision = layer_version(ctx, request), ctx.ids.uuid()

    def remove(tx: Transaction) -> None:
        version = get(tx, named)
        _expect(version, request)
        left = [one for one in version.statements if one["Sid"] != request["StatementId"]]
        if len(left) == len(version.statements):
            raise ResourceNotFoundException(f"Statement {request['StatementId']} is not found in resource policy.")
        _save(tx, named, msgspec.structs.replace(version, statements=left, revision=revision))

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
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. "
            "Call the GetLayerPolicy API to retrieve the latest Revision Id"
        )


def _save(tx: Transaction, named: Layer, version: LayerVersion) -> None:
    """Stores the version with its policy. Raises PolicyLengthExceededException."""
    if (size := len(document(version.statements))) > MAX_POLICY:
        raise PolicyLengthExceededException(f"The final policy size ({size}) is bigger than the limit ({MAX_POLICY}).")
    tx.set(version_key(named), LAYER_VERSIONS.encode(version))
