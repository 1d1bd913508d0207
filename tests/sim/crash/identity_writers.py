"""Who writes in `test_identity_crash.py`: people of a user pool, and IAM users, each with a world of its own that can be checked."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.aws.cognito_idp.conftest import code_in, messages_of, pairs, unsigned
from tests.totp import Phone

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
GROUPS = ("red", "green", "blue")
W = TypeVar("W")
Change = tuple[W, Callable[[], W]]


class Writer(threading.Thread, Generic[W]):
    """Changes what is its own at random until the region dies. `world` is what was acknowledged, `after` what is if the last change, too,
    took place: a change is that, and the call that makes it, whose answer may say more."""

    def __init__(self, region: Region, name: str, world: W, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.region, self.own, self.chance = region, name, chance
        self.world = self.after = world
        self.done, self.error = 0, ""

    def run(self) -> None:
        try:
            while True:
                self.after, call = self.change()
                self.world = self.after = call()
                self.done += 1
        except (ClientError, AssertionError) as error:
            self.error = f"{self.own}: {error!r}, {self.world}, {self.after}"
        except (BotoCoreError, httpx.TransportError, OSError):
            return

    def change(self) -> Change[W]:
        raise NotImplementedError

    def check(self) -> W:
        """What is there now. Raises AssertionError where it is neither `world` nor `after`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Person:
    """A user of a pool; `token` is the refresh token that counts, `spent` are those that must never count again."""

    status: str = ""
    password: str = ""
    email: str = ""
    groups: frozenset[str] = frozenset()
    token: str = ""
    spent: tuple[str, ...] = ()

    @property
    def seen(self) -> tuple[str, str, frozenset[str]]:
        return self.status, self.email, self.groups

    def without_token(self) -> Person:
        return replace(self, token="", spent=(*self.spent, self.token)[-3:] if self.token else self.spent)


class Signer(Writer[Person]):
    """A person, by all that he and his administrator do."""

    def __init__(self, region: Region, name: str, world: Person, chance: random.Random, pool: str, client: str) -> None:
        super().__init__(region, name, world, chance)
        self.idp, self.anyone = region.client("cognito-idp", key=ACCOUNT), unsigned(region)
        self.pool, self.client = pool, client
        self.him = {"UserPoolId": pool, "Username": name}

    def change(self) -> Change[Person]:
        now = self.world
        if not now.status:
            return self.sign_up(f"{self.own}-{self.chance.randrange(1 << 30)}@example.com", self.fresh())
        if now.status == "UNCONFIRMED":
            return replace(now, status="CONFIRMED"), self.confirm
        acts: list[Callable[[], Change[Person]]] = [self.group, self.move, self.passwords, self.forget, self.remove]
        acts += [self.revoke, self.rotate, self.rotate] if now.token else [self.sign_in] * 4
        return self.chance.choice(acts)()

    def fresh(self) -> str:
        return f"Secret-Word-{self.chance.randrange(1 << 30)}"

    def sign_up(self, email: str, password: str) -> Change[Person]:
        after = Person("UNCONFIRMED", password, email, spent=self.world.spent)

        def call() -> Person:
            given = pairs(email=email)
            self.anyone.sign_up(ClientId=self.client, Username=self.own, Password=password, UserAttributes=given)
            return after

        return after, call

    def confirm(self) -> Person:
        """With the newest code; after a crash that took it along (it was never acknowledged) with another one."""
        found = messages_of(self.region, ACCOUNT, self.world.email)
        if not found:
            self.anyone.resend_confirmation_code(ClientId=self.client, Username=self.own)
            found = messages_of(self.region, ACCOUNT, self.world.email)
        self.anyone.confirm_sign_up(ClientId=self.client, Username=self.own, ConfirmationCode=code_in(found[0]))
        return self.after

    def sign_in(self) -> Change[Person]:
        def call() -> Person:
            return replace(self.world, token=self.tokens(self.world.password)["RefreshToken"])

        return self.world, call

    def tokens(self, password: str) -> dict[str, str]:
        given = {"USERNAME": self.own, "PASSWORD": password}
        answer = self.anyone.initiate_auth(ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        found: dict[str, str] = answer["AuthenticationResult"]
        return found

    def rotate(self) -> Change[Person]:
        def call() -> Person:
            return replace(self.world.without_token(), token=self.rotated(self.world.token))

        return self.world.without_token(), call

    def rotated(self, token: str) -> str:
        answer = self.anyone.get_tokens_from_refresh_token(ClientId=self.client, RefreshToken=token)
        return str(answer["AuthenticationResult"]["RefreshToken"])

    def revoke(self) -> Change[Person]:
        after = self.world.without_token()
        return after, self.acked(after, lambda: self.idp.admin_user_global_sign_out(**self.him))

    def group(self) -> Change[Person]:
        name = self.chance.choice(GROUPS)
        after = replace(self.world, groups=self.world.groups ^ {name})
        call = self.idp.admin_add_user_to_group if name in after.groups else self.idp.admin_remove_user_from_group
        return after, self.acked(after, lambda: call(GroupName=name, **self.him))

    def move(self) -> Change[Person]:
        after = replace(self.world, email=f"{self.own}-{self.chance.randrange(1 << 30)}@example.com")
        given = pairs(email=after.email, email_verified="true")
        return after, self.acked(after, lambda: self.idp.admin_update_user_attributes(UserAttributes=given, **self.him))

    def passwords(self) -> Change[Person]:
        after = replace(self.world, password=self.fresh())
        given = {"Password": after.password, "Permanent": True}
        return after, self.acked(after, lambda: self.idp.admin_set_user_password(**given, **self.him))

    def forget(self) -> Change[Person]:
        after = replace(self.world, password=self.fresh())

        def call() -> None:
            self.anyone.forgot_password(ClientId=self.client, Username=self.own)
            code = code_in(messages_of(self.region, ACCOUNT, after.email)[0])
            given = {"ClientId": self.client, "Username": self.own, "ConfirmationCode": code}
            self.anyone.confirm_forgot_password(Password=after.password, **given)
            with pytest.raises(self.anyone.exceptions.ExpiredCodeException):
                self.anyone.confirm_forgot_password(Password=after.password, **given)

        return after, self.acked(after, call)

    def remove(self) -> Change[Person]:
        after = Person(spent=self.world.without_token().spent)
        return after, self.acked(after, lambda: self.idp.admin_delete_user(**self.him))

    def acked(self, after: Person, call: Callable[[], Any]) -> Callable[[], Person]:
        def made() -> Person:
            call()
            return after

        return made

    def check(self) -> Person:
        seen = self.present()
        worlds = [world for world in (self.world, self.after) if world.seen == seen]
        assert worlds, f"{self.own}: {seen}, {self.world}, {self.after}"
        world = worlds[0]
        if world.status == "CONFIRMED":
            world = next((one for one in worlds if self.opens(one.password)), replace(world, status="closed"))
            assert world.status == "CONFIRMED", f"{self.own}: no password opens"
        return self.with_tokens(world)

    def present(self) -> tuple[str, str, frozenset[str]]:
        try:
            user = self.idp.admin_get_user(**self.him)
        except self.idp.exceptions.UserNotFoundException:
            return "", "", frozenset()
        groups = self.idp.admin_list_groups_for_user(**self.him)["Groups"]
        email = next(one["Value"] for one in user["UserAttributes"] if one["Name"] == "email")
        return user["UserStatus"], email, frozenset(group["GroupName"] for group in groups)

    def opens(self, password: str) -> bool:
        try:
            return bool(self.tokens(password))
        except self.anyone.exceptions.NotAuthorizedException:
            return False

    def with_tokens(self, world: Person) -> Person:
        """Each token that is spent is refused, the live one is taken unless the last change may have ended it."""
        for token in world.spent if world.spent == self.world.spent else self.world.spent:
            with pytest.raises(ClientError, match=r"rotation|revoked|Invalid Refresh Token"):
                self.rotated(token)
        live = self.world.token
        if not world.status or not live:
            return replace(world, token="", spent=self.world.spent)
        try:
            token = self.rotated(live)
        except ClientError:
            assert self.after.token != live, f"{self.own}: an acknowledged sign-in is lost"
            token = ""
        return replace(world, token=token, spent=(*self.world.spent, live)[-3:])


@dataclass(frozen=True)
class Worker:
    """An IAM user, by what changes; `secrets` are his keys that count."""

    name: str = ""
    groups: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    device: bool = False
    version: int = 1
    secrets: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    keys: int = 0


def document(action: str, n: int = 0) -> str:
    statement = {"Sid": f"n{n}", "Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Administrator(Writer[Worker]):
    """An IAM user and what hangs on him: group `x-in` lets its users list tables, the policies do nothing."""

    def __init__(self, region: Region, name: str, world: Worker, chance: random.Random) -> None:
        super().__init__(region, name, world, chance)
        self.iam = region.client("iam", key=ACCOUNT)
        self.group, self.arn = f"{name}-in", f"arn:aws:iam::{ACCOUNT}:policy/{name}-p"

    def prepare(self) -> None:
        self.iam.create_group(GroupName=self.group)
        self.iam.put_group_policy(
            GroupName=self.group, PolicyName="may", PolicyDocument=document("dynamodb:ListTables")
        )
        self.iam.create_policy(PolicyName=f"{self.own}-p", PolicyDocument=document("s3:*"))

    def change(self) -> Change[Worker]:
        now = self.world
        if not now.name:
            after = replace(now, name=f"{self.own}-{self.chance.randrange(1 << 30)}")
            return after, self.acked(after, lambda: self.iam.create_user(UserName=after.name))
        acts = [self.enter, self.attach, self.rename, self.key, self.token, self.publish]
        return self.chance.choice(
            acts if now.groups or now.policies or now.keys or now.device else [*acts, self.remove]
        )()

    def acked(self, after: Worker, call: Callable[[], Any]) -> Callable[[], Worker]:
        def made() -> Worker:
            call()
            return after

        return made

    def enter(self) -> Change[Worker]:
        after = replace(self.world, groups=self.world.groups ^ {self.group})
        call = self.iam.add_user_to_group if after.groups else self.iam.remove_user_from_group
        return after, self.acked(after, lambda: call(GroupName=self.group, UserName=after.name))

    def attach(self) -> Change[Worker]:
        after = replace(self.world, policies=self.world.policies ^ {self.arn})
        call = self.iam.attach_user_policy if after.policies else self.iam.detach_user_policy
        return after, self.acked(after, lambda: call(PolicyArn=self.arn, UserName=after.name))

    def rename(self) -> Change[Worker]:
        before, after = self.world.name, replace(self.world, name=f"{self.own}-{self.chance.randrange(1 << 30)}")
        return after, self.acked(after, lambda: self.iam.update_user(UserName=before, NewUserName=after.name))

    def key(self) -> Change[Worker]:
        now = self.world
        if now.keys > len(now.secrets) or now.keys == 2:  # also one whose secret the crash took along
            gone = self.iam.list_access_keys(UserName=now.name)["AccessKeyMetadata"][-1]["AccessKeyId"]
            after = replace(now, keys=now.keys - 1, secrets=tuple(one for one in now.secrets if one[0] != gone))
            return after, self.acked(after, lambda: self.iam.delete_access_key(UserName=now.name, AccessKeyId=gone))

        def call() -> Worker:
            made = self.iam.create_access_key(UserName=now.name)["AccessKey"]
            return replace(
                now, keys=now.keys + 1, secrets=(*now.secrets, (made["AccessKeyId"], made["SecretAccessKey"]))
            )

        return replace(now, keys=now.keys + 1), call

    def token(self) -> Change[Worker]:
        """An MFA device of his comes, or goes."""
        now = self.world
        after = replace(now, device=not now.device)
        if now.device:
            device = self.iam.list_mfa_devices(UserName=now.name)["MFADevices"][0]["SerialNumber"]

            def gone() -> None:
                self.iam.deactivate_mfa_device(UserName=now.name, SerialNumber=device)

            return after, self.acked(after, gone)

        def came() -> None:
            name = f"{self.own}-{self.chance.randrange(1 << 30)}"
            made = self.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
            codes = Phone(self.region, made["Base32StringSeed"]).pair()
            self.iam.enable_mfa_device(UserName=now.name, SerialNumber=made["SerialNumber"], **codes)

        return after, self.acked(after, came)

    def publish(self) -> Change[Worker]:
        """Another version of the policy becomes the default; of the others none stays."""
        now = self.world
        listed = self.iam.list_policy_versions(PolicyArn=self.arn)["Versions"]
        for one in listed:
            if not one["IsDefaultVersion"]:
                self.iam.delete_policy_version(PolicyArn=self.arn, VersionId=one["VersionId"])
        after = replace(now, version=now.version + 1)
        given = {"PolicyArn": self.arn, "PolicyDocument": document("s3:*", after.version), "SetAsDefault": True}
        return after, self.acked(after, lambda: self.iam.create_policy_version(**given))

    def remove(self) -> Change[Worker]:
        after = Worker(version=self.world.version)
        return after, self.acked(after, lambda: self.iam.delete_user(UserName=self.world.name))

    def check(self) -> Worker:
        users = [user["UserName"] for user in self.iam.list_users()["Users"]]
        names = [name for name in users if name.startswith(f"{self.own}-")]
        assert len(names) <= 1, names
        version = int(self.iam.get_policy(PolicyArn=self.arn)["Policy"]["DefaultVersionId"][1:])
        seen = Worker(version=version)
        if names:
            keys = self.iam.list_access_keys(UserName=names[0])["AccessKeyMetadata"]
            seen = Worker(
                names[0], frozenset(g["GroupName"] for g in self.iam.list_groups_for_user(UserName=names[0])["Groups"]),
                frozenset(
                    one["PolicyArn"]
                    for one in self.iam.list_attached_user_policies(UserName=names[0])["AttachedPolicies"]
                ),
                bool(self.iam.list_mfa_devices(UserName=names[0])["MFADevices"]), version, keys=len(keys),
            )  # fmt: skip
            there = {key["AccessKeyId"] for key in keys}
            seen = replace(seen, secrets=tuple(one for one in self.world.secrets if one[0] in there))
        assert seen in (self.world, self.after), f"{self.own}: {seen}, {self.world}, {self.after}"
        for key, secret in seen.secrets:
            who = self.region.client("sts", key, secret).get_caller_identity()
            assert who["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{seen.name}"
            assert self.lists_tables(key, secret) == bool(seen.groups)
        return seen

    def lists_tables(self, key: str, secret: str) -> bool:
        try:
            return bool(self.region.client("dynamodb", key, secret).list_tables())
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException":
                raise
            return False
