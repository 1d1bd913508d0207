"""SetLogDeliveryConfiguration: kept and shown; what would need threat protection is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Make = Callable[..., str]
Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
GROUP = {"LogGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/people"}
ERRORS = {"LogLevel": "ERROR", "EventSource": "userNotification", "CloudWatchLogsConfiguration": GROUP}
EVENTS = {"LogLevel": "INFO", "EventSource": "userAuthEvents", "CloudWatchLogsConfiguration": GROUP}


def test_errors_of_notifications(idp: Any, pool: Make) -> None:
    pool_id = pool()
    nothing = {"UserPoolId": pool_id, "LogConfigurations": []}
    assert idp.get_log_delivery_configuration(UserPoolId=pool_id)["LogDeliveryConfiguration"] == nothing
    wanted = {"UserPoolId": pool_id, "LogConfigurations": [ERRORS]}
    assert idp.set_log_delivery_configuration(**wanted)["LogDeliveryConfiguration"] == wanted
    idp.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")
    assert idp.get_log_delivery_configuration(UserPoolId=pool_id)["LogDeliveryConfiguration"] == wanted
    assert idp.set_log_delivery_configuration(**nothing)["LogDeliveryConfiguration"] == nothing


@pytest.mark.parametrize(
    ("tier", "wanted", "code"),
    [
        ("ESSENTIALS", EVENTS, "FeatureUnavailableInTierException"),
        ("PLUS", EVENTS, "NotImplemented"),
        ("ESSENTIALS", ERRORS | {"LogLevel": "INFO"}, "InvalidParameterException"),
        ("ESSENTIALS", ERRORS | {"CloudWatchLogsConfiguration": {}}, "InvalidParameterException"),
        ("ESSENTIALS", ERRORS | {"S3Configuration": {"BucketArn": "arn:aws:s3:::people"}}, "InvalidParameterException"),
    ],
)
def test_what_cannot_be_logged(
    idp: Any, pool: Make, aws_error: Error, tier: str, wanted: dict[str, Any], code: str
) -> None:
    pool_id = pool(UserPoolTier=tier)
    refused = aws_error(lambda: idp.set_log_delivery_configuration(UserPoolId=pool_id, LogConfigurations=[wanted]))
    assert refused[0] == code
