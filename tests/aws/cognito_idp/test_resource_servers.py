"""Resource servers and their scopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
READ = {"ScopeName": "read", "ScopeDescription": "reads"}
WRITE = {"ScopeName": "write", "ScopeDescription": "writes"}


@pytest.fixture
def pool_id(pool: Callable[..., str]) -> str:
    return pool()


def test_a_resource_server_is_made_changed_and_deleted(idp: Any, pool_id: str, aws_error: Error) -> None:
    name = {"UserPoolId": pool_id, "Identifier": "https://api.example.com"}
    made = idp.create_resource_server(**name, Name="api", Scopes=[WRITE, READ])["ResourceServer"]
    assert made == {**name, "Name": "api", "Scopes": [WRITE, READ]}
    assert idp.describe_resource_server(**name)["ResourceServer"] == made
    taken = f"https://api.example.com already exists in user pool {pool_id}."
    assert aws_error(lambda: idp.create_resource_server(**name, Name="x")) == ("InvalidParameterException", taken, 400)
    changed = idp.update_resource_server(**name, Name="renamed", Scopes=[READ])["ResourceServer"]
    assert changed == {**name, "Name": "renamed", "Scopes": [READ]}
    idp.update_resource_server(**name, Name="bare")
    assert idp.describe_resource_server(**name)["ResourceServer"] == {**name, "Name": "bare"}
    idp.delete_resource_server(**name)
    gone = ("ResourceNotFoundException", "Resource server https://api.example.com does not exist.", 400)
    assert aws_error(lambda: idp.describe_resource_server(**name)) == gone
    assert aws_error(lambda: idp.update_resource_server(**name, Name="x")) == gone
    assert aws_error(lambda: idp.delete_resource_server(**name)) == gone


def test_a_pool_has_25_resource_servers_at_most(idp: Any, pool_id: str, aws_error: Error) -> None:
    for number in range(25):
        idp.create_resource_server(UserPoolId=pool_id, Identifier=f"api{number:02}", Name="api")
    refused = aws_error(lambda: idp.create_resource_server(UserPoolId=pool_id, Identifier="more", Name="api"))
    assert refused[::2] == ("LimitExceededException", 400)
    pages = list(
        idp.get_paginator("list_resource_servers").paginate(UserPoolId=pool_id, PaginationConfig={"PageSize": 20})
    )
    assert [len(page["ResourceServers"]) for page in pages] == [20, 5]


def test_scopes_are_named_once(idp: Any, pool_id: str, aws_error: Error) -> None:
    refused = aws_error(
        lambda: idp.create_resource_server(UserPoolId=pool_id, Identifier="api", Name="api", Scopes=[READ, READ])
    )
    assert refused[::2] == ("InvalidParameterException", 400)
