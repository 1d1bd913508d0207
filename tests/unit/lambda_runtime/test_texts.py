"""The platform's words, to the letter."""

from __future__ import annotations

import json

import pytest

from atoll.lambda_runtime import texts


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "Runtime exited without providing a reason"),
        (1, "Runtime exited with error: exit status 1"),
        (255, "Runtime exited with error: exit status 255"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
        (-6, "Runtime exited with error: signal: aborted"),
    ],
)
def test_exit_reasons(status: int, words: str) -> None:
    assert texts.exited(status) == words


def test_timeout() -> None:
    assert json.loads(texts.timeout_payload("id", 3)) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id Error: Task timed out after 3.00 seconds",
    }
    assert (
        texts.timed_out("id", 3, 1577836800.0125) == "2020-01-01T00:00:00.012Z id Task timed out after 3.00 seconds\n\n"
    )


def test_report_bills_whole_milliseconds_and_the_cold_start() -> None:
    line = texts.report("id", milliseconds=1.201, memory_mb=128, used_mb=36, init_ms=None, failure=None)
    assert (
        line
        == "REPORT RequestId: id\tDuration: 1.20 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t\n"
    )
    cold = texts.report(
        "id", milliseconds=1.2, memory_mb=128, used_mb=36, init_ms=100.5, failure=("error", "Runtime.ExitError")
    )
    assert "\tBilled Duration: 102 ms\t" in cold
    assert cold.endswith("\tInit Duration: 100.50 ms\tStatus: error\tError Type: Runtime.ExitError\n")


@pytest.mark.parametrize(
    ("runtime", "version"),
    [("python3.14", "python:3.14.v1"), ("nodejs22.x", "nodejs:22.v1"), ("provided.al2023", "provided:al2023.v1")],
)
def test_versions_of_runtimes(runtime: str, version: str) -> None:
    assert texts.init_start(runtime, "eu-west-1").startswith(
        f"INIT_START Runtime Version: {version}\tRuntime Version ARN: arn:"
    )


@pytest.mark.parametrize(
    "trace", ["", "Root=1-a;Parent=b;Sampled=0", "Root=1-a;Sampled=1", "Sampled=1", ";;=", "Sampled=?"]
)
def test_what_is_not_sampled(trace: str) -> None:
    assert texts.sampled(trace) is None


def test_what_is_sampled() -> None:
    assert texts.sampled("Root=1-a; Parent=b; Sampled=1") == ("1-a", "b")
