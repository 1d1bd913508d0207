"""Encryption settings of a table: AWS's checks on what CreateTable and UpdateTable say. docs: API_SSESpecification."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Context
from atoll.services.dynamodb.errors import invalid
from atoll.services.dynamodb.store import Table

MANAGED_KEY = "alias/aws/dynamodb"
NOT_ENCRYPTED = "Atoll has no KMS yet: the table's data is not encrypted with this key"


def encryption_key(ctx: Context, given: Mapping[str, Any] | None) -> str:
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


def other_key(ctx: Context, table: Table, given: Mapping[str, Any]) -> str:
    """The key that UpdateTable asks for. Raises ValidationFailed where the table has it."""
    key = encryption_key(ctx, given)
    if key == table.sse_key_arn:
        if not key:
            raise invalid("Table is already encrypted by default")
        raise invalid(
            "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to "
            "change Master Key"
        )
    return key
