"""What real services do on the wire that their models do not say. Data only; each entry was observed.

Sources: answers of AWS recorded by the LocalStack project, recorded answers of DynamoDB, the API references' error pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CORAL = "com.amazon.coral.service#"
"""Namespace of the errors that AWS's service framework itself answers to JSON-RPC requests."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One service's peculiarities.

    `error_namespace` stands before the code of a modelled error in `__type`, `common_namespace` before that of a common
    one, `validation_namespace` before ValidationException. `validation_code` is what a broken constraint is called.
    `capital_message` calls the message of an error that has further members `Message`, whatever the model says.
    `crc32` adds `x-amz-crc32`. `blob_content_type` is that of an output whose body is a blob.
    `enums` is False where the service leaves checking enumerations to the operation; `free_enums` names single ones.
    `enum_orders` are, by shape, the values of enumerations that messages list in another order than the model's.
    `items_not_null` lists "Member must not be null" among the constraints of a list's items. `hides_values` leaves
    offending values and allowed ones out of the messages. `max_body` is the largest request body, in bytes.
    """

    error_namespace: str = ""
    common_namespace: str = ""
    validation_namespace: str = ""
    validation_code: str = "ValidationException"
    capital_message: bool = False
    crc32: bool = False
    blob_content_type: str = "application/octet-stream"
    enums: bool = True
    free_enums: frozenset[str] = frozenset()
    enum_orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    items_not_null: bool = False
    hides_values: bool = False
    max_body: int = 16 << 20


_FACTS = {
    "dynamodb": Facts(
        error_namespace="com.amazonaws.dynamodb.v20120810#",
        common_namespace=CORAL,
        validation_namespace="com.amazon.coral.validate#",
        capital_message=True,
        crc32=True,
        enum_orders={
            "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
            "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
            "ScalarAttributeType": ("B", "N", "S"),
        },
    ),
    "dynamodbstreams": Facts(
        error_namespace="com.amazonaws.dynamodb.v20120810#",
        common_namespace=CORAL,
        validation_namespace="com.amazon.coral.validate#",
        crc32=True,
    ),
    "iam": Facts(hides_values=True),
    "lambda": Facts(
        blob_content_type="application/json",
        items_not_null=True,
        free_enums=frozenset({"Runtime"}),
        max_body=80 << 20,  # a 50 MB package in base64, with room: operations refuse what is too large for them
    ),
    "logs": Facts(validation_code="InvalidParameterException"),
    "apigatewayv2": Facts(validation_code="BadRequestException", enums=False),
}

_DEFAULT = Facts()


def facts_of(service: str) -> Facts:
    """The facts of a service by botocore's name; services without peculiarities share the default."""
    return _FACTS.get(service, _DEFAULT)
