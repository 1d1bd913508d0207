"""Pre sign-up and post confirmation triggers, with real functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.aws.cognito_idp.conftest import PASSWORD, code_in, let_pools_invoke
from tests.functions import make_role, package

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
Make = Callable[..., str]
Events = Callable[..., list[dict[str, Any]]]
EMAIL = [{"Name": "email", "Value": "ada@example.com"}]


def test_pre_sign_up_confirms_and_verifies(
    idp: Any, pool: Make, app_client: Make, anyone: Any, trigger: Make, events: Events
) -> None:
    arn = trigger(
        "pre", "if event['triggerSource'].startswith('PreSignUp'):\n"
        "    event['response'] = {'autoConfirmUser': True, 'autoVerifyEmail': True}",
    )  # fmt: skip
    pool_id = pool(LambdaConfig={"PreSignUp": arn, "PostConfirmation": arn}, AutoVerifiedAttributes=["email"])
    client_id = app_client(pool_id)
    made = anyone.sign_up(
        ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=EMAIL,
        ValidationData=[{"Name": "invitation", "Value": "42"}], ClientMetadata={"from": "test"},
    )  # fmt: skip
    assert made["UserConfirmed"] is True
    assert "CodeDeliveryDetails" not in made
    user = idp.admin_get_user(UserPoolId=pool_id, Username="ada")
    assert user["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in user["UserAttributes"]
    before, after = events("pre", 2)
    assert before == {
        "version": "1",
        "region": "us-east-1",
        "userPoolId": pool_id,
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client_id},
        "triggerSource": "PreSignUp_SignUp",
        "request": {
            "userAttributes": {"email": "ada@example.com"},
            "validationData": {"invitation": "42"},
            "clientMetadata": {"from": "test"},
        },
        "response": {"autoConfirmUser": False, "autoVerifyEmail": False, "autoVerifyPhone": False},
    }
    assert list(before) == [
        "version", "region", "userPoolId", "userName", "callerContext", "triggerSource", "request", "response",
    ]  # fmt: skip
    assert (after["triggerSource"], after["response"]) == ("PostConfirmation_ConfirmSignUp", {})
    assert after["request"]["userAttributes"] == {
        "sub": made["UserSub"],
        "cognito:user_status": "CONFIRMED",
        "email": "ada@example.com",
        "email_verified": "true",
    }
    assert after["request"]["clientMetadata"] == {"from": "test"}


def test_post_confirmation_after_the_code(
    pool: Make, app_client: Make, anyone: Any, mail: Any, trigger: Make, events: Events
) -> None:
    client_id = app_client(pool(LambdaConfig={"PostConfirmation": trigger("post")}, AutoVerifiedAttributes=["email"]))
    anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD, UserAttributes=EMAIL)
    anyone.confirm_sign_up(ClientId=client_id, Username="ada", ConfirmationCode=code_in(mail()[0]))
    (event,) = events("post")
    assert event["triggerSource"] == "PostConfirmation_ConfirmSignUp"
    assert event["request"]["userAttributes"]["email_verified"] == "true"
    assert "clientMetadata" not in event["request"]


def test_a_function_that_refuses(
    idp: Any, pool: Make, app_client: Make, anyone: Any, trigger: Make, aws_error: Error
) -> None:
    pool_id = pool(LambdaConfig={"PreSignUp": trigger("pre", "raise ValueError('not you')")})
    client_id = app_client(pool_id)
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)) == (
        "UserLambdaValidationException", "PreSignUp failed with error not you.", 400,
    )  # fmt: skip
    assert idp.list_users(UserPoolId=pool_id)["Users"] == []
    assert aws_error(lambda: idp.admin_create_user(UserPoolId=pool_id, Username="ada")) == (
        "UserLambdaValidationException", "PreSignUp failed with error not you.", 400,
    )  # fmt: skip


def test_a_function_without_a_permission_is_not_called(
    pool: Make, app_client: Make, anyone: Any, trigger: Make, aws_error: Error
) -> None:
    client_id = app_client(pool(LambdaConfig={"PreSignUp": trigger("pre", permitted=False)}))
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)) == (
        "UnexpectedLambdaException", "PreSignUp invocation failed due to error AccessDeniedException.", 400,
    )  # fmt: skip


def test_a_permission_for_another_pool_does_not_do(
    client: Any, account: str, pool: Make, app_client: Make, anyone: Any, trigger: Make, aws_error: Error
) -> None:
    arn = trigger("pre", permitted=False)
    let_pools_invoke(client, "pre", f"arn:aws:cognito-idp:us-east-1:{account}:userpool/us-east-1_another")
    client_id = app_client(pool(LambdaConfig={"PreSignUp": arn}))
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD))[0] == (
        "UnexpectedLambdaException"
    )


def test_an_answer_that_is_no_event(pool: Make, app_client: Make, anyone: Any, trigger: Make, aws_error: Error) -> None:
    answers = {
        "nothing": "return None",
        "text": "return 'ok'",
        "other": "return {'statusCode': 200}",
        "kind": "event['response']['autoConfirmUser'] = 'perhaps'",
    }
    for name, body in answers.items():
        client_id = app_client(pool(LambdaConfig={"PreSignUp": trigger(name, body)}))
        assert aws_error(lambda c=client_id: anyone.sign_up(ClientId=c, Username="ada", Password=PASSWORD)) == (
            "InvalidLambdaResponseException", "Unrecognizable lambda output", 400,
        ), name  # fmt: skip


def test_a_function_that_takes_longer_than_five_seconds_is_tried_three_times(
    pool: Make, app_client: Make, anyone: Any, trigger: Make, events: Events, aws_error: Error
) -> None:
    client_id = app_client(pool(LambdaConfig={"PreSignUp": trigger("slow", "import time\ntime.sleep(7)")}))
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)) == (
        "UnexpectedLambdaException",
        "PreSignUp invocation failed due to error Socket timeout while invoking Lambda function.",
        400,
    )
    assert len(events("slow", 3)) == 3


def test_an_administrators_user_is_not_confirmed_by_the_trigger(
    idp: Any, pool: Make, trigger: Make, events: Events
) -> None:
    pool_id = pool(LambdaConfig={"PreSignUp": trigger("pre", "event['response']['autoConfirmUser'] = True")})
    made = idp.admin_create_user(UserPoolId=pool_id, Username="ada", UserAttributes=EMAIL)["User"]
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    (event,) = events("pre")
    assert event["triggerSource"] == "PreSignUp_AdminCreateUser"
    assert event["callerContext"]["clientId"] == "CLIENT_ID_NOT_APPLICABLE"
    assert event["request"] == {"userAttributes": {"email": "ada@example.com"}, "validationData": None}


def test_a_function_in_node(
    client: Any, account: str, pool: Make, app_client: Make, anyone: Any, javascript: Any, aws_error: Error
) -> None:
    """Its errors are said as those of others."""
    source = """
        export const handler = async (event) => {
          if (event.userName === "eve") throw new Error("no eves");
          event.response.autoConfirmUser = true;
          return event;
        };
    """
    functions = client("lambda")
    arn = functions.create_function(
        FunctionName="node", Runtime="nodejs22.x", Role=make_role(client, "node", "lambda.amazonaws.com"),
        Handler="index.handler", Code={"ZipFile": package({"index.mjs": source})}, Timeout=30,
    )["FunctionArn"]  # fmt: skip
    functions.get_waiter("function_active_v2").wait(FunctionName="node", WaiterConfig={"Delay": 1})
    let_pools_invoke(client, "node", f"arn:aws:cognito-idp:us-east-1:{account}:userpool/*")
    client_id = app_client(pool(LambdaConfig={"PreSignUp": arn}))
    assert anyone.sign_up(ClientId=client_id, Username="ada", Password=PASSWORD)["UserConfirmed"] is True
    assert aws_error(lambda: anyone.sign_up(ClientId=client_id, Username="eve", Password=PASSWORD)) == (
        "UserLambdaValidationException", "PreSignUp failed with error no eves.", 400,
    )  # fmt: skip
