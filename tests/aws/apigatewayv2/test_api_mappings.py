"""API mappings: keys of several levels, the longest of which wins."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.aws.apigatewayv2.test_domain_names import CONFIGURATION


@pytest.fixture
def domain(api: Any, account: str) -> str:
    """A custom domain name of this test's own."""
    name = f"maps.a{account}.example"
    api.create_domain_name(DomainName=name, DomainNameConfigurations=[CONFIGURATION])
    return name


def test_mappings_are_made_shown_changed_and_deleted(api: Any, api_id: str, domain: str, aws_error: Any) -> None:
    api.create_stage(ApiId=api_id, StageName="dev")
    api.create_stage(ApiId=api_id, StageName="prod")
    made = api.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="dev", ApiMappingKey="v1/orders")
    mapping_id = made["ApiMappingId"]
    shown = {"ApiId": api_id, "ApiMappingId": mapping_id, "ApiMappingKey": "v1/orders", "Stage": "dev"}
    assert {key: made[key] for key in shown} == shown
    whole = api.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="dev")
    assert not whole.get("ApiMappingKey")
    items = api.get_api_mappings(DomainName=domain)["Items"]
    assert [item.get("ApiMappingKey") for item in items] == [None, "v1/orders"]
    changed = api.update_api_mapping(
        DomainName=domain, ApiMappingId=mapping_id, ApiId=api_id, Stage="prod", ApiMappingKey="v2"
    )
    assert (changed["ApiMappingKey"], changed["Stage"]) == ("v2", "prod")
    assert api.get_api_mapping(DomainName=domain, ApiMappingId=mapping_id)["ApiMappingKey"] == "v2"
    first = api.get_api_mappings(DomainName=domain, MaxResults="1")
    second = api.get_api_mappings(DomainName=domain, MaxResults="1", NextToken=first["NextToken"])
    assert [one["ApiMappingId"] for one in first["Items"] + second["Items"]] == [whole["ApiMappingId"], mapping_id]
    api.delete_api_mapping(DomainName=domain, ApiMappingId=mapping_id)
    missing = aws_error(lambda: api.get_api_mapping(DomainName=domain, ApiMappingId=mapping_id))
    assert missing[0] == "NotFoundException"


def test_what_a_mapping_cannot_be(api: Any, api_id: str, domain: str, account: str, aws_error: Any) -> None:
    api.create_stage(ApiId=api_id, StageName="dev")

    def create(**members: Any) -> tuple[str, str, int]:
        arguments = {"DomainName": domain, "ApiId": api_id, "Stage": "dev", **members}
        error: tuple[str, str, int] = aws_error(lambda: api.create_api_mapping(**arguments))
        return error

    bad = "BadRequestException"
    characters = "An ApiMapping key may contain only letters, numbers and one of $-_.+!*'()"
    for key in ("/", "/a", "a/", "a//b", "a b"):
        assert create(ApiMappingKey=key) == (bad, characters, 400)
    assert create(Stage="nope") == (bad, "Invalid stage identifier specified", 400)
    assert create(ApiId="nope") == ("NotFoundException", f"Invalid API identifier specified {account}:nope", 404)
    missing = ("NotFoundException", "Invalid domain name identifier specified", 404)
    assert create(DomainName="nobody.example") == missing
    api.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="dev", ApiMappingKey="v1")
    taken = ("ConflictException", "ApiMapping key already exists for this domain name", 409)
    assert create(ApiMappingKey="v1") == taken


def test_the_longest_mapping_key_wins_and_routes_do_not_see_it(
    api: Any, echo: str, domain: str, region: Any, allow: Any
) -> None:
    """`orders` and `orders/v2` go to different stages; what is behind the key is matched with the routes. Payload format 2.0 shows
    the stage in its place, as observed on AWS (CodeGenieApp/serverless-express#465)."""
    api.create_stage(ApiId=echo, StageName="old", AutoDeploy=True)
    allow(f"{echo}/old/*")
    api.create_api_mapping(DomainName=domain, ApiId=echo, Stage="old", ApiMappingKey="orders")
    api.create_api_mapping(DomainName=domain, ApiId=echo, Stage="$default", ApiMappingKey="orders/v2")

    def get(path: str) -> httpx.Response:
        return httpx.get(region.endpoint + path, headers={"host": domain}, trust_env=False)

    event = get("/orders/1").json()
    # Payload format 2.0 shows the stage in place of the key, observed on AWS: CodeGenieApp/serverless-express#465.
    assert (event["requestContext"]["stage"], event["rawPath"]) == ("old", "/old/1")
    event = get("/orders/v2/1").json()
    assert (event["requestContext"]["stage"], event["rawPath"]) == ("$default", "/1")
    assert get("/orders/v22").json()["requestContext"]["stage"] == "old"
    for path in ("/", "/ordersx", "/Orders/1"):
        refused = get(path)
        assert (refused.status_code, refused.text) == (403, '{"message":"Forbidden"}')


def test_an_api_with_mappings_is_not_deleted(api: Any, api_id: str, domain: str, aws_error: Any) -> None:
    api.create_stage(ApiId=api_id, StageName="dev")
    mapping = api.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="dev")["ApiMappingId"]
    text = f"Deleting API {api_id} failed. Please remove all API mappings for the API from your custom domain names."
    assert aws_error(lambda: api.delete_api(ApiId=api_id)) == ("BadRequestException", text, 400)
    api.delete_api_mapping(DomainName=domain, ApiMappingId=mapping)
    api.delete_api(ApiId=api_id)
