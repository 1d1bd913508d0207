"""botocore's data is read before there are functions; they notice it by the clock only."""

from __future__ import annotations

import json

import pytest
from harness import Harness

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_sessions_share_no_more_than_elsewhere(harness: Harness) -> None:
    source = """
import botocore.session
def handler(event, context):
    one, two = (botocore.session.get_session().get_component("data_loader") for _ in range(2))
    found = []
    for name in ("sqs", "kinesis"):
        first, second = (loader.load_service_model(name, "service-2") for loader in (one, two))
        found.append([first == second, first is second, first is one.load_service_model(name, "service-2")])
    services = one.list_available_services("service-2")
    services.clear()
    return [found, len(two.list_available_services("service-2")) > 300]
"""
    assert await harness.run(source) == [[[True, False, True], [True, False, True]], True]


async def test_what_one_function_changes_no_other_sees(harness: Harness) -> None:
    source = """
import botocore.session
def handler(event, context):
    model = botocore.session.get_session().get_component("data_loader").load_service_model("sqs", "service-2")
    before = model["metadata"]["serviceId"]
    model["metadata"]["serviceId"] = "changed"
    return before
"""
    assert [await harness.run(source) for _ in range(2)] == ["SQS", "SQS"]


async def test_a_function_s_own_models_are_found(harness: Harness) -> None:
    model = {
        "version": "2.0",
        "metadata": {
            "apiVersion": "2020-01-01", "endpointPrefix": "mine", "protocol": "json", "serviceFullName": "Mine", "serviceId": "Mine",
        },
        "operations": {"Do": {"name": "Do", "http": {"method": "POST", "requestUri": "/"}}},
        "shapes": {},
    }  # fmt: skip
    source = {
        "models/mine/2020-01-01/service-2.json": json.dumps(model),
        "lambda.py": """
import boto3
def handler(event, context):
    names = boto3.Session().get_available_services()
    return ["mine" in names, "sqs" in names, boto3.client("mine", endpoint_url="http://localhost").meta.service_model.operation_names]
""",
    }
    function = harness.function(source, environment={"AWS_DATA_PATH": "/var/task/models"})
    assert json.loads((await harness.invoke(function)).payload) == [True, True, ["Do"]]
