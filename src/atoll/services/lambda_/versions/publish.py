"""PublishVersion, and what Publish of other operations does: keeps $LATEST as a version that never changes.

docs: API_PublishVersion; Lambda developer guide, "Manage Lambda function versions".
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.kernel import blobs
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.service import operation
from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.errors import InvalidParameterValueException, stale_revision
from atoll.services.lambda_.functions import configuration
from atoll.services.lambda_.functions.update_function import latest
from atoll.services.lambda_.names import Target, function_arn
from atoll.services.lambda_.policy import permission
from atoll.services.lambda_.store import VERSIONS, Version, get, get_version, key, put, put_version, version_key
from atoll.services.lambda_.versions.resolve import at

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import PublishVersionRequestTypeDef


@operation("PublishVersion", access=[permission("PublishVersion", resource=function_arn)])
async def publish_version(ctx: Context, request: PublishVersionRequestTypeDef) -> dict[str, Any]:
    """Raises ResourceNotFoundException, InvalidParameterValueException, PreconditionFailedException."""
    if request.get("PublishTo"):
        raise NotImplementedByAtoll("lambda: PublishTo of PublishVersion, for functions on capacity providers.")
    place = latest(ctx, request)
    revisions = (ctx.ids.uuid(), ctx.ids.uuid())

    def perform(tx: Transaction) -> Version:
        get(tx, place)
        current = get_version(tx, place)
        if request.get("RevisionId", current.revision) != current.revision:
            raise stale_revision()
        digest = base64.b64encode(bytes.fromhex(current.code)).decode()
        if (expected := request.get("CodeSha256") or digest) != digest:
            raise InvalidParameterValueException(
                f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({digest}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        return publish(tx, place, revisions, description=request.get("Description"))

    version = await ctx.store.transact(perform)
    return configuration.described(at(place, version.version), version, state=configuration.SETTLED)


def publish(tx: Transaction, place: Target, revisions: tuple[str, str], *, description: str | None = None) -> Version:
    """Keeps $LATEST under the next number, or finds the version published last, where nothing has changed since.

    `revisions` are fresh ids: the RevisionId of the version, and the next one of $LATEST, which publishing changes, too.
    """
    function, current = get(tx, place), get_version(tx, at(place, None))
    content = _content(current)
    last = tx.get(version_key(place, str(function.published)))
    if last is not None and (found := VERSIONS.decode(last)).content == content:
        return found
    version = msgspec.structs.replace(
        current,
        version=str(function.published + 1),
        revision=revisions[0],
        content=content,
        description=current.description if description is None else description,
    )
    put(tx, place, msgspec.structs.replace(function, published=function.published + 1))
    put_version(tx, place, version)
    put_version(tx, place, msgspec.structs.replace(current, revision=revisions[1]))
    blobs.link(tx, version.code, version_key(place, version.version))
    tx.add(key(place, "usage", "bytes"), version.code_size)
    return version


def _content(version: Version) -> str:
    """A digest of code and configuration: what must have changed for another version to be published."""
    alike = msgspec.structs.replace(version, modified=0.0, revision="", build="")
    return hashlib.sha256(VERSIONS.encode(alike)).hexdigest()
