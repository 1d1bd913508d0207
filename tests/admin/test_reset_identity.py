"""A reset takes everything of identity along: pools and their issuers, clients, domains, sign-ins, mail, identities, devices, aliases,
keys and sessions. What another account has stays, and the region works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, messages_of, unsigned
from tests.sim.crash.identity_judge import judge
from tests.sim.crash.test_identity_races import rows_of

from atoll.auth import own_issuers
from atoll.services.cognito_identity.tokens import ISSUER

if TYPE_CHECKING:
    from tests.conftest import Region

TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}'
A, B = "111111111111", "222222222222"


@dataclass
class Tenant:
    """An account with something of everything."""

    region: Region
    account: str

    def client(self, service: str) -> Any:
        return self.region.client(service, key=self.account)

    def fill(self) -> None:
        idp, iam = self.client("cognito-idp"), self.client("iam")
        self.pool = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        made = idp.create_user_pool_client(UserPoolId=self.pool, ClientName="app", ExplicitAuthFlows=flows)
        self.app = made["UserPoolClient"]["ClientId"]
        idp.create_user_pool_domain(UserPoolId=self.pool, Domain=f"people-{self.account[:3]}")
        address = [{"Name": "email", "Value": "ada@example.com"}]
        idp.admin_create_user(
            UserPoolId=self.pool, Username="ada", UserAttributes=address, DesiredDeliveryMediums=["EMAIL"]
        )
        idp.admin_set_user_password(UserPoolId=self.pool, Username="ada", Password=PASSWORD, Permanent=True)
        given = {"USERNAME": "ada", "PASSWORD": PASSWORD}
        answer = unsigned(self.region).initiate_auth(
            ClientId=self.app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
        )
        self.tokens = answer["AuthenticationResult"]
        identity = self.client("cognito-identity")
        self.guests = identity.create_identity_pool(IdentityPoolName="guests", AllowUnauthenticatedIdentities=True)[
            "IdentityPoolId"
        ]
        self.guest = identity.get_id(IdentityPoolId=self.guests)["IdentityId"]
        iam.create_account_alias(AccountAlias=f"tenant-{self.account[:3]}")
        iam.create_user(UserName="ann")
        iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        self.key = key["AccessKeyId"], key["SecretAccessKey"]
        role = iam.create_role(RoleName="work", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        opened = self.client("sts").assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
        self.session = opened["AccessKeyId"], opened["SecretAccessKey"], opened["SessionToken"]

    def works(self) -> None:
        anyone = unsigned(self.region)
        assert anyone.get_user(AccessToken=self.tokens["AccessToken"])["Username"] == "ada"
        assert httpx.get(f"{self.region.endpoint}/{self.pool}/.well-known/jwks.json").status_code == 200
        assert len(messages_of(self.region, self.account)) == 1
        assert self.region.client("sts", *self.session).get_caller_identity()["Account"] == self.account
        assert self.region.client("sts", *self.key).get_caller_identity()["Account"] == self.account
        assert self.client("cognito-identity").describe_identity(IdentityId=self.guest)

    def is_gone(self, aws_error: Any) -> None:
        anyone = unsigned(self.region)
        given = {"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": self.tokens["RefreshToken"]}}
        refused = aws_error(lambda: anyone.get_user(AccessToken=self.tokens["AccessToken"]))
        assert refused == ("NotAuthorizedException", "Could not verify signature for Access Token", 400)
        assert aws_error(lambda: anyone.initiate_auth(ClientId=self.app, **given))[0] == "ResourceNotFoundException"
        assert httpx.get(f"{self.region.endpoint}/{self.pool}/.well-known/jwks.json").status_code != 200
        assert messages_of(self.region, self.account) == []
        refused = aws_error(self.region.client("sts", *self.session).get_caller_identity)
        assert refused[0] == "InvalidClientTokenId"
        pool = self.client("cognito-identity").get_id
        assert aws_error(lambda: pool(IdentityPoolId=self.guests))[0] == "ResourceNotFoundException"
        assert self.client("iam").list_account_aliases()["AccountAliases"] == []
        assert self.client("iam").list_virtual_mfa_devices()["VirtualMFADevices"] == []
        summary = self.client("iam").get_account_summary()["SummaryMap"]
        assert [summary[name] for name in ("Users", "Roles", "MFADevices")] == [0, 0, 0]


@pytest.mark.parametrize("which", ["account", "region"])
def test_identity_is_reset(new_region: Callable[..., Region], aws_error: Any, which: str) -> None:
    region = new_region()
    one, other = Tenant(region, A), Tenant(region, B)
    one.fill()
    other.fill()
    region.atoll("reset", "--yes", *(["--account", A] if which == "account" else []))
    one.is_gone(aws_error)
    if which == "account":
        other.works()
        used = aws_error(region.client("sts", *one.key).get_caller_identity)
        assert used[0] == "InvalidClientTokenId"  # and not root, as unknown keys are
    else:
        other.is_gone(aws_error)
        other.fill()
    gone = one.pool
    one.fill()  # every name is free again: the domain, the alias, the device
    one.works()
    other.works()
    one.client("cognito-idp").delete_user_pool_domain(UserPoolId=one.pool, Domain="people-111")
    rows = rows_of(region)
    judge(rows)
    assert not [key for key in rows if gone in key]
    issuers = {str(key[-1]).rpartition("/")[2] for key in rows if key[: len(own_issuers.PREFIX)] == own_issuers.PREFIX}
    assert issuers - {ISSUER.rpartition("/")[2]} == {one.pool, other.pool}
