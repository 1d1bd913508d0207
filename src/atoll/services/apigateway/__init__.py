"""API Gateway v1: REST APIs. What their users are answered is in `api_runtime`; HTTP and WebSocket APIs are `services/apigatewayv2`'s.

docs: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations_Amazon_API_Gateway.html
"""

from __future__ import annotations

from atoll.api_runtime.rest_api.trial import open_trials
from atoll.kernel.service import Service
from atoll.services.apigateway import (
    account,
    apis,
    authorizers,
    deployments,
    gateway_responses,
    integration_responses,
    integrations,
    method_responses,
    methods,
    models,
    resources,
    stages,
    tags,
    test_invoke_method,
    validators,
)

SERVICE = Service(
    "apigateway",
    [
        account,
        apis,
        authorizers,
        deployments,
        gateway_responses,
        integration_responses,
        integrations,
        method_responses,
        methods,
        models,
        resources,
        stages,
        tags,
        test_invoke_method,
        validators,
    ],
    runtime=open_trials,
    refused={
        "FlushStageCache": "answers are not cached, so that there is nothing to flush",
    },
)
