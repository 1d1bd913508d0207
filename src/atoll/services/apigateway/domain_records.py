"""Reading and writing custom domain names, with AWS's errors. The records are `api_runtime/domains.py`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime import domains
from atoll.kernel.context import Context
from atoll.kernel.errors import NotImplementedByAtoll
from atoll.kernel.store.api import Reader, Transaction
from atoll.services.apigateway.errors import BadRequestException, NotFoundException

NO_MAPPING = "Invalid base path mapping identifier specified"


def domain(tx: Reader, ctx: Context, name: str) -> domains.Domain:
    """A domain name of this account and region. Raises NotFoundException."""
    found = domains.get(tx, ctx.account, ctx.region, name)
    if found is None:
        raise NotFoundException("Invalid domain name identifier specified")
    return found


def put_new(tx: Transaction, record: domains.Domain) -> None:
    """Stores a domain name that nobody has. Raises BadRequestException."""
    if domains.taken(tx, record.name):
        raise BadRequestException("The domain name you provided already exists.")
    domains.put(tx, record)


def put_mapping(tx: Transaction, record: domains.Domain, base: str, mapping: domains.Mapping | None) -> None:
    """Stores what a base path is mapped to, None for nothing any more."""
    mappings = {other: one for other, one in record.mappings.items() if other != base}
    if mapping is not None:
        mappings[base] = mapping
    domains.put(tx, msgspec.structs.replace(record, mappings=mappings))


def refuse_private(request: Mapping[str, Any]) -> None:
    """Raises NotImplementedByAtoll for a request for a domain name of private APIs, which alone have ids."""
    if request.get("domainNameId"):
        raise NotImplementedByAtoll(
            "apigateway: custom domain names for private APIs (domainNameId) are not implemented"
        )
