"""Every implemented operation under random requests: valid by AWS's model, odd, and broken on the wire. Whatever comes, the answer is
never a 500 and always one that a client's parser can read.

Deterministic but for the ids that the region draws. ATOLL_FUZZ_SEED and ATOLL_FUZZ_ROUNDS ask for other or more requests.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import random
import zipfile
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer
from tests.sim import api_worlds

from atoll.services import SERVICES

if TYPE_CHECKING:
    from tests.conftest import Region

SEED = os.environ.get("ATOLL_FUZZ_SEED", "atoll")
ROUNDS = int(os.environ.get("ATOLL_FUZZ_ROUNDS", "12"))
"""How often everything is made anew and each operation asked four times."""

DEAR = ("Invoke", "CreateFunction", "UpdateFunctionCode")
"""Operations that cost milliseconds."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com", "AWS": "*"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
ODD_POLICIES = (
    POLICY,
    TRUST,
    "{}",
    "[]",
    '"',
    '{"Statement":null}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["iam:*"],"NotResource":"*"}]}',
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[1],"Resource":{}}}',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"x"}}}]}',
)
TEXTS = (
    "", "a", "fuzz", "fuzz-2", "$LATEST", "$default", "*", "a/b", "..", "a b", "ä漢😀", "\x00", "\x01\x1f", "\ud800", "<&>\"'",
    "%00", "%s", "{", "${x", "1", "-1", "1e400", "x" * 300, "x" * 5000, "arn:aws:", "arn:aws:iam::000000000000:role/x",
    "arn:aws:dynamodb:us-east-1:111111111111:table/x", "arn:aws:lambda:eu-west-1:000000000000:function:x", "null", "aws:x", "GET /a/{b+}",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 7, 30, 128, 1000, 2**31, 2**63, -(2**63), 10**30)
ODD = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**70,
    "",
    "x",
    "\x00",
    [],
    {},
    [None],
    [[[]]],
    {"": ""},
    {"S": 1},
    {"N": "1e999"},
    {"B": "!"},
)


def _package() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("fuzz.py", "def handler(event, context):\n    return event\n")
    return buffer.getvalue()


PACKAGE = _package()
KNOWN: dict[str, tuple[Any, ...]] = api_worlds.VALUES | {
    "PolicyDocument": ODD_POLICIES,
    "AssumeRolePolicyDocument": (TRUST, *ODD_POLICIES),
    "Policy": ODD_POLICIES,
    "ZipFile": (PACKAGE, b"", b"PK\x03\x04", PACKAGE[:-9]),
    "Handler": ("fuzz.handler",),
    "Runtime": ("python3.12", "python3.11"),
    "FunctionName": ("fuzz", "fuzz-2"),
    "Key": ({"id": {"S": "a"}}, {"id": {"N": "1"}}, {}),
    "Item": ({"id": {"S": "a"}}, {"id": {"S": "a"}, "n": {"N": "1.5"}, "m": {"M": {"l": {"L": [{"NULL": True}]}}}}),
    "TableName": ("fuzz", "fuzz-2"),
    "AttributeName": ("id", "at", "n"),
    "KeySchema": ([{"AttributeName": "id", "KeyType": "HASH"}],),
    "AttributeDefinitions": ([{"AttributeName": "id", "AttributeType": "S"}],),
    "ConditionExpression": ("attribute_not_exists(id)", "size(#n) > :v", "a = b AND (", "((((", "id IN (:v, :v)", ":v BETWEEN"),
    "UpdateExpression": ("SET n = n + :v REMOVE m", "ADD n :v", "SET id = :v", "SET m.l[3] = if_not_exists(#n, :v)",
                         "REMOVE m.l[0], m.l[9]", "DELETE n :v", "SET a = list_append(m.l, :v)", "SET", "REMOVE a.b.c[0", "set a = (((("),
    "AttributeUpdates": ({"n": {"Action": "ADD", "Value": {"N": "1"}}}, {"m": {"Action": "DELETE"}}, {"id": {}}, {"n": {"Value": {}}}),
    "Expected": ({"n": {"Exists": False}}, {"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "1"}]}}, {"id": {}}),
    "KeyConditionExpression": ("id = :v", "id = :v AND n > :v", "begins_with(id, :v)", "id = :v OR n = :v", "size(id) = :v", "id ="),
    "FilterExpression": ("n > :v", "attribute_exists(m.l[0])", "id = :v", "n IN (:v", "NOT n <> :v"),
    "KeyConditions": ({"id": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}, {"id": {"ComparisonOperator": "IN"}}, {}),
    "QueryFilter": ({"n": {"ComparisonOperator": "NULL"}}, {"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "1"}]}}),
    "ExclusiveStartKey": ({"id": {"S": "a"}}, {"id": {"S": ""}}, {"id": {}}, {}),
    "ProjectionExpression": ("id", "a.b[0].c", "a[", "#n", "id, id", "a[99999999999999999999]"),
    "ExpressionAttributeNames": ({"#n": "id"}, {"n": "id"}, {"#n": ""}),
    "ExpressionAttributeValues": ({":v": {"N": "1"}}, {":v": {"S": "a"}}, {":v": {}}, {":v": {"SS": []}}),
    "IndexName": ("g", "none"),
    "GlobalSecondaryIndexUpdates": (
        [{"Create": {"IndexName": "g", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                     "Projection": {"ProjectionType": "ALL"}}}],
        [{"Delete": {"IndexName": "g"}}],
    ),
    "RequestItems": (
        {"fuzz": [{"PutRequest": {"Item": {"id": {"S": "b"}}}}, {"DeleteRequest": {"Key": {"id": {"S": "a"}}}}]},
        {"fuzz": {"Keys": [{"id": {"S": "a"}}, {"id": {"S": "b"}}], "ProjectionExpression": "id"}}, {"fuzz": []}, {},
        {"fuzz": [{"PutRequest": {"Item": {"id": {"S": "b"}}}}] * 2}, {"fuzz": {"Keys": [{"id": {"S": "a"}}] * 2}},
    ),
    "TransactItems": (
        [{"Put": {"TableName": "fuzz", "Item": {"id": {"S": "b"}}}}, {"Delete": {"TableName": "fuzz-2", "Key": {"id": {"S": "a"}}}}],
        [{"Get": {"TableName": "fuzz", "Key": {"id": {"S": "a"}}}}], [{}], [],
        [{"Update": {"TableName": "fuzz", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD n :v",
                     "ExpressionAttributeValues": {":v": {"N": "1"}}}}] * 2,
    ),
    "Statement": (
        "SELECT * FROM fuzz WHERE id = 'a'", "SELECT id FROM fuzz.g WHERE id IN ['a', ?]", "INSERT INTO fuzz VALUE {'id': ?}",
        "UPDATE fuzz SET n = 1 REMOVE m WHERE id = 'a' RETURNING ALL NEW *", "DELETE FROM fuzz WHERE id = 'b'",
        "EXISTS(SELECT * FROM fuzz WHERE id = 'a')", "SELECT", "DELETE FROM fuzz",
    ),
    "Parameters": ([{"S": "a"}], [{"N": "1"}, {"SS": ["a"]}], [{}], []),
    "RouteKey": ("GET /a", "$default", "ANY /{proxy+}", "GET", "GET /{", "GET /{a}/{a}", "get /x", "GET //"),
    "ProtocolType": ("HTTP",),
    "logGroupName": ("fuzz", "/aws/lambda/fuzz"),
    "logStreamName": ("fuzz",),
    "filterPattern": ("ERROR", '"a b" -c', "{ $.a = 1 }", "{ $.a", "[a, b=1]", "[", "%a(%", "?a ?b", '"', "{ $.a[ = * }"),
    "nextToken": ("f/0/x", "b/", "e30=", "\x00"),
    "NextToken": ("e30=", "x"),
    "Marker": ("e30=", "x"),
    "timestamp": (1_700_000_000_000,),
    "InvocationType": ("DryRun", "DryRun", "Event"),
    "SequenceNumber": ("100000000000000000000001", "9" * 40, "0" * 21),
}  # fmt: skip


KINDS: dict[type, tuple[str, ...]] = {
    dict: ("structure", "map"), list: ("list",), bytes: ("blob",), str: ("string",), int: ("integer", "long", "timestamp"),
}  # fmt: skip


def _world(region: Region, account: str, service: str) -> dict[str, tuple[Any, ...]]:
    """Makes what requests can be about, where it is not there (any more); returns values by member name, in addition to KNOWN."""

    def made(make: Callable[..., Any], **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = make(**request)
        except ClientError:  # it is there, or something it needs was changed by a request
            return {}
        return answer

    iam, dynamodb, logs = (region.client(service, account) for service in ("iam", "dynamodb", "logs"))
    made(iam.create_role, RoleName="fuzz", AssumeRolePolicyDocument=TRUST)
    made(iam.create_user, UserName="fuzz")
    made(iam.create_policy, PolicyName="fuzz", PolicyDocument=POLICY)
    made(
        dynamodb.create_table, TableName="fuzz", BillingMode="PAY_PER_REQUEST",
        KeySchema=KNOWN["KeySchema"][0], AttributeDefinitions=KNOWN["AttributeDefinitions"][0],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )  # fmt: skip
    made(dynamodb.put_item, TableName="fuzz", Item={"id": {"S": "a"}})
    made(logs.create_log_group, logGroupName="fuzz")
    made(logs.create_log_stream, logGroupName="fuzz", logStreamName="fuzz")
    role, function = f"arn:aws:iam::{account}:role/fuzz", f"arn:aws:lambda:us-east-1:{account}:function:fuzz"
    made(
        region.client("lambda", account).create_function,
        FunctionName="fuzz", Role=role, Runtime="python3.12", Handler="fuzz.handler", Code={"ZipFile": PACKAGE},
    )  # fmt: skip
    gateway = region.client("apigatewayv2", account)
    api = gateway.create_api(Name="fuzz", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    route = gateway.create_route(ApiId=api, RouteKey="GET /fuzz", Target=target)["RouteId"]
    gateway.create_stage(ApiId=api, StageName="fuzz", AutoDeploy=True)
    deployment = gateway.create_deployment(ApiId=api)["DeploymentId"]
    apis = api_worlds.http_and_websocket(gateway, api) if service == "apigatewayv2" else {}
    if service == "apigateway":
        apis = api_worlds.rest(region.client(service, account), made, function)
    managed = f"arn:aws:iam::{account}:policy/fuzz"
    arns = {
        "dynamodb": f"arn:aws:dynamodb:us-east-1:{account}:table/fuzz",
        "lambda": function,
        "apigatewayv2": f"arn:aws:apigateway:us-east-1::/apis/{api}",
        "logs": f"arn:aws:logs:us-east-1:{account}:log-group:fuzz",
    }
    own = (arns.get(service, role), *arns.values())
    streams = region.client("dynamodbstreams", account).list_streams()["Streams"]
    return {
        "RoleName": ("fuzz",), "UserName": ("fuzz",), "PolicyName": ("fuzz",), "PolicyArn": (managed,), "Role": (role,),
        "PermissionsBoundary": (managed,), "RoleArn": (role,), "ApiId": (api,), "RouteId": (route,), "DeploymentId": (deployment,),
        "IntegrationId": (integration,), "StageName": ("fuzz",), "Target": (target,), "IntegrationUri": (function,),
        "IntegrationType": ("AWS_PROXY",), "PayloadFormatVersion": ("2.0", "1.0"), "ResourceArn": own, "Resource": own,
        "resourceArn": own, "StatementId": ("fuzz",), "Action": ("lambda:InvokeFunction",), "VersionId": ("v1",),
        "Principal": ("apigateway.amazonaws.com", "*", account), "RoleSessionName": ("fuzz",),
        "StreamArn": tuple(stream["StreamArn"] for stream in streams), **apis,
    }  # fmt: skip


class Fuzzer:
    """Draws requests for the operations of one service. It remembers values of answers by member name, to meet what exists."""

    def __init__(self, model: ServiceModel, seed: str) -> None:
        self.model = model
        self.world: dict[str, tuple[Any, ...]] = {}
        self.random = random.Random(seed)
        self._serializer = create_serializer(model.protocol, include_validation=False)
        self._seen: dict[str, list[Any]] = defaultdict(list)

    def request(self, operation: OperationModel) -> dict[str, Any]:
        """A request as botocore's serializers make it, sometimes broken afterwards. `body` is bytes."""
        while True:
            try:
                wire = self._serializer.serialize_to_request(
                    self._structure(operation.input_shape, odd=self.random.choice((0.0, 0.0, 0.05, 0.3))), operation
                )
            except Exception:  # botocore cannot write every odd value
                continue
            break
        body = wire["body"]
        if isinstance(body, dict):
            body = urlencode(body, errors="surrogatepass", doseq=True)
        wire["body"] = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
        if self.random.random() < 0.3:
            wire["body"] = self._broken(wire["body"])
        return wire

    def remember(self, answer: Any) -> None:
        """Notes the strings of an answer."""
        if isinstance(answer, list):
            for member in answer:
                self.remember(member)
        if isinstance(answer, dict):
            for name, value in answer.items():
                if isinstance(value, str) and len(value) < 500:
                    seen = self._seen[name.lower()]
                    seen[:] = [*seen[-5:], value]
                    if name.lower().endswith("arn"):
                        self._seen["arn"] = [*self._seen["arn"][-9:], value]
                else:
                    self.remember(value)

    def _structure(self, shape: Shape | None, odd: float, depth: int = 0) -> dict[str, Any]:
        if not isinstance(shape, StructureShape):
            return {}
        required = set(shape.required_members)
        wanted = self.random.choice((0.0, 0.0, 0.1, 0.4)) if depth < 4 else 0.0
        return {
            name: self._value(name, member, odd, depth + 1)
            for name, member in shape.members.items()
            if self.random.random() < ((1 - odd / 2) if name in required else wanted)
        }

    def _value(self, name: str, shape: Shape, odd: float, depth: int) -> Any:
        draw = self.random
        known = [
            one for one in (*self.world.get(name, ()), *KNOWN.get(name, ())) if shape.type_name in KINDS[type(one)]
        ]
        if known and draw.random() < 0.9:
            return draw.choice(known if draw.random() < 0.4 else known[:1])
        if isinstance(shape, StructureShape):
            return self._structure(shape, odd, depth)
        if isinstance(shape, ListShape):
            return [
                self._value(name, shape.member, odd, depth + 1)
                for _ in range(draw.choice((0, 1, 1, 2, 12)) if depth < 5 else 0)
            ]
        if isinstance(shape, MapShape):
            keys = [
                self._value("", shape.key, odd, depth + 1) for _ in range(draw.choice((0, 1, 2)) if depth < 6 else 0)
            ]
            return {str(key): self._value("", shape.value, odd, depth + 1) for key in keys}
        match shape.type_name:
            case "boolean":
                return draw.random() < 0.5
            case "integer" | "long" | "float" | "double":
                low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 100)
                return draw.choice(NUMBERS) if draw.random() < max(odd, 0.1) else draw.randint(int(low), int(high))
            case "timestamp":
                return draw.randrange(2**33)
            case "blob":
                return draw.choice((b"", b"{}", b"\xff\x00", draw.randbytes(20)))
        return self._text(name, shape, odd)

    def _text(self, name: str, shape: Shape, odd: float) -> str:
        draw = self.random
        if draw.random() < odd:
            return draw.choice(TEXTS)
        if shape.enum if hasattr(shape, "enum") else ():
            return draw.choice(shape.enum)
        seen = self._seen.get(name.lower()) or (self._seen["arn"] if name.lower().endswith("arn") else [])
        if seen and draw.random() < 0.7:
            return draw.choice(seen)
        if draw.random() < 0.8:
            return draw.choice(("fuzz", "fuzz-2", "fuzz-3", "x" * int(shape.metadata.get("min", 1))))
        return draw.choice(TEXTS)

    def _broken(self, body: bytes) -> bytes:
        draw = self.random
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        if isinstance(document, dict) and document and draw.random() < 0.7:
            return json.dumps(self._mutated(document)).encode()
        match draw.randrange(4):
            case 0:
                return body[: draw.randrange(len(body) + 1)]
            case 1:
                return body.replace(
                    draw.choice((b"fuzz", b"=", b'"', b"{", b"1")),
                    draw.choice((b"\xff", b"\x00", b"%ZZ", b"&", b"[")),
                    2,
                )
            case 2:
                return body + draw.choice(
                    (b"}", b"\xed\xa0\x80", b"&a=b&a=c", b"&x.member.99999999999999.y=1", b"[" * 5000)
                )
        return draw.choice((b"", b"null", b"[]", b"1", b'"x"', b"{" * 3000, b'{"a":' * 3000, b"\xff\xfe{}"))

    def _mutated(self, value: Any) -> Any:
        draw = self.random
        if draw.random() < 0.15:
            return draw.choice(ODD)
        if isinstance(value, dict) and value:
            key = draw.choice(list(value))
            return {**value, key: self._mutated(value[key])}
        if isinstance(value, list) and value:
            at = draw.randrange(len(value))
            return [*value[:at], self._mutated(value[at]), *value[at + 1 :]]
        return draw.choice(ODD)


class Wire:
    """A kept-alive connection that sends serialized requests with a signature that nobody checks.

    `failures` says what was answered with a 500, or could not be read.
    """

    def __init__(self, region: Region, model: ServiceModel, account: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", region.port, timeout=60)
        self._parser = create_parser(model.protocol)
        self.failures: list[str] = []
        credential = f"{account}/20260101/us-east-1/{model.signing_name}/aws4_request"
        self._authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"

    def send(self, wire: dict[str, Any], operation: OperationModel) -> dict[str, Any]:
        """The parsed answer, {} where there is none."""
        query = wire["query_string"]
        query = query if isinstance(query, str) else urlencode(query, doseq=True, errors="surrogatepass")
        target = wire["url_path"] + (("&" if "?" in wire["url_path"] else "?") + query if query else "")
        headers = {name: str(value).encode("utf-8", "replace") for name, value in wire["headers"].items()}
        shown = f"{operation.name}: {wire['method']} {target} {headers} {wire['body'][:3000]!r}"
        try:
            self._connection.request(
                wire["method"], target, body=wire["body"], headers=headers | {"Authorization": self._authorization}
            )
        except (ValueError, UnicodeError):  # http.client will not send it
            self._connection.close()
            return {}
        response = self._connection.getresponse()
        body = response.read()
        if response.status in (500, 503):
            self.failures.append(f"{response.status} for {shown}\n{body!r}")
            return {}
        if response.status == 400 and body == b"Invalid HTTP request received.":
            return {}
        answer = {"status_code": response.status, "headers": dict(response.getheaders()), "body": body}
        answer["headers"] = {name.lower(): value for name, value in answer["headers"].items()}
        if answer["headers"].get("content-type") == "application/vnd.amazon.eventstream":
            messages = EventStreamBuffer()
            messages.add_data(body)
            assert [message.headers[":message-type"] for message in messages]
            return {}
        if response.status == 204:
            return {}
        try:
            if response.status == 404 and b"UnknownOperationException" in body:
                return {}
            parsed: dict[str, Any] = self._parser.parse(answer, operation.output_shape)
        except (ResponseParserError, ValueError, LookupError) as error:
            self.failures.append(f"{response.status} cannot be read ({error!r}) for {shown}\n{body!r}")
            return {}
        if response.status >= 400 and not parsed.get("Error", {}).get("Code"):
            self.failures.append(f"{response.status} without a code for {shown}\n{body!r}")
        return parsed


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_request_breaks_an_operation(region: Region, account: str, service: Any) -> None:
    model = botocore.session.get_session().get_service_model(service.name)
    fuzzer, wire = Fuzzer(model, f"{SEED} {service.name}"), Wire(region, model, account)
    operations = [model.operation_model(name) for name in sorted(service.operations())]
    for _ in range(ROUNDS):
        fuzzer.world = _world(region, account, service.name)
        fuzzer.random.shuffle(operations)
        for operation in operations:
            for _ in range(1 if operation.name in DEAR else 4):
                fuzzer.remember(wire.send(fuzzer.request(operation), operation))
    assert not wire.failures, "\n\n".join((f"{len(wire.failures)} failures", *wire.failures[:20]))
