"""`POST /_atoll/reset`: the region, or one account, is as new; everything else goes on."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

from atoll.auth import credentials
from atoll.kernel import tasks
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, between
from atoll.kernel.region import open_kernel
from atoll.services.iam.store import version_key

if TYPE_CHECKING:
    from tests.conftest import Region

    from .conftest import Owner

Post = Callable[..., httpx.Response]
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
SLOW = """
import time
def handler(event, context):
    print("begun", flush=True)
    time.sleep(2)
    print("ended")
    return "finished"
"""


def stored(region: Region) -> dict[Key, bytes]:
    """Everything in the region's store. It is stopped for that."""

    async def read() -> dict[Key, bytes]:
        kernel = await open_kernel(region.data_dir, "process")
        try:
            return await kernel.store.read(lambda tx: dict(tx.scan(between((), ("\U0010ffff",)))))
        finally:
            await kernel.close()

    region.stop()
    return asyncio.run(read())


def test_one_account(owner: Owner, own: Region, post: Post, owner_of: Any, aws_error: Error) -> None:
    other = owner_of(own, "999999999999")
    url, key = owner.fill()
    other_url, other_key = other.fill()
    assert httpx.get(url).status_code == 404  # there, without a route
    assert post("reset", {"account": owner.account}).json() == {"reset": owner.account}
    assert owner.held() == {}
    assert httpx.get(url).status_code == 403  # no such API
    assert aws_error(lambda: owner.invoke("fn"))[0] == "ResourceNotFoundException"
    assert owner.client("logs").describe_log_groups()["logGroups"] == []
    assert owner.client("iam").list_users()["Users"] == []
    gone = own.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert aws_error(gone.get_caller_identity)[0] == "InvalidClientTokenId"  # and not root, as unknown keys are

    assert httpx.get(other_url).status_code == 404
    assert other.invoke("fn") == "done"
    there = own.client("sts", other_key["AccessKeyId"], other_key["SecretAccessKey"])
    assert there.get_caller_identity()["Account"] == other.account
    owner.fill()  # every name is free again


def test_the_whole_region(new_region: Callable[..., Region], owner_of: Any) -> None:
    region = new_region()
    owners = [owner_of(region, account) for account in ("111111111111", "222222222222")]
    urls = [owner.fill()[0] for owner in owners]
    with pytest.raises(ClientError):
        owners[0].client("logs").describe_deliveries()  # noted as unsupported
    httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": "1d"})
    assert httpx.post(f"{region.endpoint}/_atoll/reset").json() == {"reset": "region"}
    assert httpx.get(f"{region.endpoint}/_atoll/accounts").json() == {"accounts": {}}
    assert httpx.get(f"{region.endpoint}/_atoll/unsupported").json() == {"unsupported": []}
    assert [httpx.get(url).status_code for url in urls] == [403, 403]
    assert httpx.get(f"{region.endpoint}/_atoll/status").json()["running"]["lambda"] == []
    assert httpx.get(f"{region.endpoint}/_atoll/clock").json()["offset"] > 86_399  # time never goes backward
    region.kill()
    region.start()
    assert httpx.get(f"{region.endpoint}/_atoll/accounts").json() == {"accounts": {}}
    for owner in owners:
        owner.fill()


def test_the_store_forgets_the_account(new_region: Callable[..., Region], owner_of: Any) -> None:
    """Whatever a service writes about an account, also under GLOBAL_ACCOUNT: all goes but retired keys and the memos' counter."""
    region = new_region()
    owner, other = owner_of(region, "111111111111"), owner_of(region, "222222222222")
    owner.fill()
    other.fill()
    owner.client("sts").assume_role(RoleArn="arn:aws:iam::111111111111:role/fn-role", RoleSessionName="me")
    owner.client("dynamodb").delete_table(TableName="users")
    httpx.post(f"{region.endpoint}/_atoll/reset", json={"account": owner.account})
    rows = stored(region).items()
    mentions = [key for key, raw in rows if owner.account in repr(key) or owner.account.encode() in raw]
    retired = [key for key in mentions if key[:4] == credentials.PREFIX and str(key[4]).startswith("AKIA")]
    assert sorted(set(mentions) - set(retired)) == [version_key(owner.account)]
    assert len(retired) == 1
    kinds = {key[2] for key, _ in rows if key[0] == GLOBAL_ACCOUNT}
    assert {"iam", "apigateway", "blobs"} <= kinds  # the other account's are there, so that this test could have failed
    assert not any(key[: len(tasks.PREFIX)] == tasks.PREFIX for key, _ in rows)


def test_a_reset_invalidates_what_was_remembered_of_policies(new_region: Callable[..., Region], owner_of: Any) -> None:
    """The counter that validates compiled policies goes on: a number that came twice could bring old permissions back."""
    region = new_region()
    owner = owner_of(region, "111111111111")

    def version() -> int:
        found = int(stored(region)[version_key(owner.account)])
        region.start()
        return found

    owner.role()
    before = version()
    for what in ({"account": owner.account}, {}):
        httpx.post(f"{region.endpoint}/_atoll/reset", json=what)
        after = version()
        assert after > before > 0
        before = after


def test_it_answers_within_10_ms_when_there_is_nothing(own: Region, post: Post) -> None:
    """Over HTTP. Others use this machine too: the bound holds for the fastest tenth, and for what a reset takes longer than a GET
    just before it, in the median."""
    post("reset")
    took, longer = [], []
    with httpx.Client(base_url=own.endpoint) as client:
        for _ in range(100):
            began = time.perf_counter()
            client.get("/_atoll/clock")
            between_them = time.perf_counter()
            assert client.post("/_atoll/reset").status_code == 200
            took.append(time.perf_counter() - between_them)
            longer.append(took[-1] - (between_them - began))
    assert sorted(took)[9] < 0.010
    assert statistics.median(longer) < 0.010


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"account": "1"}, "An account is twelve digits"),
        ({"account": 123456789012}, "An account is twelve digits"),
        ({"acount": "1" * 12}, "There is no member 'acount' here."),
    ],
)
def test_a_mistake_deletes_nothing(owner: Owner, post: Post, body: object, message: str) -> None:
    owner.table("users")
    answer = post("reset", body)
    assert (answer.status_code, answer.json()["message"][: len(message)]) == (400, message)
    assert owner.held()


@pytest.mark.parametrize("auth", ["enforce", "off"])
def test_a_function_that_is_busy_ends_with_its_answer_and_writes_no_log_any_more(
    new_region: Callable[..., Region], owner_of: Any, auth: str
) -> None:
    """With IAM off nothing but Atoll itself keeps the old environment's last lines out of a new log group."""
    region = new_region("--auth", auth)
    owner = owner_of(region, "111111111111")
    owner.function("slow", SLOW, owner.role())
    logs = owner.client("logs")
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(owner.invoke, "slow")
        deadline = time.monotonic() + 60
        while not logs.describe_log_groups()["logGroups"] and time.monotonic() < deadline:
            time.sleep(0.02)
        httpx.post(f"{region.endpoint}/_atoll/reset")
        assert logs.describe_log_groups()["logGroups"] == []
        owner.function("slow", SLOW, owner.role())  # the same again: its lines are not the old one's
        assert busy.result() == "finished"
    time.sleep(0.3)
    assert logs.describe_log_groups()["logGroups"] == []
    assert httpx.get(f"{region.endpoint}/_atoll/status").json()["running"]["lambda"] == []
    assert "Traceback" not in region.log.read_text()


def test_others_are_served_meanwhile_and_nobody_gets_a_500(
    owner: Owner, own: Region, post: Post, owner_of: Any
) -> None:
    other = owner_of(own, "888888888888")
    other.table("kept", 0)
    statuses: list[int] = []

    def write(who: Owner, table: str) -> None:
        client = who.client("dynamodb")
        for n in range(150):
            try:
                if who is owner and n % 5 == 0:
                    who.table(table, 0)
                client.put_item(TableName=table, Item={"id": {"S": str(n)}})
            except ClientError as error:
                assert who is owner, "the other account is not touched"
                statuses.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(3) as threads:
        work = [threads.submit(write, other, "kept"), threads.submit(write, owner, "users")]
        while not all(done.done() for done in work):
            assert post("reset", {"account": owner.account}).status_code == 200
        for done in work:
            done.result()
    assert set(statuses) <= {400}
    assert other.client("dynamodb").describe_table(TableName="kept")["Table"]["ItemCount"] == 150


def test_kill_9_in_the_middle_leaves_everything_or_nothing(new_region: Callable[..., Region], owner_of: Any) -> None:
    region = new_region()
    owner = owner_of(region, "111111111111")
    items, found = 400, set()
    for moment in (0.0, 0.001, 0.002, 0.004, 0.008):
        if not owner.held():
            owner.table("users", items)
            owner.client("logs").create_log_group(logGroupName="g")
        with ThreadPoolExecutor(1) as threads:
            asked = threads.submit(httpx.post, f"{region.endpoint}/_atoll/reset")
            time.sleep(moment * (1 + random.random()))
            region.kill()
            answered = asked.exception() is None
        region.start()
        held = owner.held()
        found.add(bool(held))
        if held:
            assert not answered
            assert owner.client("dynamodb").describe_table(TableName="users")["Table"]["ItemCount"] == items
            assert owner.client("logs").describe_log_groups()["logGroups"]
    assert found
