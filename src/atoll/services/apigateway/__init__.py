"""API Gateway v1: REST APIs. What their users are answered is in `api_runtime`; HTTP and WebSocket APIs are `services/apigatewayv2`'s.

docs: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations_Amazon_API_Gateway.html
"""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.apigateway import account

SERVICE = Service("apigateway", [account])
