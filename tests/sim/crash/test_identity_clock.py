"""What has expired by region time stays expired when the region is killed and started again: its clock never goes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.aws.cognito_idp.conftest import PASSWORD, advance, code_in, messages_of, pairs, unsigned

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def test_what_expired_stays_expired_over_a_kill(new_region: Callable[..., Region], aws_error: Error) -> None:
    region = new_region()
    idp, anyone = region.client("cognito-idp", key=ACCOUNT), unsigned(region)
    pool = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    app = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows, RefreshTokenValidity=1
    )["UserPoolClient"]["ClientId"]  # fmt: skip

    def sign_in(name: str, password: str = PASSWORD) -> Any:
        given = {"USERNAME": name, "PASSWORD": password}
        return anyone.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)

    def refresh(token: str) -> Any:
        given = {"REFRESH_TOKEN": token}
        return anyone.initiate_auth(ClientId=app, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)

    anyone.sign_up(ClientId=app, Username="ada", Password=PASSWORD, UserAttributes=pairs(email="ada@example.com"))
    code = code_in(messages_of(region, ACCOUNT, "ada@example.com")[0])
    for name, permanent in (("eve", True), ("bob", False)):
        idp.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        idp.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=permanent)
    tokens = sign_in("eve")["AuthenticationResult"]
    challenge = sign_in("bob")
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = region.client("iam", key=ACCOUNT)
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    given = region.client("sts", key=ACCOUNT).assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    session = region.client("sts", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert session.get_caller_identity()

    advance(region, "190h")
    for _ in range(7):
        assert aws_error(lambda: sign_in("eve", "Wrong-Word-1"))[0] == "NotAuthorizedException"
    for _ in range(2):
        refused = aws_error(lambda: anyone.confirm_sign_up(ClientId=app, Username="ada", ConfirmationCode=code))
        assert refused[:2] == ("ExpiredCodeException", "Invalid code provided, please request a code again.")
        refused = aws_error(lambda: anyone.get_user(AccessToken=tokens["AccessToken"]))
        assert refused[:2] == ("NotAuthorizedException", "Access Token has expired")
        refused = aws_error(lambda: refresh(tokens["RefreshToken"]))
        assert refused[:2] == ("NotAuthorizedException", "Refresh Token has expired")
        answer = {"USERNAME": "bob", "NEW_PASSWORD": f"{PASSWORD}x"}
        refused = aws_error(
            lambda: anyone.respond_to_auth_challenge(
                ClientId=app, ChallengeName="NEW_PASSWORD_REQUIRED", Session=challenge["Session"],
                ChallengeResponses=answer,  # noqa: B023
            )
        )  # fmt: skip
        assert refused[1] == "Invalid session for the user, session is expired."
        refused = aws_error(lambda: sign_in("bob"))
        assert refused[:2] == (
            "NotAuthorizedException",
            "Temporary password has expired and must be reset by an administrator.",
        )
        assert aws_error(session.get_caller_identity)[0] in ("ExpiredToken", "InvalidClientTokenId")
        region.kill()
        region.start()
    advance(region, "20m")  # whoever was locked out may try again
    assert sign_in("eve")["AuthenticationResult"]
    assert "Traceback" not in region.log.read_text()
