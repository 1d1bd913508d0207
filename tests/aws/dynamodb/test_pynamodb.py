"""PynamoDB: models, their versions, batches, indexes and transactions, in expressions of its own making."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, VersionAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

if TYPE_CHECKING:
    from tests.conftest import Region


class ByState(GlobalSecondaryIndex["Order"]):
    class Meta:
        index_name = "by-state"
        projection = AllProjection()
        read_capacity_units = 5
        write_capacity_units = 5

    state = UnicodeAttribute(hash_key=True)
    placed = NumberAttribute(range_key=True)


class Order(Model):
    class Meta:
        table_name = "orders"
        region = "us-east-1"
        host = ""
        read_capacity_units = 50
        write_capacity_units = 50

    customer = UnicodeAttribute(hash_key=True)
    placed = NumberAttribute(range_key=True)
    state = UnicodeAttribute(null=True)
    total = NumberAttribute(null=True)
    names = UnicodeSetAttribute(null=True)
    lines = ListAttribute[Any](null=True)
    version = VersionAttribute()
    by_state = ByState()


@pytest.fixture
def connection(region: Region, account: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """What transactions need; the model's table is in the test's account meanwhile."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(Order.Meta, "host", region.endpoint)
    monkeypatch.setattr(Order, "_connection", None)
    Order.create_table(wait=True)
    yield Connection(region="us-east-1", host=region.endpoint)
    Order.delete_table()


@pytest.mark.usefixtures("connection")
def test_a_model_and_its_version() -> None:
    order = Order("joy", 1, state="new", total=1.5, names={"x", "y"}, lines=[1, {"a": [None, True]}])
    order.save()
    found = Order.get("joy", 1, consistent_read=True)
    assert found.attribute_values == order.attribute_values
    found.update(
        actions=[
            Order.total.add(2),
            Order.names.delete({"x"}),
            Order.lines.set(Order.lines.append(["z"])),
            Order.state.remove(),
        ]
    )
    found.update(actions=[Order.lines[1]["a"][0].set("deep")], condition=Order.lines[2] == "z")
    assert (found.total, found.names, found.version, found.state) == (3.5, {"y"}, 3, None)
    with pytest.raises(PutError) as lost:
        order.save()
    assert lost.value.cause_response_code == "ConditionalCheckFailedException"
    order.refresh()
    assert order.lines == [1, {"a": ["deep", True]}, "z"]
    order.delete()
    with pytest.raises(Order.DoesNotExist):
        Order.get("joy", 1)


@pytest.mark.usefixtures("connection")
def test_batches_queries_and_scans() -> None:
    with Order.batch_write() as batch:
        for n in range(60):
            batch.save(Order("joy", n, state="odd" if n % 2 else "even", total=100 - n))
    assert len(list(Order.batch_get([("joy", n) for n in range(0, 240, 2)]))) == 30
    assert [order.placed for order in Order.by_state.query("odd", Order.placed > 50)] == [51, 53, 55, 57, 59]
    assert Order.by_state.count("even") == 30
    some = Order.total.is_in(90, 91) | (Order.state == "odd") & Order.total.between(96, 99)
    assert [order.placed for order in Order.query("joy", filter_condition=some)] == [1, 3, 9, 10]
    pages = Order.query("joy", page_size=10, limit=25, scan_index_forward=False)
    assert [order.placed for order in pages] == [*range(59, 34, -1)]
    rest = Order.query("joy", scan_index_forward=False, last_evaluated_key=pages.last_evaluated_key)
    assert [order.placed for order in rest] == [*range(34, -1, -1)]
    assert len(list(Order.scan(Order.state.startswith("e") & Order.names.does_not_exist(), page_size=7))) == 30


def test_transactions(connection: Connection) -> None:
    with TransactWrite(connection=connection, client_request_token="once") as write:
        write.save(Order("joy", 1, total=1))
        write.save(Order("joy", 2, total=2))

    def fail() -> None:
        with TransactWrite(connection=connection) as write:
            write.condition_check(Order, "joy", 1, condition=Order.total == 1)
            write.save(Order("joy", 2, total=3), condition=Order.customer.does_not_exist())

    with pytest.raises(TransactWriteError) as cancelled:
        fail()
    first, second = cancelled.value.cancellation_reasons
    assert first is None
    assert second is not None
    assert second.code == "ConditionalCheckFailed"
    with TransactGet(connection=connection) as read:
        found = [read.get(Order, "joy", n) for n in (1, 2)]
    assert [one.get().total for one in found] == [1, 2]
