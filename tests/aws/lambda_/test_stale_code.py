"""While functions are invoked by many at once they are changed: whatever begins after a change was answered runs what it made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Lambda, package

CALLERS = 6
CHANGES = 12
TELL = """
import os
CODE = {}
def handler(event, context):
    return CODE, int(os.environ.get("CONFIGURED", 0)), context.function_version
"""


@contextmanager
def hammered(region: Any, account: str, name: str, reached: Callable[[Any], int]) -> Iterator[Callable[[int], None]]:
    """Invokes the function from many threads. What is given is to be called after each change, with what `reached` must give from
    then on, at least, of the payload."""
    least, stop, wrong = [0], threading.Event(), list[str]()
    done = [0] * CALLERS

    def call(number: int) -> None:
        fn = Lambda(region.client("lambda", key=account), "")
        while not stop.is_set():
            wanted = least[0]
            try:
                answer = fn.invoke(name)
                if answer.error or reached(answer.payload) < wanted:
                    wrong.append(f"wanted {wanted}: {answer.error} {answer.payload}")
            except ClientError as error:
                wrong.append(str(error))
            done[number] += 1

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()

    def changed(now: int) -> None:
        least[0] = now
        enough = [count + 2 for count in done]  # the second began after the change
        while not wrong and any(count < more for count, more in zip(done, enough, strict=True)):
            stop.wait(0.005)
        assert not wrong

    try:
        yield changed
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not wrong


@pytest.mark.parametrize("kind", ["code", "configuration"])
def test_an_update_is_what_runs(fn: Lambda, region: Any, account: str, kind: str) -> None:
    fn.create(code=TELL.format(0))
    with hammered(region, account, "fn", lambda payload: int(payload[kind == "configuration"])) as changed:
        for number in range(1, CHANGES):
            if kind == "code":
                fn.client.update_function_code(FunctionName="fn", ZipFile=package(TELL.format(number)))
            else:
                variables = {"CONFIGURED": str(number)}
                fn.client.update_function_configuration(FunctionName="fn", Environment={"Variables": variables})
            changed(number)


def test_a_moved_alias_is_what_runs(fn: Lambda, region: Any, account: str) -> None:
    fn.create(code=TELL.format(1), Publish=True)
    fn.client.create_alias(FunctionName="fn", Name="live", FunctionVersion="1")
    fn.client.put_provisioned_concurrency_config(FunctionName="fn", Qualifier="live", ProvisionedConcurrentExecutions=2)

    def same(payload: Any) -> int:
        code, _, version = payload
        return int(version) if int(version) == code else -1

    with hammered(region, account, "fn:live", same) as changed:
        for number in range(2, CHANGES):
            code = package(TELL.format(number))
            version = fn.client.update_function_code(FunctionName="fn", ZipFile=code, Publish=True)["Version"]
            assert version == str(number)
            fn.client.update_alias(FunctionName="fn", Name="live", FunctionVersion=version)
            changed(number)


def test_a_function_made_anew_is_what_runs(fn: Lambda) -> None:
    for number in range(CHANGES):
        fn.create(code=TELL.format(number), Publish=True)
        assert [fn.invoke(name).payload[0] for name in ("fn", "fn:1")] == [number, number]
        fn.client.delete_function(FunctionName="fn")
