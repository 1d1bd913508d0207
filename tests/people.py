"""A user pool whose users sign in with a password, for tests of what takes its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PASSWORD = "Correct-Horse-7"


@dataclass
class People:
    """A pool and its one client."""

    idp: Any
    pool: str
    client: str

    @property
    def provider(self) -> str:
        """The pool's name as a provider of logins."""
        return f"cognito-idp.us-east-1.amazonaws.com/{self.pool}"

    def add(self, name: str, *groups: str, **attributes: str) -> str:
        """A new user with a password; `sub`."""
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        made = self.idp.admin_create_user(
            UserPoolId=self.pool, Username=name, UserAttributes=given, MessageAction="SUPPRESS"
        )["User"]
        self.idp.admin_set_user_password(UserPoolId=self.pool, Username=name, Password=PASSWORD, Permanent=True)
        for group in groups:
            self.idp.admin_add_user_to_group(UserPoolId=self.pool, Username=name, GroupName=group)
        return next(one["Value"] for one in made["Attributes"] if one["Name"] == "sub")

    def tokens(self, name: str) -> dict[str, str]:
        """`IdToken`, `AccessToken` and `RefreshToken` of a user who signs in."""
        given = {"USERNAME": name, "PASSWORD": PASSWORD}
        found: dict[str, str] = self.idp.initiate_auth(
            ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
        )["AuthenticationResult"]
        return found


def people(idp: Any, **client: Any) -> People:
    """A new pool with a client."""
    pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
    settings = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], **client}
    made = idp.create_user_pool_client(UserPoolId=pool, ClientName="app", **settings)["UserPoolClient"]
    return People(idp, pool, made["ClientId"])
