"""Custom domain names: one record for each, with its mappings, for both families of APIs. A name has one owner in all accounts.

`services/apigateway` and `services/apigatewayv2` write the same records, as a domain name made by one is seen by the other on AWS.
docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.ids import Ids
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader, Transaction


class Mapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands behind a base path of a domain name: an API's stage. Without a stage the path goes on with one."""

    id: str
    api: str
    stage: str | None = None


class Owner(msgspec.Struct, frozen=True):
    """Whose a domain name is."""

    account: str
    region: str


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


CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
_ZONES = {
    "ap-northeast-1": "Z1YSHQZHG15GKL",
    "ap-northeast-2": "Z20JF4UZKIW1U8",
    "ap-south-1": "Z3VO1THU9YC4UR",
    "ap-southeast-1": "ZL327KTPIQFUL",
    "ap-southeast-2": "Z2RPCDW04V8134",
    "ca-central-1": "Z19DQILCV0OWEC",
    "eu-central-1": "Z1U9ULNL0V5AJ3",
    "eu-north-1": "Z3UWIKFBOOGXPP",
    "eu-west-1": "ZLY8HYME6SFDD",
    "eu-west-2": "ZJ5UAJN8Y3Z2Q",
    "eu-west-3": "Z3KY65QIEKYHQQ",
    "sa-east-1": "ZCMLWB8V5SYIT",
    "us-east-1": "Z1UJRXOUMOOFQ8",
    "us-east-2": "ZOJJZC49E0EPZ",
    "us-west-1": "Z2MUQ32089INYE",
    "us-west-2": "Z2OJLYMUO9EFXC",
}
"""The Route 53 hosted zones of regional endpoints. docs: AWS General Reference, "Amazon API Gateway endpoints and quotas"."""
_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[A-Za-z0-9-]+")
_BASE = re.compile(r"[A-Za-z0-9$\-_.+!*'()]+(/[A-Za-z0-9$\-_.+!*'()]+)*")
DOMAINS = Codec(Domain)
OWNERS = Codec(Owner)
LONGEST_NAME = 253
LONGEST_BASE = 300
IP_ADDRESS_TYPES = ("ipv4", "dualstack")
PREFIX: Key = (GLOBAL_ACCOUNT, "", "apigateway", "domains")


def owner_key(name: str) -> Key:
    """Where it stands whose a domain name is."""
    return (*PREFIX, name)


def domain_key(account: str, region: str, *name: str) -> Key:
    """Where the domain names of an account and region lie."""
    return (account, region, "apigateway", "domains", *name)


def owned(account: str, region: str) -> Range:
    """All domain names of an account and region."""
    return under(domain_key(account, region))


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that owns a domain name."""
    return OWNERS.decode(raw).account


def get(tx: Reader, account: str, region: str, name: str) -> Domain | None:
    """A domain name of an account and region."""
    raw = tx.get(domain_key(account, region, name))
    return None if raw is None else DOMAINS.decode(raw)


def taken(tx: Reader, name: str) -> bool:
    """Whether somebody has a domain name."""
    return tx.get(owner_key(name)) is not None


def put(tx: Transaction, domain: Domain) -> None:
    """Stores a domain name."""
    tx.set(owner_key(domain.name), OWNERS.encode(Owner(domain.account, domain.region)))
    tx.set(domain_key(domain.account, domain.region, domain.name), DOMAINS.encode(domain))


def remove(tx: Transaction, domain: Domain) -> None:
    """Removes a domain name with its mappings."""
    tx.delete(owner_key(domain.name))
    tx.delete(domain_key(domain.account, domain.region, domain.name))


def serving(tx: Reader, host: str) -> Domain | None:
    """The domain name that answers for a host: its own, else a wildcard's (`*.example.com`)."""
    raw = tx.get(owner_key(host))
    if raw is None:
        raw = tx.get(owner_key(host := "*." + host.partition(".")[2]))
    return None if raw is None else get(tx, (found := OWNERS.decode(raw)).account, found.region, host)


def split(domain: Domain, path: str) -> tuple[str, Mapping, str] | None:
    """The longest base path with which an undecoded path begins, what it is mapped to, and the path below it (which begins with /)."""
    rest = path[1:]
    for base in sorted(domain.mappings, key=len, reverse=True):
        if base == "":
            return "", domain.mappings[""], path
        if rest == base or rest.startswith(base + "/"):
            return base, domain.mappings[base], rest[len(base) :] or "/"
    return None


def mappings_of(tx: Reader, account: str, region: str, api: str) -> Iterator[tuple[Domain, str]]:
    """The domain names and base paths that are mapped to an API. None of them may be left where an API is deleted."""
    for _, raw in tx.scan(owned(account, region)):
        domain = DOMAINS.decode(raw)
        yield from ((domain, base) for base, mapping in domain.mappings.items() if mapping.api == api)


def is_name(name: str) -> bool:
    """Whether a domain name can be one: lower-case labels, a wildcard for the first at most."""
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def is_base(base: str) -> bool:
    """Whether a base path is made of what AWS lets it have, in one or more segments."""
    return len(base) <= LONGEST_BASE and _BASE.fullmatch(base) is not None


def is_security_policy(name: str) -> bool:
    """Whether AWS has such a security policy: TLS_1_0, TLS_1_2, or one of the later ones."""
    return name in ("TLS_1_0", "TLS_1_2") or name.startswith("SecurityPolicy_")


def region_of(certificate: str) -> str | None:
    """The region of a certificate's ARN, None where it is no ARN of ACM's."""
    found = _CERTIFICATE.fullmatch(certificate)
    return found["region"] if found else None


def draw_target(ids: Ids, endpoint: str, region: str) -> str:
    """A new name of AWS's own for a domain name."""
    if endpoint == "EDGE":
        return f"d{ids.lower(13)}.cloudfront.net"
    return f"d-{ids.lower(10)}.execute-api.{region}.amazonaws.com"


def zone(domain: Domain) -> str:
    """The Route 53 hosted zone of a domain name's target."""
    return CLOUDFRONT_ZONE if domain.endpoint == "EDGE" else _ZONES.get(domain.region, _ZONES["us-east-1"])
