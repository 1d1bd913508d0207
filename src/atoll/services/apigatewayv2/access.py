"""What API Gateway's operations need: an action per HTTP method, on the path that the request names, with the condition keys of what
lies there.

docs: "Control access to a REST API with IAM permissions"; Service Authorization Reference, "Amazon API Gateway Management V2".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from atoll.api_runtime import domains
from atoll.api_runtime.condition_values import Read, Request, said, tags, there
from atoll.api_runtime.passed_roles import passes_roles
from atoll.kernel.context import Context
from atoll.kernel.service import NO_CONDITIONS, Access, ValuesOf
from atoll.kernel.store.api import Reader
from atoll.kernel.tag_conditions import adds_tags, removes_tags
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.errors import NotFoundException

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
_ARN = re.compile(
    r"arn:aws[a-z-]*:apigateway:(?P<region>[a-z0-9-]+)::/apis/(?P<api>[^/]+)(?:/stages/(?P<stage>[^/]+))?"
)


def access(verb: Verb, path: str) -> Sequence[Access]:
    """The permission for `verb` on `path`, in which `{Member}` stands for a member of the request."""

    def resource(ctx: Context, request: Request) -> str:
        return f"arn:aws:apigateway:{ctx.region}::{path.format_map(request)}"

    return [Access(f"apigateway:{verb}", resource, _conditions(verb, path))]


def pass_role(member: str) -> Access:
    """For a request that may give a role in `member`."""
    return pass_roles(lambda request: [request.get(member)])


def pass_roles(named: Callable[[Request], Sequence[Any]]) -> Access:
    """For a request that may give the roles which `named` finds in it."""
    return passes_roles(named, lambda request: f"/apis/{request.get('ApiId', '*')}")


def tag_access(verb: Literal["GET", "POST", "DELETE"]) -> Sequence[Access]:
    """The permission for `verb` on the tags of the request's ResourceArn."""

    def resource(ctx: Context, request: Request) -> str:
        return f"arn:aws:apigateway:{ctx.region}::/tags/{quote(request['ResourceArn'], safe='')}"

    changes: Mapping[Verb, Mapping[str, ValuesOf]] = {"POST": adds_tags(), "DELETE": removes_tags()}
    return [Access(f"apigateway:{verb}", resource, changes.get(verb, NO_CONDITIONS))]


def tagged(tx: Reader, ctx: Context, arn: str) -> store.Api | store.Stage | domains.Domain:
    """The API, stage or domain name that an ARN names. Raises NotFoundException."""
    if arn.startswith(prefix := f"arn:aws:apigateway:{ctx.region}::/domainnames/"):
        domain = domains.get(tx, ctx.account, ctx.region, arn.removeprefix(prefix))
        if domain is not None:
            return domain
    found = _ARN.fullmatch(arn)
    if found is None or found["region"] != ctx.region:
        raise NotFoundException("Invalid resource identifier specified")
    if found["stage"] is None:
        return store.api(tx, ctx, found["api"])
    return store.stage(tx, ctx, found["api"], found["stage"])


def _conditions(verb: Verb, path: str) -> dict[str, ValuesOf]:
    """The condition keys of what lies at `path`: what the request asks for, what is there already, and tags."""
    nouns = path.split("/")
    conditions: dict[str, ValuesOf] = {}
    for noun, members in _MEMBERS.items():
        if noun not in (nouns[-1], nouns[-2]) or "cache" in nouns:
            continue
        if verb in ("POST", "PATCH"):
            conditions |= {f"apigateway:Request/{key}": _given(*way) for key, (way, _) in members.items()}
        if nouns[-1] != noun:  # one of them, not their list
            conditions |= {
                f"apigateway:Resource/{key}": there(read, NotFoundException) for key, (_, read) in members.items()
            }
    if "{ApiId}" in nouns:
        conditions["aws:ResourceTag/${TagKey}"] = _stage_tags if "{StageName}" in nouns else _api_tags
    if path == "/apis/{ApiId}/deployments" and verb == "POST":
        conditions["apigateway:Request/StageName"] = _given("StageName")
    if verb == "POST" and nouns[-1] in ("apis", "stages"):
        conditions |= adds_tags()
    return conditions


def _given(*way: str) -> ValuesOf:
    """What the request has at the end of the way."""

    def found(request: Request) -> Any:
        at: Any = request
        for member in way:
            at = (at or {}).get(member)
        return at

    return said(found)


def _api(tx: Reader, ctx: Context, request: Request) -> store.Api:
    return store.api(tx, ctx, request["ApiId"])


def _authorizer(tx: Reader, ctx: Context, request: Request) -> store.Authorizer:
    return store.authorizer(tx, ctx, request["ApiId"], request["AuthorizerId"])


def _route(tx: Reader, ctx: Context, request: Request) -> store.Route:
    return store.route(tx, ctx, request["ApiId"], request["RouteId"])


def _stage(tx: Reader, ctx: Context, request: Request) -> store.Stage:
    return store.stage(tx, ctx, request["ApiId"], request["StageName"])


def _access_log(tx: Reader, ctx: Context, request: Request, member: str) -> str | None:
    return (_stage(tx, ctx, request).access_log or {}).get(member)


_api_tags = tags(_api, NotFoundException)
_stage_tags = tags(_stage, NotFoundException)

_MEMBERS: Mapping[str, Mapping[str, tuple[tuple[str, ...], Read]]] = {
    "authorizers": {
        "AuthorizerType": (("AuthorizerType",), lambda tx, ctx, request: _authorizer(tx, ctx, request).kind),
        "AuthorizerUri": (("AuthorizerUri",), lambda tx, ctx, request: _authorizer(tx, ctx, request).uri),
    },
    "apis": {
        "ApiName": (("Name",), lambda tx, ctx, request: _api(tx, ctx, request).name),
        "DisableExecuteApiEndpoint": (
            ("DisableExecuteApiEndpoint",),
            lambda tx, ctx, request: _api(tx, ctx, request).endpoint_disabled,
        ),
    },
    "routes": {
        "ApiKeyRequired": (("ApiKeyRequired",), lambda tx, ctx, request: _route(tx, ctx, request).api_key_required),
        "RouteAuthorizationType": (
            ("AuthorizationType",),
            lambda tx, ctx, request: _route(tx, ctx, request).authorization,
        ),
    },
    "stages": {
        "AccessLoggingDestination": (
            ("AccessLogSettings", "DestinationArn"),
            lambda tx, ctx, request: _access_log(tx, ctx, request, "DestinationArn"),
        ),
        "AccessLoggingFormat": (
            ("AccessLogSettings", "Format"),
            lambda tx, ctx, request: _access_log(tx, ctx, request, "Format"),
        ),
    },
}
"""By collection: the keys of its members, where requests say them, and how to read what is there."""
