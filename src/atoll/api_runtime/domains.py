"""Custom domain names: one record for each, with its mappings, under one name for all accounts and both families of APIs.

`services/apigateway` and `services/apigatewayv2` write the same records, as a domain name made by one is seen by the other on AWS.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

from __future__ import annotations

from typing import Literal

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands behind a base path of a domain name: an API's stage. Without a stage the path goes on with one."""

    id: str
    api: str
    stage: str | None = None


class Domain(msgspec.Struct, frozen=True, omit_defaults=True):
    """A custom domain name. `target` is AWS's own name for it, which DNS would point at; `mappings` are by base path, "" for none.

    `certificate` is its ARN in ACM; `uploaded` when it was named, in seconds since the epoch.
    """

    name: str
    account: str
    region: str
    endpoint: Literal["EDGE", "REGIONAL"]
    target: str
    uploaded: float
    certificate: str | None = None
    certificate_name: str | None = None
    ownership_certificate: str | None = None
    security_policy: str = "TLS_1_2"
    ip_address_type: Literal["ipv4", "dualstack"] = "ipv4"
    mappings: dict[str, Mapping] = {}
    tags: dict[str, str] = {}


DOMAINS = Codec(Domain)
PREFIX: Key = (GLOBAL_ACCOUNT, "", "apigateway", "domains")


def domain_key(name: str) -> Key:
    """Where a domain name's record lies, whoever owns it."""
    return (*PREFIX, name)


def owned_key(account: str, region: str, *name: str) -> Key:
    """Where it stands that a domain name is of an account and region."""
    return (account, region, "apigateway", "domains", *name)


def owned(account: str, region: str) -> Range:
    """The domain names of an account and region: the last elements of the keys."""
    return under(owned_key(account, region))


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that owns a domain name."""
    return DOMAINS.decode(raw).account


def get(tx: Reader, name: str) -> Domain | None:
    """A domain name's record, whoever owns it."""
    raw = tx.get(domain_key(name))
    return None if raw is None else DOMAINS.decode(raw)


def put(tx: Transaction, domain: Domain) -> None:
    """Stores a domain name."""
    tx.set(domain_key(domain.name), DOMAINS.encode(domain))
    tx.set(owned_key(domain.account, domain.region, domain.name), b"")


def remove(tx: Transaction, domain: Domain) -> None:
    """Removes a domain name with its mappings."""
    tx.delete(domain_key(domain.name))
    tx.delete(owned_key(domain.account, domain.region, domain.name))


def serving(tx: Reader, host: str) -> Domain | None:
    """The domain name that answers for a host: its own, else a wildcard's (`*.example.com`)."""
    return get(tx, host) or get(tx, "*." + host.partition(".")[2])


def split(domain: Domain, path: str) -> tuple[str, Mapping, str] | None:
    """The longest base path with which an undecoded path begins, what it is mapped to, and the path below it (which begins with /)."""
    rest = path[1:]
    for base in sorted(domain.mappings, key=len, reverse=True):
        if base == "":
            return "", domain.mappings[""], path
        if rest == base or rest.startswith(base + "/"):
            return base, domain.mappings[base], rest[len(base) :] or "/"
    return None
