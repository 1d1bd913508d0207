"""The services of the region, one line each. Adding one: docs/adding-a-service.md."""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services import apigateway, apigatewayv2, cognito_identity, cognito_idp, dynamodb, iam, lambda_, logs, sts

SERVICES: tuple[Service, ...] = (
    apigateway.SERVICE,
    apigatewayv2.SERVICE,
    cognito_identity.SERVICE,
    cognito_idp.SERVICE,
    dynamodb.SERVICE,
    dynamodb.STREAMS,
    iam.SERVICE,
    lambda_.SERVICE,
    logs.SERVICE,
    sts.SERVICE,
)
