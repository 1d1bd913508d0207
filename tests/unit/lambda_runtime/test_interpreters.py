"""Which Python runs which runtime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from harness import Harness

from atoll.lambda_runtime.errors import RuntimeUnavailable
from atoll.lambda_runtime.runtimes import python_sdk
from atoll.lambda_runtime.runtimes.interpreters import Interpreters, candidates
from atoll.lambda_runtime.runtimes.probing import said

VERSION = "import sys, os, boto3\ndef handler(event, context):\n    boto3.client('s3')\n    return [sys.version_info[1], os.environ['AWS_EXECUTION_ENV']]\n"  # noqa: E501


@pytest.mark.parametrize("minor", [9, 10, 11, 12, 13, 14])
async def test_functions_run_on_the_version_they_name_or_a_newer_one_with_a_warning_or_are_refused(minor: int) -> None:
    runtime = f"python3.{minor}"
    async with Harness() as harness:
        function = harness.function(VERSION, runtime=runtime, timeout=30.0)
        if not any(list(candidates(newer)) for newer in range(minor, 15)):
            with pytest.raises(RuntimeUnavailable, match=f"No Python on this machine can run {runtime} functions"):
                await harness.invoke(function)
            return
        used, named = json.loads((await harness.invoke(function)).payload)
        assert named == f"AWS_Lambda_{runtime}"
        assert (used == minor) == (harness.warnings == [])
        if used != minor:
            assert used > minor
            assert harness.warnings[0].startswith(f"{runtime} functions run on python3.{used}, because ")


async def test_the_verdict_is_kept(tmp_path: Path) -> None:
    packages = python_sdk.locate(tmp_path)
    verdicts = packages.cache / "interpreters.json"
    first = await Interpreters(packages).choose("python3.8")
    kept = verdicts.stat().st_mtime_ns if verdicts.exists() else None
    assert await Interpreters(packages).choose("python3.8") == first
    if kept is not None:
        assert verdicts.stat().st_mtime_ns == kept


async def test_a_runtime_that_no_python_can_serve_is_refused(tmp_path: Path) -> None:
    chosen = Interpreters(python_sdk.locate(tmp_path))
    with pytest.raises(RuntimeUnavailable, match=r"the runtime python3\.7: it runs python3\.8 to python3\.14"):
        await chosen.choose("python3.7")


async def test_why_a_program_did_not_serve_is_one_line(tmp_path: Path) -> None:
    """Such as pyenv's shims, which say on six lines that they have no such version."""
    shim = tmp_path / "python3.12"
    shim.write_text("#!/bin/sh\necho 'command not found\n\nThe command exists in:\n  3.12.1' >&2\nexit 127\n")
    shim.chmod(0o755)
    assert await said(shim, seconds=20) == (None, "command not found The command exists in: 3.12.1")
