"""User pools with all that Terraform knows of them: applied, planned again, changed, destroyed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.functions import package

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack

PNG = b"\x89PNG\r\n\x1a\n"
HOOK = "def handler(event, context):\n    return event\n"


def test_user_pools_with_clients_domains_groups_scopes_and_users(stack: Callable[[str], Stack]) -> None:
    pools = stack("user-pools")
    (pools.directory / "app.zip").write_bytes(package(HOOK))
    (pools.directory / "logo.png").write_bytes(PNG)
    assert "Apply complete! Resources: 19 added, 0 changed, 0 destroyed." in pools.apply().stdout
    outputs = {name: found["value"] for name, found in json.loads(pools.run("output", "-json").stdout).items()}
    idp = pools.region.client("cognito-idp")
    shop = idp.describe_user_pool(UserPoolId=outputs["pool"])["UserPool"]
    assert (shop["Domain"], shop["CustomDomain"]) == ("shop-0", "auth.shop.example.com")
    assert pools.plan_is_empty()

    pools.edit("main.tf", "step = 0", "step = 1")
    changed = pools.apply().stdout
    assert "Apply complete! Resources: 2 added, 5 changed, 2 destroyed." in changed
    shop = idp.describe_user_pool(UserPoolId=outputs["pool"])["UserPool"]
    assert (shop["Domain"], shop["UserPoolTags"]) == ("shop-1", {"step": "1"})
    assert shop["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"] == "V3_0"
    assert shop["MfaConfiguration"] == "OPTIONAL"
    assert pools.plan_is_empty()

    pools.destroy()
    assert idp.list_user_pools(MaxResults=60)["UserPools"] == []


def test_identity_pools_with_roles_and_principal_tags(stack: Callable[[str], Stack]) -> None:
    pools = stack("identity-pools")
    assert "Apply complete! Resources: 8 added, 0 changed, 0 destroyed." in pools.apply().stdout
    assert pools.plan_is_empty()

    pools.edit("main.tf", "step = 0", "step = 1")
    changed = pools.apply().stdout
    assert "Apply complete! Resources: 0 added, 3 changed, 0 destroyed." in changed
    assert pools.plan_is_empty()
    pool, client = pools.run("output", "-raw", "pool").stdout, pools.region.client("cognito-identity")
    shop = client.describe_identity_pool(IdentityPoolId=pool)
    assert (shop["AllowClassicFlow"], shop["IdentityPoolTags"]) == (False, {"step": "1"})
    assert shop["CognitoIdentityProviders"][0]["ServerSideTokenCheck"] is True
    [mapping] = client.get_identity_pool_roles(IdentityPoolId=pool)["RoleMappings"].values()
    assert mapping["AmbiguousRoleResolution"] == "Deny"

    pools.destroy()
    assert client.list_identity_pools(MaxResults=60)["IdentityPools"] == []
