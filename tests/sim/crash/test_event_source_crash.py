"""kill -9 while items are written and a function is fed from their stream: every record is processed at least once, and those of a key
never before one that was written earlier."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.aws.lambda_.conftest import BASIC, package, trust
from tests.aws.lambda_.feeding import READS_STREAMS
from tests.sim.crash.test_crash import fresh_seed

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
KEYS = 6
CODE = """
import boto3, time
table = boto3.client("dynamodb")
def handler(event, context):
    for record in event["Records"]:
        image = record["dynamodb"]["NewImage"]
        table.put_item(TableName="seen", Item={
            "id": {"S": f"{time.time():.7f} {context.aws_request_id}"}, "key": image["id"], "n": image["n"],
        })
    if time.time() % 1 < 0.3:
        raise ValueError("now and then")
"""


class Writer(threading.Thread):
    """Counts up in its own item until the region dies."""

    def __init__(self, region: Region, name: str, first: int) -> None:
        super().__init__(daemon=True)
        self.client, self.name_, self.acknowledged = region.client("dynamodb", key=ACCOUNT), name, first

    def run(self) -> None:
        try:
            for n in range(self.acknowledged + 1, 1 << 30):
                item = {"id": {"S": self.name_}, "n": {"N": str(n)}}
                self.client.put_item(TableName="source", Item=item)
                self.acknowledged = n
                time.sleep(0.005)  # the function writes, too
        except (BotoCoreError, ClientError, OSError):
            return


def set_up(region: Region, lanes: int) -> None:
    def client(service: str) -> Any:
        return region.client(service, key=ACCOUNT)

    iam, dynamodb, functions = client("iam"), client("dynamodb"), client("lambda")
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    for policy in (BASIC, READS_STREAMS):
        iam.attach_role_policy(RoleName="fn-role", PolicyArn=policy)
    allowed = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="fn-role", PolicyName="seen", PolicyDocument=document)
    streams = {"source": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}, "seen": {"StreamEnabled": False}}
    for name, specification in streams.items():
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=specification,
        )
    stream = dynamodb.describe_table(TableName="source")["Table"]["LatestStreamArn"]
    functions.create_function(
        FunctionName="fn", Runtime="python3.11", Handler="app.handler", Role=role, Code={"ZipFile": package(CODE)}
    )
    functions.create_event_source_mapping(
        FunctionName="fn", EventSourceArn=stream, StartingPosition="LATEST", BatchSize=20, ParallelizationFactor=lanes
    )


def crash_rounds(region: Region, rounds: int, lanes: int, chance: random.Random) -> int:
    """Kills the region under its writers, then waits until all that was acknowledged is processed. Returns how many runs there were."""
    set_up(region, lanes)
    last = {f"w{n}": 0 for n in range(KEYS)}
    for _ in range(rounds):
        writers = [Writer(region, name, n) for name, n in last.items()]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.2, 1.2))
        region.kill()
        for writer in writers:
            writer.join(20)
        last = {writer.name_: writer.acknowledged for writer in writers}
        region.start()
    deadline = time.monotonic() + 60
    while missing := [name for name, order in processed(region).items() if max(order, default=0) < last[name]]:
        assert time.monotonic() < deadline, f"{missing} not processed to their ends"
        time.sleep(0.1)
    for name, order in processed(region).items():
        assert set(range(1, last[name] + 1)) <= set(order), f"{name}: records were left out"
        firsts = [n for at, n in enumerate(order) if n not in order[:at]]
        assert firsts == sorted(firsts), f"{name}: a record came before an earlier one"
        assert all(later <= before + 1 for before, later in itertools.pairwise(order)), f"{name}: a gap"
    return sum(len(order) for order in processed(region).values())


def processed(region: Region) -> dict[str, list[int]]:
    """What was processed of each key, in the order of processing."""
    pages = region.client("dynamodb", key=ACCOUNT).get_paginator("scan").paginate(TableName="seen")
    rows = sorted((item["id"]["S"], item["key"]["S"], int(item["n"]["N"])) for page in pages for item in page["Items"])
    found: dict[str, list[int]] = {f"w{n}": [] for n in range(KEYS)}
    for _, key, n in rows:
        found[key].append(n)
    return found


@pytest.mark.parametrize("lanes", [1, 3])
def test_every_record_is_processed_in_order(new_region: Callable[..., Region], lanes: int) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), 3, lanes, random.Random(seed)) > KEYS


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_50_crashes_of_event_sources(new_region: Callable[..., Region]) -> None:
    chance = random.Random(fresh_seed())
    for _ in range(5):
        region = new_region()
        crash_rounds(region, 10, chance.choice([1, 2, 5]), chance)
        region.stop()
