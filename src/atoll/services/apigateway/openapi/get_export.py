"""GetExport: what a stage runs as an OpenAPI document. docs: API_GetExport"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.apigateway import documentation_records, store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.openapi import documentation
from atoll.services.apigateway.openapi.export import EXTENSION, Place, Wanted, export

if TYPE_CHECKING:
    from types_boto3_apigateway.type_defs import GetExportRequestTypeDef

JSON, YAML = "application/json", "application/yaml"
_UNSAFE = re.compile(r"[^\w.:+-]", re.ASCII)


@operation("GetExport", access=access("GET", "/restapis/{restApiId}/stages/{stageName}/exports/{exportType}"))
async def get_export(ctx: Context, request: GetExportRequestTypeDef) -> dict[str, Any]:
    """The document as a file, JSON or YAML. Raises NotFoundException; BadRequestException for other types."""
    kind, accepts = request["exportType"], request.get("accepts") or JSON
    if kind not in ("oas30", "swagger"):
        raise BadRequestException(f"No API exporter for type '{kind}'")
    if accepts not in (JSON, YAML):
        raise BadRequestException(f"Invalid Accept header: '{accepts}'. Must be one of: [{JSON}, {YAML}]")
    extensions = (request.get("parameters") or {}).get("extensions", "")
    if "postman" in extensions:
        ctx.warn("parameters.extensions", "Postman's extensions are not written: Postman imports OpenAPI documents too")
    wanted = Wanted(
        kind == "oas30",
        integrations=any(name in extensions for name in ("integrations", "apigateway")),
        authorizers="authorizers" in extensions,
        documentation=any(name in extensions for name in ("documentation", "apigateway")),
    )
    taken = await ctx.store.read(lambda tx: _taken(tx, ctx, request["restApiId"], request["stageName"]))
    api, deployment = taken.api, taken.deployment
    host = f"{api.id}.execute-api.{ctx.region}.amazonaws.com"
    version = api.version or _dated(deployment)
    place = Place(host, request["stageName"], version, api.description)
    document = export(taken.snapshot, place, wanted, taken.authorizers)
    if wanted.integrations:
        _add_endpoint(document, api)
    if taken.version is not None:
        documentation.write(document, taken.version, extension=wanted.documentation)
    named = "json" if accepts == JSON else "yaml"
    suffix = "oas30" if wanted.is_3 else "swagger"
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{suffix}_{_UNSAFE.sub("_", version)}.{named}"',
        "body": _written(document, accepts),
    }


class _Taken(NamedTuple):
    """What an export is made of; `version` is the stage's documentation."""

    api: store.RestApi
    deployment: store.Deployment
    snapshot: records.Snapshot
    authorizers: dict[str, dict[str, Any]]
    version: documentation_records.Version | None


def _taken(tx: Reader, ctx: Context, api_id: str, name: str) -> _Taken:
    api, stage = store.api(tx, ctx, api_id), store.stage(tx, ctx, api_id, name)
    deployment = store.deployment(tx, ctx, api_id, stage.deployment)
    raw = tx.get(serving.snapshot_key(ctx.account, ctx.region, api_id, deployment.snapshot))
    if raw is None:
        raise NotFoundException("Invalid Deployment identifier specified")
    found = {one.id: _extension(one) for one in store.each(tx, ctx, "v1.authorizers", store.AUTHORIZERS, api_id)}
    version = documentation_records.find_version(tx, ctx, api_id, stage.documentation_version or "")
    snapshot = records.SNAPSHOTS.decode(raw)
    if snapshot.policy:
        snapshot = msgspec.structs.replace(snapshot, policy=ctx.shown(tx, snapshot.policy))
    return _Taken(api, deployment, snapshot, found, version)


def _add_endpoint(document: dict[str, Any], api: store.RestApi) -> None:
    """Where an import finds them: with the server (OpenAPI 3), else at the top."""
    endpoint = {
        "disableExecuteApiEndpoint": True if api.endpoint_disabled else None,
        "vpcEndpointIds": list(api.vpc_endpoints) or None,
    }
    if any(endpoint.values()):
        named = {name: value for name, value in endpoint.items() if value is not None}
        document.get("servers", [document])[0][f"{EXTENSION}endpoint-configuration"] = named
    tls = {"security-policy": api.security_policy, "endpoint-access-mode": api.endpoint_access_mode}
    document |= {f"{EXTENSION}{name}": value for name, value in tls.items() if value is not None}


def _dated(deployment: store.Deployment) -> str:
    return datetime.fromtimestamp(deployment.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _written(document: dict[str, Any], accepts: str) -> bytes:
    if accepts == JSON:
        return msgspec.json.format(msgspec.json.encode(document), indent=2)
    import yaml  # few exports are YAML

    text: str = yaml.safe_dump(document, sort_keys=False, explicit_start=True)
    return text.encode()


def _extension(authorizer: store.Authorizer) -> dict[str, Any]:
    """`x-amazon-apigateway-authorizer`, as an import reads it."""
    runs = authorizer.runs
    members = {
        "identitySource": authorizer.identity_source if runs.kind == "REQUEST" else None,
        "authorizerUri": authorizer.uri,
        "authorizerCredentials": runs.credentials,
        "authorizerResultTtlInSeconds": None if runs.kind == "COGNITO_USER_POOLS" else runs.ttl,
        "identityValidationExpression": runs.validation,
        "providerARNs": list(runs.pools) or None,
        "type": runs.kind.lower(),
    }
    return {name: value for name, value in members.items() if value is not None}
