"""What the operations of REST APIs need: an action per HTTP method, on the path that the request names, with the condition keys of what
lies there.

docs: "Control access to a REST API with IAM permissions"; Service Authorization Reference, "Amazon API Gateway Management".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from atoll.api_runtime import passed_roles
from atoll.api_runtime.condition_values import Read, Request, said, tags, there
from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf
from atoll.kernel.store.api import Reader
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.apigateway import store
from atoll.services.apigateway.errors import NotFoundException

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_Given = Callable[[Request], Any]


def access(verb: Verb, path: str, conditions: Mapping[str, ValuesOf] = NO_CONDITIONS) -> Sequence[Access]:
    """The permission for `verb` on `path` (`/restapis/{restApiId}`), in which `{member}` stands for a member of the request."""

    def resource(ctx: Context, request: Request) -> str:
        return f"arn:aws:apigateway:{ctx.region}::{path.format_map(request)}"

    return [Access(f"apigateway:{verb}", resource, {**_conditions(verb, path), **conditions})]


def tag_access(verb: Literal["GET", "PUT", "DELETE"]) -> Sequence[Access]:
    """The permission for `verb` on the tags of the request's resourceArn."""

    def resource(ctx: Context, request: Request) -> str:
        return f"arn:aws:apigateway:{ctx.region}::/tags/{quote(request['resourceArn'], safe='')}"

    changes: Mapping[Verb, Mapping[str, ValuesOf]] = {"PUT": adds_tags("tags"), "DELETE": removes_tags("tagKeys")}
    return [Access(f"apigateway:{verb}", resource, changes.get(verb, NO_CONDITIONS))]


def passes_role(member: str, patch: str) -> Access:
    """For a request that may give a role in `member` or by a patch of `patch`."""
    return passes_roles(lambda request: [request.get(member), patched(request, patch)])


def passes_roles(named: Callable[[Request], Sequence[Any]]) -> Access:
    """For a request that may give the roles which `named` finds in it."""
    return passed_roles.passes_roles(named, lambda request: f"/restapis/{request.get('restApiId', '*')}")


def patched(request: Request, path: str) -> Any:
    """What the request's patches set `path` to, None where they do not."""
    found = [patch.get("value") for patch in request.get("patchOperations") or () if patch.get("path") == path]
    return found[-1] if found else None


def _conditions(verb: Verb, path: str) -> dict[str, ValuesOf]:
    """The condition keys of what lies at `path`: what the request asks for, what is there already, and tags."""
    nouns = path.removesuffix("/cache/data").split("/")  # a stage's cache is the stage's, as the reference has it
    conditions: dict[str, ValuesOf] = {}
    for noun, members in _MEMBERS.items():
        if noun not in (nouns[-1], nouns[-2]) or "cache" in nouns:
            continue
        if verb in ("POST", "PUT", "PATCH"):
            conditions |= {f"apigateway:Request/{key}": said(given) for key, (given, _) in members.items()}
        if nouns[-1] != noun:  # one of them, not their list
            conditions |= {
                f"apigateway:Resource/{key}": there(read, NotFoundException) for key, (_, read) in members.items()
            }
    if "{restApiId}" in nouns:
        conditions["aws:ResourceTag/${TagKey}"] = _stage_tags if "{stageName}" in nouns else _api_tags
    if nouns[-1] == "deployments" and verb == "POST":
        conditions["apigateway:Request/StageName"] = said(lambda request: request.get("stageName"))
    if verb == "POST" and nouns[-1] in ("restapis", "stages"):
        conditions |= adds_tags("tags")
    return conditions


def _api(tx: Reader, ctx: Context, request: Request) -> store.RestApi:
    return store.api(tx, ctx, request["restApiId"])


def _stage(tx: Reader, ctx: Context, request: Request) -> store.Stage:
    return store.stage(tx, ctx, request["restApiId"], request["stageName"])


def _authorizer(tx: Reader, ctx: Context, request: Request) -> store.Authorizer:
    return store.authorizer(tx, ctx, request["restApiId"], request["authorizerId"])


_api_tags = tags(_api, NotFoundException)
_stage_tags = tags(_stage, NotFoundException)


def _or_patched(member: str, path: str) -> _Given:
    return lambda request: request.get(member) if request.get(member) is not None else patched(request, path)


def _endpoint_types(request: Request) -> Any:
    types = (request.get("endpointConfiguration") or {}).get("types")
    if types:
        return types
    found = [
        patch.get("value")
        for patch in request.get("patchOperations") or ()
        if str(patch.get("path")).startswith("/endpointConfiguration/types")
    ]
    return found or None


_MEMBERS: Mapping[str, Mapping[str, tuple[_Given, Read]]] = {
    "restapis": {
        "ApiName": (_or_patched("name", "/name"), lambda tx, ctx, request: _api(tx, ctx, request).name),
        "DisableExecuteApiEndpoint": (
            _or_patched("disableExecuteApiEndpoint", "/disableExecuteApiEndpoint"),
            lambda tx, ctx, request: _api(tx, ctx, request).endpoint_disabled,
        ),
        "EndpointType": (_endpoint_types, lambda tx, ctx, request: _api(tx, ctx, request).endpoint_type),
        "SecurityPolicy": (
            _or_patched("securityPolicy", "/securityPolicy"),
            lambda tx, ctx, request: _api(tx, ctx, request).security_policy,
        ),
    },
    "methods": {
        "ApiKeyRequired": (
            _or_patched("apiKeyRequired", "/apiKeyRequired"),
            lambda tx, ctx, request: store.method(tx, ctx, request)[1].api_key_required,
        ),
        "RouteAuthorizationType": (
            _or_patched("authorizationType", "/authorizationType"),
            lambda tx, ctx, request: store.method(tx, ctx, request)[1].guard.kind,
        ),
    },
    "authorizers": {
        "AuthorizerType": (
            _or_patched("type", "/type"),
            lambda tx, ctx, request: _authorizer(tx, ctx, request).runs.kind,
        ),
        "AuthorizerUri": (
            _or_patched("authorizerUri", "/authorizerUri"),
            lambda tx, ctx, request: _authorizer(tx, ctx, request).uri,
        ),
    },
    "stages": {
        "AccessLoggingDestination": (
            lambda request: patched(request, "/accessLogSettings/destinationArn"),
            lambda tx, ctx, request: (_stage(tx, ctx, request).access_log or {}).get("destinationArn"),
        ),
        "AccessLoggingFormat": (
            lambda request: patched(request, "/accessLogSettings/format"),
            lambda tx, ctx, request: (_stage(tx, ctx, request).access_log or {}).get("format"),
        ),
    },
}
"""By collection: the keys of its members, where requests say them, and how to read what is there."""
