"""Contributor insights of tables and indexes: a setting, whose rules have AWS's names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
INDEX = {
    "IndexName": "by-kind",
    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}


@pytest.fixture
def table(make_table: Callable[..., str]) -> str:
    return make_table(
        sort=("at", "N"), also=[{"AttributeName": "kind", "AttributeType": "S"}], GlobalSecondaryIndexes=[INDEX]
    )


def rules(described: dict[str, Any]) -> list[str]:
    """The rules without the time in their names."""
    return [re.sub(r"-\d{13}$", "", rule) for rule in described["ContributorInsightsRuleList"]]


def test_a_table(dynamodb: Any, table: str) -> None:
    def described() -> dict[str, Any]:
        answer = dynamodb.describe_contributor_insights(TableName=table)
        del answer["ResponseMetadata"]
        return dict(answer)

    def update(action: str, **more: Any) -> tuple[str, str | None]:
        answer = dynamodb.update_contributor_insights(TableName=table, ContributorInsightsAction=action, **more)
        return answer["ContributorInsightsStatus"], answer.get("ContributorInsightsMode")

    fresh = {"TableName": "users", "ContributorInsightsStatus": "DISABLED"}
    assert described() == fresh
    assert update("DISABLE") == ("DISABLED", None)
    assert described() == fresh
    assert update("ENABLE") == ("ENABLING", "ACCESSED_AND_THROTTLED_KEYS")
    assert update("ENABLE") == ("ENABLED", "ACCESSED_AND_THROTTLED_KEYS")
    prefix = "DynamoDBContributorInsights-"
    assert rules(described()) == [f"{prefix}{kind}-users" for kind in ("PKC", "SKC", "PKT", "SKT")]
    assert update("ENABLE", ContributorInsightsMode="THROTTLED_KEYS") == ("ENABLING", "THROTTLED_KEYS")
    assert rules(described()) == [f"{prefix}{kind}-users" for kind in ("PKT", "SKT")]
    assert update("DISABLE") == ("DISABLING", "THROTTLED_KEYS")
    after = described()
    assert after.pop("LastUpdateDateTime")
    assert after == fresh | {"ContributorInsightsMode": "THROTTLED_KEYS"}


def test_an_index_and_the_list(dynamodb: Any, table: str, make_table: Callable[..., str], aws_error: Error) -> None:
    for name in ("more", "other"):
        make_table(name)
        dynamodb.update_contributor_insights(TableName=name, ContributorInsightsAction="ENABLE")
    dynamodb.update_contributor_insights(TableName=table, IndexName="by-kind", ContributorInsightsAction="ENABLE")
    described = dynamodb.describe_contributor_insights(TableName=table, IndexName="by-kind")
    assert (described["IndexName"], described["ContributorInsightsStatus"]) == ("by-kind", "ENABLED")
    assert rules(described) == [f"DynamoDBContributorInsights-{kind}-users-by-kind" for kind in ("PKC", "PKT")]
    shown = {"ContributorInsightsStatus": "ENABLED", "ContributorInsightsMode": "ACCESSED_AND_THROTTLED_KEYS"}
    assert dynamodb.list_contributor_insights(TableName=table)["ContributorInsightsSummaries"] == [
        {"TableName": "users", "IndexName": "by-kind", **shown}
    ]
    found, token = [], None
    for _ in range(3):
        page = dynamodb.list_contributor_insights(MaxResults=1, **({"NextToken": token} if token else {}))
        found += [one["TableName"] for one in page["ContributorInsightsSummaries"]]
        token = page.get("NextToken")
    assert (sorted(found), token) == (["more", "other", "users"], None)
    assert len(dynamodb.list_contributor_insights(MaxResults=-1)["ContributorInsightsSummaries"]) == 3
    dynamodb.delete_table(TableName="more")
    left = dynamodb.list_contributor_insights()["ContributorInsightsSummaries"]
    assert sorted(one["TableName"] for one in left) == ["other", "users"]
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: none not found", 400)
    for call in (dynamodb.describe_contributor_insights, dynamodb.list_contributor_insights):
        assert aws_error(lambda call=call: call(TableName="none")) == missing
    assert aws_error(lambda: dynamodb.describe_contributor_insights(TableName=table, IndexName="gone")) == (
        "ResourceNotFoundException", "Requested resource not found: Index: gone not found for table: users", 400,
    )  # fmt: skip
