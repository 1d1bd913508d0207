"""A REST API made as a copy of another (`cloneFrom`): its resources, models, validators, authorizers and gateway responses.

docs: API_CreateRestApi. Deployments, stages and the resource policy are not copied.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from atoll.api_runtime.rest_api import records
from atoll.kernel.context import Context
from atoll.kernel.store.api import Transaction
from atoll.services.apigateway import deploy, store
from atoll.services.apigateway.errors import BadRequestException

_COPIED = ("v1.models", "v1.validators", "v1.authorizers", "v1.gateway-responses")


async def clone(ctx: Context, source: str, api: store.RestApi) -> store.RestApi:
    """Stores `api` with what the API `source` has. Resources have new ids, other parts keep theirs, which are their API's own."""
    resources = await ctx.store.read(
        lambda tx: [one.id for one in store.each(tx, ctx, "v1.resources", records.RESOURCES, source)]
    )
    fresh = {one: ctx.ids.lower(6) for one in resources}

    def write(tx: Transaction) -> store.RestApi:
        if tx.get(store.key(ctx, "v1.apis", source)) is None:
            raise BadRequestException("Invalid API identifier specified")
        before = store.api(tx, ctx, source)
        made = _taken(api, before)
        ids = {**fresh, before.root: api.root}
        store.put_api(tx, ctx, made)
        for resource in list(store.each(tx, ctx, "v1.resources", records.RESOURCES, source)):
            if resource.id in ids:  # not one that was made meanwhile
                store.put_resource(tx, ctx, api.id, _renamed(resource, ids))
        for kind in _COPIED:
            for key, raw in list(tx.scan(store.parts(ctx, kind, source))):
                tx.set(store.key(ctx, kind, api.id, str(key[-1])), raw)
        deploy.publish(tx, ctx, api.id)
        return made

    return await ctx.store.transact(write)


def _taken(api: store.RestApi, source: store.RestApi) -> store.RestApi:
    """The new API with the source's settings where the request says nothing of them."""
    return msgspec.structs.replace(
        api,
        description=source.description if api.description is None else api.description,
        binary_media_types=api.binary_media_types or source.binary_media_types,
        minimum_compression=source.minimum_compression if api.minimum_compression is None else api.minimum_compression,
    )


def _renamed(resource: records.Resource, ids: Mapping[str, str]) -> records.Resource:
    parent = ids.get(resource.parent) if resource.parent else None
    return msgspec.structs.replace(resource, id=ids[resource.id], parent=parent)
