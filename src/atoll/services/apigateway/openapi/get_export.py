"""GetExport: what a stage runs as an OpenAPI document. docs: API_GetExport"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.apigateway import store
from atoll.services.apigateway.access import access
from atoll.services.apigateway.errors import BadRequestException, NotFoundException
from atoll.services.apigateway.openapi.export import Place, Wanted, export

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
    wanted = Wanted(
        kind == "oas30",
        integrations=any(name in extensions for name in ("integrations", "apigateway")),
        authorizers="authorizers" in extensions,
    )

    def read(tx: Reader) -> tuple[store.RestApi, store.Deployment, records.Snapshot, dict[str, dict[str, Any]]]:
        api_id = request["restApiId"]
        api = store.api(tx, ctx, api_id)
        deployment = store.deployment(tx, ctx, api_id, store.stage(tx, ctx, api_id, request["stageName"]).deployment)
        raw = tx.get(serving.snapshot_key(ctx.account, ctx.region, api_id, deployment.snapshot))
        if raw is None:
            raise NotFoundException("Invalid Deployment identifier specified")
        found = {one.id: _extension(one) for one in store.each(tx, ctx, "v1.authorizers", store.AUTHORIZERS, api_id)}
        return api, deployment, records.SNAPSHOTS.decode(raw), found

    api, deployment, snapshot, authorizers = await ctx.store.read(read)
    version = api.version or _dated(deployment)
    place = Place(f"{api.id}.execute-api.{ctx.region}.amazonaws.com", request["stageName"], version, api.description)
    document = export(snapshot, place, wanted, authorizers)
    named = "json" if accepts == JSON else "yaml"
    suffix = "oas30" if wanted.is_3 else "swagger"
    return {
        "contentType": "application/octet-stream",
        "contentDisposition": f'attachment; filename="{suffix}_{_UNSAFE.sub("_", version)}.{named}"',
        "body": _written(document, accepts),
    }


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
