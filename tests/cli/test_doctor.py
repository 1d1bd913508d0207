"""`atoll doctor`: what is there, what is missing, what needs it, how to get it."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.conftest import Region

TESTS = Path(__file__).parents[1]


@pytest.fixture
def nowhere(new_region: Callable[..., Region]) -> Region:
    """A user without regions."""
    region = new_region(start=False)
    region.port = 4599
    return region


def findings(region: Region, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status, and the findings by name."""
    done = region.atoll("doctor", "--json", check=False, **environment)
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    return done.returncode, {finding["name"]: finding for finding in report["findings"]}


def test_a_machine_that_can_run_atoll(nowhere: Region, tmp_path: Path) -> None:
    status, found = findings(nowhere, XDG_DATA_HOME=str(tmp_path))
    assert status == 0
    minor = f"python3.{sys.version_info.minor}"
    assert (found[minor]["status"], found["Atoll"]["status"]) == ("ok", "ok")
    assert found["data directory"]["detail"] == f"{tmp_path}/atoll/region, not made yet"
    assert found["port"]["detail"].startswith("4599")
    assert found["regions"]["detail"].startswith("none runs")
    assert {"isolation", "connections", "disk", *(f"python3.{minor}" for minor in range(8, 15))} <= set(found)
    for finding in found.values():
        assert finding["status"] == "ok" or (finding["needed_by"] and finding["get"]), finding


def test_it_names_every_program_that_a_test_skips_without(nowhere: Region) -> None:
    wanted = {
        name for path in TESTS.rglob("*.py") for name in re.findall(r"need\(shutil\.which\(\"(\w+)\"", path.read_text())
    }
    assert wanted >= {"terraform", "curl", "aws"}
    assert wanted <= set(findings(nowhere)[1])


def test_what_is_missing_says_what_needs_it_and_how_to_get_it(nowhere: Region) -> None:
    _, found = findings(nowhere, PATH="/nowhere")
    assert found["terraform"] == {
        "status": "warning",
        "name": "terraform",
        "detail": "not installed, or not on PATH",
        "needed_by": "atoll terraform, the examples, tests/stacks",
        "get": "https://developer.hashicorp.com/terraform/install",
    }
    shown = nowhere.atoll("doctor", PATH="/nowhere")
    assert "! terraform" in shown.stdout
    assert "for atoll terraform, the examples, tests/stacks  →  https://developer" in shown.stdout


@pytest.mark.parametrize(
    ("prepare", "detail"),
    [
        (
            lambda path: (path / "format.json").write_text('{"format": 99, "atoll": "9.0.0"}'),
            "format 99 (this Atoll's is ",
        ),
        (lambda path: (path / "format.json").write_text("{"), "format.json: "),
    ],
    ids=["newer", "damaged"],
)
def test_what_atoll_cannot_do_without_gives_status_1(
    nowhere: Region, tmp_path: Path, prepare: Callable[[Path], Any], detail: str
) -> None:
    prepare(tmp_path)
    status, found = findings(nowhere, ATOLL_DATA_DIR=str(tmp_path))
    assert (status, found["data directory"]["status"]) == (1, "missing")
    assert detail in found["data directory"]["detail"]


def test_a_data_directory_that_cannot_be(nowhere: Region) -> None:
    status, found = findings(nowhere, ATOLL_DATA_DIR="/proc/nowhere")
    if os.geteuid() != 0:  # root may write everywhere, says the kernel
        assert (status, found["data directory"]["status"]) == (1, "missing")
    failed = nowhere.atoll("doctor", check=False, ATOLL_PORT="many")
    assert failed.stderr.startswith("error: ATOLL_PORT must be a port number")


def test_a_running_region_and_its_ledger(new_region: Callable[..., Region]) -> None:
    region = new_region()
    region.atoll("clock", "advance", "1d")
    with pytest.raises(ClientError):
        region.client("logs").describe_deliveries()
    _, found = findings(region, ATOLL_DATA_DIR=str(region.data_dir))
    assert region.endpoint in found["region"]["detail"]
    assert re.search(r"its clock 86\d\d\d s ahead", found["region"]["detail"])
    assert found["unsupported"]["detail"].startswith("logs.DescribeDeliveries, 1 time: Atoll does not implement")
    assert found["port"]["detail"] == f"{region.port}, served by the region of process {region.pid}"
    assert re.search(r"format 1 \(this Atoll's is 1\), \d+ [KM]B", found["data directory"]["detail"])


def test_a_taken_port(nowhere: Region, own: Region) -> None:
    _, found = findings(nowhere, ATOLL_PORT=str(own.port))
    assert found["port"]["status"] == "warning"
    assert found["port"]["get"] == "atoll up --port 0, or ATOLL_PORT"
