"""kill -9 under everything that IAM, STS and Cognito write: users who sign up, confirm, sign in, rotate, forget and move, IAM users with
groups, policies, keys and MFA devices, sessions, pools that come and go. After each start what was acknowledged is there and in effect,
what was used, revoked or deleted stays so; at the end the store is judged as a whole (`identity_judge.py`).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from tests.sim.crash.identity_judge import judge
from tests.sim.crash.identity_writers import ACCOUNT, GROUPS, Administrator, Change, Person, Signer, Worker, Writer
from tests.sim.crash.test_crash import fresh_seed
from tests.sim.crash.test_identity_races import rows_of

if TYPE_CHECKING:
    from tests.conftest import Region

Made = frozenset[tuple[str, str]]


class Founder(Writer[Made]):
    """Makes what comes and goes as a whole: pools with a domain, a client and users, identity pools with guests, roles in instance
    profiles; and sessions, which last. `world` is what was acknowledged: kinds and ids."""

    def __init__(self, region: Region, name: str, world: Made, chance: random.Random) -> None:
        super().__init__(region, name, world, chance)
        self.idp = region.client("cognito-idp", key=ACCOUNT)
        self.identity = region.client("cognito-identity", key=ACCOUNT)
        self.iam, self.sts = region.client("iam", key=ACCOUNT), region.client("sts", key=ACCOUNT)

    def change(self) -> Change[Made]:
        gone = next((one for one in self.world if one[0] != "session"), None)
        if gone is not None and len(self.world) > 3 and self.chance.random() < 0.7:
            return self.world - {gone}, self.without(gone)
        kind = self.chance.choice(["pool", "guests", "role", "session"])
        return self.world, lambda: self.world | {(kind, getattr(self, f"make_{kind}")(f"{self.own}{self.fresh()}"))}

    def fresh(self) -> int:
        return self.chance.randrange(1 << 40)

    def without(self, one: tuple[str, str]) -> Callable[[], Made]:
        def call() -> Made:
            getattr(self, f"remove_{one[0]}")(one[1])
            return self.world - {one}

        return call

    def make_pool(self, name: str) -> str:
        pool = str(self.idp.create_user_pool(PoolName=name)["UserPool"]["Id"])
        self.idp.create_user_pool_client(UserPoolId=pool, ClientName="app")
        self.idp.create_user_pool_domain(UserPoolId=pool, Domain=name)
        for n in range(3):
            self.idp.admin_create_user(UserPoolId=pool, Username=f"u{n}", MessageAction="SUPPRESS")
        return pool

    def remove_pool(self, pool: str) -> None:
        shown = self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        if "Domain" in shown:
            self.idp.delete_user_pool_domain(UserPoolId=pool, Domain=shown["Domain"])
        self.idp.delete_user_pool(UserPoolId=pool)

    def make_guests(self, name: str) -> str:
        pool = str(
            self.identity.create_identity_pool(
                IdentityPoolName=name, AllowUnauthenticatedIdentities=True, DeveloperProviderName="shop"
            )["IdentityPoolId"]
        )
        self.identity.get_id(IdentityPoolId=pool)
        self.identity.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins={"shop": "ada"})
        return pool

    def remove_guests(self, pool: str) -> None:
        self.identity.delete_identity_pool(IdentityPoolId=pool)

    def make_role(self, name: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(RoleName=name, InstanceProfileName=name)
        return name

    def remove_role(self, name: str) -> None:
        self.iam.remove_role_from_instance_profile(RoleName=name, InstanceProfileName=name)
        self.iam.delete_instance_profile(InstanceProfileName=name)
        self.iam.delete_role(RoleName=name)

    def make_session(self, name: str) -> str:
        given = self.sts.get_federation_token(Name=name[:32])["Credentials"]
        return json.dumps([given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]])

    def check(self) -> Made:
        """What was acknowledged is there, but what was being removed may be half gone: it is no more looked at."""
        for kind, one in self.world & self.after:
            getattr(self, f"look_at_{kind}")(one)
        return self.world & self.after

    def look_at_pool(self, pool: str) -> None:
        shown = self.idp.describe_user_pool(UserPoolId=pool)["UserPool"]
        assert shown["EstimatedNumberOfUsers"] == len(self.idp.list_users(UserPoolId=pool)["Users"]) == 3
        assert self.idp.describe_user_pool_domain(Domain=shown["Domain"])["DomainDescription"]["UserPoolId"] == pool
        assert len(self.idp.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"]) == 1

    def look_at_guests(self, pool: str) -> None:
        found = self.identity.list_identities(IdentityPoolId=pool, MaxResults=10)["Identities"]
        assert len(found) == 2
        same = self.identity.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins={"shop": "ada"})
        assert [one["IdentityId"] for one in found if one.get("Logins")] == [same["IdentityId"]]

    def look_at_role(self, name: str) -> None:
        profile = self.iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        assert [role["RoleName"] for role in profile["Roles"]] == [name]

    def look_at_session(self, credentials: str) -> None:
        who = self.region.client("sts", *json.loads(credentials)).get_caller_identity()["Arn"]
        assert who.startswith(f"arn:aws:sts::{ACCOUNT}:federated-user/{self.own}")


def prepare(region: Region) -> dict[str, str]:
    """The pool of the people, whose client rotates refresh tokens."""
    idp = region.client("cognito-idp", key=ACCOUNT)
    pool = idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"], AliasAttributes=["email"])
    pool_id = pool["UserPool"]["Id"]
    for name in GROUPS:
        idp.create_group(UserPoolId=pool_id, GroupName=name)
    client = idp.create_user_pool_client(
        UserPoolId=pool_id, ClientName="app", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    )  # fmt: skip
    return {"pool": pool_id, "client": client["UserPoolClient"]["ClientId"]}


def crash_rounds(region: Region, rounds: int, most: int, chance: random.Random) -> int:
    """Kills the region under its writers `rounds` times, each after some `most` changes or fewer, checks them each time, and judges the
    store at the end. Returns how many changes were acknowledged."""
    of_pool = prepare(region)
    for n in range(2):
        Administrator(region, f"a{n}", Worker(), chance).prepare()

    def writers(worlds: dict[str, Any]) -> list[Writer[Any]]:
        draw = lambda: random.Random(chance.random())  # noqa: E731
        people = [Signer(region, f"p{n}", worlds.get(f"p{n}", Person()), draw(), **of_pool) for n in range(3)]
        staff = [Administrator(region, f"a{n}", worlds.get(f"a{n}", Worker()), draw()) for n in range(2)]
        return [*people, *staff, Founder(region, "f0", worlds.get("f0", frozenset()), draw())]

    worlds: dict[str, Any] = {}
    done = 0
    for _ in range(rounds):
        working = writers(worlds)
        for writer in working:
            writer.start()
        enough, deadline = chance.randint(4, most), time.monotonic() + 60
        while sum(writer.done for writer in working) < enough and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.2))
        region.kill()
        for writer in working:
            writer.join(30)
            assert not writer.error, writer.error
            done += writer.done
        region.start()
        worlds = {writer.own: writer.check() for writer in working}
    judge(rows_of(region))
    assert "Traceback" not in region.log.read_text()
    return done


def test_nothing_of_identity_is_lost_or_happens_twice(new_region: Callable[..., Region]) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), 4, 60, random.Random(seed)) >= 16


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_40_crashes_under_identity(new_region: Callable[..., Region], durability: str) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(2):
        region = new_region("--durability", durability)
        crash_rounds(region, 20, 150, chance)
