"""AWS service integrations of HTTP APIs: mapped parameters become an operation's input, under the integration's role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from visits import visit

from atoll.api_runtime import serving
from atoll.api_runtime.http_api.services import ACTIONS, call, request_of
from atoll.api_runtime.http_api.sources import parse
from atoll.api_runtime.integrate.roles import SESSION_NAME, Roles
from atoll.api_runtime.refused import Refused
from atoll.kernel.clock import Clock
from atoll.kernel.errors import ServiceError
from atoll.kernel.http import HttpResponse
from atoll.kernel.tracing import Span

ROLE = "arn:aws:iam::123456789012:role/sender"


class QueueDoesNotExist(ServiceError):
    pass


@dataclass
class Region:
    """Stands in for a context: SQS answers as it is told."""

    answer: Any = field(default_factory=lambda: {"MessageId": "m1", "MD5OfMessageAttributes": None})
    calls: list[tuple[str, str, Any, str]] = field(default_factory=list)
    account: str = "123456789012"
    region: str = "us-east-1"
    clock: Clock = field(default_factory=Clock)
    span: Span = field(default_factory=lambda: Span("", ""))

    def derive(self, **changes: Any) -> Region:
        self.region = changes.get("region", self.region)
        return self

    def offers(self, service: str, _operation: str) -> bool:
        return service == "sqs"

    async def call(self, service: str, operation: str, request: Any, *, principal: Any) -> Any:
        self.calls.append((service, operation, request, principal.arn))
        if service == "sts":
            arn = "arn:aws:sts::123456789012:assumed-role/sender/s"
            return {
                "AssumedRoleUser": {"Arn": arn, "AssumedRoleId": "AROA:s"},
                "Credentials": {"AccessKeyId": "ASIA", "Expiration": self.clock.now() + 3600},
            }
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def send(region: Region, subtype: str = "SQS-SendMessage", **parameters: str) -> HttpResponse:
    integration = serving.Integration("", "1.0", 30.0, subtype=subtype, credentials=ROLE)
    seen = visit(ctx=cast(Any, region), body=b'{"text":"hi"}')
    inputs = {name: parse(value) for name, value in parameters.items()}
    return await call(Roles(region.clock), seen, integration, inputs)


async def test_the_role_sends_what_was_mapped() -> None:
    region = Region()
    answer = await send(
        region,
        QueueUrl="https://q/1",
        MessageBody="$request.body.text",
        DelaySeconds="5",
        MessageGroupId="$request.header.none",
    )
    assert (answer.status, answer.body) == (200, b'{"MessageId":"m1"}')
    (_, _, assumed, asker), (*sent, sender) = region.calls
    assert (assumed, asker) == ({"RoleArn": ROLE, "RoleSessionName": SESSION_NAME}, "apigateway.amazonaws.com")
    request = {"QueueUrl": "https://q/1", "MessageBody": "hi", "DelaySeconds": 5}
    assert (sent, sender) == (["sqs", "SendMessage", request], "arn:aws:sts::123456789012:assumed-role/sender/s")


async def test_another_region() -> None:
    region = Region()
    await send(region, QueueUrl="q", MessageBody="b", Region="eu-west-1")
    assert region.region == "eu-west-1"


async def test_the_services_errors_come_back() -> None:
    answer = await send(Region(QueueDoesNotExist("no such queue")), QueueUrl="q", MessageBody="b")
    assert (answer.status, answer.body) == (400, b'{"__type":"QueueDoesNotExist","message":"no such queue"}')


@pytest.mark.parametrize("subtype", ["StepFunctions-StartExecution", "EventBridge-PutEvents", "Nothing-AtAll"])
async def test_what_the_region_does_not_offer_is_refused(subtype: str) -> None:
    region = Region()
    with pytest.raises(Refused, match="INTEGRATION_FAILURE"):
        await send(region, subtype)
    assert region.calls == []


def test_what_nests_too_deep_to_be_json_is_left_to_the_operation() -> None:
    """It may be the client's own text (`$request.body.a`)."""
    action = next(each for each in ACTIONS.values() if each.parsed)
    assert request_of(action, {action.parsed[0]: "[" * 100_000}) in (
        {action.parsed[0]: "[" * 100_000}, {action.entries: [{action.parsed[0]: "[" * 100_000}]}
    )  # fmt: skip


def test_events_are_entries() -> None:
    given = {"Detail": '{"a":1}', "DetailType": "t", "Source": "s", "Resources": '["r"]'}
    assert request_of(ACTIONS["EventBridge-PutEvents"], given) == {
        "Entries": [{"Detail": '{"a":1}', "DetailType": "t", "Source": "s", "Resources": ["r"]}]
    }


async def test_a_session_is_kept_until_shortly_before_its_end() -> None:
    region = Region()
    roles = Roles(region.clock)
    for _ in range(3):
        await roles.session(cast(Any, region), ROLE)
    assert len(region.calls) == 1
    await region.clock.advance(3550)
    await roles.session(cast(Any, region), ROLE)
    assert len(region.calls) == 2
