"""User pools: what they are made from, their defaults, and how they are changed and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_a_pool_has_aws_defaults(idp: Any, account: str) -> None:
    made = idp.create_user_pool(PoolName="people")["UserPool"]
    shown = idp.describe_user_pool(UserPoolId=made["Id"])["UserPool"]
    assert shown == made
    assert made["Arn"] == f"arn:aws:cognito-idp:us-east-1:{account}:userpool/{made['Id']}"
    assert made["MfaConfiguration"] == "OFF"


def test_a_deleted_pool_is_gone(idp: Any, pool: Callable[..., str], aws_error: Callable[..., Any]) -> None:
    pool_id = pool()
    idp.delete_user_pool(UserPoolId=pool_id)
    gone = ("ResourceNotFoundException", f"User pool {pool_id} does not exist.", 400)
    assert aws_error(lambda: idp.describe_user_pool(UserPoolId=pool_id)) == gone
