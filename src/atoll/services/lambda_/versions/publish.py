"""Publishing: keeps $LATEST under a number, as a version that never changes.

docs: API_PublishVersion; Lambda developer guide, "Manage Lambda function versions".
"""

from __future__ import annotations

import hashlib

import msgspec

from atoll.kernel.store.api import Transaction
from atoll.services.lambda_.functions import code_storage
from atoll.services.lambda_.names import Target
from atoll.services.lambda_.store import VERSIONS, Version, get, get_version, key, put, put_version, version_key


def publish(tx: Transaction, place: Target, revisions: tuple[str, str], *, description: str | None = None) -> Version:
    """Keeps $LATEST under the next number, or finds the version published last, where nothing has changed since.

    `revisions` are fresh ids: the RevisionId of the version, and the next one of $LATEST, which publishing changes, too.
    """
    function, current = get(tx, place), get_version(tx, place.at(None))
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
    code_storage.own(tx, version_key(place, version.version), code_storage.digests(version))
    code_storage.charge(tx, key(place, "usage", "bytes"), version.code_size)
    return version


def _content(version: Version) -> str:
    """A digest of code and configuration: what must have changed for another version to be published."""
    alike = msgspec.structs.replace(version, modified=0.0, revision="", build="")
    return hashlib.sha256(VERSIONS.encode(alike)).hexdigest()
