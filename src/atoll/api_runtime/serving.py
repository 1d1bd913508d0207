"""What the data plane reads: the records that say how an API is served, written by the services that define APIs.

Per API there is one small record, found by its id alone: whose it is and what each stage runs. What a stage runs is a *snapshot* of routes
and integrations, taken by a deployment and never changed afterwards; its id is drawn anew each time, so that compiled snapshots can be
kept by it without ever being stale.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, Range, under
from atoll.kernel.records import Codec
from atoll.kernel.store.api import Reader


class Cors(msgspec.Struct, frozen=True, omit_defaults=True):
    """The CORS configuration of an HTTP API; None where a member is not configured. `max_age` is in seconds.

    docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """

    allow_credentials: bool | None = None
    allow_headers: tuple[str, ...] | None = None
    allow_methods: tuple[str, ...] | None = None
    allow_origins: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] | None = None
    max_age: int | None = None


class LambdaIntegration(msgspec.Struct, frozen=True):
    """Invokes `function` (its ARN, which may hold `${stageVariables.NAME}`) and waits `timeout` seconds."""

    function: str
    payload_format: Literal["1.0", "2.0"]
    timeout: float


class RouteTarget(msgspec.Struct, frozen=True):
    """A route key (`GET /pets/{id}`, `ANY /{proxy+}`, `$default`) and the place of its integration in the snapshot."""

    key: str
    integration: int


class Snapshot(msgspec.Struct, frozen=True):
    """What a deployment took: everything that answers requests, apart from the stage's own settings."""

    routes: tuple[RouteTarget, ...]
    integrations: tuple[LambdaIntegration, ...]
    cors: Cors | None = None
    endpoint_disabled: bool = False


class Stage(msgspec.Struct, frozen=True):
    """What a stage runs: a snapshot's id ("" before the first deployment) and the stage variables."""

    snapshot: str = ""
    variables: dict[str, str] = {}


class Api(msgspec.Struct, frozen=True):
    """Whose API this is and its stages by name."""

    account: str
    region: str
    stages: dict[str, Stage]


APIS = Codec(Api)
SNAPSHOTS = Codec(Snapshot, memo=16)


PREFIX: Key = (GLOBAL_ACCOUNT, "", "apigateway", "apis")


def api_key(api_id: str) -> Key:
    """Where an API's record lies, whoever owns it."""
    return (*PREFIX, api_id)


def owner(_tx: Reader, _key: Key, raw: bytes) -> str:
    """The account that owns an API."""
    return APIS.decode(raw).account


def snapshot_key(account: str, region: str, api_id: str, snapshot: str) -> Key:
    """Where a snapshot lies."""
    return (account, region, "apigateway", "snapshots", api_id, snapshot)


def snapshots(account: str, region: str, api_id: str) -> Range:
    """All snapshots of an API."""
    return under((account, region, "apigateway", "snapshots", api_id))
