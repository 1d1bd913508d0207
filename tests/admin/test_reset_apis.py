"""Nothing of API Gateway is left where an account, the region or an API is emptied or deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
from tests.admin import every_api_record
from tests.admin.test_reset import stored

from atoll.kernel.context import GLOBAL_ACCOUNT

if TYPE_CHECKING:
    from tests.admin.conftest import Owner
    from tests.conftest import Region

    from atoll.kernel.keys import Key

ACCOUNT, OTHER = "111111111111", "222222222222"


def of_api_gateway(region: Region) -> dict[Key, bytes]:
    """What API Gateway has in the region's store, which is stopped for that."""
    return {key: raw for key, raw in stored(region).items() if key[2] == "apigateway"}


def test_reset_of_an_account_leaves_nothing_of_api_gateway(new_region: Callable[..., Region], owner_of: Any) -> None:
    region = new_region()
    for account in (ACCOUNT, OTHER):
        every_api_record.make(owner_of(region, account))
    before = of_api_gateway(region)
    assert {key[3] for key in before if key[0] == GLOBAL_ACCOUNT} == {"apis", "domains"}  # so that this could fail
    region.start()
    httpx.post(f"{region.endpoint}/_atoll/reset", json={"account": ACCOUNT})
    after = of_api_gateway(region)
    assert [key for key, raw in after.items() if ACCOUNT in repr(key) or ACCOUNT.encode() in raw] == []
    assert after == {key: raw for key, raw in before.items() if key[0] == OTHER or OTHER.encode() in raw}
    region.start()
    every_api_record.make(owner_of(region, ACCOUNT))  # every name is free again


def test_reset_of_the_region_leaves_nothing_of_api_gateway(new_region: Callable[..., Region], owner_of: Any) -> None:
    region = new_region()
    every_api_record.make(owner_of(region, ACCOUNT))
    httpx.post(f"{region.endpoint}/_atoll/reset")
    assert of_api_gateway(region) == {}


def test_deleting_leaves_nothing_of_api_gateway(new_region: Callable[..., Region], owner_of: Any) -> None:
    """Tags, documentation, snapshots, usage: all go with what they belong to. The account's settings stay."""
    region = new_region()
    owner = owner_of(region, ACCOUNT)
    rest, _ = every_api_record.make(owner)
    v1, v2 = owner.client("apigateway"), owner.client("apigatewayv2")
    for domain in v2.get_domain_names()["Items"]:
        v2.delete_domain_name(DomainName=domain["DomainName"])
    for api in v2.get_apis()["Items"]:
        v2.delete_api(ApiId=api["ApiId"])
    for api_id in rest:
        v1.delete_rest_api(restApiId=api_id)
    for plan in v1.get_usage_plans()["items"]:
        assert plan["apiStages"] == []
        v1.delete_usage_plan(usagePlanId=plan["id"])
    for key in v1.get_api_keys()["items"]:
        v1.delete_api_key(apiKey=key["id"])
    for certificate in v1.get_client_certificates()["items"]:
        v1.delete_client_certificate(clientCertificateId=certificate["clientCertificateId"])
    assert [key[3] for key in of_api_gateway(region)] == ["v1.account"]


def test_a_role_of_before_the_reset_lets_nobody_in_afterwards(owner: Owner, post: Any) -> None:
    """What API Gateway assumed is forgotten: the new role of the same name does not trust it."""

    def answer_of_integration(trusted: str) -> int:
        who = {"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [who]})
        iam, gateway = owner.client("iam"), owner.client("apigateway")
        role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.attach_role_policy(RoleName="caller", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        api = gateway.create_rest_api(name="tables")["id"]
        (root,) = (item["id"] for item in gateway.get_resources(restApiId=api)["items"])
        names = {"restApiId": api, "resourceId": root, "httpMethod": "POST"}
        gateway.put_method(**names, authorizationType="NONE")
        uri = "arn:aws:apigateway:us-east-1:dynamodb:action/ListTables"
        gateway.put_integration(**names, type="AWS", integrationHttpMethod="POST", uri=uri, credentials=role)
        gateway.put_method_response(**names, statusCode="200")
        gateway.put_integration_response(**names, statusCode="200")
        gateway.create_deployment(restApiId=api, stageName="dev")
        url = f"{owner.region.endpoint}/_aws/execute-api/{api}/dev"
        return httpx.post(url, json={}, trust_env=False).status_code

    assert answer_of_integration("apigateway.amazonaws.com") == 200
    post("reset", {"account": owner.account})
    assert answer_of_integration("lambda.amazonaws.com") == 500
