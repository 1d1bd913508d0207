"""Sessions of roles that services assume for their users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from atoll.kernel.context import Principal


def session_of(role: str, answer: Mapping[str, Any]) -> Principal:
    """Who acts under the role (an ARN) after AssumeRole has answered."""
    user = answer["AssumedRoleUser"]
    key = answer["Credentials"]["AccessKeyId"]
    return Principal("role", role.split(":")[4], user["Arn"], user["AssumedRoleId"], key, role)
