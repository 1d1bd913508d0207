"""What a service's first request loads: in a thread, so that the region goes on answering, and once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping

from atoll.gateway.loading import Loading
from atoll.kernel.service import Operation
from atoll.protocol.models import Models

SERVICES = ("apigateway", "apigatewayv2", "dynamodb")


class Recorded(Mapping[str, Mapping[str, Operation]]):
    """The operations of no service, and in which thread each was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __getitem__(self, name: str) -> Mapping[str, Operation]:
        self.asked.append((name, threading.get_ident()))
        return {}

    def __iter__(self) -> Iterator[str]:
        return iter(SERVICES)

    def __len__(self) -> int:
        return len(SERVICES)


async def test_requests_that_come_together_load_a_service_once_and_not_on_the_loop() -> None:
    operations = Recorded()
    loading = Loading(Models(SERVICES), operations)
    await asyncio.gather(*(loading.load("dynamodb") for _ in range(3)))
    assert [name for name, _ in operations.asked] == ["dynamodb"]
    assert operations.asked[0][1] != threading.get_ident()
    assert "dynamodb" in loading.done


async def test_every_service_that_a_name_may_mean_is_loaded() -> None:
    operations = Recorded()
    await Loading(Models(SERVICES), operations).load("apigateway")
    assert [name for name, _ in operations.asked] == ["apigateway", "apigatewayv2"]


async def test_nothing_is_kept_of_names_that_no_service_goes_by() -> None:
    operations = Recorded()
    loading = Loading(Models(SERVICES), operations)
    for name in (None, "nonsense", "s3"):
        await loading.load(name)
    assert not operations.asked
    assert loading.done == {None}
