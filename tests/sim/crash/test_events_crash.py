"""kill -9 under asynchronous invocations: every event that was acknowledged runs at least once, and nothing runs that nobody sent."""

from __future__ import annotations

import json
import random
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.aws.lambda_.conftest import BASIC, package, trust
from tests.sim.crash.test_crash import fresh_seed

if TYPE_CHECKING:
    from tests.conftest import Region

SENDERS = 4
ACCOUNT = "123456789012"
CALLS = """
import socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["port"]), 5) as connection:
        connection.sendall(b"%d" % event["n"])
        connection.recv(1)
    if event["n"] % 97 == 0:
        raise ValueError("tried again in a minute")
"""


class Ledger(socketserver.ThreadingTCPServer):
    """Counts what the function says that it ran."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.ran: dict[int, int] = {}
        self.lock = threading.Lock()
        ledger = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                number = int(self.request.recv(64))
                with ledger.lock:
                    ledger.ran[number] = ledger.ran.get(number, 0) + 1
                self.request.sendall(b".")

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger() as server:
        yield server
        server.shutdown()


class Sender(threading.Thread):
    """Sends events first, first + step, … until the region dies."""

    def __init__(self, region: Region, first: int, step: int, port: int) -> None:
        super().__init__(daemon=True)
        self.region, self.next, self.step, self.port = region, first, step, port
        self.sent: list[int] = []
        self.acknowledged: list[int] = []

    def run(self) -> None:
        client = self.region.client("lambda", key=ACCOUNT)
        try:
            while True:
                payload = json.dumps({"n": self.next, "port": self.port})
                self.sent.append(self.next)
                client.invoke(FunctionName=f"fn{self.next % 2}", InvocationType="Event", Payload=payload)
                self.acknowledged.append(self.next)
                self.next += self.step
        except (BotoCoreError, ClientError, OSError):
            return


def make_functions(region: Region) -> None:
    iam = region.client("iam", key=ACCOUNT)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="fn-role", PolicyArn=BASIC)
    for name in ("fn0", "fn1"):
        region.client("lambda", key=ACCOUNT).create_function(
            FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=role, Code={"ZipFile": package(CALLS)}
        )


def crash_rounds(region: Region, ledger: Ledger, rounds: int, chance: random.Random) -> int:
    """Kills the region `rounds` times under its senders, lets it come to rest at last and judges. Returns how many were acknowledged."""
    make_functions(region)
    sent: set[int] = set()
    acknowledged: set[int] = set()
    first = 0
    for _ in range(rounds):
        senders = [Sender(region, first + n, SENDERS, ledger.server_address[1]) for n in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.3, 1.5))
        region.kill()
        for sender in senders:
            sender.join(30)
            sent |= set(sender.sent)
            acknowledged |= set(sender.acknowledged)
        first = max(sent) + 1
        region.start()
        if chance.random() < 0.3:  # killed again while it takes up what is there
            time.sleep(chance.uniform(0, 0.3))
            region.kill()
            region.start()
    answer = httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": 200}, timeout=120)
    assert answer.status_code == 200, answer.text
    missing, invented = acknowledged - set(ledger.ran), set(ledger.ran) - sent
    assert not missing, f"{len(missing)} of {len(acknowledged)} acknowledged events never ran: {sorted(missing)[:10]}"
    assert not invented
    once = [n for n in acknowledged if n % 97 == 0]
    assert all(ledger.ran[n] >= 3 for n in once), "an attempt after one or two minutes was lost"
    held: Any = httpx.get(f"{region.endpoint}/_atoll/accounts").json()["accounts"][ACCOUNT]
    assert "deliveries" not in held
    return len(acknowledged)


def test_every_acknowledged_event_runs(new_region: Callable[..., Region], ledger: Ledger) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), ledger, 3, random.Random(seed)) > 100


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_60_crashes_under_events(new_region: Callable[..., Region], ledger: Ledger, durability: str) -> None:
    chance = random.Random(fresh_seed())
    for _ in range(6):
        region = new_region("--durability", durability)
        ledger.ran.clear()
        crash_rounds(region, ledger, 10, chance)
        region.stop()
