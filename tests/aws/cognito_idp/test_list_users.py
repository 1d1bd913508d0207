"""ListUsers: filters, attributes, pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import attributes_of, pairs

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]


@pytest.fixture
def people(idp: Any, pool: Make) -> str:
    """A pool with ada, alan and eve; eve is disabled."""
    pool_id = pool()
    for name in ("ada", "alan", "eve"):
        given = pairs(email=f"{name}@example.com", given_name=name.title(), family_name='O"Hara')
        idp.admin_create_user(UserPoolId=pool_id, Username=name, UserAttributes=given, MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool_id, Username="ada", Password="Correct-Horse-7", Permanent=True)
    idp.admin_disable_user(UserPoolId=pool_id, Username="eve")
    return pool_id


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('username = "ada"', {"ada"}),
        ('username ^= "a"', {"ada", "alan"}),
        ('email="ALAN@example.com"', {"alan"}),
        ('given_name ^= "E"', {"eve"}),
        ('given_name = "ada"', set()),
        ('family_name = "O\\"Hara"', {"ada", "alan", "eve"}),
        ('status = "Disabled"', {"eve"}),
        ('status = "Enabled"', {"ada", "alan"}),
        ('cognito:user_status = "CONFIRMED"', {"ada"}),
        ('cognito:user_status = "FORCE_CHANGE_PASSWORD"', {"alan", "eve"}),
        ("", {"ada", "alan", "eve"}),
    ],
)
def test_filters(idp: Any, people: str, text: str, names: set[str]) -> None:
    assert {one["Username"] for one in idp.list_users(UserPoolId=people, Filter=text)["Users"]} == names


def test_a_filter_by_sub(idp: Any, people: str) -> None:
    sub = attributes_of(idp.admin_get_user(UserPoolId=people, Username="ada"))["sub"]
    (found,) = idp.list_users(UserPoolId=people, Filter=f'sub = "{sub}"')["Users"]
    assert found["Username"] == "ada"


@pytest.mark.parametrize("text", ["ada", 'username "ada"', "username = ada", 'username ~ "a"', 'username = "a" or b'])
def test_filters_that_cannot_be_read(idp: Any, people: str, aws_error: Error, text: str) -> None:
    assert aws_error(lambda: idp.list_users(UserPoolId=people, Filter=text)) == (
        "InvalidParameterException", "Error while parsing filter string.", 400,
    )  # fmt: skip


def test_attributes_that_are_not_searchable(idp: Any, people: str, aws_error: Error) -> None:
    code, message, _ = aws_error(lambda: idp.list_users(UserPoolId=people, Filter='custom:tenant = "blue"'))
    assert (code, message) == ("InvalidParameterException", "Invalid search attribute: custom:tenant")


def test_attributes_to_get(idp: Any, people: str, aws_error: Error) -> None:
    for one in idp.list_users(UserPoolId=people, AttributesToGet=["email"])["Users"]:
        assert list(attributes_of(one)) == ["email"]
    assert aws_error(lambda: idp.list_users(UserPoolId=people, AttributesToGet=["colour"])) == (
        "InvalidParameterException", "One or more requested attributes do not exist.", 400,
    )  # fmt: skip


def test_pages(idp: Any, people: str, aws_error: Error) -> None:
    first = idp.list_users(UserPoolId=people, Limit=2)
    rest = idp.list_users(UserPoolId=people, Limit=2, PaginationToken=first["PaginationToken"])
    assert {one["Username"] for one in first["Users"] + rest["Users"]} == {"ada", "alan", "eve"}
    assert "PaginationToken" not in rest
    paginator = idp.get_paginator("list_users")
    pages = paginator.paginate(UserPoolId=people, Filter='username ^= "a"', PaginationConfig={"PageSize": 1})
    assert [len(page["Users"]) for page in pages] == [1, 1]
    assert aws_error(lambda: idp.list_users(UserPoolId=people, PaginationToken="?"))[0] == "InvalidParameterException"
