"""Programs for Node.js that use the AWS SDK for JavaScript v3, for tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from atoll.config import settings
from atoll.lambda_runtime.runtimes import node_sdk

Javascript = Callable[[str, Any], Any]


@pytest.fixture
def javascript(region: Any, account: str, need: Callable[[object, str], None], tmp_path: Path) -> Javascript:
    """Runs a program that finds the SDK, and gives what it printed."""
    need(shutil.which("node"), "node")
    sdk = node_sdk.installed(settings().cache_dir / "runtimes")
    need(sdk, "the SDK of Node.js: atoll runtimes install nodejs")

    def make(program: str, given: Any) -> Any:
        (tmp_path / "program.cjs").write_text(program)
        (tmp_path / "node_modules").symlink_to(str(sdk))
        environment = {
            "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": region.endpoint, "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "GIVEN": json.dumps(given),
        }  # fmt: skip
        done = subprocess.run(
            ["node", "program.cjs"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return make
