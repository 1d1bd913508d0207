"""AWS Lambda: the API of functions. What runs them is `atoll.lambda_runtime`; `running.py` joins the two.

docs: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.lambda_.concurrency import provisioning
from atoll.services.lambda_.event_sources import store as event_source_store
from atoll.services.lambda_.event_sources.pollers import open_polling
from atoll.services.lambda_.invocation.events import DELIVERIES
from atoll.services.lambda_.store import PROVISIONED
from atoll.services.lambda_.urls import store as url_store

_MODULES = (
    "account",
    "permissions",
    "tags",
    "concurrency.provisioned",
    "concurrency.reserved",
    "event_sources.create_event_source_mapping",
    "event_sources.event_source_mappings",
    "functions.code_signing",
    "functions.code_signing_configs",
    "functions.create_function",
    "functions.functions",
    "functions.recursion",
    "functions.runtime_management",
    "functions.update_function",
    "invocation.event_invoke_config",
    "invocation.invoke",
    "invocation.invoke_async",
    "invocation.invoke_with_response_stream",
    "layers.layers",
    "layers.permissions",
    "layers.publish_layer_version",
    "urls.configs",
    "versions.aliases",
    "versions.versions",
)
"""Loaded when the first request comes: they are many."""

_NO_PROVIDERS = "it is of functions on capacity providers, which Atoll does not have"
REFUSED = {"GetFunctionScalingConfig": _NO_PROVIDERS, "PutFunctionScalingConfig": _NO_PROVIDERS}

SERVICE = Service(
    "lambda",
    [f"{__name__}.{module}" for module in _MODULES],
    runtime=open_polling,
    shared=[
        Shared(url_store.PREFIX, url_store.owner),
        Shared(event_source_store.INDEX, event_source_store.owner),
        Shared(PROVISIONED, provisioning.owner),
    ],
    refused=REFUSED,
    deliveries=DELIVERIES,
)
