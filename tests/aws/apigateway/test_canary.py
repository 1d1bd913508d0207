"""Canary settings: a share of a stage's requests runs another deployment, with variables of its own."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def two(rest: Any) -> Any:
    """A stage that answers `old` and a deployment that answers `new`."""
    rest.mock("/", answer="old $stageVariables.color $context.isCanaryRequest")
    rest.deploy(variables={"color": "blue", "size": "big"})
    rest.client.update_integration_response(
        **rest.at("/", "GET"),
        statusCode="200",
        patchOperations=[
            {
                "op": "replace",
                "path": "/responseTemplates/application~1json",
                "value": "new $stageVariables.color $stageVariables.size $context.isCanaryRequest",
            }
        ],
    )
    return rest


@pytest.mark.parametrize(
    ("percent", "expected"),
    [(100.0, {"new red big true"}), (0.0, {"old blue false"}), (50.0, {"new red big true", "old blue false"})],
)
def test_percent_of_the_traffic(two: Any, percent: float, expected: set[str]) -> None:
    two.deploy(canarySettings={"percentTraffic": percent, "stageVariableOverrides": {"color": "red"}})
    assert {two("/").text for _ in range(60)} == expected


def test_promoting_a_canary(two: Any) -> None:
    two.deploy(canarySettings={"percentTraffic": 0.0, "stageVariableOverrides": {"color": "red"}})
    assert two("/").text.startswith("old")
    two.client.update_stage(
        restApiId=two.id,
        stageName="dev",
        patchOperations=[
            {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
            {"op": "remove", "path": "/canarySettings"},
        ],
    )
    assert two("/").text.startswith("new blue big")
