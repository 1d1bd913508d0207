"""A region whose disk is full: what cannot be kept is refused, what is kept can be read, and it goes on when there is room again."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.aws.cognito_idp.conftest import PASSWORD, unsigned

if TYPE_CHECKING:
    from tests.conftest import Region


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_a_full_disk(new_region: Callable[..., Region], durability: str, aws_error: Any) -> None:
    region = new_region("--durability", durability)
    table = region.client("dynamodb")
    table.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip

    def put(name: str) -> None:
        table.put_item(TableName="users", Item={"id": {"S": name}, "text": {"S": "x" * 100_000}})

    def there(name: str) -> bool:
        return "Item" in table.get_item(TableName="users", Key={"id": {"S": name}}, ConsistentRead=True)

    put("before")
    unlimited = resource.prlimit(region.pid, resource.RLIMIT_FSIZE)
    log_size = max(path.stat().st_size for path in region.data_dir.glob("region.db*"))
    resource.prlimit(region.pid, resource.RLIMIT_FSIZE, (log_size, unlimited[1]))
    try:
        for _ in range(3):
            code, message, status = aws_error(lambda: put("meanwhile"))
            assert (code, status) == ("InternalFailure", 500)
            assert message.startswith("The store cannot commit:")
        assert there("before")
        assert not there("meanwhile")
        # What is noted beside a call must not change its answer, nor be lost.
        assert aws_error(region.client("logs").describe_deliveries)[0] == "NotImplemented"
        assert httpx.get(f"{region.endpoint}/_atoll/unsupported").status_code == 200
    finally:
        resource.prlimit(region.pid, resource.RLIMIT_FSIZE, unlimited)
    put("after")
    listed = httpx.get(f"{region.endpoint}/_atoll/unsupported").json()["unsupported"]
    assert [entry["count"] for entry in listed if entry["operation"] == "DescribeDeliveries"] == [1]
    region.kill()
    region.start()
    table = region.client("dynamodb")
    assert [there(name) for name in ("before", "meanwhile", "after")] == [True, False, True]
    assert "Traceback" not in region.log.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of another process")
def test_nobody_signs_in_half_on_a_full_disk(new_region: Callable[..., Region], aws_error: Any) -> None:
    region = new_region()
    idp, anyone = region.client("cognito-idp"), unsigned(region)
    pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
    app = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    iam = region.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]

    def sign_in() -> dict[str, str]:
        given = {"USERNAME": "ada", "PASSWORD": PASSWORD}
        answer = anyone.initiate_auth(ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        found: dict[str, str] = answer["AuthenticationResult"]
        return found

    def refresh(token: str) -> Any:
        return anyone.get_tokens_from_refresh_token(ClientId=app, RefreshToken=token)

    def sign_up(name: str) -> Any:
        return anyone.sign_up(ClientId=app, Username=name, Password=PASSWORD)

    sign_up("ada")
    idp.admin_confirm_sign_up(UserPoolId=pool, Username="ada")
    token = sign_in()["RefreshToken"]
    unlimited = resource.prlimit(region.pid, resource.RLIMIT_FSIZE)
    log_size = max(path.stat().st_size for path in region.data_dir.glob("region.db*"))
    resource.prlimit(region.pid, resource.RLIMIT_FSIZE, (log_size, unlimited[1]))
    try:
        for call in (sign_in, lambda: refresh(token), lambda: sign_up("eve")):
            code, message, status = aws_error(call)
            assert (code, status) == ("InternalFailure", 500)
            assert message.startswith("The store cannot commit:")
        # That a key was used cannot be noted now: the call is answered all the same, and the next use is noted.
        his = region.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        assert his.get_caller_identity()["Arn"].endswith(":user/ann")
    finally:
        resource.prlimit(region.pid, resource.RLIMIT_FSIZE, unlimited)
    his.get_caller_identity()
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"] == "sts"
    region.kill()
    region.start()
    idp, anyone = region.client("cognito-idp"), unsigned(region)
    assert [user["Username"] for user in idp.list_users(UserPoolId=pool)["Users"]] == ["ada"]
    assert refresh(token)["AuthenticationResult"]["RefreshToken"]
    sign_up("eve")
    assert sign_in()
    assert "Traceback" not in region.log.read_text()
