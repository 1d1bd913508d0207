"""Triggers around a sign-in: user migration, pre and post authentication."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.tokens import FLOWS, Error, Make, claims, sign_in, tokens

Trigger = Callable[..., str]
Events = Callable[..., list[dict[str, Any]]]
MIGRATES = """
if event['userName'] == 'old' and event['request']['password'] == 'Correct-Horse-7':
    event['response']['userAttributes'] = {'email': 'old@example.com', 'email_verified': 'true'}
    event['response']['finalUserStatus'] = STATUS
    event['response']['messageAction'] = 'SUPPRESS'
else:
    raise Exception('Bad password')"""


def migrating(trigger: Trigger, status: str) -> str:
    return trigger("migrate", MIGRATES.replace("STATUS", repr(status)))


def test_a_user_comes_from_the_old_directory_at_the_first_sign_in(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, events: Events
) -> None:
    here = pool(LambdaConfig={"UserMigration": migrating(trigger, "CONFIRMED")})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    assert claims(tokens(idp, app, "old", ClientMetadata={"a": "b"})["IdToken"])["email"] == "old@example.com"
    found = idp.admin_get_user(UserPoolId=here, Username="old")
    assert found["UserStatus"] == "CONFIRMED"
    assert tokens(idp, app, "old")
    [event] = events("migrate")
    assert (event["triggerSource"], event["userName"]) == ("UserMigration_Authentication", "old")
    assert event["request"]["password"] == PASSWORD
    assert event["request"]["validationData"] == {"a": "b"}


def test_a_migrated_user_is_welcomed_where_the_trigger_names_a_medium(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, mail: Callable[..., list[dict[str, Any]]]
) -> None:
    loud = MIGRATES.replace("'SUPPRESS'", "MESSAGE").replace("STATUS", "'CONFIRMED'")
    body = loud.replace("MESSAGE", "None\n    event['response']['desiredDeliveryMediums'] = ['EMAIL']")
    here = pool(LambdaConfig={"UserMigration": trigger("migrate", body)})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    assert tokens(idp, app, "old")
    [message] = mail("old@example.com")
    assert message["body"] == "Your username is old."
    assert PASSWORD not in str(message)


def test_a_migrated_user_is_not_welcomed_where_the_trigger_suppresses_it(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, mail: Callable[..., list[dict[str, Any]]]
) -> None:
    quiet = MIGRATES.replace("STATUS", "'CONFIRMED'").replace(
        "'SUPPRESS'", "'SUPPRESS'\n    event['response']['desiredDeliveryMediums'] = ['EMAIL']"
    )
    app = app_client(pool(LambdaConfig={"UserMigration": trigger("migrate", quiet)}), ExplicitAuthFlows=FLOWS)
    assert tokens(idp, app, "old")
    assert mail("old@example.com") == []


def test_the_pre_sign_up_trigger_may_refuse_whom_the_migration_trigger_knows(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, events: Events, aws_error: Error
) -> None:
    arn = trigger("signup", "raise Exception('taken')")
    here = pool(LambdaConfig={"UserMigration": migrating(trigger, "CONFIRMED"), "PreSignUp": arn})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    assert aws_error(lambda: sign_in(idp, app, "old", ClientMetadata={"a": "b"})) == (
        "UserLambdaValidationException",
        "PreSignUp failed with error taken.",
        400,
    )
    assert idp.list_users(UserPoolId=here)["Users"] == []
    [event] = events("signup")
    assert (event["triggerSource"], event["userName"]) == ("PreSignUp_AdminCreateUser", "old")
    assert event["request"]["userAttributes"]["email"] == "old@example.com"
    assert event["request"]["validationData"] == {"a": "b"}
    assert "password" not in event["request"]


def test_a_migrated_user_may_have_to_reset_the_password(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, aws_error: Error
) -> None:
    here = pool(LambdaConfig={"UserMigration": migrating(trigger, "RESET_REQUIRED")})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    assert aws_error(lambda: sign_in(idp, app, "old"))[:2] == (
        "PasswordResetRequiredException",
        "Password reset required for the user",
    )


def test_whom_the_trigger_does_not_know_is_refused(
    idp: Any, pool: Make, app_client: Make, trigger: Trigger, aws_error: Error
) -> None:
    here = pool(LambdaConfig={"UserMigration": migrating(trigger, "CONFIRMED")})
    legacy = app_client(here, ExplicitAuthFlows=FLOWS)
    hiding = app_client(here, ExplicitAuthFlows=FLOWS, PreventUserExistenceErrors="ENABLED")
    assert aws_error(lambda: sign_in(idp, legacy, "nobody"))[:2] == (
        "UserLambdaValidationException",
        "UserMigration failed with error Bad password.",
    )
    assert aws_error(lambda: sign_in(idp, hiding, "nobody"))[:2] == (
        "NotAuthorizedException",
        "Incorrect username or password.",
    )
    assert idp.list_users(UserPoolId=here)["Users"] == []


def test_pre_authentication_may_refuse_and_sees_the_validation_data(
    idp: Any, pool: Make, app_client: Make, user: Make, trigger: Trigger, events: Events, aws_error: Error
) -> None:
    arn = trigger("pre", "if event['userName'] == 'bob': raise Exception('not bob')")
    here = pool(LambdaConfig={"PreAuthentication": arn})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    user(here, "ada")
    user(here, "bob")
    assert tokens(idp, app, ClientMetadata={"from": "web"})
    assert aws_error(lambda: sign_in(idp, app, "bob")) == (
        "UserLambdaValidationException",
        "PreAuthentication failed with error not bob.",
        400,
    )
    event = events("pre", 2)[0]
    assert event["triggerSource"] == "PreAuthentication_Authentication"
    assert event["request"]["validationData"] == {"from": "web"}


def test_post_authentication_comes_last_and_may_refuse(
    idp: Any, pool: Make, app_client: Make, user: Make, trigger: Trigger, events: Events, aws_error: Error
) -> None:
    here = pool(LambdaConfig={"PostAuthentication": trigger("post", "raise Exception('closed')")})
    app = app_client(here, ExplicitAuthFlows=FLOWS)
    user(here, "ada")
    assert aws_error(lambda: sign_in(idp, app))[:2] == (
        "UserLambdaValidationException",
        "PostAuthentication failed with error closed.",
    )
    assert aws_error(lambda: sign_in(idp, app, password="Wrong-Horse-1"))[0] == "NotAuthorizedException"
    [event] = events("post")
    assert event["request"]["newDeviceUsed"] is False
