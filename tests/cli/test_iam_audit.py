"""`atoll iam audit`: a workload runs as if everything were allowed, and what would be denied is told, with the statements that lack."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError
from tests.functions import make_function

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "111122223333"
WRITES = """
import boto3

def handler(event, context):
    print("writing")
    for _ in range(3):
        boto3.client("dynamodb").put_item(TableName="users", Item={"id": {"S": "1"}})
    return "written"
"""
INVOKE = """
import boto3, json, sys
answer = boto3.client("lambda").invoke(FunctionName="writer")
print(answer["Payload"].read().decode())
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""


class System:
    """A region with a table, and a function that may not write to it."""

    def __init__(self, region: Region, tmp_path: Path) -> None:
        self.region = region
        self.script = tmp_path / "workload.py"
        self.script.write_text(INVOKE)
        self.client("dynamodb").create_table(
            TableName="users", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
        make_function(self.client, "writer", WRITES)

    def client(self, service: str) -> Any:
        return self.region.client(service, key=ACCOUNT)

    def audit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.region.atoll(
            "iam", "audit", *arguments, check=False, AWS_ACCESS_KEY_ID=ACCOUNT, AWS_SECRET_ACCESS_KEY="x"
        )

    def enforces(self) -> bool:
        """Whether the function is denied what it may not."""
        answer = self.client("lambda").invoke(FunctionName="writer")
        return "AccessDenied" in answer["Payload"].read().decode()

    def audits(self) -> int:
        return int(httpx.get(f"{self.region.endpoint}/_atoll/status").json()["audits"])


@pytest.fixture(scope="module")
def system(own: Region, tmp_path_factory: pytest.TempPathFactory) -> System:
    return System(own, tmp_path_factory.mktemp("audit"))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_would_be_denied_in_a_running_region(system: System) -> None:
    assert system.enforces()
    ran = system.audit("--", sys.executable, str(system.script))
    assert ran.returncode == 1, ran.stderr
    assert '"written"\n' in ran.stdout
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/users"
    assert f"arn:aws:iam::{ACCOUNT}:role/writer\n  3×  dynamodb:PutItem on {table}\n" in ran.stdout
    assert (
        "      denied: no identity-based policy allows it\n      in the identity policy of role writer:\n" in ran.stdout
    )
    assert f'{{"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "{table}"}}\n' in ran.stdout
    assert system.enforces()
    assert system.audits() == 0


def test_json_leaves_standard_output_to_the_report(system: System) -> None:
    ran = system.audit("--json", sys.executable, str(system.script), "3")
    assert '"written"' in ran.stderr
    found = json.loads(ran.stdout)
    writing = next(one for one in found["findings"] if one["action"] == "dynamodb:PutItem")
    assert (writing["principal"], writing["count"], writing["hopeless"]) == (
        f"arn:aws:iam::{ACCOUNT}:role/writer",
        3,
        "",
    )
    assert [change["where"] for change in writing["changes"]] == ["identity-based policy"]
    assert (found["lost"], found["lapses"]) == (0, 0)
    assert ran.returncode == 1


def test_writing_logs_counts_though_it_is_done_after_the_answer(system: System) -> None:
    found = json.loads(system.audit("--json", sys.executable, str(system.script)).stdout)
    assert any(one["action"].startswith("logs:") for one in found["findings"])


def test_the_statements_found_are_all_that_lacks(system: System) -> None:
    """With them a second audit finds nothing, and ends as the workload did."""
    make_function(system.client, "second", WRITES)
    system.script.with_name("again.py").write_text(INVOKE.replace("writer", "second"))
    again = (sys.executable, str(system.script.with_name("again.py")))
    found = json.loads(system.audit("--json", *again).stdout)
    needed = [change["statement"] for one in found["findings"] for change in one["changes"]]
    system.client("iam").put_role_policy(
        RoleName="second", PolicyName="found", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": needed})
    )
    ran = system.audit(*again, "7")
    assert ran.stdout.endswith('"written"\n\nNothing would be denied.\n')
    assert ran.returncode == 7


def test_a_workload_that_cannot_run(system: System) -> None:
    failed = system.audit("--", "no-such-program", "--option")
    assert failed.returncode == 1
    assert failed.stderr == "error: Cannot run no-such-program: No such file or directory.\n"
    assert system.audits() == 0


def started(system: System, *arguments: str) -> subprocess.Popen[str]:
    """An audit that goes on, in a process group of its own, as in a terminal."""
    command = [sys.executable, "-m", "atoll", "iam", "audit", *arguments]
    process = subprocess.Popen(
        command,
        env=system.region.env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: system.audits() == 1)
    return process


def test_ctrl_c_ends_the_workload_and_the_audit(system: System) -> None:
    process = started(system, "--", "sleep", "60")
    assert not system.enforces()
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "3×  dynamodb:PutItem on " in output
    assert "Traceback" not in errors
    assert system.audits() == 0
    assert system.enforces()


def test_without_a_workload_it_lasts_until_ctrl_c(system: System) -> None:
    process = started(system)
    assert not system.enforces()
    assert "audit runs: nothing is denied" in system.region.atoll("status").stdout
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=120)
    assert "3×  dynamodb:PutItem on " in output
    assert "Ctrl-C ends." in errors
    assert system.enforces()


def test_after_a_crash_of_the_command_denials_come_back(system: System) -> None:
    process = started(system, "--", "sleep", "60")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=120)
    until(lambda: system.audits() == 0)
    assert system.enforces()


def test_an_audit_lasts_as_long_as_it_was_asked_for(system: System) -> None:
    def ask(**body: Any) -> httpx.Response:
        return httpx.post(f"{system.region.endpoint}/_atoll/audit", json=body)

    name = ask(begin=0.3).json()["audit"]
    until(system.enforces)
    assert ask(renew=name, seconds=30).json()["lapses"] == 1
    assert not system.enforces()
    found = ask(end=name).json()
    assert (found["lapses"], found["findings"][0]["action"].partition(":")[0]) == (1, "dynamodb")
    assert ask(end=name).status_code == 404
    for wrong in ({"begin": 0}, {"begin": 61}, {"begin": True}, {"renew": 1}, {}, {"begin": 1, "end": name}, {"x": 1}):
        assert ask(**wrong).status_code == 400


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user who runs no region."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ATOLL_"))}
    yield kept | {"XDG_STATE_HOME": str(tmp_path / "state"), "TMPDIR": str(tmp_path)}
    assert not list((tmp_path / "state" / "atoll").glob("*.json"))
    assert not list(tmp_path.glob("atoll-*")), "the ephemeral region left something"


ANN = """
import boto3
iam = boto3.client("iam")
iam.create_user(UserName="ann")
key = iam.create_access_key(UserName="ann")["AccessKey"]
ann = boto3.client("dynamodb", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
print(ann.list_tables()["TableNames"])
"""


def test_with_no_region_running_an_ephemeral_one_serves(nowhere: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "ann.py").write_text(ANN)
    command = [sys.executable, "-m", "atoll", "iam", "audit", "--", sys.executable, str(tmp_path / "ann.py")]
    ran = subprocess.run(command, env=nowhere, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("[]\n\n1 permission is missing: with it nothing would be denied.\n")
    assert "arn:aws:iam::000000000000:user/ann\n  1×  dynamodb:ListTables on " in ran.stdout
    none = subprocess.run(command[:5], env=nowhere, capture_output=True, text=True, timeout=60, check=False)
    assert none.stderr.startswith("error: No region is running.\nName a workload")


def test_the_ephemeral_region_ends_with_a_killed_command(nowhere: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "atoll", "iam", "audit", "--", "sleep", "60"]
    process = subprocess.Popen(command, env=nowhere, start_new_session=True, stderr=subprocess.DEVNULL)
    until(lambda: bool(list((tmp_path / "state" / "atoll").glob("*.json"))))
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    until(lambda: not list((tmp_path / "state" / "atoll").glob("*.json")))
    until(lambda: not list(tmp_path.glob("atoll-??*/region.db")))
    for log in tmp_path.glob("atoll-audit-*"):  # a killed command leaves its log
        log.unlink()


def test_where_iam_is_off_an_audit_judges_and_denies_nothing(new_region: Callable[..., Region], tmp_path: Path) -> None:
    system = System(new_region("--auth", "off"), tmp_path)
    found = json.loads(system.audit("--json", sys.executable, str(system.script)).stdout)
    assert "dynamodb:PutItem" in {one["action"] for one in found["findings"]}


def test_refusals_that_are_no_matter_of_permissions_stay(system: System) -> None:
    process = started(system)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        system.region.client("sts", "ASIANOBODYKNOWS", "x").get_caller_identity()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
