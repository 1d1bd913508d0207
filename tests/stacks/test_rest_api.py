"""A REST API with everything that Terraform can say of one: applied, planned again, changed in place, destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_a_rest_api_is_applied_planned_again_changed_and_destroyed(stack: Callable[[str], Stack]) -> None:
    pets = stack("rest-api")
    pets.apply()
    rest = pets.region.client("apigateway")
    by_name = {one["name"]: one["id"] for one in rest.get_rest_apis()["items"]}
    api = by_name["pets"]

    def described(path: str) -> tuple[int, str]:
        url = f"{pets.region.endpoint}/_aws/execute-api/{by_name['described']}/live{path}"
        answer = httpx.get(url, trust_env=False)
        return answer.status_code, answer.text

    assert described("/hello") == (200, "hello!")
    first = rest.get_stage(restApiId=api, stageName="live")
    assert {key: value["throttlingRateLimit"] for key, value in first["methodSettings"].items()} == {
        "*/*": 100.0,
        "pets/POST": 5.0,
        "pets/{id}/GET": -1.0,  # Terraform says so of what is not limited
    }
    caching = first["methodSettings"]["pets/{id}/GET"]
    assert (caching["cachingEnabled"], caching["cacheTtlInSeconds"], first["cacheClusterStatus"]) == (
        True, 60, "AVAILABLE",
    )  # fmt: skip
    assert pets.plan_is_empty()

    pets.edit("main.tf", 'greeting = "hello"', 'greeting = "ciao"')
    pets.edit("main.tf", "percent_traffic          = 12.5", "percent_traffic          = 50")
    pets.edit("main.tf", 'path_part   = "pets"', 'path_part   = "animals"')
    pets.edit("main.tf", '"method.request.header.X-Trace" = false, ', "")
    pets.edit("main.tf", 'team = "pets"', 'team = "animals"')
    pets.edit("main.tf", "cache_ttl_in_seconds                       = 60", "cache_ttl_in_seconds = 0")
    pets.edit("main.tf", 'cache_cluster_size    = "0.5"', 'cache_cluster_size = "1.6"')
    pets.apply()
    second = rest.get_stage(restApiId=api, stageName="live")
    assert second["deploymentId"] != first["deploymentId"]
    assert second["variables"]["greeting"] == "ciao"
    assert [one["id"] for one in rest.get_deployments(restApiId=api)["items"]] == [second["deploymentId"]]
    assert [described(path) for path in ("/hello", "/ciao")] == [(200, "hello!"), (200, "ciao!")]  # merged
    assert pets.plan_is_empty()
    pets.destroy()
    assert rest.get_rest_apis()["items"] == []
