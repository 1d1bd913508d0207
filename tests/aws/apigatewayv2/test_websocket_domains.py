"""WebSocket APIs behind custom domain names."""

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
