"""A function, and an extension, that does what it should not: see `test_fuzz_apis`."""

import os
import random
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

chance = random.Random(os.environ["SEED"] + Path(sys.argv[0]).name)
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
known = {"id": "none", "extension": "none", "name": Path(sys.argv[0]).name}
kept: list[socket.socket] = []
PATHS = [
    "/2018-06-01/runtime/invocation/next",
    "/2018-06-01/runtime/invocation/{id}/response",
    "/2018-06-01/runtime/invocation/{id}/error",
    "/2018-06-01/runtime/invocation/{id}/response",
    "/2018-06-01/runtime/invocation/wrong/response",
    "/2018-06-01/runtime/init/error",
    "/2018-06-01/runtime/restore/next",
    "/2018-06-01/runtime/invocation/%ff/error",
    "/2020-01-01/extension/register",
    "/2020-01-01/extension/register",
    "/2020-01-01/extension/event/next",
    "/2020-01-01/extension/init/error",
    "/2020-01-01/extension/exit/error",
    "/2022-07-01/telemetry",
    "/2020-08-15/logs",
    "/",
    "*",
    "/\u00e9",
    "http://a/b",
    "//x?y#z",
]
HEADERS = [
    "Lambda-Extension-Name: {name}",
    "Lambda-Extension-Name: own",
    "Lambda-Extension-Name: \u00e9\u0001",
    "Lambda-Extension-Identifier: {extension}",
    "Lambda-Extension-Identifier: {extension}",
    "Lambda-Extension-Identifier: 1-2-3",
    'Lambda-Extension-Function-Error-Type: Bad"\\\u00fc',
    "Lambda-Extension-Accept-Feature: accountId,,",
    'Lambda-Runtime-Function-Error-Type: Own."Kind\\\u00fc',
    "Lambda-Runtime-Function-Error-Body: !!",
    "Lambda-Runtime-Function-Response-Mode: streaming",
    "Lambda-Runtime-Function-Response-Mode: odd",
    "Content-Type: \u00fc",
    "Trailer: Lambda-Runtime-Function-Error-Type",
    "Expect: 100-continue",
    "Connection: close",
    "Connection: Upgrade\r\nUpgrade: h2c",
    "Content-Length: 3",
    "Content-Length: 99999999999999999999",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
    "no colon",
    ": no name",
    "X: " + "y" * 9000,
    "X: " + "y" * 90000,
]
BODIES = [
    b"",
    b"{}",
    b"null",
    b"1",
    b"\xff\xfe",
    b'{"events":["INVOKE"]}',
    b'{"events":["INVOKE","SHUTDOWN"]}',
    b'{"events":["ODD", 1]}',
    b'{"events":null}',
    b"[" * 5000,
    b'{"errorMessage":"\xff","errorType":1}',
    b'"\\ud800"',
    b"x" * 70000,
    b"y" * (6 << 20),
    b"z" * (7 << 20),
]

RUNTIME, EXTENSION = "/2018-06-01/runtime/", "/2020-01-01/extension/"
IDENTIFIED = "Lambda-Extension-Identifier: {extension}\r\n"
FAILED = "Lambda-Extension-Function-Error-Type: Own.Kind\r\n"
STREAMING = "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
TRAILERS = "Lambda-Runtime-Function-Error-Type: T\r\nLambda-Runtime-Function-Error-Body: e30=\r\n"
EVENTS = ['{"events":["INVOKE"]}', '{"events":["INVOKE","SHUTDOWN"]}', '{"events":[]}']
SENSIBLE = [
    ("GET", RUNTIME + "invocation/next", "", ""),
    ("POST", RUNTIME + "invocation/{id}/response", "", '"an answer"'),
    ("POST", RUNTIME + "invocation/{id}/response", STREAMING, "3\r\nabc\r\n0\r\n\r\n"),
    ("POST", RUNTIME + "invocation/{id}/response", STREAMING, "3\r\nabc\r\n0\r\n" + TRAILERS + "\r\n"),
    ("POST", RUNTIME + "invocation/{id}/response", STREAMING, "3\r\nabc\r\n5\r\nabc"),
    ("POST", RUNTIME + "invocation/{id}/error", "Lambda-Runtime-Function-Error-Type: Own.Kind\r\n", "{}"),
    ("POST", RUNTIME + "init/error", "Lambda-Runtime-Function-Error-Type: Own.Kind\r\n", "{}"),
    *(
        ("POST", EXTENSION + "register", "Lambda-Extension-Name: " + name + "\r\n", events)
        for name in ("{name}", "own")
        for events in EVENTS
    ),
    ("GET", EXTENSION + "event/next", IDENTIFIED, ""),
    ("GET", EXTENSION + "event/next", IDENTIFIED, ""),
    ("POST", EXTENSION + "init/error", IDENTIFIED + FAILED, ""),
    ("POST", EXTENSION + "exit/error", IDENTIFIED + FAILED, ""),
    ("PUT", "/2022-07-01/telemetry", IDENTIFIED, "{}"),
]


def sensible() -> bytes:
    """A request that would be right at its time."""
    method, path, headers, text = chance.choice(SENSIBLE[: chance.choice([6, len(SENSIBLE)])])
    if "chunked" not in headers:
        headers += f"Content-Length: {len(text)}\r\n"
    return filled(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n{text}").encode()


def filled(text: str) -> str:
    for name, value in known.items():
        text = text.replace("{" + name + "}", value)
    return text


def body() -> bytes:
    data = chance.choice(BODIES[:-2] if chance.random() < 0.95 else BODIES)
    kind = chance.random()
    if kind < 0.5:
        return b"Content-Length: %d\r\n\r\n%s" % (len(data), data)
    if kind < 0.6:
        return b"Content-Length: %d\r\n\r\n%s" % (chance.randrange(len(data) + 5), data)
    if kind < 0.9:
        size = chance.choice(
            [
                b"%x" % len(data),
                b"%x" % (len(data) + 1),
                b"-1",
                b"zz",
                b"0",
                b"f" * 17,
                b"%x;%s" % (len(data), b"e" * chance.choice([1, 70000])),
            ]
        )
        end = chance.choice(
            [
                b"\r\n0\r\n\r\n",
                b"\r\n0\r\nLambda-Runtime-Function-Error-Type: T\r\nLambda-Runtime-Function-Error-Body: e30=\r\n\r\n",
                b"\r\n",
                b"\n0\n\n",
                b"",
            ]
        )
        return b"Transfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + data + end
    return b"\r\n" + data


def message() -> bytes:
    if chance.random() < 0.7:
        return sensible()
    if chance.random() < 0.05:
        return chance.randbytes(chance.randrange(1, 300))
    method = chance.choice(["GET", "POST", "POST", "POST", "PUT", "HEAD", "CONNECT", "BREW", "PRI"])
    head = f"{method} {chance.choice(PATHS)} HTTP/{chance.choice(['1.1', '1.1', '1.1', '1.0', '2.0', '9'])}\r\n"
    head += "".join(line + "\r\n" for line in chance.sample(HEADERS, chance.choice([0, 1, 2, 2, 3, 5])))
    return filled(head).encode("latin-1") + body()


def learn(answer: bytes) -> None:
    for line in answer.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "lambda-runtime-aws-request-id":
            known["id"] = value
        if name.lower() == "lambda-extension-identifier":
            known["extension"] = value


def act() -> None:
    try:
        connection = (
            chance.choice(kept) if kept and chance.random() < 0.5 else socket.create_connection((host, int(port)), 1)
        )
        connection.settimeout(0.2)
        data = b"".join(message() for _ in range(chance.choice([1, 1, 1, 2, 5])))
        kind = chance.random()
        if kind < 0.1:
            data = data[: chance.randrange(len(data) + 1)]
        if kind < 0.2:
            for byte in data[:200]:
                connection.sendall(bytes([byte]))
            data = data[200:]
        connection.sendall(data)
        if chance.random() < 0.6:
            connection.settimeout(chance.choice([0.001, 0.02, 0.05]))
            learn(connection.recv(65536))
    except OSError:
        pass
    else:
        if chance.random() < 0.2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if chance.random() < 0.4 and connection in kept:
            kept.remove(connection)
        elif chance.random() < 0.6:
            kept.append(connection)


def write() -> None:
    frame = (
        b"\xa5\x5a\x00"
        + bytes([chance.randrange(32)])
        + struct.pack(
            ">IQ",
            chance.choice([0, 1, 5, 1 << 20, (1 << 32) - 1]),
            chance.choice([0, time.time_ns() // 1000, (1 << 64) - 1, 1 << 63]),
        )
    )
    pieces = [
        frame,
        frame[: chance.randrange(17)],
        b"text",
        b"\n",
        b"\r",
        b'{"level":"debug","timestamp":"x"}\n',
        b'{"level":1}\n',
        b"\xff\xc3",
        b"\0",
        b'{"timestamp":"9999-12-31T23:59:59.999Z","level":"ERROR"}\n',
        b'{"timestamp":"0000-00-00T00:00:00Z"}\n',
        chance.randbytes(50),
    ]
    os.write(chance.choice([1, 2]), b"".join(chance.choices(pieces, k=chance.randrange(1, 8))))


def riot(most: int) -> None:
    for _ in range(chance.randrange(most)):
        chance.choice([act, act, act, write])()


def end() -> None:
    kind = chance.random()
    if kind < 0.2:
        os._exit(chance.randrange(3))
    if kind < 0.3:
        time.sleep(100)
    if kind < 0.4:
        raise ValueError("\ud800")
    if kind < 0.7:  # during its initialization: it is its own runtime
        while True:
            riot(20)


def handler(_event: Any, context: Any) -> str:
    known["id"] = context.aws_request_id
    riot(20)
    end()
    return "x"


riot(20)
end()
if known["name"] == "fuzz":
    while True:
        riot(20)
