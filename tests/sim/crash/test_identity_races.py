"""Many at once: of one name one is taken, of one code one use, of one refresh token one rotation; and whatever is deleted while others
still work on it leaves nothing behind. Afterwards the store is judged as a whole."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.aws.cognito_idp.conftest import PASSWORD, advance, code_in, messages_of, pairs, unsigned
from tests.sim.crash.identity_judge import judge
from tests.sim.crash.test_crash import reopened

from atoll.kernel.keys import Key, between

if TYPE_CHECKING:
    from tests.conftest import Region

FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


def rows_of(region: Region) -> dict[Key, bytes]:
    """Everything in the store, once all tasks have come to rest; the region is down then."""
    advance(region, "0s")
    region.stop()

    async def read() -> dict[Key, bytes]:
        async with reopened(region.data_dir) as kernel:
            return await kernel.store.read(lambda tx: dict(tx.scan(between((), ("\U0010ffff",)))))

    return asyncio.run(read())


@pytest.fixture(scope="module")
def raced(own: Region) -> Iterator[Region]:
    """A region that is judged at the end."""
    yield own
    judge(rows_of(own))


def at_once(calls: list[Callable[[], Any]]) -> Counter[str]:
    """Makes all calls at once, and says how often each came out: "" or the code of the error."""
    together = threading.Barrier(len(calls))

    def make(call: Callable[[], Any]) -> str:
        together.wait()
        try:
            call()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    with ThreadPoolExecutor(len(calls)) as threads:
        return Counter(threads.map(make, calls))


class People:
    """A user pool whose users sign up by name and e-mail address, and its client."""

    def __init__(self, region: Region, account: str, **settings: Any) -> None:
        self.region, self.account, self.anyone = region, account, unsigned(region)
        self.idp = region.client("cognito-idp", key=account)
        given: dict[str, Any] = {"AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"]}
        self.pool = self.idp.create_user_pool(PoolName="people", **given)["UserPool"]["Id"]
        flows = FLOWS[:1] if "RefreshTokenRotation" in settings else FLOWS
        self.client = self.idp.create_user_pool_client(
            UserPoolId=self.pool, ClientName="app", ExplicitAuthFlows=flows, **settings
        )["UserPoolClient"]["ClientId"]

    def sign_up(self, name: str, address: str) -> Any:
        return self.anyone.sign_up(
            ClientId=self.client, Username=name, Password=PASSWORD, UserAttributes=pairs(email=address)
        )

    def sign_in(self, name: str, password: str = PASSWORD) -> Any:
        given = {"USERNAME": name, "PASSWORD": password}
        return self.anyone.initiate_auth(
            ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given
        )["AuthenticationResult"]  # fmt: skip

    def user(self, name: str, **attributes: str) -> None:
        self.idp.admin_create_user(
            UserPoolId=self.pool, Username=name, MessageAction="SUPPRESS", UserAttributes=pairs(**attributes)
        )
        self.idp.admin_set_user_password(UserPoolId=self.pool, Username=name, Password=PASSWORD, Permanent=True)

    def code(self, address: str) -> str:
        return code_in(messages_of(self.region, self.account, address)[0])

    def count(self) -> int:
        return int(self.idp.describe_user_pool(UserPoolId=self.pool)["UserPool"]["EstimatedNumberOfUsers"])


def test_one_name_signed_up_20_times_at_once(raced: Region, account: str) -> None:
    people = People(raced, account)
    came = at_once([lambda n=n: people.sign_up("ada", f"ada{n}@example.com") for n in range(20)])  # type: ignore[misc]
    assert came == {"": 1, "UsernameExistsException": 19}
    assert people.count() == 1
    assert len(messages_of(raced, account)) == 1


def test_one_code_is_taken_once_of_10_at_once(raced: Region, account: str) -> None:
    people = People(raced, account)
    people.sign_up("ada", "ada@example.com")
    given = {"ClientId": people.client, "Username": "ada", "ConfirmationCode": people.code("ada@example.com")}
    came = at_once([lambda: people.anyone.confirm_sign_up(**given)] * 10)
    assert came[""] == 1
    assert came.keys() <= {"", "NotAuthorizedException", "ExpiredCodeException"}
    people.anyone.forgot_password(ClientId=people.client, Username="ada")
    given = {"ClientId": people.client, "Username": "ada", "ConfirmationCode": people.code("ada@example.com")}
    came = at_once([
        lambda n=n: people.anyone.confirm_forgot_password(Password=f"{PASSWORD}{n}", **given) for n in range(6)  # type: ignore[misc]
    ])  # fmt: skip
    assert came == {"": 1, "ExpiredCodeException": 5}


def test_one_refresh_token_is_rotated_once_of_8_at_once(raced: Region, account: str) -> None:
    people = People(raced, account, RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0})
    people.user("ada")
    given = {"ClientId": people.client, "RefreshToken": people.sign_in("ada")["RefreshToken"]}
    came = at_once([lambda: people.anyone.get_tokens_from_refresh_token(**given)] * 8)
    assert came == {"": 1, "RefreshTokenReuseException": 7}


def test_a_password_is_changed_once_by_the_one_before(raced: Region, account: str) -> None:
    people = People(raced, account)
    people.user("ada")
    token = people.sign_in("ada")["AccessToken"]
    given = {"AccessToken": token, "PreviousPassword": PASSWORD}
    came = at_once([
        lambda n=n: people.anyone.change_password(ProposedPassword=f"{PASSWORD}{n}", **given) for n in range(6)  # type: ignore[misc]
    ])  # fmt: skip
    assert came[""] == 1, came


def test_an_alias_is_one_users_at_a_time(raced: Region, account: str) -> None:
    people = People(raced, account)
    for n in range(6):
        people.user(f"u{n}")
    taken = pairs(email="shared@example.com", email_verified="true")
    came = at_once([
        lambda n=n: people.idp.admin_update_user_attributes(  # type: ignore[misc]
            UserPoolId=people.pool, Username=f"u{n}", UserAttributes=taken
        ) for n in range(6)
    ])  # fmt: skip
    assert came == {"": 1, "AliasExistsException": 5}


def test_a_pool_deleted_under_sign_ups_and_sign_ins_leaves_nothing(raced: Region, account: str) -> None:
    for n in range(4):
        people = People(raced, account)
        for name in ("ada", "eve"):
            people.user(name, email=f"{name}@example.com", email_verified="true")
        token = people.sign_in("ada")["AccessToken"]

        def made(number: int, people: People = people) -> Any:
            return people.idp.admin_create_user(UserPoolId=people.pool, Username=f"made{number}")

        def deleted(people: People = people, delay: float = 0.01 + 0.03 * n) -> None:
            time.sleep(delay)
            people.idp.delete_user_pool(UserPoolId=people.pool)

        calls: list[Callable[[], Any]] = [
            deleted,
            *(lambda n=n, p=people: p.sign_up(f"n{n}", f"n{n}@example.com") for n in range(6)),  # type: ignore[misc]
            *(lambda n=n, made=made: made(n) for n in range(4)),  # type: ignore[misc]
            *(lambda p=people, who=who: p.sign_in(who) for who in ("ada", "ada", "eve", "eve")),  # type: ignore[misc]
            lambda p=people: p.anyone.forgot_password(ClientId=p.client, Username="ada"),  # type: ignore[misc]
            lambda p=people: p.anyone.forgot_password(ClientId=p.client, Username="eve"),  # type: ignore[misc]
            lambda p=people, t=token: p.anyone.change_password(  # type: ignore[misc]
                AccessToken=t, PreviousPassword="Wrong-Password-1", ProposedPassword="Other-Password-1"
            ),
        ]
        came = at_once(calls)
        assert "InternalFailure" not in came
        assert "InternalErrorException" not in came


def test_a_user_deleted_while_his_code_is_sent_leaves_nothing(raced: Region, account: str) -> None:
    people = People(raced, account)
    for n in range(12):
        people.user(f"u{n}", email=f"u{n}@example.com", email_verified="true")
        calls: list[Callable[[], Any]] = [
            lambda n=n: people.idp.admin_delete_user(UserPoolId=people.pool, Username=f"u{n}"),  # type: ignore[misc]
            *[lambda n=n: people.anyone.forgot_password(ClientId=people.client, Username=f"u{n}")] * 5,  # type: ignore[misc]
            lambda n=n: people.sign_in(f"u{n}"),  # type: ignore[misc]
        ]
        assert "InternalErrorException" not in at_once(calls)
    assert people.count() == 0


def test_an_identity_pool_deleted_under_its_guests_leaves_nothing(raced: Region, account: str) -> None:
    identity = raced.client("cognito-identity", key=account)
    for _ in range(6):
        pool = identity.create_identity_pool(
            IdentityPoolName="guests", AllowUnauthenticatedIdentities=True, DeveloperProviderName="shop"
        )["IdentityPoolId"]
        developer = {"IdentityPoolId": pool, "Logins": {"shop": "ada"}}
        first = identity.get_open_id_token_for_developer_identity(**developer)["IdentityId"]
        calls: list[Callable[[], Any]] = [
            lambda pool=pool: identity.delete_identity_pool(IdentityPoolId=pool),  # type: ignore[misc]
            lambda first=first: identity.delete_identities(IdentityIdsToDelete=[first]),  # type: ignore[misc]
            *[lambda pool=pool: identity.get_id(IdentityPoolId=pool)] * 6,  # type: ignore[misc]
            *[lambda given=developer: identity.get_open_id_token_for_developer_identity(**given)] * 4,  # type: ignore[misc]
        ]
        assert at_once(calls).keys() <= {"", "ResourceNotFoundException"}


def document(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def test_a_user_is_renamed_under_authorised_calls(raced: Region, account: str) -> None:
    iam = raced.client("iam", key=account)
    iam.create_user(UserName="u0")
    iam.put_user_policy(UserName="u0", PolicyName="may", PolicyDocument=document("iam:ListUsers"))
    key = iam.create_access_key(UserName="u0")["AccessKey"]
    his = raced.client("iam", key["AccessKeyId"], key["SecretAccessKey"])

    def rename() -> None:
        for n in range(20):
            iam.update_user(UserName=f"u{n}", NewUserName=f"u{n + 1}")

    def use() -> None:
        for _ in range(20):
            assert [user["UserName"][0] for user in his.list_users()["Users"]] == ["u"]

    assert at_once([rename, use, use, use]) == {"": 4}
    assert raced.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_caller_identity()["Arn"].endswith("/u20")


def test_groups_and_policy_versions_under_races(raced: Region, account: str) -> None:
    iam = raced.client("iam", key=account)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    group = {"GroupName": "g", "UserName": "u"}
    for _ in range(5):
        calls: list[Callable[[], Any]] = [lambda: iam.add_user_to_group(**group)] * 4
        calls += [lambda: iam.remove_user_from_group(**group)] * 4
        calls += [lambda: iam.delete_group(GroupName="g"), lambda: iam.create_group(GroupName="g")]
        came = at_once(calls)
        assert came.keys() <= {"", "DeleteConflict", "EntityAlreadyExists", "NoSuchEntity"}
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    came = at_once([
        lambda n=n: iam.create_policy_version(  # type: ignore[misc]
            PolicyArn=arn, PolicyDocument=document(f"s3:Get{n}*"), SetAsDefault=n % 2 == 0
        ) for n in range(10)
    ])  # fmt: skip
    assert came == {"": 4, "LimitExceeded": 6}
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert sorted(one["VersionId"] for one in versions) == ["v1", "v2", "v3", "v4", "v5"]
    assert sum(one["IsDefaultVersion"] for one in versions) == 1


def test_a_session_that_outlives_its_role_leaves_no_use(raced: Region, account: str, aws_error: Any) -> None:
    iam = raced.client("iam", key=account)
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    given = raced.client("sts", key=account).assume_role(RoleArn=role, RoleSessionName="work")["Credentials"]
    iam.delete_role(RoleName="r")
    his = raced.client("dynamodb", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert aws_error(his.list_tables)[0] == "AccessDeniedException"


def test_a_federated_session_outlives_the_renaming_of_its_user(raced: Region, account: str) -> None:
    iam = raced.client("iam", key=account)
    iam.create_user(UserName="ann")
    for action in ("dynamodb:ListTables", "sts:GetFederationToken"):
        iam.put_user_policy(UserName="ann", PolicyName=action[:3], PolicyDocument=document(action))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    given = raced.client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_federation_token(
        Name="guest", Policy=document("dynamodb:*")
    )["Credentials"]
    his = raced.client("dynamodb", given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert his.list_tables()["TableNames"] == []
    iam.update_user(UserName="ann", NewUserName="bea")
    assert his.list_tables()["TableNames"] == []
