"""AWS Lambda: the API of functions. What runs them is `atoll.lambda_runtime`; `running.py` joins the two.

docs: https://docs.aws.amazon.com/lambda/latest/api/
"""

from __future__ import annotations

from atoll.kernel.service import Service, Shared
from atoll.services.lambda_ import account, permissions, tags
from atoll.services.lambda_.concurrency import provisioned, provisioning, reserved
from atoll.services.lambda_.functions import code_signing, create_function, functions, update_function
from atoll.services.lambda_.invocation import invoke, invoke_with_response_stream
from atoll.services.lambda_.running import open_running
from atoll.services.lambda_.store import PROVISIONED
from atoll.services.lambda_.versions import aliases, versions

_NO_PROVIDERS = "it is of functions on capacity providers, which Atoll does not have"
REFUSED = {"GetFunctionScalingConfig": _NO_PROVIDERS, "PutFunctionScalingConfig": _NO_PROVIDERS}

SERVICE = Service(
    "lambda",
    [
        create_function,
        update_function,
        functions,
        code_signing,
        versions,
        aliases,
        invoke,
        invoke_with_response_stream,
        reserved,
        provisioned,
        permissions,
        tags,
        account,
    ],
    runtime=open_running,
    shared=[Shared(PROVISIONED, provisioning.owner)],
    refused=REFUSED,
)
