"""Nothing that a function writes gets lost or out of order, however it ends; and the platform's lines around it."""

from __future__ import annotations

import json
import re

import pytest
from harness import Harness, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "end",
    [
        "os._exit(1)",
        "os.kill(os.getpid(), 9)",
        "time.sleep(60)",
        "kept = [bytearray(b'x') * (1 << 20) for _ in range(600)]; time.sleep(60)",
        "sys.exit('gone')",
    ],
    ids=["exit", "kill", "timeout", "memory", "sys.exit"],
)
async def test_the_last_words_of_a_function_are_kept(harness: Harness, end: str) -> None:
    source = f"""
import logging, os, sys, time
def handler(event, context):
    for n in range(1000): print(n)
    logging.warning("a warning\\nof two lines")
    sys.stderr.write("no end")
    {end}
"""
    function = harness.function(source, timeout=3.0, memory_mb=300)
    assert (await harness.invoke(function, request_id="i")).function_error == "Unhandled"
    messages = (await harness.log(function))[2:]
    assert messages[:1000] == [f"{n}\n" for n in range(1000)]
    assert messages[1000].endswith("\ti\ta warning\nof two lines\n")
    assert messages[1001].startswith("no end")
    assert messages[-2:-1] == ["END RequestId: i\n"]


async def test_whoever_moves_time_finds_what_was_logged(harness: Harness) -> None:
    """Also of an environment that has ended."""
    for end in ("pass", "os._exit(1)"):
        function = harness.function(f"import os\ndef handler(event, context):\n    print('said')\n    {end}\n")
        await harness.invoke(function)
        await harness.pool.logged()
        assert "said\n" in harness.messages(function)


async def test_order_is_that_of_writing(harness: Harness) -> None:
    source = """
import logging, sys
logging.getLogger().setLevel("INFO")
def handler(event, context):
    for n in range(300):
        print(n); logging.info(n); print(n, file=sys.stderr); context.log(f"{n}\\n")
"""
    function = harness.function(source)
    await harness.invoke(function)
    messages = (await harness.log(function))[2:-2]
    assert [int(text.split("\t")[-1]) for text in messages] == [n for n in range(300) for _ in range(4)]
    (events,) = harness.events[function.log_group].values()
    assert [event.timestamp for event in events] == sorted(event.timestamp for event in events)


async def test_odd_characters(harness: Harness) -> None:
    source = """
import os
def handler(event, context):
    os.write(1, b"nul\\x00 and \\xff\\n")
    print("carriage\\rreturn\\r")
    print("ünï\\u2028cödé \\U0001f600")
    os.write(1, b"\\n")
"""
    function = harness.function(source)
    await harness.invoke(function)
    messages = (await harness.log(function))[2:-2]
    assert messages == ["nul\x00 and \ufffd\n", "carriage\rreturn\r\n", "ünï\u2028cödé \U0001f600\n", "\n"]


async def test_a_long_event_is_split(harness: Harness) -> None:
    source = (
        "import logging\ndef handler(event, context):\n    print('ü' * 800_000)\n    logging.warning('x' * 1_500_000)\n"
    )
    function = harness.function(source)
    await harness.invoke(function)
    messages = (await harness.log(function))[2:-2]
    assert [len(text.encode()) for text in messages[:2]] == [1_048_550, 1_600_001 - 1_048_550]
    assert "".join(messages[:2]) == "ü" * 800_000 + "\n"
    assert len(messages[2].encode()) == 1_048_550
    assert "".join(messages[2:]).endswith("x" * 1000 + "\n")


async def test_the_report_of_a_sampled_trace(harness: Harness) -> None:
    function = harness.function("def handler(event, context):\n    pass\n")
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:fc3b4ff1:0"
    result = await harness.invoke(function, trace_header=trace)
    assert re.search(
        r"\tInit Duration: \d+\.\d\d ms\t\nXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8\t"
        r"Sampled: true\t\n$",
        result.log_tail.decode(),
    )
    assert (
        b"XRAY" not in (await harness.invoke(function, trace_header=trace.replace("Sampled=1", "Sampled=0"))).log_tail
    )


async def test_a_stream_in_a_log_group_of_ones_own_names_the_function(harness: Harness) -> None:
    function = harness.function("def handler(event, context):\n    return context.log_stream_name\n", log_group="/mine")
    stream = json.loads((await harness.invoke(function)).payload)
    assert re.fullmatch(rf"\d{{4}}/\d\d/\d\d/{function.name}\[\$LATEST\][0-9a-f]{{32}}", stream)
    await until(lambda: stream in harness.events.get("/mine", {}))
