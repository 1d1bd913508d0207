"""A region whose disk is full: what cannot be kept is refused, what is kept can be read, and it goes on when there is room again."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.conftest import Region


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_a_full_disk(new_region: Callable[..., Region], durability: str, aws_error: Any) -> None:
    region = new_region("--durability", durability)
    table = region.client("dynamodb")
    table.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip

    def put(name: str) -> None:
        table.put_item(TableName="users", Item={"id": {"S": name}, "text": {"S": "x" * 100_000}})

    def there(name: str) -> bool:
        return "Item" in table.get_item(TableName="users", Key={"id": {"S": name}}, ConsistentRead=True)

    put("before")
    unlimited = resource.prlimit(region.pid, resource.RLIMIT_FSIZE)
    log_size = max(path.stat().st_size for path in region.data_dir.glob("region.db*"))
    resource.prlimit(region.pid, resource.RLIMIT_FSIZE, (log_size, unlimited[1]))
    try:
        for _ in range(3):
            code, message, status = aws_error(lambda: put("meanwhile"))
            assert (code, status) == ("InternalFailure", 500)
            assert message.startswith("The store cannot commit:")
        assert there("before")
        assert not there("meanwhile")
        # What is noted beside a call must not change its answer, nor be lost.
        assert aws_error(region.client("logs").describe_deliveries)[0] == "NotImplemented"
        assert httpx.get(f"{region.endpoint}/_atoll/unsupported").status_code == 200
    finally:
        resource.prlimit(region.pid, resource.RLIMIT_FSIZE, unlimited)
    put("after")
    listed = httpx.get(f"{region.endpoint}/_atoll/unsupported").json()["unsupported"]
    assert [entry["count"] for entry in listed if entry["operation"] == "DescribeDeliveries"] == [1]
    region.kill()
    region.start()
    table = region.client("dynamodb")
    assert [there(name) for name in ("before", "meanwhile", "after")] == [True, False, True]
    assert "Traceback" not in region.log.read_text()
