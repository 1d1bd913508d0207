"""Stages as their callers see them: deployments as snapshots, stage variables, endpoints that are off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_stages_run_their_own_deployments_and_variables(rest: Any) -> None:
    rest.mock("/", answer="one $stageVariables.name $stageVariables.none.")
    rest.deploy("a", variables={"name": "A"})
    rest.deploy("b", variables={"name": "B"})
    assert (rest("/", stage="a").text, rest("/", stage="b").text) == ("one A .", "one B .")
    rest.client.update_stage(
        restApiId=rest.id,
        stageName="a",
        patchOperations=[{"op": "replace", "path": "/variables/name", "value": "changed"}],
    )
    assert rest("/", stage="a").text == "one changed ."


def test_going_back_to_an_earlier_deployment(rest: Any) -> None:
    rest.mock("/", answer="one")
    first = rest.deploy()
    rest.mock("/two", answer="two")
    rest.deploy()
    assert rest("/two").text == "two"
    rest.client.update_stage(
        restApiId=rest.id,
        stageName="dev",
        patchOperations=[{"op": "replace", "path": "/deploymentId", "value": first}],
    )
    assert rest("/two").status_code == 403
    assert rest("/").text == "one"


def test_a_deleted_stage_and_a_deleted_api_answer_nothing(rest: Any) -> None:
    rest.mock("/", answer="one")
    rest.deploy()
    rest.client.delete_stage(restApiId=rest.id, stageName="dev")
    assert (rest("/").status_code, rest("/").text) == (403, '{"message":"Forbidden"}')
    rest.client.delete_rest_api(restApiId=rest.id)
    assert rest("/").status_code == 403


def test_the_default_endpoint_can_be_off(new_rest: Callable[..., Any]) -> None:
    rest = new_rest(disableExecuteApiEndpoint=True)
    rest.mock("/", answer="one")
    rest.deploy()
    assert (rest("/").status_code, rest("/").text) == (403, '{"message":"Forbidden"}')


def test_trailing_slashes_and_encoded_segments(rest: Any) -> None:
    rest.mock("/pets/{id}", answer="$input.params('id') $context.path")
    rest.deploy()
    assert rest("/pets/a%20b/").text == "a%20b /dev/pets/a%20b/"
    assert rest("/p%65ts/7").text == "7 /dev/p%65ts/7"


def test_the_paths_that_localstacks_clients_use(rest: Any, http: Any) -> None:
    rest.mock("/pets", answer="ok")
    rest.deploy()
    assert http.get(f"{rest.endpoint}/restapis/{rest.id}/dev/_user_request_/pets").text == "ok"
