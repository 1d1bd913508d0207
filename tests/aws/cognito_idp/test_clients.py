"""App clients: their settings, secrets and checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_client_has_aws_defaults(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool()
    made = idp.create_user_pool_client(UserPoolId=pool_id, ClientName="app")["UserPoolClient"]
    shown = idp.describe_user_pool_client(UserPoolId=pool_id, ClientId=made["ClientId"])["UserPoolClient"]
    assert shown == made
