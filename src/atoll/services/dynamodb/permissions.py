"""What IAM judges of an operation on a table, an index or an item. docs: Service Authorization Reference, Amazon DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from atoll.kernel.service import Access, ResourceOf, ValuesOf
from atoll.services.dynamodb.access import table_arn
from atoll.services.dynamodb.conditions import ON_TABLE


def on_table(
    action: str,
    *,
    resource: ResourceOf = table_arn,
    conditions: Mapping[str, ValuesOf] = ON_TABLE,
    each: Callable[[Any], Sequence[Mapping[str, Any]]] | None = None,
) -> Access:
    """The permission `dynamodb:action` on a table, or on what `resource` finds."""
    return Access(f"dynamodb:{action}", resource=resource, conditions=conditions, each=each)
