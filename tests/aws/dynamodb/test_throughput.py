"""Throttling of provisioned and limited on-demand tables and indexes, and the limits on changing what is provisioned."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

KEY = [{"AttributeName": "id", "KeyType": "HASH"}]
DEFINED = [{"AttributeName": "id", "AttributeType": "S"}]
TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable API"
)
MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


class Tables:
    """A client of an account in a region whose clock may be moved."""

    def __init__(self, region: Any, account: str) -> None:
        self.region, self.client = region, region.client("dynamodb", key=account)
        self.written = 0

    def make(self, read: int = 1, write: int = 1, **more: Any) -> None:
        billing = {"ProvisionedThroughput": units(read, write)} if "BillingMode" not in more else {}
        defined = DEFINED + more.pop("also", [])
        self.client.create_table(TableName="users", KeySchema=KEY, AttributeDefinitions=defined, **billing, **more)

    def put(self, kilobytes: float = 0, item: str = "", **more: Any) -> None:
        """A new item, "1" first, if none is named."""
        filler = "x" * int(kilobytes * 1024 - 20)
        name = item or str(self.written + 1)
        self.client.put_item(TableName="users", Item={"id": {"S": name}, "v": {"S": filler}, **more})
        self.written += 1

    def get(self, *, consistent: bool = True, item: str = "1") -> None:
        self.client.get_item(TableName="users", Key={"id": {"S": item}}, ConsistentRead=consistent)

    def wait(self, seconds: float) -> None:
        httpx.post(f"{self.region.endpoint}/_atoll/clock", json={"advance": seconds}).raise_for_status()


@pytest.fixture
def tables(own: Any, account: str) -> Tables:
    return Tables(own, account)


def refused(call: Callable[[], Any]) -> dict[str, Any]:
    """The answer to a call that is throttled."""
    with pytest.raises(ClientError) as caught:
        call()
    response: dict[str, Any] = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return response


def test_a_provisioned_table_throttles_when_its_burst_is_used_up(tables: Tables, account: str) -> None:
    tables.make(read=1, write=1)
    tables.put(330)  # more than the 300 seconds that a new table begins with
    answer = refused(tables.put)
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("ProvisionedThroughputExceededException", TABLE)
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    assert answer["ThrottlingReasons"] == [{"reason": "TableWriteProvisionedThroughputExceeded", "resource": arn}]
    tables.get()  # reads have units of their own: this one takes 83
    tables.get(consistent=False)
    tables.wait(40)  # 30 of debt, 10 to use
    for _ in range(10):
        tables.put()
    assert refused(lambda: [tables.put() for _ in range(60)])["Error"]["Message"] == TABLE


def test_what_is_unused_is_kept_for_five_minutes(tables: Tables) -> None:
    tables.make(read=1, write=2)
    tables.put(390)
    tables.put(390)  # admitted, because something is left: 180 units of debt
    tables.wait(45)
    refused(tables.put)
    tables.wait(60)
    tables.put()
    tables.wait(3600)
    tables.put(390)
    tables.put(290)
    refused(tables.put)


def test_more_units_help_at_once(tables: Tables) -> None:
    tables.make(read=1, write=1)
    tables.put(330)
    refused(tables.put)
    tables.client.update_table(TableName="users", ProvisionedThroughput=units(1, 100))
    tables.wait(1)
    tables.put()
    tables.client.update_table(TableName="users", BillingMode="PAY_PER_REQUEST")
    for _ in range(3):
        tables.put(390)


def test_an_index_throttles_writes_of_the_table(tables: Tables, account: str) -> None:
    by_kind = {"IndexName": "by-kind", "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}]}
    tables.make(
        write=1000, also=[{"AttributeName": "kind", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[{**by_kind, "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units(1, 1)}],
    )  # fmt: skip
    tables.put(330, kind={"S": "a"})
    answer = refused(lambda: tables.put(1, item="1", kind={"S": "b"}))
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("ProvisionedThroughputExceededException", INDEX)
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users/index/by-kind"
    assert answer["ThrottlingReasons"] == [{"reason": "IndexWriteProvisionedThroughputExceeded", "resource": arn}]
    tables.put(1)  # not in the index
    got = tables.client.get_item(TableName="users", Key={"id": {"S": "1"}})["Item"]
    assert got["kind"] == {"S": "a"}  # nothing was written


def test_on_demand_throttles_at_its_maximum_alone(tables: Tables, account: str) -> None:
    tables.make(BillingMode="PAY_PER_REQUEST", OnDemandThroughput={"MaxWriteRequestUnits": 5})
    tables.put(150)
    answer = refused(tables.put)
    assert (answer["Error"]["Code"], answer["Error"]["Message"]) == ("ThrottlingException", MAXIMUM)
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    assert answer["throttlingReasons"] == [{"reason": "TableWriteMaxOnDemandThroughputExceeded", "resource": arn}]
    for _ in range(20):
        tables.get()
    tables.wait(40)
    tables.put()
    tables.client.update_table(TableName="users", OnDemandThroughput={"MaxWriteRequestUnits": -1})
    for _ in range(3):
        tables.put(300)


def test_a_reset_and_a_new_table_begin_anew(tables: Tables, account: str) -> None:
    tables.make()
    tables.put(330)
    refused(tables.put)
    httpx.post(f"{tables.region.endpoint}/_atoll/reset", json={"account": account}).raise_for_status()
    tables.make()
    tables.put(330)
    refused(tables.put)
    tables.client.delete_table(TableName="users")
    tables.make()
    tables.put()


def test_a_partition_throttles_under_strict_alone(new_region: Callable[..., Any], own: Any, account: str) -> None:
    loose = Tables(own, account)
    loose.make(BillingMode="PAY_PER_REQUEST")
    for _ in range(6):
        loose.put(390, item="hot")
    tables = Tables(new_region("--strict"), account)
    tables.make(BillingMode="PAY_PER_REQUEST")
    answer = refused(lambda: [tables.put(390, item="hot") for _ in range(60)])
    assert answer["Error"]["Code"] == "ThrottlingException"
    assert answer["Error"]["Message"].startswith("Throughput exceeds the current capacity of your table or index. ")
    assert answer["throttlingReasons"][0]["reason"] == "TableWriteKeyRangeThroughputExceeded"
    tables.put(1, item="another partition")
    tables.wait(1)
    tables.put(1, item="hot")


DECREASES = (
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, "
    "each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. "
    "Number of decreases today: {}. Last decrease at "
)


def test_decreases_are_limited(tables: Tables, aws_error: Callable[..., Any]) -> None:
    tables.make(read=20, write=20)

    def provision(read: int, write: int = 20) -> None:
        tables.client.update_table(TableName="users", ProvisionedThroughput=units(read, write))

    def table() -> Any:
        return tables.client.describe_table(TableName="users")["Table"]["ProvisionedThroughput"]

    epoch = httpx.get(f"{tables.region.endpoint}/_atoll/clock").json()["epoch"]
    tables.wait(86_460 - epoch % 86_400)  # just past midnight
    for read in (19, 18, 17, 16):
        provision(read)
    code, message, _ = aws_error(lambda: provision(15))
    assert code == "LimitExceededException"
    assert message.startswith(DECREASES.format(4))
    moment = r"\w+day, \w+ \d+, \d{4} at 12:0\d:\d\d AM Coordinated Universal Time"
    assert re.search(f"Last decrease at {moment}. Next decrease can be made at {moment.replace('12', '1')}$", message)
    provision(16, 25)  # more is always possible
    aws_error(lambda: provision(15, 30))
    tables.wait(3601)
    provision(15, 25)
    assert table()["NumberOfDecreasesToday"] == 5
    assert aws_error(lambda: provision(14))[1].startswith(DECREASES.format(5))
    tables.wait(86_400)
    assert table()["NumberOfDecreasesToday"] == 0
    provision(14)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (units(40_001, 1), "The requested ReadCapacityUnits, 40001, is above the per table maximum for the account in us-east-1. "
         "Per table maximum: 40000. "),
        (units(1, 40_001), "The requested WriteCapacityUnits, 40001, is above the per table maximum for the account in us-east-1. "
         "Per table maximum: 40000. "),
        (units(40_000, 1), "This request would have caused the ReadCapacityUnits limit to be exceeded for the account in us-east-1. "
         "Current ReadCapacityUnits reserved by the account: 40001. Limit: 80000. Requested: 40000. "),
    ],
)  # fmt: skip
def test_quotas_of_the_account(
    tables: Tables, aws_error: Callable[..., Any], given: dict[str, int], message: str
) -> None:
    shape = {"KeySchema": KEY, "AttributeDefinitions": DEFINED}
    tables.client.create_table(TableName="first", ProvisionedThroughput=units(1, 1), **shape)
    tables.client.create_table(TableName="second", ProvisionedThroughput=units(40_000, 1), **shape)
    guide = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    create = lambda: tables.client.create_table(TableName="third", ProvisionedThroughput=given, **shape)  # noqa: E731
    assert aws_error(create) == ("LimitExceededException", message + guide, 400)


def test_a_write_whose_condition_does_not_hold_uses_the_units_of_what_is_there(tables: Tables) -> None:
    tables.make(read=1, write=1)
    tables.put(110)

    def code(operation: str, **more: Any) -> str:
        return str(refused(lambda: getattr(tables.client, operation)(**more))["Error"]["Code"])

    def delete(id_: str, condition: str) -> str:
        return code("delete_item", TableName="users", Key={"id": {"S": id_}}, ConditionExpression=condition)

    throttled = "ProvisionedThroughputExceededException"
    assert delete("1", "attribute_not_exists(id)") == "ConditionalCheckFailedException"
    assert code("execute_statement", Statement="INSERT INTO users VALUE {'id': '1'}") == "DuplicateItemException"
    assert delete("1", "attribute_not_exists(id)") == throttled  # 330 of 300 are used
    tables.wait(33)
    assert delete("2", "attribute_exists(id)") == "ConditionalCheckFailedException"
    assert throttled in [delete("2", "attribute_exists(id)") for _ in range(60)]  # nothing is there: 1 each
