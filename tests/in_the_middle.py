"""Requests in whose middle something happens: the head is sent and judged (who signed, is known then), and the body comes after it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Answer(NamedTuple):
    status: int
    text: str


def call(
    region: Any, who: Credentials, target: str, request: Mapping[str, Any], meanwhile: Callable[[], Any],
    service: str = "dynamodb",
) -> Answer:  # fmt: skip
    """The answer to a signed call of an operation with an `X-Amz-Target`. The region asks for the body ("100 Continue") once it knows
    who signed; `meanwhile` runs then, and the body is sent after."""
    body = json.dumps(request).encode()
    headers = {
        "Host": f"127.0.0.1:{region.port}", "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target,
        "Content-Length": str(len(body)), "X-Amz-Content-SHA256": sha256(body).hexdigest(),
    }  # fmt: skip
    signed = AWSRequest("POST", f"{region.endpoint}/", headers)
    SigV4Auth(who, service, "us-east-1").add_auth(signed)
    return post(region, dict(signed.headers), body, meanwhile)


def post(region: Any, headers: Mapping[str, str], body: bytes, meanwhile: Callable[[], Any], path: str = "/") -> Answer:
    """The answer to a POST with these headers, whose body is sent once the region asks for it and `meanwhile` has run."""
    head = [f"POST {path} HTTP/1.1", "Expect: 100-continue", "Connection: close"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection(("127.0.0.1", region.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        with connection.makefile("rb") as answer:
            first = answer.readline()
            if b" 100 " not in first:
                return _read(first, answer.read())
            answer.readline()
            meanwhile()
            connection.sendall(body)
            return _read(answer.readline(), answer.read())


def _read(status_line: bytes, rest: bytes) -> Answer:
    return Answer(int(status_line.split()[1]), rest.partition(b"\r\n\r\n")[2].decode())
