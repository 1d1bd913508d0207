"""What tests of IAM begin with: clients, users with keys that sign for real, and small policies. Test modules import the fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest


def document(action: str | list[str], effect: str = "Allow", resource: str = "*") -> str:
    """A policy of one statement."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": resource}]}
    )


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


@pytest.fixture
def iam(client: Callable[[str], Any]) -> Any:
    """IAM as the account's root."""
    return client("iam")


@pytest.fixture
def user(iam: Any, region: Any) -> Callable[[str], Callable[[str], Any]]:
    """`user("ann")` makes a user with a key; `user("ann")("sts")` is a client of hers."""

    def make(name: str) -> Callable[[str], Any]:
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: region.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return make
