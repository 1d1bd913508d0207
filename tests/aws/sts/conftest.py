"""Fixtures of STS's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def _sessions(region: Any) -> Callable[[Any, str], Any]:
    def client(answer: Any, service: str) -> Any:
        given = answer["Credentials"]
        return region.client(
            service, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
        )

    return client


@pytest.fixture
def session(region: Any) -> Callable[[Any, str], Any]:
    """session(answer, "iam"): a client under the credentials in STS's answer."""
    return _sessions(region)


@pytest.fixture
def own_session(own: Any) -> Callable[[Any, str], Any]:
    """`session`, in the module's own region."""
    return _sessions(own)
