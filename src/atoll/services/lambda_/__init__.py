"""AWS Lambda: the API of functions. What runs them is `atoll.lambda_runtime`; `running.py` joins the two.

docs: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from atoll.kernel.service import Service
from atoll.services.lambda_ import (
    account,
    code_signing,
    concurrency,
    create_function,
    functions,
    invoke,
    invoke_with_response_stream,
    permissions,
    tags,
    update_function,
    versions,
)
from atoll.services.lambda_.running import open_running

SERVICE = Service(
    "lambda",
    [
        create_function,
        update_function,
        functions,
        versions,
        invoke,
        invoke_with_response_stream,
        permissions,
        concurrency,
        tags,
        code_signing,
        account,
    ],
    runtime=open_running,
)
