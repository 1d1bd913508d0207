"""MFA in STS: codes are checked by the region's clock and used once, and conditions know of them."""

from __future__ import annotations

import json

import pytest
from tests.told import Told
from tests.totp import Phone, advance, to_the_next_step

INVALID = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
UNKNOWN = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)


class Person:
    """A user with an MFA device: `client(service)` under its key, `phone` shows codes."""

    def __init__(self, region, account, name, policy):
        iam = region.client("iam", key=account)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
        self._key, self._region = iam.create_access_key(UserName=name)["AccessKey"], region
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial, self.phone = device["SerialNumber"], Phone(region, device["Base32StringSeed"])
        to_the_next_step(region)
        iam.enable_mfa_device(UserName=name, SerialNumber=self.serial, **self.phone.pair())
        to_the_next_step(region)

    def client(self, service):
        return self._region.client(service, key=self._key["AccessKeyId"], secret=self._key["SecretAccessKey"])

    def code(self):
        return {"SerialNumber": self.serial, "TokenCode": self.phone.code()}


def policy(action="*", **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture
def iam(own, account):
    return own.client("iam", key=account)


@pytest.fixture
def person(own, account):
    return lambda name="ann", document=None: Person(own, account, name, document or policy())


@pytest.fixture
def session(own):
    def make(answer, service):
        given = answer["Credentials"]
        return own.client(
            service, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"]
        )

    return make


def test_a_session_with_mfa_has_iam(person, session, aws_error):
    ann = person()
    without = ann.client("sts").get_session_token()
    assert aws_error(session(without, "iam").list_users)[0] == "InvalidClientTokenId"
    proven = ann.client("sts").get_session_token(**ann.code())
    assert session(proven, "iam").list_users()["Users"]
    assert aws_error(session(proven, "sts").get_session_token)[0] == "AccessDenied"


def test_a_code_is_used_once(own, person, aws_error):
    ann = person()
    sts, code = ann.client("sts"), ann.code()
    assert sts.get_session_token(**code)
    assert aws_error(lambda: sts.get_session_token(**code)) == ("AccessDenied", INVALID, 403)
    to_the_next_step(own)
    assert sts.get_session_token(**ann.code())


def test_codes_of_other_times_are_wrong(own, person, aws_error):
    ann = person()
    sts = ann.client("sts")
    for steps in (-2, 2, 50):
        given = {"SerialNumber": ann.serial, "TokenCode": ann.phone.code(steps)}
        assert aws_error(lambda given=given: sts.get_session_token(**given)) == ("AccessDenied", INVALID, 403)
    soon = ann.phone.code(10)
    advance(own, 300)
    assert sts.get_session_token(SerialNumber=ann.serial, TokenCode=soon)


def test_another_users_device_proves_nothing(person, aws_error):
    ann, eve = person(), person("eve")
    assert aws_error(lambda: eve.client("sts").get_session_token(**ann.code())) == ("AccessDenied", UNKNOWN, 403)
    assert aws_error(lambda: eve.client("sts").get_session_token(TokenCode="123456"))[1] == (
        "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
    )


def test_a_policy_can_ask_for_mfa(own, person, session, aws_error):
    """aws:MultiFactorAuthPresent and aws:MultiFactorAuthAge, of a session's calls."""
    recent = {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    ann = person("ann", policy("iam:ListUsers", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}, **recent}))
    assert aws_error(ann.client("iam").list_users)[0] == "AccessDenied"
    proven = session(ann.client("sts").get_session_token(**ann.code()), "iam")
    assert proven.list_users()
    advance(own, 3601)
    assert aws_error(proven.list_users)[0] == "AccessDenied"


def test_a_trust_policy_can_ask_for_mfa(iam, person, session, account, aws_error):
    document = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
    }  # fmt: skip
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="r", PolicyName="p",
        PolicyDocument=json.dumps(policy(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    )  # fmt: skip
    ann = person()
    sts = ann.client("sts")
    assume = {"RoleArn": role, "RoleSessionName": "me"}
    assert aws_error(lambda: sts.assume_role(**assume))[0] == "AccessDenied"
    wrong = {"SerialNumber": ann.serial, "TokenCode": ann.phone.code(50)}
    assert aws_error(lambda: sts.assume_role(**assume, **wrong)) == ("AccessDenied", INVALID, 403)
    code = ann.code()
    answer = sts.assume_role(**assume, **code)
    assert aws_error(lambda: sts.assume_role(**assume, **code)) == ("AccessDenied", INVALID, 403)
    # What the role may does not know of it. docs: "Configuring MFA-protected API access"
    assert aws_error(session(answer, "iam").list_users)[0] == "AccessDenied"


def test_codes_are_in_no_log_or_trace(own, person, aws_error):
    ann = person()
    wrong = {"SerialNumber": ann.serial, "TokenCode": ann.phone.code(50)}
    aws_error(lambda: ann.client("sts").get_session_token(**wrong))
    code = ann.code()
    given = ann.client("sts").get_session_token(**code)["Credentials"]
    told = Told(own)
    assert "sts.GetSessionToken" in told
    for secret in (wrong["TokenCode"], code["TokenCode"], given["SecretAccessKey"], given["SessionToken"]):
        assert secret not in told
