"""Event source mappings as terraform makes, changes, imports and removes them: it waits on their states."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.aws.lambda_.conftest import package

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_a_fed_function(stack: Callable[[str], Stack]) -> None:
    fed = stack("fed-function")
    (fed.directory / "fn.zip").write_bytes(package("def handler(event, context):\n    return None\n"))
    assert "Apply complete! Resources: 6 added, 0 changed, 0 destroyed." in fed.apply().stdout
    functions = fed.region.client("lambda")
    (mapping,) = (
        one for one in functions.list_event_source_mappings()["EventSourceMappings"] if "StartingPosition" in one
    )
    assert (mapping["State"], mapping["BatchSize"]) == ("Enabled", 10)
    fed.region.client("dynamodb").put_item(TableName="source", Item={"id": {"S": "1"}})
    deadline = time.monotonic() + 60
    while functions.get_event_source_mapping(UUID=mapping["UUID"])["LastProcessingResult"] != "OK":
        assert time.monotonic() < deadline
        time.sleep(0.05)

    fed.edit("main.tf", "step = 0", "step = 1")
    fed.apply()
    after = functions.get_event_source_mapping(UUID=mapping["UUID"])
    assert (after["State"], after["BatchSize"], after["ParallelizationFactor"]) == ("Disabled", 20, 2)
    assert after["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName":["REMOVE"]}'}]}
    assert functions.list_tags(Resource=after["EventSourceMappingArn"])["Tags"] == {"step": "1"}

    address = "aws_lambda_event_source_mapping.stream"
    fed.run("state", "rm", address)
    (fed.directory / "import.tf").write_text(f'import {{\n  to = {address}\n  id = "{mapping["UUID"]}"\n}}\n')
    assert "Resources: 1 imported, 0 added, 0 changed, 0 destroyed." in fed.apply().stdout

    fed.destroy()
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
