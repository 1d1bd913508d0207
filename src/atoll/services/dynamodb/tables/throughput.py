"""Billing modes, throughput and encryption settings of a table: AWS's checks on what CreateTable and UpdateTable say. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.kernel.errors import ValidationFailed
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.store import PAY_PER_REQUEST, Throughput

MAX_UNITS = 1_000_000_000_000
MANAGED_KEY = "alias/aws/dynamodb"
NOT_THROTTLED = "Atoll does not throttle yet: requests past the provisioned or maximum throughput succeed"
NOT_ENCRYPTED = "Atoll has no KMS yet: the table's data is not encrypted with this key"

Given = Mapping[str, Any]


def provisioned(request: Given) -> Throughput:
    """ProvisionedThroughput of a CreateTable; none where billing is per request. Raises ValidationFailed."""
    given = request.get("ProvisionedThroughput")
    if request.get("BillingMode") == PAY_PER_REQUEST:
        if given:
            raise invalid(
                "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
            )
        return Throughput()
    if not given:
        raise invalid("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
    return units(given)


def units(given: Given, index: str = "") -> Throughput:
    """A ProvisionedThroughput, of the table or of the index with this name. Raises ValidationFailed if it is out of bounds."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if given[member] > MAX_UNITS:
            where = f" for index {index}" if index else ""
            raise ValidationFailed(f"Given value {given[member]} for {member} is out of bounds{where}")
    return Throughput(given["ReadCapacityUnits"], given["WriteCapacityUnits"])


def check_on_demand(given: Given | None, billing_mode: str) -> None:
    """Refuses an OnDemandThroughput out of range, or on a provisioned table."""
    for member in ("MaxReadRequestUnits", "MaxWriteRequestUnits"):
        value = (given or {}).get(member)
        if value is None:
            continue
        if billing_mode != PAY_PER_REQUEST:
            raise invalid(
                f"{member} for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
            )
        if value < 1 and value != -1:
            raise invalid(f"Requested {member} for OnDemandThroughput for table is outside of valid range")


def encryption_key(ctx: Context, given: Given | None) -> str:
    """The ARN of the key that SSESpecification asks for, "" for the default key that AWS owns. Raises ValidationFailed."""
    if not given:
        return ""
    key, kind = given.get("KMSMasterKeyId"), given.get("SSEType")
    if not given.get("Enabled"):
        for member, value in (("SSEType", kind), ("KMSMasterKeyId", key)):
            if value:
                raise invalid(f"{member} can not be specified if Enabled is false")
        return ""
    if kind == "AES256":
        raise invalid("SSEType AES256 is not supported")
    if key and not kind:
        raise invalid("SSEType KMS is required if KMSMasterKeyId is specified")
    if key and key.startswith("arn:"):
        return str(key)
    if key and key != MANAGED_KEY:
        return ctx.arn(key if key.startswith("alias/") else f"key/{key}", "kms")
    # AWS names the key and not its alias: an id of the account's own in each region, always the same.
    return ctx.arn(f"key/{uuid.uuid5(uuid.NAMESPACE_URL, ctx.arn(MANAGED_KEY, 'kms'))}", "kms")


def check_stream(given: Given | None, without_view: str, with_view: str) -> None:
    """Refuses a StreamSpecification whose members do not fit each other."""
    if given is None:
        return
    enabled, view = given["StreamEnabled"], given.get("StreamViewType")
    if enabled and not view:
        raise invalid(without_view)
    if not enabled and view:
        raise invalid(with_view)
