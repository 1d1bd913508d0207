"""AWS Lambda: the API of functions. What runs them is `atoll.lambda_runtime`; `running.py` joins the two.

docs: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.lambda_ import account, permissions, tags
from atoll.services.lambda_.concurrency import reserved
from atoll.services.lambda_.event_sources import create_event_source_mapping, event_source_mappings, store
from atoll.services.lambda_.event_sources.pollers import open_polling
from atoll.services.lambda_.functions import code_signing, create_function, functions, update_function
from atoll.services.lambda_.invocation import event_invoke_config, invoke, invoke_async, invoke_with_response_stream
from atoll.services.lambda_.invocation.events import DELIVERIES
from atoll.services.lambda_.versions import aliases, publish, versions

SERVICE = Service(
    "lambda",
    [
        create_function,
        update_function,
        functions,
        code_signing,
        publish,
        versions,
        aliases,
        invoke,
        invoke_with_response_stream,
        invoke_async,
        event_invoke_config,
        reserved,
        create_event_source_mapping,
        event_source_mappings,
        permissions,
        tags,
        account,
    ],
    deliveries=DELIVERIES,
    runtime=open_polling,
    shared=[Shared(store.INDEX, store.owner)],
)
