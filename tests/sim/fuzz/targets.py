"""What a fuzzer feeds with bytes: one function per parser. Each returns, whatever comes, or raises what Atoll must not.

`run.py` drives them by coverage (atheris), `test_fuzz_parsers.py` over their seeds. A seed begins with the byte by which a target
chooses among its ways.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from atoll.api_runtime import map as answers
from atoll.api_runtime import openapi, patterns, serving
from atoll.api_runtime.address import address
from atoll.api_runtime.authorize import verdicts
from atoll.api_runtime.http_api import sources
from atoll.api_runtime.http_api.parameters import Mappings
from atoll.api_runtime.integrate.mock import mock_status
from atoll.api_runtime.match import Router
from atoll.api_runtime.plane import resolve_stage
from atoll.api_runtime.refused import Refused
from atoll.api_runtime.rest_api import content, match, parameters
from atoll.api_runtime.rest_api.proxy_answer import proxy_answer
from atoll.api_runtime.rest_api.records import Method, Resource
from atoll.api_runtime.templates.budget import TemplateError
from atoll.api_runtime.templates.render import Scope, render
from atoll.api_runtime.websocket_api import select
from atoll.auth import claims
from atoll.auth.chunked import KINDS, SIGNED, ChunkedBody, ChunkSignatures
from atoll.auth.policy import parse
from atoll.auth.policy.conditions import BadValue, compile_condition
from atoll.auth.policy.document import PolicySyntaxError
from atoll.auth.presigned import find_authorization
from atoll.auth.sigv4 import SigningKeys, verify_signature
from atoll.edge.guard import Guard
from atoll.kernel.errors import ServiceError, UnknownOperation
from atoll.kernel.http import HttpRequest
from atoll.protocol.models import Models
from atoll.protocol.timestamps import read_timestamp
from atoll.protocol.wire import WireRequest
from atoll.services.apigateway.openapi.definition import definition as rest_definition
from atoll.services.apigatewayv2.openapi.definition import definition as http_definition
from atoll.services.apigatewayv2.rules import check_route_key, function_of
from atoll.services.dynamodb import numbers
from atoll.services.dynamodb.expressions.lexer import ExpressionError
from atoll.services.dynamodb.expressions.parser import parse_condition, parse_projection
from atoll.services.dynamodb.expressions.update_parser import parse_update
from atoll.services.dynamodb.partiql.binding import bind
from atoll.services.dynamodb.partiql.plan import KeySchema, decompose
from atoll.services.dynamodb.policy_document import checked
from atoll.services.dynamodb.store import Attribute
from atoll.services.logs.patterns import compile_pattern

NOW = 1_767_225_600.0
HEADER = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, "
    f"Signature={'0' * 64}"
)
QUERY = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request"
    f"&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
)


class Target(NamedTuple):
    """A parser under test, and inputs from which mutations start."""

    run: Callable[[bytes], None]
    seeds: Sequence[bytes]


@lru_cache(maxsize=1)
def models() -> Models:
    """The models of the services whose protocols are fuzzed."""
    return Models(["dynamodb", "lambda", "iam", "apigatewayv2", "logs", "sts"])


JSON_OPERATIONS = (
    ("dynamodb", "PutItem"), ("dynamodb", "BatchWriteItem"), ("dynamodb", "CreateTable"), ("logs", "PutLogEvents"),
    ("events", "PutEvents"), ("kms", "Encrypt"), ("cognito-idp", "AdminCreateUser"), ("kinesis", "GetShardIterator"),
)  # fmt: skip
CBOR_OPERATIONS = (("cloudwatch", "PutMetricData"), ("cloudwatch", "GetMetricData"), ("cloudwatch", "PutMetricAlarm"))
XML_OPERATIONS = (
    ("s3", "DeleteObjects", "POST", "/b", "delete"), ("s3", "PutBucketLifecycleConfiguration", "PUT", "/b", "lifecycle"),
    ("s3", "CompleteMultipartUpload", "POST", "/b/k", "uploadId=1"), ("s3", "PutBucketAcl", "PUT", "/b", "acl"),
    ("s3", "SelectObjectContent", "POST", "/b/k", "select&select-type=2"),
    ("cloudfront", "CreateDistribution", "POST", "/2020-05-31/distribution", ""),
)  # fmt: skip
FORM_OPERATIONS = (
    ("iam", "CreateRole"), ("sts", "AssumeRole"), ("sns", "Publish"), ("cloudformation", "CreateStack"),
    ("ec2", "RunInstances"), ("ec2", "DescribeInstances"), ("sqs", "SendMessage"), ("cloudwatch", "PutMetricData"),
)  # fmt: skip
REST_JSON = (
    ("lambda", "CreateFunction", "POST", "/2015-03-31/functions"), ("apigatewayv2", "CreateApi", "POST", "/v2/apis"),
    ("scheduler", "CreateSchedule", "POST", "/schedules/x"), ("xray", "GetTraceSummaries", "POST", "/TraceSummaries"),
)  # fmt: skip


def _asked(service: str, operation: str, request: WireRequest, protocol_request: WireRequest | None = None) -> None:
    """The parameters of a request are read and validated, or refused in an error that can be written."""
    codec = models().codec(service, protocol_request)
    refused: ServiceError | None = None
    try:
        codec.validate(operation, codec.parse(operation, request))
    except ServiceError as error:
        refused = error
    if refused is not None:
        answer = codec.error(refused, "id", operation, request)
        assert 400 <= answer.status < 500
        assert isinstance(answer.body, bytes)


def json(data: bytes) -> None:
    if data:
        service, operation = JSON_OPERATIONS[data[0] % len(JSON_OPERATIONS)]
        _asked(service, operation, WireRequest("POST", "/", "", {}, data[1:]))


def cbor(data: bytes) -> None:
    if data:
        service, operation = CBOR_OPERATIONS[data[0] % len(CBOR_OPERATIONS)]
        headers = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
        path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
        request = WireRequest("POST", path, "", headers, data[1:])
        _asked(service, operation, request, request)


def xml(data: bytes) -> None:
    if data:
        service, operation, method, path, query = XML_OPERATIONS[data[0] % len(XML_OPERATIONS)]
        _asked(service, operation, WireRequest(method, path, query, {}, data[1:]))


def form(data: bytes) -> None:
    if data:
        service, operation = FORM_OPERATIONS[data[0] % len(FORM_OPERATIONS)]
        request = WireRequest("POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, data[1:])
        codec = models().codec(service, request)
        with contextlib.suppress(ServiceError):
            codec.operation_of(request)
        if codec.name in ("query", "ec2"):
            _asked(service, operation, request, request)


def rest(data: bytes) -> None:
    """`data`: a choice, then a query string, a header's value and a body, between line ends."""
    if data:
        service, operation, method, path = REST_JSON[data[0] % len(REST_JSON)]
        query, _, rest = data[1:].decode("latin-1").partition("\n")
        value, _, body = rest.partition("\n")
        headers = {"x-amz-invocation-type": value, "x-amz-client-context": value}
        _asked(service, operation, WireRequest(method, path, query, headers, body.encode("latin-1")))
        invoke = WireRequest("POST", "/2015-03-31/functions/f/invocations", query, headers, body.encode("latin-1"))
        _asked("lambda", "Invoke", invoke)


def routes(data: bytes) -> None:
    """A path and query of any REST service find an operation, or none."""
    if data:
        path, _, query = data[1:].decode("latin-1").partition("?")
        service = ("lambda", "apigatewayv2", "s3", "apigateway")[data[0] % 4]
        codec = models().codec(service)
        request = WireRequest(("GET", "POST", "PUT", "DELETE")[data[0] // 4 % 4], "/" + path, query, {}, b"")
        try:
            operation = codec.operation_of(request)
        except UnknownOperation:
            return
        except ServiceError:
            return
        _asked(service, operation, request)


def chunked(data: bytes) -> None:
    """A body comes to the same whether it arrives at once or in two parts."""
    if not data:
        return
    kind, at = sorted(KINDS)[data[0] % 3], data[0] // 3
    body = data[1:]
    assert _unchunked(kind, [body]) == _unchunked(kind, [body[:at], body[at:]])


def _unchunked(kind: str, parts: Sequence[bytes]) -> object:
    authorization = find_authorization({"authorization": HEADER}, "")
    assert authorization is not None
    key = SigningKeys().get("secret", authorization)
    signatures = ChunkSignatures(authorization, "20260101T000000Z", key) if kind == SIGNED else None
    fields = {"x-amz-decoded-content-length": "16", "x-amz-trailer": "x-amz-checksum-crc32"}
    chunks = ChunkedBody(kind, fields, signatures)
    try:
        found = b"".join([chunks.feed(part) for part in parts])
        return found, chunks.finish()
    except ServiceError as error:
        return type(error), error.message


def signatures(data: bytes) -> None:
    """`data`: an Authorization header, a query string, a date, a claim about the body, a path, between line ends."""
    header, query, date, claim, path = (data.decode("latin-1").split("\n", 4) + [""] * 5)[:5]
    fields = {"host": "127.0.0.1", "x-amz-date": date, "x-amz-content-sha256": claim}
    if header:
        fields["authorization"] = header
    try:
        _verify(fields, query, path)
    except ServiceError as error:
        refused = error
    else:
        return
    for service in ("s3", "iam", "dynamodb"):
        assert models().codec(service).error(refused, "id").status >= 400


def _verify(fields: dict[str, str], query: str, path: str) -> None:
    authorization = find_authorization(fields, query)
    if authorization is not None:
        timestamp = claims.check_scope_and_date(authorization, fields, NOW)
        verify_signature(
            authorization, secret="secret", method="GET", raw_path="/" + path, query_string=query, fields=fields,
            payload=claims.payload_claim(authorization, fields) or "", timestamp=timestamp, signing_keys=SigningKeys(),
        )  # fmt: skip


def policies(data: bytes) -> None:
    if not data:
        return
    kind = ("identity", "trust", "resource")[data[0] % 3]
    context = {"aws:username": ["a*?${x}"], "aws:sourceip": ["10.0.0.1"], "aws:currenttime": ["2026-01-01T00:00:00Z"]}
    try:
        policy = parse.parse(data[1:], kind=kind)  # type: ignore[arg-type]
    except PolicySyntaxError:
        return
    for statement in policy.about("s3:getobject").allows + policy.about("sts:assumerole").denies:
        statement.covers("arn:aws:s3:::bucket/a/b", context.get)


OPERATORS = (
    "StringLike", "StringEqualsIgnoreCase", "NumericLessThan", "DateGreaterThan", "Bool", "BinaryEquals", "IpAddress", "ArnLike",
    "ForAllValues:StringLike", "ForAnyValue:ArnEquals", "Null", "NumericEqualsIfExists",
)  # fmt: skip


def conditions(data: bytes) -> None:
    """`data`: an operator, then a policy's value and a request's."""
    if data:
        wanted, _, given = data[1:].decode("utf-8", "surrogateescape").partition("\n")
        with contextlib.suppress(BadValue):
            condition = compile_condition(OPERATORS[data[0] % len(OPERATORS)], "k", [wanted], variables=data[0] > 127)
            assert condition is not None
            condition.holds({"k": [given], "aws:username": [given]}.get)


def expressions(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for read in (parse_condition, parse_projection, parse_update, numbers.normalise):
        with contextlib.suppress(ExpressionError, ServiceError):
            read(text)


def statements(data: bytes) -> None:
    """A statement of PartiQL, up to the ranges that it reads of a table."""
    text = data.decode("utf-8", "replace")
    given = [{"S": "x"}, {"N": "1"}, {"SS": ["a", "b"]}, {"L": [{"NULL": True}]}]
    with contextlib.suppress(ServiceError):
        decompose(bind({"Statement": text, "Parameters": given}).condition, SCHEMA)


SCHEMA = KeySchema(Attribute("pk", "S"), Attribute("sk", "N"))


def resource_policies(data: bytes) -> None:
    """The policy of a table."""
    with contextlib.suppress(ServiceError):
        text = checked(data.decode("utf-8", "replace"), of_stream=False)
        assert checked(text, of_stream=False) == text


def route_keys(data: bytes) -> None:
    """`data`: a route key, and a path that may match it."""
    key, _, path = data.decode("utf-8", "surrogateescape").partition("\n")
    with contextlib.suppress(ServiceError):
        router = Router([(check_route_key("HTTP", key), 1), ("GET /a/{b}/c", 2), ("ANY /{proxy+}", 3)])
        router.match("GET", "/" + path)
    with contextlib.suppress(ServiceError):
        function_of(key)


def filter_patterns(data: bytes) -> None:
    """`data`: a filter pattern, and a message."""
    pattern, _, message = data.decode("utf-8", "surrogateescape").partition("\n")
    if len(pattern) <= 1024 and "%" not in pattern:  # regular expressions take the time they take
        with contextlib.suppress(ServiceError):
            compile_pattern(pattern)(message)


def timestamps(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_timestamp(data.decode("latin-1"))


def hosts(data: bytes) -> None:
    """`data`: Host, Origin and path."""
    host, origin, path = [*data.decode("latin-1").split("\n", 2), "", ""][:3]
    request = HttpRequest("GET", "/" + path, "", [("host", host), ("origin", origin)])
    guard = Guard(["https://app.example"])
    guard.refuse(request)
    guard.cors(request)


def returned(data: bytes) -> None:
    """What a function returned becomes an answer."""
    for read in (answers.payload_1, answers.payload_2):
        assert 200 <= read(data).status <= 599


def api_answers(data: bytes) -> None:
    """What a function of a REST API returned, what a mock's template made, and what an authorizer's function returned."""
    with contextlib.suppress(Refused):
        assert 200 <= proxy_answer(data, as_bytes=True).status <= 599
    with contextlib.suppress(Refused):
        mock_status(data)
    for authorizer in (
        serving.Authorizer("a", "a", "TOKEN"),
        serving.Authorizer("a", "a", "REQUEST", simple=True, payload_format="2.0"),
    ):
        with contextlib.suppress(verdicts.BadAnswer):
            verdicts.read(data, "HTTP" if authorizer.simple else "REST", authorizer)


def api_addresses(data: bytes) -> None:
    """`data`: a Host header, and a path. Whatever they are, a resource is found or none."""
    host, _, path = data.decode("latin-1").partition("\n")
    found = address(HttpRequest("GET", "/" + path, "", [("host", host)]))
    if found is not None:
        _, rest = resolve_stage(found, {"dev": serving.Stage()})
        assert rest.startswith("/")
        RESOURCES.match("GET", rest)


RESOURCES = match.Router(
    Resource(str(place), path, {"GET": Method("GET")})
    for place, path in enumerate(("/", "/a", "/a/{b}", "/{c}/d", "/a/{e+}"))
)


def api_documents(data: bytes) -> None:
    """An OpenAPI document becomes an API of both families, or is refused."""
    openapi.roles(data)
    for define in (rest_definition, http_definition):
        for base in ("ignore", "prepend", "split"):
            with contextlib.suppress(openapi.InvalidDocument, ServiceError):
                define(openapi.read(data), base)  # type: ignore[operator]


def api_mappings(data: bytes) -> None:
    """`data`: where a value goes, where it comes from, and a body. Of HTTP APIs, of REST APIs, and selections of WebSocket APIs."""
    target, source, body = (data.decode("utf-8", "replace").split("\n", 2) + [""] * 3)[:3]
    with contextlib.suppress(sources.Malformed):
        Mappings.of({target: source}, {"200": {target: source}})
    parameters.of_body(body.encode(), source.removeprefix("method.request.body."))
    parameters.of_response([("a", "b")], body.encode(), source)
    select.route_key(source, body)
    select.response_key(body[:100], ["$default", target])


def api_bodies(data: bytes) -> None:
    """A body that is compressed, in base 64, or neither."""
    for encoding in ("gzip", "deflate", "identity"):
        with contextlib.suppress(Refused):
            assert len(content.uncompressed(data, encoding, 1 << 16)) <= max(1 << 16, len(data))
    for handling in ("CONVERT_TO_TEXT", "CONVERT_TO_BINARY", None):
        with contextlib.suppress(Refused):
            content.request_body(data, data[:1] > b"a", handling)  # type: ignore[arg-type]


def api_templates(data: bytes) -> None:
    """`data`: a body, and a mapping template."""
    body, _, template = data.decode("utf-8", "replace").partition("\n")
    with contextlib.suppress(TemplateError):
        render(template, Scope(body, {"path": {"p": body}}, {"stage": "dev"}, {"v": "1"}))


def user_patterns(data: bytes) -> None:
    """`data`: a regular expression, and a text."""
    pattern, _, text = data.decode("utf-8", "replace").partition("\n")
    with contextlib.suppress(patterns.BadPattern, TimeoutError):
        patterns.compiled(pattern).fullmatch(text, timeout=0.01)


POLICY = (
    b'{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["s3:Get*","*"],"Resource":"arn:aws:s3:::b/'
    b'${aws:username}/*","Condition":{"StringLike":{"aws:username":["a*",1,true]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},'
    b'"DateLessThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}}]}'
)
TABLE_POLICY = (
    b'{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"a","Effect":"Allow","Principal":{"AWS":["111111111111"]},"Action":'
    b'["dynamodb:GetItem","dynamodb:Put*"],"Resource":"*","Condition":{"StringLike":{"aws:username":"a*"}}}]}'
)
TRUST = b'{"Statement":{"Effect":"Deny","Principal":{"AWS":["1","arn:aws:iam::111111111111:root"]},"Action":"sts:AssumeRole"}}'

TARGETS: dict[str, Target] = {
    "json": Target(
        json,
        [
            b'\x00{"TableName":"a","Item":{"id":{"S":"a"},"n":{"N":"1"},"b":{"B":"YQ=="},"l":{"L":[{"NULL":true}]}}}',
            b'\x03{"logGroupName":"g","logStreamName":"s","logEvents":[{"timestamp":1,"message":"m"}]}',
            b'\x04{"Entries":[{"Time":1.5e9,"Source":"s","Detail":"{}"}]}',
            b'\x07{"StreamName":"s","ShardId":"x","ShardIteratorType":"AT_TIMESTAMP","Timestamp":"2026-01-01T00:00:00Z"}',
        ],
    ),
    "cbor": Target(
        cbor,
        [
            b"\x00\xa2\x69Namespace\x61n\x6aMetricData\x81\xa3\x6aMetricName\x61m\x65Value\xfb\x3f\xf0\0\0\0\0\0\0\x69Timestamp\xc1\x1a\x65\0\0\0",
            b"\x01\xbf\x69StartTime\xc1\xfb\x41\xd9\0\0\0\0\0\0\xff",
            b"\x02\xa1\x69Threshold\xc2\x49\x01\0\0\0\0\0\0\0\0",
        ],
    ),
    "xml": Target(
        xml,
        [
            b'\x00<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;&#65;</Key></Object><Quiet>true</Quiet></Delete>',
            b"\x01<LifecycleConfiguration><Rule><ID>a</ID><Expiration><Date>2026-01-01T00:00:00Z</Date></Expiration></Rule></LifecycleConfiguration>",
            b'\x03<AccessControlPolicy><AccessControlList><Grant><Grantee xsi:type="CanonicalUser" xmlns:xsi="x"><ID>a</ID></Grantee>'
            b"</Grant></AccessControlList></AccessControlPolicy>",
            b'\x00<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><Delete>&d;</Delete>',
        ],
    ),
    "form": Target(
        form,
        [
            b"\x00Action=CreateRole&Version=2010-05-08&RoleName=a&Tags.member.1.Key=k&Tags.member.1.Value=%C3%A4&MaxSessionDuration=3600",
            b"\x02Action=Publish&Version=2010-03-31&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.BinaryValue=YQ==",
            b"\x04Action=RunInstances&Version=2016-11-15&InstanceId.1=a&BlockDeviceMapping.1.Ebs.VolumeSize=8&MinCount=1",
            b"\x07Action=PutMetricData&Version=2010-08-01&MetricData.member.1.Timestamp=2026-01-01T00%3A00%3A00Z&MetricData.member.1.Value=1",
        ],
    ),
    "rest": Target(
        rest,
        [
            b'\x00Qualifier=1\nEvent\n{"FunctionName":"f","Code":{"ZipFile":"YQ=="},"Timeout":3,"Environment":{"Variables":{"a":"b"}}}',
            b'\x03a=1\neyJhIjoxfQ==\n{"StartTime":1.5,"EndTime":1700000000,"Sampling":true}',
        ],
    ),
    "routes": Target(
        routes,
        [b"\x002015-03-31/functions/a%2Fb/invocations?Qualifier=1", b"\x06bucket/key/with/slashes?uploadId=1&partNumber=2"],
    ),
    "chunked": Target(
        chunked,
        [
            b"\x1e10;chunk-signature=" + b"0" * 64 + b"\r\n0123456789abcdef\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n",
            b"\x0b10\r\n0123456789abcdef\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
        ],
    ),
    "signatures": Target(
        signatures,
        [
            f"{HEADER}\n\n20260101T000000Z\n{'0' * 64}\na/../b".encode(),
            f"\n{QUERY}\n\n\n%zz//".encode(),
            f"{HEADER}\n\nThu, 01 Jan 2026 00:00:00 GMT\nUNSIGNED-PAYLOAD\n".encode(),
            f"{HEADER.replace('/s3/', '/iam/')}\na=b&a=%41\n20260101T000000Z\n\n".encode(),
        ],
    ),
    "policies": Target(policies, [b"\x00" + POLICY, b"\x01" + TRUST, b"\x02" + TRUST]),
    "conditions": Target(
        conditions,
        [
            b"\x80a*${aws:username}?\nabc", b"\x021.5e3\n12", b"\x032026-01-01T00:00:00+01:00\n1700000000", b"\x06::1/64\n::1",
            b"\x87arn:aws:s3:*:${aws:username, 'x'}\narn:aws:s3:::b", b"\x05YQ==\nYQ==",
        ],
    ),
    "expressions": Target(
        expressions,
        [
            b"attribute_not_exists(a.b[0]) AND (size(#n) > :v OR NOT begins_with(b, :w))", b"a BETWEEN :a AND :b OR c IN (:d, :e)",
            b"id, a.b[0].c, #n", b"-1.50E+10",
            b"SET a.b[0] = if_not_exists(#n, :v) + (:w), c = list_append(:l, d) REMOVE e[1], f ADD g :n DELETE h :s",
        ],
    ),
    "statements": Target(
        statements,
        [
            b"SELECT a, b.c FROM \"tab\".\"by-g\" WHERE pk IN ['x', ?] AND (sk > 1 OR n BETWEEN ? AND 3) ORDER BY sk DESC",
            b"SELECT * FROM tab WHERE (pk = 'x' AND sk = 1) OR (pk = 'y' AND NOT contains(l, 'b') = true) -- all",
            b"INSERT INTO tab VALUE {'pk': ?, 'm': {'a': [1, <<'b'>>, null, -1.5e3]}}",
            b"UPDATE tab SET n = n + 1, l = list_append(l, [?]) REMOVE a[1] SET s = set_add(s, <<'q'>>) WHERE pk = 'x' RETURNING ALL OLD *",
            b"EXISTS(SELECT * FROM tab WHERE pk = 'x' AND a IS NOT MISSING AND size(s) > 1)",
        ],
    ),
    "resource policies": Target(resource_policies, [TABLE_POLICY, TRUST, POLICY]),
    "route keys": Target(
        route_keys,
        [
            b"GET /a/{b}/{proxy+}\na/1/2/3",
            b"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:111111111111:function:f/invocations",
        ],
    ),
    "filter patterns": Target(
        filter_patterns,
        [
            b'ERROR -"a b" ?c\nERROR c', b'{ ($.a.b[0] = "x*" || $.c >= 5) && $.d NOT EXISTS && $.e IS TRUE }\n{"a":{"b":["xy"]},"c":6}',
            b'[ip, ..., status = 4* && status != 404, size > 1]\n1.1.1.1 "GET /" 400 12',
        ],
    ),
    "timestamps": Target(timestamps, [b"2026-01-01T00:00:00Z", b"Thu, 01 Jan 2026 00:00:00 GMT", b"1.7e9", b"2026-W01-1"]),
    "hosts": Target(
        hosts, [b"a.localhost:4566\nhttps://app.example\n_atoll/status", b"[::1]:80\nhttp://user@127.0.0.1\n", b"127.1\nnull\n"]
    ),
    "returned": Target(
        returned,
        [
            b'{"statusCode":200,"headers":{"a":"b"},"multiValueHeaders":{"c":["d"]},"cookies":["e"],"body":"YQ==","isBase64Encoded":true}',
            b'"text"',
        ],
    ),
    "answers of APIs": Target(
        api_answers,
        [
            b'{"statusCode":"200","headers":{"a":"b","c":1},"multiValueHeaders":{"c":["d"]},"body":"YQ==","isBase64Encoded":true}',
            b'{"principalId":"u","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"Allow",'
            b'"Resource":"arn:aws:execute-api:*"}]},"context":{"a":1,"b":null},"usageIdentifierKey":"k"}',
            b'{"isAuthorized":true,"context":{"a":[1]}}', b"{statusCode: 200}", b'{"statusCode":"%b"}' % (b"9" * 5000),
        ],
    ),
    "addresses of APIs": Target(
        api_addresses,
        [
            b"x1.execute-api.us-east-1.amazonaws.com\ndev/a/%2F/b//", b"localhost:4566\n_aws/execute-api/x1/dev/a/b",
            b"127.0.0.1\nrestapis/x1/dev/_user_request_/a/..%2f..", b"[::1]\nrestapis//_user_request_", b"a,b\n_aws/execute-api/",
        ],
    ),
    "documents of APIs": Target(
        api_documents,
        [
            b'{"openapi":"3.0.1","info":{"title":"t"},"servers":[{"url":"http://a/{basePath}","variables":{"basePath":{"default":"b"}}}],'
            b'"paths":{"/a/{b}":{"get":{"parameters":[{"$ref":"#/components/parameters/p"}],"security":[{"s":["x"]}],'
            b'"x-amazon-apigateway-integration":{"type":"http_proxy","uri":"http://x","httpMethod":"GET","payloadFormatVersion":"1.0",'
            b'"responses":{"default":{"statusCode":"200"}}},"responses":{"200":{}}}}},"components":{"parameters":{"p":{"name":"b",'
            b'"in":"path"}},"securitySchemes":{"s":{"type":"apiKey","name":"Authorization","in":"header",'
            b'"x-amazon-apigateway-authtype":"custom","x-amazon-apigateway-authorizer":{"type":"token","authorizerUri":"arn:x"}}}}}',
            b'{"openapi":"3.0.1","info":{"title":"t"},"servers":[{"url":"http://["}],"paths":{"/":{"get":{}}}}',
            b'{"swagger":"2.0","info":{"title":"t"},"basePath":"/v1/","paths":{"/a":{"x-amazon-apigateway-any-method":{"produces":["a/b"],'
            b'"parameters":[{"in":"body","name":"m","schema":{"$ref":"#/definitions/M"}}],"responses":{"200":{"schema":{"$ref":'
            b'"#/definitions/M"}}}}}},"definitions":{"M":{"type":"object"}},"x-amazon-apigateway-policy":{}}',
            b"openapi: 3.0.1\ninfo: &i {title: a}\npaths: {/x: {get: {responses: {200: *i}}}}\n",
            b'{"openapi":"3.0.1","paths":{},"x":%b}' % (b"[" * 900 + b"]" * 900),
        ],
    ),
    "mappings of APIs": Target(
        api_mappings,
        [
            b'overwrite:header.x\n${request.path.id}-$context.stage\n{"a":[1,{"b":2}]}', b"append:querystring.q\n$request.body.a[0].b\n{}",
            b"overwrite:path\n/x/${request.header.y}\n", b'/2\\d+/\n$request.body.a["b"][1]\n{"a":{"b":[1,2]}}',
            b"/(a+)+b/\n$request.body.a[%b]\n[1]" % (b"9" * 5000),
        ],
    ),
    "bodies of APIs": Target(
        api_bodies,
        [b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xffKL\x1c\x05\xa3`\x14\x0c\x15\x00\x00", b"YWJjZGVm", b"x\x9cKLJ\x06\x00\x02M\x01'"],
    ),
    "templates of APIs": Target(
        api_templates,
        [
            b'{"a":[1,{"b":"x"}]}\n#set($r = $input.path("$.a"))#foreach($e in $r)$foreach.index:$e.b,#end$input.json("$..b")',
            b'x\n#if($input.params("p") == "1" && !$context.x)$util.escapeJavaScript($input.body)#{else}$util.base64Encode("a")#end',
            b'{}\n#macro(m $a)$!a.replaceAll("(a)", "$1")#end#m("x")#set($context.responseOverride.status = 404)',
        ],
    ),
    "patterns of users": Target(
        user_patterns, [b"^[0-9a-f]{8}-(a|b{2,3})+$\n0123abcd-abb", b"((a{99}){9}){9}\naaa", b"(?i)(?:x|\\p{L}{2})*\nxX", b"(a+)+b\naaaa"],
    ),
}  # fmt: skip
