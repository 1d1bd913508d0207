"""A table with recovery, indexes, encryption, tags, a resource policy and insights: applied, changed and destroyed by terraform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_apply_change_restore_and_destroy(stack: Callable[[str], Stack]) -> None:
    orders = stack("rich-table")
    assert "Apply complete! Resources: 4 added, 0 changed, 0 destroyed." in orders.apply().stdout

    dynamodb = orders.region.client("dynamodb")
    table = dynamodb.describe_table(TableName="orders")["Table"]
    recovery = dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    policy = json.loads(dynamodb.get_resource_policy(ResourceArn=table["TableArn"])["Policy"])
    assert policy["Statement"][0]["Action"] == ["dynamodb:GetItem", "dynamodb:Query"]
    insights = dynamodb.list_contributor_insights(TableName="orders")["ContributorInsightsSummaries"]
    assert [one.get("IndexName") for one in insights] == [None, "states"]

    orders.edit("main.tf", '"dynamodb:GetItem", "dynamodb:Query"', '"dynamodb:GetItem"')
    orders.edit("main.tf", "default = true", "default = false")
    assert orders.changed() == ["policy", "Statement", "Action", "revision_id", "enabled"]
    assert orders.plan_is_empty()
    orders.destroy()
    assert dynamodb.list_tables()["TableNames"] == []
