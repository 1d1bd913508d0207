"""AWS Lambda: the API of functions. What runs them is `atoll.lambda_runtime`; `running.py` joins the two.

docs: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.lambda_ import account, permissions, tags
from atoll.services.lambda_.concurrency import reserved
from atoll.services.lambda_.event_sources import create_event_source_mapping, event_source_mappings
from atoll.services.lambda_.event_sources import store as event_source_store
from atoll.services.lambda_.event_sources.pollers import open_polling
from atoll.services.lambda_.functions import (
    code_signing,
    code_signing_configs,
    create_function,
    functions,
    recursion,
    runtime_management,
    update_function,
)
from atoll.services.lambda_.invocation import event_invoke_config, invoke, invoke_async, invoke_with_response_stream
from atoll.services.lambda_.invocation.events import DELIVERIES
from atoll.services.lambda_.layers import layers, publish_layer_version
from atoll.services.lambda_.layers import permissions as layer_permissions
from atoll.services.lambda_.urls import configs as url_configs
from atoll.services.lambda_.urls import store as url_store
from atoll.services.lambda_.versions import aliases, versions

SERVICE = Service(
    "lambda",
    [
        create_function,
        update_function,
        functions,
        code_signing,
        code_signing_configs,
        recursion,
        runtime_management,
        publish_layer_version,
        layers,
        layer_permissions,
        versions,
        aliases,
        invoke,
        invoke_with_response_stream,
        invoke_async,
        event_invoke_config,
        reserved,
        url_configs,
        create_event_source_mapping,
        event_source_mappings,
        permissions,
        tags,
        account,
    ],
    deliveries=DELIVERIES,
    runtime=open_polling,
    shared=[
        Shared(url_store.PREFIX, url_store.owner),
        Shared(event_source_store.INDEX, event_source_store.owner),
    ],
)
