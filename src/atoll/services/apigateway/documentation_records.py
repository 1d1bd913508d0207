"""Documentation parts and versions of REST APIs: what is kept of them, and reading it with AWS's errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from atoll.kernel.context import Context
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway import store
from atoll.services.apigateway.errors import ConflictException, NotFoundException


class Part(msgspec.Struct, frozen=True):
    """A documentation part: `location` has the members that its owner gave; `properties` is a JSON object as text."""

    id: str
    location: dict[str, str]
    properties: str


class Version(msgspec.Struct, frozen=True):
    """A documentation version: the parts as they were when it was made."""

    version: str
    created: float
    parts: tuple[Part, ...]
    description: str | None = None


PARTS = Codec(Part)
VERSIONS = Codec(Version)


def parts(tx: Reader, ctx: Context, api_id: str) -> Iterator[Part]:
    """The parts of an API, by id."""
    return (PARTS.decode(raw) for _, raw in tx.scan(store.parts(ctx, "v1.documentation-parts", api_id)))


def part(tx: Reader, ctx: Context, api_id: str, part_id: str) -> Part:
    """A part of an API's documentation. Raises NotFoundException."""
    store.api(tx, ctx, api_id)
    raw = tx.get(store.key(ctx, "v1.documentation-parts", api_id, part_id))
    if raw is None:
        raise NotFoundException("Invalid Documentation part identifier specified")
    return PARTS.decode(raw)


def put_part(tx: Transaction, ctx: Context, api_id: str, record: Part) -> None:
    """Stores a part."""
    tx.set(store.key(ctx, "v1.documentation-parts", api_id, record.id), PARTS.encode(record))


def put_all(
    tx: Transaction,
    ctx: Context,
    api_id: str,
    given: Sequence[tuple[dict[str, str], dict[str, Any]]],
    ids: Sequence[str],
) -> list[str]:
    """Stores parts that a document has, by location and properties. Of a part that is there already, the properties that the document
    names are replaced; others get the next of `ids`. Returns the ids of all parts that were given."""
    known = list(parts(tx, ctx, api_id))
    stored = []
    for (location, properties), drawn in zip(given, ids, strict=False):
        before = next((part for part in known if part.location == location), None)
        own = {} if before is None else json.loads(before.properties)
        part = Part(drawn if before is None else before.id, location, json.dumps({**own, **properties}))
        known = [part, *(one for one in known if one.id != part.id)]
        put_part(tx, ctx, api_id, part)
        stored.append(part.id)
    return stored


def check_free(tx: Reader, ctx: Context, api_id: str, record: Part) -> None:
    """Raises ConflictException where another part has the same location."""
    for other in parts(tx, ctx, api_id):
        if other.location == record.location and other.id != record.id:
            words = ", ".join(f"{name} '{value}'" for name, value in record.location.items())
            raise ConflictException(f"Documentation part already exists for the specified location: {words}.")


def version(tx: Reader, ctx: Context, api_id: str, name: str) -> Version:
    """A version of an API's documentation. Raises NotFoundException."""
    store.api(tx, ctx, api_id)
    found = find_version(tx, ctx, api_id, name)
    if found is None:
        raise NotFoundException("Invalid Documentation version specified")
    return found


def find_version(tx: Reader, ctx: Context, api_id: str, name: str) -> Version | None:
    """A version of an API's documentation, None where there is no such version."""
    raw = tx.get(store.key(ctx, "v1.documentation-versions", api_id, name))
    return None if raw is None else VERSIONS.decode(raw)


def put_version(tx: Transaction, ctx: Context, api_id: str, record: Version) -> None:
    """Stores a version."""
    tx.set(store.key(ctx, "v1.documentation-versions", api_id, record.version), VERSIONS.encode(record))
