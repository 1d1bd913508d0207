"""Attributes that are added to a pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def schema(idp: Any, pool_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["SchemaAttributes"]
    return found[20:]


def test_attributes_are_added(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool()
    idp.add_custom_attributes(
        UserPoolId=pool_id,
        CustomAttributes=[
            {"Name": "tenant", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "9"}},
            {"Name": "since", "AttributeDataType": "DateTime", "Mutable": False},
        ],
    )
    plain = {"DeveloperOnlyAttribute": False, "Mutable": True, "Required": False}
    tenant = {"Name": "custom:tenant", "AttributeDataType": "String", "StringAttributeConstraints": {"MaxLength": "9"}}
    since = {"Name": "custom:since", "AttributeDataType": "DateTime", "Mutable": False}
    assert schema(idp, pool_id) == [plain | tenant, plain | since]


def test_an_attribute_that_is_there_is_refused_and_nothing_is_added(
    idp: Any, pool: Callable[..., str], aws_error: Error
) -> None:
    tenant = {"Name": "tenant", "AttributeDataType": "String"}
    pool_id = pool(Schema=[tenant])
    refused = aws_error(
        lambda: idp.add_custom_attributes(
            UserPoolId=pool_id, CustomAttributes=[{"Name": "new", "AttributeDataType": "String"}, tenant]
        )
    )
    message = "custom:tenant: Existing attribute already has name custom:tenant."
    assert refused == ("InvalidParameterException", message, 400)
    assert [one["Name"] for one in schema(idp, pool_id)] == ["custom:tenant"]


def test_a_pool_has_50_custom_attributes_at_most(idp: Any, pool: Callable[..., str], aws_error: Error) -> None:
    pool_id = pool()
    for start in (0, 25):
        idp.add_custom_attributes(
            UserPoolId=pool_id,
            CustomAttributes=[{"Name": f"a{start + n}", "AttributeDataType": "Number"} for n in range(25)],
        )
    one = [{"Name": "more", "AttributeDataType": "Number"}]
    refused = aws_error(lambda: idp.add_custom_attributes(UserPoolId=pool_id, CustomAttributes=one))
    assert refused[::2] == ("InvalidParameterException", 400)
    assert len(schema(idp, pool_id)) == 50
