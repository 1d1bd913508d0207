"""What a deployment takes: an API as it is, in the records that the data plane reads."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import cast

import msgspec

from atoll.api_runtime import serving
from atoll.kernel.context import Context
from atoll.kernel.records import encode
from atoll.kernel.store.api import Reader
from atoll.services.apigatewayv2 import store
from atoll.services.apigatewayv2.integration_rules import is_function
from atoll.services.apigatewayv2.rules import function_of, invoked


def snapshot(tx: Reader, ctx: Context, api_id: str) -> bytes:
    """The API as it is now, as a stored `serving.Snapshot`. A route without an integration is there, too."""
    api = store.api(tx, ctx, api_id)
    integrations = list(store.every(tx, ctx, store.Integration, api_id))
    places = {f"integrations/{one.id}": place for place, one in enumerate(integrations)}
    answers = store.by_owner(tx, ctx, store.IntegrationResponse, api_id)
    replies = store.by_owner(tx, ctx, store.RouteResponse, api_id)
    routes = (
        _written(raw, places.get(one.target or ""), *(reply.key for reply in replies.get(one.id, ())))
        for one, raw in store.stored(tx, ctx, store.Route, api_id)
    )
    taken = serving.Snapshot(
        routes=cast(tuple[serving.Route, ...], tuple(routes)),  # to be encoded, and that is done
        integrations=tuple(_integration(one, answers.get(one.id, ())) for one in integrations),
        cors=api.cors,
        endpoint_disabled=api.endpoint_disabled,
        authorizers={one.id: _authorizer(one) for one in store.every(tx, ctx, store.Authorizer, api_id)},
        models={one.name: one.schema for one in store.every(tx, ctx, store.Model, api_id)},
        route_selection=api.route_selection,
        api_key_selection=api.api_key_selection,
    )
    return serving.SNAPSHOTS.encode(taken)


def _integration(one: store.Integration, responses: Iterable[store.IntegrationResponse]) -> serving.Integration:
    return serving.Integration(
        function=function_of(one.uri or "") if is_function(one) else "",
        payload_format=one.payload_format,
        timeout=one.timeout / 1000,
        kind=one.kind,
        subtype=one.subtype,
        uri=one.uri,
        method=one.method,
        credentials=one.credentials,
        request_parameters=one.request_parameters,
        response_parameters=one.response_parameters,
        tls_server_name=one.tls_server_name,
        passthrough=one.passthrough,
        request_templates=one.request_templates,
        template_selection=one.template_selection,
        content_handling=one.content_handling,
        responses={
            response.key: serving.IntegrationResponse(
                response.parameters, response.templates, response.template_selection, response.content_handling
            )
            for response in responses
        },
    )


@lru_cache(maxsize=4096)
def _written(raw: bytes, integration: int | None, *responses: str) -> msgspec.Raw:
    """A stored route as a snapshot holds it, encoded: with each change of a large API all but one are as they were."""
    return msgspec.Raw(encode(_route(store.ROUTES.decode(raw), integration, responses)))


def _route(one: store.Route, integration: int | None, responses: tuple[str, ...]) -> serving.Route:
    return serving.Route(
        key=one.key,
        integration=integration,
        guard=serving.Guard(one.authorization, one.authorizer, one.scopes),
        id=one.id,
        operation_name=one.operation_name,
        api_key_required=one.api_key_required,
        request_models=one.request_models,
        request_parameters=one.request_parameters,
        model_selection=one.model_selection,
        response_selection=one.response_selection,
        responses=responses,
    )


def _authorizer(one: store.Authorizer) -> serving.Authorizer:
    return serving.Authorizer(
        id=one.id,
        name=one.name,
        kind=one.kind,
        identity=one.identity,
        ttl=one.ttl or 0,
        function=invoked(one.uri or "") or "",
        credentials=one.credentials,
        payload_format=one.payload_format or "1.0",
        simple=bool(one.simple),
        issuer=one.issuer or "",
        audience=one.audience,
    )
