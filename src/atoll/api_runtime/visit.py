"""A visit: one request on its way through an API. Each step writes what it found out, and reads only what an earlier one wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from atoll.api_runtime import serving
from atoll.api_runtime.event import Arrival
from atoll.api_runtime.refused import Refused
from atoll.kernel.context import Context, Principal
from atoll.kernel.http import HttpRequest


class Caller(msgspec.Struct, frozen=True):
    """Who calls, as the route's guard found out.

    AWS_IAM: `principal` signed. CUSTOM: `principal_id` and `context` are what the authorizer's function answered, `usage_key` the API key
    that it named. JWT and COGNITO_USER_POOLS: `context` are the token's claims, `scopes` those of the token that the route asks for.
    """

    kind: serving.AuthorizationType = "NONE"
    principal: Principal | None = None
    principal_id: str = ""
    context: Mapping[str, Any] = {}
    scopes: tuple[str, ...] | None = None
    usage_key: str | None = None


NOBODY = Caller()
"""Whoever calls a route that asks for nobody in particular."""


class Outcome(msgspec.Struct):
    """What a step came to, for access logs: its status, milliseconds, the id of the request it made, and what went wrong.

    Of a function, `status` is the one that it answered, `call_status` and `call_latency` are of the call: Lambda's.
    """

    status: int | None = None
    latency: int | None = None
    request_id: str | None = None
    error: str | None = None
    call_status: int | None = None
    call_latency: int | None = None


class Visit(msgspec.Struct):
    """`ctx` acts as API Gateway for the API's account, in the name of no route; `path` is undecoded, begins with / and has neither the
    stage nor a domain's base path in front; `time` is region time in seconds; `began` is of `clock.monotonic()`."""

    ctx: Context
    request: HttpRequest
    api_id: str
    api: serving.Api
    stage: str
    settings: serving.Stage
    path: str
    domain: str
    """The host that events name."""
    request_id: str
    extended_id: str
    """REST APIs have two ids for a request: this is the shorter one; elsewhere both are the same."""
    trace_id: str
    time: float
    began: float
    base_path: str = ""
    """Of a custom domain name's mapping, without slashes."""
    custom_domain: bool = False
    """Whether the request came by a custom domain name: events then show the path as it was sent, with the base path in front."""
    stage_named: bool = False
    """Whether the path named the stage behind a custom domain name's base path, as it must where the mapping has none."""
    variables: Mapping[str, str] = {}
    # match
    route_key: str = ""
    """`GET /pets/{id}` as its owner wrote it, also of REST APIs; `$default`, or a WebSocket API's route."""
    resource_id: str = ""
    parameters: Mapping[str, str] = {}
    """Path variables, decoded as this kind of API does."""
    # authorize
    caller: Caller = NOBODY
    authorizer: Outcome = msgspec.field(default_factory=Outcome)
    api_key: str = ""
    api_key_id: str = ""
    """The API key that a route asked for, once it is known to be a good one."""
    authenticate: Outcome | None = None
    authorize: Outcome | None = None
    """Of AWS_IAM: who signed, and whether they may."""
    # integrate
    integration: Outcome = msgspec.field(default_factory=Outcome)
    # answer
    refused: Refused | None = None
    error: str | None = None
    """The message that the client got in place of an integration's answer."""
    status: int = 0
    response_length: int = 0
    latency: int | None = None
    """Milliseconds from the request to its answer."""
    further: dict[str, Any] = {}
    """`$context` variables that only this kind of API has, by their names (`connectionId`)."""
    log: list[str] | None = None
    """The lines of a WebSocket API's execution log, None where nobody reads it."""

    @property
    def arn_prefix(self) -> str:
        """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/`."""
        return f"arn:aws:execute-api:{self.api.region}:{self.api.account}:{self.api_id}/{self.stage}/"

    @property
    def source_arn(self) -> str:
        """What API Gateway calls for: `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/route/path`, or `…/STAGE/$default`; of a
        WebSocket API `…/STAGE/ROUTE`.

        docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
        """
        if self.route_key == "$default" or self.api.kind == "WEBSOCKET":
            return self.arn_prefix + self.route_key
        return self.arn_prefix + self.request.method + self.route_key.partition(" ")[2]

    @property
    def front(self) -> str:
        """What events show before the path: a custom domain name's base path, the stage if the caller named it and it is not `$default`."""
        stage = self.stage.removeprefix("$default") if self.stage_named or not self.custom_domain else ""
        return "".join(f"/{shown}" for shown in (self.base_path, stage) if shown)

    def acting(self, source_arn: str) -> Principal:
        """API Gateway, which acts for `source_arn`: what a function's policy is asked about."""
        return Principal.service(serving.SERVICE_HOST, self.api.account, source_arn)

    def arrival(self) -> Arrival:
        """What events are built from."""
        return Arrival(
            request=self.request, account=self.api.account, region=self.api.region, api_id=self.api_id, stage=self.stage,
            variables=self.variables, route_key=self.route_key, path=self.path, parameters=self.parameters,
            request_id=self.request_id, trace_id=self.trace_id, time=self.time, domain=self.domain, front=self.front,
        )  # fmt: skip
