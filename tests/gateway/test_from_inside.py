"""A connection from inside an execution environment: only keys that Atoll issued, and its own Runtime API.

Each test runs code in a handler, in a region that root runs (functions have users of their own) and in one of an ordinary user
(functions run as that user, too). What a request would do is asked of DynamoDB afterwards: does the table exist?
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Region

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says whose a connection is")

ORDINARY = 65534
ACCOUNT = "444455556666"
HANDLER = """
import json, os, socket, sys, time, urllib.parse, urllib.request

HOST, PORT = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://").split(":")

def connect(address="127.0.0.1", source=None, family=socket.AF_INET, port=int(PORT)):
    connection = socket.socket(family, socket.SOCK_STREAM)
    connection.settimeout(10)
    if source:
        connection.bind((source, 0))
    connection.connect((address, port))
    return connection

def answer(connection):
    "Status and body of one answer; (0, '') where the connection ends without one."
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"):
        try:
            byte = connection.recv(1)
        except ConnectionError:
            byte = b""
        if not byte:
            return [0, ""]
        head += byte
    length = int(head.lower().split(b"content-length:")[1].split(b"\\r\\n")[0])
    body = b""
    while len(body) < length:
        body += connection.recv(65536)
    return [int(head.split()[1]), body.decode()]

def ask(request):
    connection = connect()
    connection.sendall(request.encode())
    return answer(connection)

def handler(event, context):
    scope = globals() | {"event": event, "context": context, "request": event.get("request", "").encode()}
    exec(event["code"], scope)
    return scope.get("result")
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
UNKNOWN = [400, "UnrecognizedClientException"]


def signed(target: str, body: Any, key: str | None = ACCOUNT) -> str:
    """A request to DynamoDB. Of a key that Atoll did not issue the signature is not looked at."""
    text = json.dumps(body)
    headers = {
        "host": "localhost", "content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{target}",
        "content-length": str(len(text)),
    }  # fmt: skip
    if key is not None:
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        )
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n{text}"


def create_table(name: str) -> str:
    """A request that leaves a trace, under a key that acts as root where it is accepted."""
    body = {
        "TableName": name, "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    }  # fmt: skip
    return signed("CreateTable", body)


@dataclass
class Inside:
    """A region and its functions, all with the same handler: it runs the code that it is given."""

    region: Region
    user: int | None

    def client(self, service: str) -> Any:
        """A client outside, as root of the account."""
        return self.region.client(service, key=ACCOUNT)

    def function(self, name: str, **settings: Any) -> str:
        """Makes a function; its ARN."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py", settings.pop("source", "") + HANDLER)
        given = {"Runtime": "python3.11", "Handler": "app.handler", "Timeout": 30} | settings
        created = self.client("lambda").create_function(
            FunctionName=name, Code={"ZipFile": buffer.getvalue()}, Role=f"arn:aws:iam::{ACCOUNT}:role/fn", **given
        )
        return str(created["FunctionArn"])

    def run(self, code: str, function: str = "fn", **event: Any) -> Any:
        """What `result` is after the code has run in a handler."""
        payload = json.dumps({"code": code, **event})
        answer = self.client("lambda").invoke(FunctionName=function, Payload=payload)
        text = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, text
        return json.loads(text)

    def tables(self) -> list[str]:
        """The account's tables."""
        names: list[str] = self.client("dynamodb").list_tables()["TableNames"]
        return names

    def settle(self) -> None:
        """Waits until the region has answered all requests: its log does not grow for half a second."""
        before, now = -1, 0
        while before != now:
            time.sleep(0.5)
            before, now = now, self.region.log.stat().st_size


@pytest.fixture(scope="module", params=["root", "ordinary user"])
def inside(request: pytest.FixtureRequest) -> Iterator[Inside]:
    if os.geteuid() != 0 and request.param == "root":
        pytest.skip("these tests run as an ordinary user")
    user = ORDINARY if os.geteuid() == 0 and request.param == "ordinary user" else None
    with tempfile.TemporaryDirectory(prefix="atoll-inside-") as directory:
        region = Region(Path(directory) / "data")
        if user is not None:
            region.launcher = (str(Path(__file__).with_name("as_user.py")), str(user))
            for path in (Path(directory), region.state):
                os.chown(path, user, user)
        try:
            found = Inside(region.start(), user)
            iam = found.client("iam")
            iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(TRUST))
            found.function("fn")
            yield found
        finally:
            region.stop()
            text = region.log.read_text()
            shutil.rmtree(region.state)
        assert "Traceback" not in text, text


def kind(answer: list[Any]) -> list[Any]:
    """Status and error of DynamoDB's answer."""
    status, body = answer
    error = json.loads(body).get("__type", "").rpartition("#")[2]
    return [status, error]


@pytest.mark.parametrize("key", ["test", "123456789012", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_a_key_that_atoll_did_not_issue(inside: Inside, key: str) -> None:
    answer = inside.run("result = ask(event['request'])", request=signed("ListTables", {}, key))
    assert kind(answer) == UNKNOWN
    assert json.loads(answer[1])["message"] == "The security token included in the request is invalid."


def test_a_key_that_atoll_did_not_issue_in_an_sdk(inside: Inside) -> None:
    code = """
import boto3
try:
    boto3.client("sts", aws_access_key_id="test", aws_secret_access_key="test", aws_session_token=None).get_caller_identity()
except Exception as error:
    result = [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
"""
    assert inside.run(code) == ["InvalidClientTokenId", 403]


def test_an_unsigned_request(inside: Inside) -> None:
    answer = inside.run("result = ask(event['request'])", request=signed("ListTables", {}, None))
    assert kind(answer) == [400, "MissingAuthenticationTokenException"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_atoll/status"),
        ("POST", "/_atoll/reset"),
        ("POST", "/_atoll/clock"),
        ("GET", "/_atoll/unsupported"),
        ("GET", "/_localstack/health"),
    ],
)
def test_the_admin_api(inside: Inside, method: str, path: str) -> None:
    request = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}"
    status, body = inside.run("result = ask(event['request'])", request=request)
    assert (status, json.loads(body)["message"]) == (403, "Functions may not use the admin API.")


def test_its_own_role_s_keys(inside: Inside) -> None:
    code = "import boto3; result = boto3.client('sts').get_caller_identity()['Arn']"
    assert inside.run(code) == f"arn:aws:sts::{ACCOUNT}:assumed-role/fn/fn"


def test_an_issued_key_and_then_another_on_the_same_connection(inside: Inside) -> None:
    code = """
import http.client
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import get_session
connection = http.client.HTTPConnection("127.0.0.1", int(PORT))
def ask(headers, body):
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    return [answer.status, answer.read().decode()]
body = b"Action=GetCallerIdentity&Version=2011-06-15"
request = AWSRequest("POST", f"http://127.0.0.1:{PORT}/", {"content-type": "application/x-www-form-urlencoded"}, body)
SigV4Auth(get_session().get_credentials(), "sts", "us-east-1").add_auth(request)
mine = ask(dict(request.headers.items()), body)
local = connection.sock.getsockname()
other = ask(dict(event["headers"]), event["body"])
assert connection.sock.getsockname() == local
result = [mine, other]
"""
    head, body = signed("ListTables", {}, "test").split("\r\n\r\n")
    headers = [line.split(": ", 1) for line in head.split("\r\n")[1:]]
    mine, other = inside.run(code, headers=headers, body=body)
    assert mine[0] == 200
    assert "assumed-role/fn/fn" in mine[1]
    assert kind(other) == UNKNOWN


def test_an_api_s_own_address_and_a_download(inside: Inside) -> None:
    """Data planes are for whoever has their address."""
    echo = inside.function(
        "echo", source="def answer_api(event, context):\n    return 'the api'\n", Handler="app.answer_api"
    )
    url = inside.client("apigatewayv2").create_api(Name="own", ProtocolType="HTTP", Target=echo)
    inside.client("lambda").add_permission(
        FunctionName="echo", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    package = inside.client("lambda").get_function(FunctionName="echo")["Code"]["Location"]
    code = """
host = urllib.parse.urlsplit(event["url"]).netloc.split(":")[0]
head = f"GET / HTTP/1.1\\r\\nhost: {host}:{PORT}\\r\\n\\r\\n"
with urllib.request.urlopen(event["package"]) as download:
    result = [ask(head), download.status]
"""
    api, download = inside.run(code, url=url["ApiEndpoint"], package=package)
    assert [api[0], json.loads(api[1])] == [200, "the api"]
    assert download == 200


def test_its_own_runtime_api_and_a_neighbour_s(inside: Inside) -> None:
    inside.function("neighbour")
    neighbour = inside.run("result = os.environ['AWS_LAMBDA_RUNTIME_API']", "neighbour")
    code = """
result = []
for address in (os.environ["AWS_LAMBDA_RUNTIME_API"], event["neighbour"]):
    for method, path in (("POST", "x/response"), ("POST", "x/error"), ("GET", "next")):
        if (address, method) == (os.environ["AWS_LAMBDA_RUNTIME_API"], "GET"):
            continue  # it would end this invocation
        connection = connect(port=int(address.rpartition(":")[2]))
        head = f"{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\\r\\nhost: x\\r\\ncontent-length: 1\\r\\n\\r\\n1"
        try:
            connection.sendall(head.encode())
        except ConnectionError:
            pass
        result.append(answer(connection))
"""
    *own, response, error, following = inside.run(code, neighbour=neighbour)
    assert [status for status, _ in own] == [400, 400]  # let in: that is just not the invocation's id
    assert [response, error, following] == [[0, ""]] * 3
    assert inside.run("result = 1", "neighbour") == 1


def test_the_test_machine_is_no_function(inside: Inside) -> None:
    """Nor does it get at a function's Runtime API."""
    address = inside.run("result = os.environ['AWS_LAMBDA_RUNTIME_API']")
    answer = subprocess.run(
        ["curl", "-s", f"http://{address}/2018-06-01/runtime/invocation/next"], capture_output=True, timeout=10
    )
    assert answer.returncode in (52, 56)  # an empty reply, a reset
    assert inside.run("result = 1") == 1


TRICKS = {
    "IPv4 through an IPv6 socket": """
connection = connect("::ffff:127.0.0.1", family=socket.AF_INET6)
connection.sendall(request)
result = answer(connection)
""",
    "another address of this machine": """
connection = connect(source="127.0.0.2")
connection.sendall(request)
result = answer(connection)
""",
    "a shared port": """
connection = socket.socket()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
connection.bind(("127.0.0.1", 0))
connection.connect(("127.0.0.1", int(PORT)))
connection.sendall(request)
result = answer(connection)
""",
    "another protocol over TCP": """
try:
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)  # MPTCP: the kernel makes the TCP socket
except OSError:
    connection = socket.socket()
connection.connect(("127.0.0.1", int(PORT)))
connection.sendall(request)
result = answer(connection)
""",
    "closed at once": """
connection = connect()
connection.sendall(request)
connection.close()
""",
    "reset at once": """
import struct
connection = connect()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
connection.sendall(request)
connection.close()
""",
    "half closed": """
connection = connect()
connection.sendall(request)
connection.shutdown(socket.SHUT_WR)
connection.recv(1)
""",
    "a child that is gone": """
connection = connect()
if os.fork() == 0:
    connection.sendall(request)
    os._exit(0)
connection.close()
os.wait()
""",
    "a chain of children": """
connection = connect()
if os.fork() == 0:
    for _ in range(50):
        if os.fork():
            os._exit(0)
    connection.sendall(request)
    for _ in range(50):
        if os.fork():
            os._exit(0)
    open("/tmp/answer", "w").write(json.dumps(answer(connection)))
    os._exit(0)
connection.close()
while not os.path.exists("/tmp/answer") or not os.path.getsize("/tmp/answer"):
    time.sleep(0.01)
result = json.load(open("/tmp/answer"))
os.unlink("/tmp/answer")
""",
    "in a message under way": """
left, right = socket.socketpair()
connection = connect()
connection.sendall(request)
socket.send_fds(left, [b"x"], [connection.fileno()])
connection.close()
time.sleep(0.5)
connection = socket.socket(fileno=socket.recv_fds(right, 1, 1)[1][0])
connection.settimeout(20)  # else it takes the file, which does not block, for one that does
result = answer(connection)
""",
    "a thread with its own files": """
import ctypes, threading
libc = ctypes.CDLL(None, use_errno=True)
def alone():
    global result
    assert libc.unshare(0x400) == 0
    connection = connect()
    connection.sendall(request)
    result = answer(connection)
thread = threading.Thread(target=alone)
thread.start()
thread.join()
""",
    "a user namespace below": """
import ctypes
reader, writer = os.pipe()
if os.fork() == 0:
    ctypes.CDLL(None).unshare(0x10000000)
    connection = connect()
    connection.sendall(request)
    os.write(writer, json.dumps(answer(connection)).encode())
    os._exit(0)
result = json.loads(os.read(reader, 65536))
os.wait()
""",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_hiding_whose_a_connection_is(inside: Inside, trick: str) -> None:
    """Either the request is refused, or whoever sent it has not waited for an answer: and then nothing has come of it."""
    name = f"hidden-{list(TRICKS).index(trick)}"
    answer = inside.run("result = None\n" + TRICKS[trick], request=create_table(name))
    if answer is None:
        inside.settle()
    else:
        assert kind(answer) == UNKNOWN
    assert name not in inside.tables()


def test_a_thousand_connections_that_are_closed_at_once(inside: Inside) -> None:
    code = """
import struct
for number in range(1000):
    connection = connect()
    connection.sendall(request.replace(b"many-0000", b"many-%04d" % number))
    if number % 2:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
"""
    inside.run(code, request=create_table("many-0000"))
    inside.settle()
    assert not [name for name in inside.tables() if name.startswith("many")]


def test_while_the_environment_dies(inside: Inside) -> None:
    """Its processes ask until they are killed, on connections that they have open; the last requests are read after that."""
    inside.function("dying", Timeout=1)
    code = """
connections = [connect() for _ in range(40)]
for number in range(8):
    if os.fork() == 0:
        for connection in connections[number::8]:
            time.sleep(0.23)
            connection.sendall(request)
        while True:
            connection = connect()
            connection.sendall(request)
            connection.close()
time.sleep(10)
"""
    for _ in range(3):
        payload = json.dumps({"code": code, "request": create_table("last-words")})
        answer = inside.client("lambda").invoke(FunctionName="dying", Payload=payload)
        assert "timed out" in answer["Payload"].read().decode()
    inside.settle()
    assert "last-words" not in inside.tables()


def test_while_the_environment_starts(inside: Inside) -> None:
    source = (
        f"import socket, os\nREQUEST = {create_table('first-words').encode()!r}\n"
        + """
connection = socket.create_connection(("127.0.0.1", int(os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2])))
connection.sendall(REQUEST)
FIRST = connection.recv(12).decode()
"""
    )
    inside.function("starting", source=source)
    assert inside.run("result = FIRST", "starting") == "HTTP/1.1 400"
    assert "first-words" not in inside.tables()


def curl(user: int | None, region: Region, key: str = "test") -> list[Any]:
    """Asks for the tables in a process of `user`'s, outside."""
    head, body = signed("ListTables", {}, key).split("\r\n\r\n")
    headers = [part for line in head.split("\r\n")[2:4] + head.split("\r\n")[5:] for part in ("-H", line)]
    done = subprocess.run(
        ["curl", "-s", "-w", "\n%{http_code}", *headers, "-d", body, region.endpoint], capture_output=True, text=True,
        timeout=60, check=True, user=user, group=user, extra_groups=[] if user is not None else None,
    )  # fmt: skip
    text, status = done.stdout.rsplit("\n", 1)
    return [int(status), text]


def test_an_ordinary_client_beside_a_running_function(inside: Inside, need: Callable[[object, str], None]) -> None:
    """One of another user, one of the region's own, many at once; the function makes trouble meanwhile."""
    need(shutil.which("curl"), "curl")
    inside.function("busy", Timeout=60)
    code = """
end = time.time() + event["seconds"]
for _ in range(20):
    if os.fork() == 0:
        while time.time() < end:
            connection = connect()
            connection.sendall(request)
            answer(connection)
            connection.close()
        os._exit(0)
while time.time() < end:
    time.sleep(0.1)
"""
    event = {"seconds": 6, "request": signed("ListTables", {}, "test")}
    trouble = threading.Thread(target=inside.run, args=(code, "busy"), kwargs=event)
    trouble.start()
    try:
        others = [None, inside.user] if os.geteuid() == 0 else [None]
        for user in others:
            assert curl(user, inside.region) == [200, '{"TableNames":[]}']
        with ThreadPoolExecutor(16) as threads:
            clients = [inside.region.client("dynamodb") for _ in range(16)]
            answers = list(threads.map(lambda client: client.list_tables()["TableNames"], clients * 8))
        assert answers == [[]] * 128
    finally:
        trouble.join()
    assert (
        subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{inside.region.endpoint}/_atoll/status"],
            capture_output=True,
            check=True,
        ).stdout
        == b"200"
    )
