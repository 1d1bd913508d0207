"""Puts what a document says of a REST API into the store: over what is there, or in its place. Raises AWS's errors.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-import-api-update.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.errors import CommonError, ServiceError
from atoll.kernel.store.api import Transaction
from atoll.services.apigateway import (
    authorizers,
    documentation_records,
    gateway_responses,
    integration_rules,
    methods,
    models,
    resources,
    store,
)
from atoll.services.apigateway.errors import BadRequestException
from atoll.services.apigateway.openapi.definition import Definition
from atoll.services.apigateway.openapi.security import Extension, Scheme

_REFERENCE = re.compile(r'"\$ref":"#/(?:definitions|components/schemas)/([A-Za-z0-9]+)"')
_REPLACED = ("v1.models", "v1.validators", "v1.authorizers", "v1.gateway-responses")


class Ids:
    """Ids that were drawn before the transaction, handed out in order."""

    def __init__(self, drawn: list[str]) -> None:
        self._left: Iterator[str] = iter(drawn)

    def next(self) -> str:
        """One that nobody has."""
        return next(self._left)


def needed(definition: Definition) -> int:
    """How many ids storing the definition may take."""
    segments = sum(path.count("/") for path in definition.methods)
    parts = (definition.models, definition.validators, definition.authorizers, definition.documentation or ())
    return segments + sum(map(len, parts))


def replace(tx: Transaction, ctx: Context, api: store.RestApi, definition: Definition, ids: Ids) -> None:
    """Stores the definition in the place of all that the API has. Resources whose paths stay keep their ids."""
    for kind in _REPLACED:
        tx.clear_range(store.parts(ctx, kind, api.id))
    if definition.documentation is not None:
        tx.clear_range(store.parts(ctx, "v1.documentation-parts", api.id))
    kept = {
        resource.path: resource for resource in list(store.each(tx, ctx, "v1.resources", records.RESOURCES, api.id))
    }
    paths = {"/", *(prefix for path in definition.methods for prefix in _prefixes(path))}
    tx.clear_range(store.parts(ctx, "v1.children", api.id))
    for path, resource in kept.items():
        if path in paths:
            store.put_resource(tx, ctx, api.id, msgspec.structs.replace(resource, methods={}))
        else:
            tx.delete(store.key(ctx, "v1.resources", api.id, resource.id))
    merge(tx, ctx, api, definition, ids)


def merge(tx: Transaction, ctx: Context, api: store.RestApi, definition: Definition, ids: Ids) -> None:
    """Stores the definition over what the API has: of what both have, the definition's."""
    _put_models(tx, ctx, api.id, definition, ids)
    validators = _put_validators(tx, ctx, api.id, definition, ids)
    found = _put_authorizers(tx, ctx, api.id, definition.authorizers, ids)
    for response in definition.gateway_responses.values():
        if response.kind not in gateway_responses.STATUSES:
            raise BadRequestException(f"Invalid gateway response type: {response.kind}")
        gateway_responses.check(response)
        store.put(tx, ctx, api.id, response)
    by_path = {resource.path: resource for resource in store.each(tx, ctx, "v1.resources", records.RESOURCES, api.id)}
    for path, given in definition.methods.items():
        resource = _resource(tx, ctx, api.id, by_path, path, ids)
        for method in given.values():
            whole = _method(tx, ctx, api.id, resource, method, validators, found)
            resource = msgspec.structs.replace(resource, methods={**resource.methods, whole.name: whole})
        by_path[path] = resource
        store.put_resource(tx, ctx, api.id, resource)
    parts = definition.documentation or []
    documentation_records.put_all(tx, ctx, api.id, parts, [ids.next() for _ in parts])


def _prefixes(path: str) -> list[str]:
    """The path and all that it lies below, but for the root."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[: length + 1]) for length in range(len(parts))]


def _resource(
    tx: Transaction, ctx: Context, api_id: str, by_path: dict[str, records.Resource], path: str, ids: Ids
) -> records.Resource:
    """The resource of a path, made with all above it where it is not there."""
    at = by_path["/"]
    for prefix in _prefixes(path):
        if prefix not in by_path:
            part = prefix.rpartition("/")[2]
            with _where(f"Unable to create resource at path '{prefix}'"):
                by_path[prefix] = resources.add(tx, ctx, api_id, at, part, ids.next())
        at = by_path[prefix]
    return at


def _method(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    resource: records.Resource,
    method: records.Method,
    validators: Mapping[str, str],
    found: Mapping[str, str],
) -> records.Method:
    """The method with ids where the document has names, once it is found valid."""
    name = method.guard.authorizer
    guard = msgspec.structs.replace(method.guard, authorizer=None if name is None else found.get(name))
    whole = msgspec.structs.replace(
        method,
        guard=guard,
        validator=None if method.validator is None else validators.get(method.validator),
    )
    with _where(f"Unable to put method '{method.name}' on resource at path '{resource.path}'"):
        methods.check(tx, ctx, api_id, whole)
    integration = method.integration
    if integration is None:
        return whole
    with _where(f"Unable to put integration on '{method.name}' for resource at path '{resource.path}'"):
        integration_rules.check(integration, whole)
    namespace = integration.cache_namespace or resource.id
    return msgspec.structs.replace(whole, integration=msgspec.structs.replace(integration, cache_namespace=namespace))


def _put_models(tx: Transaction, ctx: Context, api_id: str, definition: Definition, ids: Ids) -> None:
    for name, (schema, description) in definition.models.items():
        known = tx.get(store.key(ctx, "v1.models", api_id, name))
        model_id = store.MODELS.decode(known).id if known else ids.next()
        model = records.Model(model_id, name, "application/json", _referring(schema, api_id), description)
        with _where(f"Unable to create model '{name}'"):
            models.check_schema(model)
        store.put(tx, ctx, api_id, model)


def _referring(schema: str, api_id: str) -> str:
    """A schema whose references are those of models to each other."""
    return _REFERENCE.sub(rf'"$ref":"https://apigateway.amazonaws.com/restapis/{api_id}/models/\1"', schema)


def _put_validators(tx: Transaction, ctx: Context, api_id: str, definition: Definition, ids: Ids) -> dict[str, str]:
    """The ids of validators by name: those that were there too."""
    found = {one.name: one.id for one in store.each(tx, ctx, "v1.validators", store.VALIDATORS, api_id)}
    for name, (body, parameters) in definition.validators.items():
        validator = records.Validator(found.get(name) or ids.next(), name, body, parameters)
        store.put(tx, ctx, api_id, validator)
        found[name] = validator.id
    return found


def _put_authorizers(
    tx: Transaction, ctx: Context, api_id: str, schemes: Mapping[str, Scheme], ids: Ids
) -> dict[str, str]:
    """The ids of authorizers by name: those that were there too."""
    found = {one.runs.name: one.id for one in store.each(tx, ctx, "v1.authorizers", store.AUTHORIZERS, api_id)}
    for name, scheme in schemes.items():
        authorizer_id = found.get(name) or ids.next()
        with _where(f"Unable to create authorizer '{name}'"):
            store.put(tx, ctx, api_id, authorizers.made(_authorizer(authorizer_id, scheme)))
        found[name] = authorizer_id
    return found


def _authorizer(authorizer_id: str, scheme: Scheme) -> store.Authorizer:
    given = scheme.authorizer or Extension()
    kind, source = given.type.upper(), given.identity_source
    if kind not in ("TOKEN", "REQUEST", "COGNITO_USER_POOLS"):
        raise BadRequestException(f"Invalid authorizer type specified: {given.type}")
    if kind != "REQUEST" and not source:
        source = f"method.request.{scheme.place}.{scheme.header}"
    runs = serving.Authorizer(
        id=authorizer_id,
        name=scheme.name,
        kind=cast(Any, kind),
        credentials=given.authorizer_credentials,
        validation=given.identity_validation_expression,
        pools=given.provider_arns,
    )
    ttl = given.authorizer_result_ttl_in_seconds
    return store.Authorizer(authorizer_id, runs, given.authorizer_uri, scheme.auth_type or "custom", source, ttl)


@contextmanager
def _where(place: str) -> Iterator[None]:
    """Says of an error where in the document it is, as AWS does. What Atoll cannot do is said in its own words."""
    try:
        yield
    except ServiceError as error:
        if isinstance(error, CommonError):
            raise
        raise BadRequestException(f"Errors found during import:\n\t{place}: {error.message}") from error
