"""AWS managed policies: facts from `managed_policies.json` (see NOTICE), in the shape of the account's own policies.

Each has the one version that is in force; AWS keeps older ones, which nothing asks for.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources

import msgspec

from atoll.services.iam.store import Policy

OWNER = "aws"
"""What stands in place of the account in their ARNs."""


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """An AWS managed policy and its document."""

    policy: Policy
    document: str


@cache
def managed_policies() -> Mapping[str, ManagedPolicy]:
    """All of them, by ARN, in the order of their ARNs."""
    text = resources.files("atoll.services.iam").joinpath("managed_policies.json").read_bytes()
    facts = msgspec.json.decode(text)
    return {arn: _policy(arn, facts[arn]) for arn in sorted(facts)}


def _policy(arn: str, fact: Mapping[str, object]) -> ManagedPolicy:
    path, _, name = arn.partition(":policy")[2].rpartition("/")
    version = int(str(fact["version"]).removeprefix("v"))
    created = int(datetime.fromisoformat(str(fact["createdate"])).timestamp())
    policy = Policy(
        name=name, path=f"{path}/", id=_id(arn), created=created, updated=created,
        default=version, last=version, versions={version: created},
    )  # fmt: skip
    return ManagedPolicy(policy, msgspec.json.format(msgspec.json.encode(fact["document"]), indent=4).decode())


def _id(arn: str) -> str:
    """Any id will do if it is always the same: AWS's are not in the data."""
    digest = hashlib.sha256(arn.encode()).digest()
    return "ANPA" + base64.b32encode(digest).decode()[:17]
