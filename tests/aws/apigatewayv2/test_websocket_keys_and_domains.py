"""WebSocket APIs behind API keys, and behind custom domain names."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .sockets import Sockets, asked
from .test_domain_names import CONFIGURATION


@pytest.fixture
def api(region: Any, account: str) -> Sockets:
    """An API whose `$default` route answers with its event."""
    made = Sockets(region, account).make()
    made.route("$default", two_way=True)
    return made


def test_connections_need_a_good_api_key_where_connect_asks_for_one(api: Sockets) -> None:
    """The keys and usage plans are those of REST APIs."""
    api.route("$connect", ApiKeyRequired=True)
    keys = api.client("apigateway")
    stages = [{"apiId": api.api_id, "stage": "dev"}]
    plan = keys.create_usage_plan(name="p", apiStages=stages, quota={"limit": 1, "period": "MONTH"})["id"]
    key = keys.create_api_key(name="k", enabled=True)

    def refused(**headers: str) -> int:
        with pytest.raises(InvalidStatus) as caught, api.connect(additional_headers=headers):
            pass
        status: int = caught.value.response.status_code
        return status

    good = {"x-api-key": key["value"]}
    assert refused() == refused(**good) == 403  # the key is in no plan yet
    keys.create_usage_plan_key(usagePlanId=plan, keyId=key["id"], keyType="API_KEY")
    with api.connect(additional_headers=good) as client:
        assert asked(client, {"action": "x"})["requestContext"]["eventType"] == "MESSAGE"
    assert refused(**good) == 429  # the quota is used up


def test_a_custom_domain_name_leads_to_a_websocket_api(api: Sockets, account: str, aws_error: Any) -> None:
    management, name = api.client("apigatewayv2"), f"ws.a{account}.example"
    management.create_domain_name(DomainName=name, DomainNameConfigurations=[CONFIGURATION])
    management.create_api_mapping(DomainName=name, ApiId=api.api_id, Stage="dev", ApiMappingKey="chat")
    address = ("127.0.0.1", api.region.port)
    with socket.create_connection(address) as raw, connect(f"ws://{name}/chat", sock=raw, proxy=None) as client:
        context = asked(client, {"action": "x"})["requestContext"]
        assert (context["domainName"], context["stage"], context["apiId"]) == (name, "dev", api.api_id)
    with (
        socket.create_connection(address) as raw,
        pytest.raises(InvalidStatus),
        connect(f"ws://{name}/other", sock=raw, proxy=None),
    ):
        pass
    http = management.create_api(Name="h", ProtocolType="HTTP")["ApiId"]
    management.create_stage(ApiId=http, StageName="$default")
    mixed = aws_error(lambda: management.create_api_mapping(DomainName=name, ApiId=http, Stage="$default"))
    assert mixed[0] == "BadRequestException"
