"""Which services a policy grants access to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.services.iam.granted import NAMES, granted


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **statement}]})


@pytest.mark.parametrize(
    ("action", "services"),
    [
        ("s3:GetObject", {"s3"}),
        (["S3:*", "glacier:List*"], {"s3", "glacier"}),
        ("cognito-*:*", {"cognito-identity", "cognito-idp"}),
        ("*", set(NAMES)),
        ("*:*", set(NAMES)),
    ],
)
def test_actions(action: Any, services: set[str]) -> None:
    assert granted(policy(Action=action)) == services


def test_all_but_some() -> None:
    assert granted(policy(NotAction=["iam:*", "s3:GetObject"])) == set(NAMES) - {"iam"}
    assert granted(policy(NotAction="*")) == set()


def test_what_is_denied_grants_nothing() -> None:
    assert granted(policy(Effect="Deny", Action="s3:*")) == set()
