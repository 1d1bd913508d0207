"""API keys, usage plans, domain names, mappings, documentation, certificates and the account: applied, changed, destroyed by terraform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_apply_call_change_and_destroy(stack: Callable[[str], Stack]) -> None:
    shop = stack("api-keys-and-domains")
    shop.apply()
    assert shop.plan_is_empty()

    def get(path: str, key: str | None) -> httpx.Response:
        headers = {"host": "shop.example"} | ({"x-api-key": key} if key else {})
        return httpx.get(shop.region.endpoint + path, headers=headers, trust_env=False)

    key = shop.run("output", "-raw", "key").stdout
    assert get("/v1/pets", key).json() == {"path": "/v1/pets"}
    assert get("/v1/pets", None).status_code == 403

    shop.edit("main.tf", "limit       = 1000", "limit       = 1")
    shop.edit("main.tf", 'base_path   = "v1"', 'base_path   = "v2"')
    shop.edit("main.tf", "rate_limit  = 10\n", "rate_limit  = 11\n")
    shop.edit("main.tf", '"the first"', '"the very first"')
    shop.edit("main.tf", '"All pets"', '"All the pets"')
    shop.edit("main.tf", '"how the backend knows the shop"', '"how backends know the shop"')
    shop.edit("main.tf", 'api_mapping_key = "events/v1"', 'api_mapping_key = "events/v2"')
    shop.apply()
    assert shop.plan_is_empty()
    assert get("/v2/pets", key).status_code == 429  # one was used already
    shop.destroy()
    api = shop.region.client("apigateway")
    assert api.get_usage_plans()["items"] == api.get_api_keys()["items"] == api.get_domain_names()["items"] == []
