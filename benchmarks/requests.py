"""Requests per second and latency over HTTP: PutItem and GetItem, signed by an issued key whose policy names just these actions,
beside a bare uvicorn echo in the same run.

    python benchmarks/requests.py [--seconds 5] [--connections 16] [--durability fsync]

The load comes from a process of its own that replays requests signed beforehand.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

DISTINCT = 10_000


class Load(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last is complete."""

    def __init__(self, requests: list[bytes], offset: int, stop_at: float, done: asyncio.Future[None]) -> None:
        self.requests, self.at, self.stop_at, self.done = requests, offset, stop_at, done
        self.times: list[float] = []
        self.failures = 0
        self.buffer = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.started = time.perf_counter()
        if self.started >= self.stop_at:
            self.transport.close()
            self.done.set_result(None)
            return
        self.transport.write(self.requests[self.at % len(self.requests)])
        self.at += 1

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.failures += not head.startswith(b"HTTP/1.1 200")
        self.times.append(time.perf_counter() - self.started)
        self.buffer = b""
        self.send()


async def replay(port: int, requests: list[bytes], connections: int, seconds: float) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    loads = []
    for number in range(connections):
        done = loop.create_future()
        load = Load(requests, number * len(requests) // connections, begin + seconds, done)
        await loop.create_connection(lambda load=load: load, "127.0.0.1", port)
        loads.append(load)
    await asyncio.gather(*(load.done for load in loads))
    times = sorted(t for load in loads for t in load.times)
    failed = sum(load.failures for load in loads)
    assert not failed, f"{failed} requests failed"
    return {
        "rate": len(times) / seconds,
        "p50": times[len(times) // 2] * 1e3,
        "p99": times[len(times) * 99 // 100] * 1e3,
    }


def _child(port: int, requests: list[bytes], connections: int, seconds: float, out: Any) -> None:
    import uvloop

    out.send(uvloop.run(replay(port, requests, connections, seconds)))


def run(port: int, requests: list[bytes], connections: int, seconds: float) -> dict[str, Any]:
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=_child, args=(port, requests, connections, seconds, theirs)
    )
    process.start()
    theirs.close()
    result: dict[str, Any] = ours.recv()
    process.join()
    return result


def request(port: int, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n".encode()]
    lines += [
        f"{name}: {value}\r\n".encode()
        for name, value in headers.items()
        if name.lower() not in ("host", "content-length")
    ]
    return b"".join(lines) + b"\r\n" + body


def signed(port: int, key: dict[str, str], operation: str, params: dict[str, Any]) -> bytes:
    body = json.dumps(params).encode()
    prepared = AWSRequest(
        "POST",
        f"http://127.0.0.1:{port}/",
        headers={"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"},
        data=body,
    )
    SigV4Auth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "dynamodb", "us-east-1").add_auth(prepared)
    return request(port, dict(prepared.headers.items()), body)


def make_key(endpoint: str) -> dict[str, str]:
    def client(service: str, **keys: str) -> Any:
        return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", **keys)

    root = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client("dynamodb", **root).create_table(
        TableName="items",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    iam = client("iam", **root)
    iam.create_user(UserName="bench")
    allowed = {
        "Effect": "Allow",
        "Action": ["dynamodb:PutItem", "dynamodb:GetItem"],
        "Resource": "arn:aws:dynamodb:us-east-1:000000000000:table/items",
    }
    iam.put_user_policy(
        UserName="bench",
        PolicyName="items",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key: dict[str, str] = iam.create_access_key(UserName="bench")["AccessKey"]
    wrong = client("dynamodb", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key="wrong")
    try:
        wrong.get_item(TableName="items", Key={"id": {"S": "1"}})
    except wrong.exceptions.ClientError:
        return key
    raise AssertionError("a wrong secret was accepted")


async def echo_app(scope: Any, receive: Any, send: Any) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def echo_server() -> tuple[Any, int]:
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        config = uvicorn.Config(
            echo_app, http="httptools", loop="uvloop", lifespan="off", access_log=False, log_config=None
        )
        uvicorn.Server(config).run(sockets=[listener])

    process = multiprocessing.get_context("fork").Process(target=serve, daemon=True)
    process.start()
    time.sleep(0.5)
    return process, listener.getsockname()[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--durability", default="process")
    options = parser.parse_args()
    state = tempfile.mkdtemp()
    command = [sys.executable, "-m", "atoll", "up", "--port", "0", "--ephemeral", "--durability", options.durability]
    env = {k: v for k, v in os.environ.items() if not k.startswith("ATOLL")} | {"XDG_STATE_HOME": state}
    region = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    while not (files := list(Path(state, "atoll").glob("*.json"))):
        time.sleep(0.05)
    port = int(files[0].stem)
    echo, echo_port = echo_server()
    try:
        key = make_key(f"http://127.0.0.1:{port}")
        item = {
            "name": {"S": "Joy"},
            "age": {"N": "42"},
            "tags": {"L": [{"S": "a"}, {"S": "b"}]},
            "note": {"S": "x" * 200},
        }
        puts = [
            signed(port, key, "PutItem", {"TableName": "items", "Item": item | {"id": {"S": f"user-{i}"}}})
            for i in range(DISTINCT)
        ]
        gets = [
            signed(port, key, "GetItem", {"TableName": "items", "Key": {"id": {"S": f"user-{i}"}}})
            for i in range(DISTINCT)
        ]
        echoes = [request(echo_port, {"Content-Type": "application/json"}, b"x" * 400)]
        rows: dict[str, list[dict[str, Any]]] = {"echo": [], "PutItem": [], "GetItem": []}
        for _ in range(options.rounds):
            rows["echo"].append(run(echo_port, echoes, options.connections, options.seconds))
            rows["PutItem"].append(run(port, puts, options.connections, options.seconds))
            rows["GetItem"].append(run(port, gets, options.connections, options.seconds))
    finally:
        region.terminate()
        echo.terminate()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(
        f"{date.today()}  {commit}  Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{options.connections} connections, durability {options.durability}, {DISTINCT} distinct signed requests, "
        f"median of {options.rounds}"
    )
    base = statistics.median(row["rate"] for row in rows["echo"])
    print(f"{'':10} {'per second':>11} {'p50 ms':>8} {'p99 ms':>8} {'of echo':>8}")
    for name, results in rows.items():
        rate, p50, p99 = (statistics.median(row[k] for row in results) for k in ("rate", "p50", "p99"))
        print(f"{name:10} {rate:11.0f} {p50:8.2f} {p99:8.2f} {rate / base:8.0%}")


if __name__ == "__main__":
    main()
