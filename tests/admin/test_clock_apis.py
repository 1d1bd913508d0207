"""Moving region time under everything of API Gateway that waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.aws.apigateway.mock_api import call, mock_api, plan_with_key
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

if TYPE_CHECKING:
    from tests.admin.conftest import Owner


def test_a_jump_of_months_settles_what_apis_wait_for(owner: Owner, post: Any) -> None:
    """Quotas begin anew, throttles are full again, connections end; nothing is left that was due on the way."""
    gateway, sockets = owner.client("apigateway"), owner.client("apigatewayv2")
    api = mock_api(gateway)
    throttle, quota = {"rateLimit": 0.001, "burstLimit": 2}, {"limit": 2, "period": "MONTH"}
    *_, value = plan_with_key(gateway, api, throttle=throttle, quota=quota)
    chat = sockets.create_api(Name="chat", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")[
        "ApiId"
    ]
    sockets.create_stage(ApiId=chat, StageName="dev", AutoDeploy=True)
    integration = sockets.create_integration(ApiId=chat, IntegrationType="MOCK")["IntegrationId"]
    sockets.create_route(ApiId=chat, RouteKey="$default", Target=f"integrations/{integration}")

    assert [call(owner.region, api, value).status_code for _ in range(3)] == [200, 200, 429]
    url = f"ws://127.0.0.1:{owner.region.port}/_aws/execute-api/{chat}/dev"
    with connect(url, proxy=None) as client:
        assert post("clock", {"advance": "200d"}).status_code == 200
        with pytest.raises(ConnectionClosed):
            client.recv(timeout=20)
        assert client.close_code == 1001
    assert [call(owner.region, api, value).status_code for _ in range(3)] == [200, 200, 429]
    assert httpx.get(f"{owner.region.endpoint}/_atoll/clock").json()["due"] == []
