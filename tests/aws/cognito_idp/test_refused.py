"""What user pools do not have here is refused by name, with the reason; nothing pretends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
FEDERATION, DEVICES, PASSKEYS = "federate", "remembers no devices", "passkeys"
TOKEN = "eyJh.eyJh.x"


@pytest.mark.parametrize(
    ("operation", "members", "reason"),
    [
        (
            "create_identity_provider",
            {"ProviderName": "G", "ProviderType": "Google", "ProviderDetails": {}},
            FEDERATION,
        ),
        ("describe_identity_provider", {"ProviderName": "G"}, FEDERATION),
        ("admin_list_devices", {"Username": "ada"}, DEVICES),
        ("admin_forget_device", {"Username": "ada", "DeviceKey": "us-east-1_a"}, DEVICES),
        (
            "create_user_import_job",
            {"JobName": "j", "CloudWatchLogsRoleArn": "arn:aws:iam::1:role/r"},
            "AdminCreateUser",
        ),
        ("create_managed_login_branding", {"ClientId": "c"}, "not AWS's managed login"),
        ("set_risk_configuration", {}, "judges no risks"),
        ("admin_list_user_auth_events", {"Username": "ada"}, "judges no risks"),
        ("list_terms", {}, "no terms"),
    ],
)
def test_an_operation_is_refused_by_name(
    idp: Any, pool: Callable[..., str], aws_error: Error, operation: str, members: dict[str, Any], reason: str
) -> None:
    code, message, status = aws_error(lambda: getattr(idp, operation)(UserPoolId=pool(), **members))
    assert (code, status) == ("NotImplemented", 501)
    assert reason in message


@pytest.mark.parametrize(
    ("operation", "members", "reason"),
    [
        ("list_devices", {}, DEVICES),
        ("confirm_device", {"DeviceKey": "us-east-1_a"}, DEVICES),
        ("start_web_authn_registration", {}, PASSKEYS),
        ("list_web_authn_credentials", {}, PASSKEYS),
    ],
)
def test_devices_and_passkeys_are_refused_to_users(
    idp: Any, aws_error: Error, operation: str, members: dict[str, Any], reason: str
) -> None:
    code, message, status = aws_error(lambda: getattr(idp, operation)(AccessToken=TOKEN, **members))
    assert (code, status) == ("NotImplemented", 501)
    assert reason in message


def test_a_pool_that_remembers_devices_says_that_it_does_not(idp: Any, pool: Callable[..., str], region: Any) -> None:
    remembered = {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True}
    pool_id = pool(DeviceConfiguration=remembered)
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["DeviceConfiguration"] == remembered
    said, deadline = "cognito-idp.CreateUserPool: DeviceConfiguration is not honoured", time.monotonic() + 60
    while said not in region.log.read_text() and time.monotonic() < deadline:  # the log is written when there is time
        time.sleep(0.01)
    assert said in region.log.read_text()
