"""MFA devices (virtual, TOTP checked): made, shown as a picture, given to users, set right, taken away."""

from __future__ import annotations

import base64
import struct

import pytest
from tests.told import Told
from tests.totp import Phone, advance, to_the_next_step

NO_SUCH = "MFA Device with serial number {} does not exist."


@pytest.fixture
def iam(own, account):
    return own.client("iam", key=account)


@pytest.fixture
def device(iam):
    return iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]


@pytest.fixture
def phone(own, device):
    to_the_next_step(own)
    return Phone(own, device["Base32StringSeed"])


def enable(iam, device, phone, user="ann", **codes):
    return iam.enable_mfa_device(UserName=user, SerialNumber=device["SerialNumber"], **(codes or phone.pair()))


def test_a_new_device_shows_its_seed_and_a_picture(iam, device, account):
    assert device["SerialNumber"] == f"arn:aws:iam::{account}:mfa/phone"
    assert len(base64.b32decode(device["Base32StringSeed"])) == 40
    png = device["QRCodePNG"]
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", png[16:24])
    assert width == height > 100
    listed = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert listed == [{"SerialNumber": device["SerialNumber"]}]


def test_paths_and_names(iam, device, account, aws_error):
    below = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone", Path="/a/b/")["VirtualMFADevice"]
    assert below["SerialNumber"] == f"arn:aws:iam::{account}:mfa/a/b/phone"
    assert aws_error(lambda: iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")) == (
        "EntityAlreadyExists",
        "MFA device already exists.",
        409,
    )
    bad = aws_error(lambda: iam.create_virtual_mfa_device(VirtualMFADeviceName="x", Path="a/"))
    assert bad[0] == "ValidationError"


def test_a_device_is_a_users_after_two_codes_in_a_row(iam, device, phone, account):
    user = iam.create_user(UserName="ann")["User"]
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
    enable(iam, device, phone)
    (listed,) = iam.list_mfa_devices(UserName="ann")["MFADevices"]
    assert (listed["UserName"], listed["SerialNumber"]) == ("ann", device["SerialNumber"])
    (virtual,) = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert virtual["User"]["Arn"] == user["Arn"]
    assert virtual["EnableDate"] == listed["EnableDate"]
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    got = iam.get_mfa_device(SerialNumber=device["SerialNumber"], UserName="ann")
    assert (got["UserName"], got["EnableDate"]) == ("ann", listed["EnableDate"])


def test_wrong_codes_enable_nothing(own, iam, device, phone, aws_error):
    iam.create_user(UserName="ann")
    refused = ("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403)
    first, second = phone.code(-1), phone.code()
    for codes in (
        (first, first),
        (second, first),
        (phone.code(-2), second),
        (phone.code(-20), phone.code(-19)),
        (phone.code(5), phone.code(6)),
    ):
        given = dict(zip(("AuthenticationCode1", "AuthenticationCode2"), codes, strict=True))
        assert aws_error(lambda given=given: enable(iam, device, phone, **given)) == refused
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
    enable(iam, device, phone)


def test_what_is_not_there(iam, device, phone, account, aws_error):
    none = f"arn:aws:iam::{account}:mfa/none"
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    assert aws_error(lambda: iam.enable_mfa_device(UserName="bob", SerialNumber=none, **codes)) == (
        "NoSuchEntity",
        "The user with name bob cannot be found.",
        404,
    )
    iam.create_user(UserName="ann")
    iam.create_user(UserName="eve")
    for call in (
        lambda: iam.enable_mfa_device(UserName="ann", SerialNumber=none, **codes),
        lambda: iam.deactivate_mfa_device(UserName="ann", SerialNumber=none),
        lambda: iam.delete_virtual_mfa_device(SerialNumber=none),
    ):
        assert aws_error(call) == ("NoSuchEntity", NO_SUCH.format(none), 404)
    enable(iam, device, phone)
    serial = device["SerialNumber"]
    assert aws_error(lambda: iam.deactivate_mfa_device(UserName="eve", SerialNumber=serial))[0] == "NoSuchEntity"
    assert aws_error(lambda: enable(iam, device, phone, user="eve")) == (
        "EntityAlreadyExists",
        "MFA Device is already in use.",
        409,
    )


def test_a_device_in_use_stays(iam, device, phone, aws_error):
    iam.create_user(UserName="ann")
    enable(iam, device, phone)
    serial = device["SerialNumber"]
    assert aws_error(lambda: iam.delete_virtual_mfa_device(SerialNumber=serial)) == (
        "DeleteConflict",
        "MFA VirtualDevice in use. Must deactivate first.",
        409,
    )
    assert aws_error(lambda: iam.delete_user(UserName="ann"))[0] == "DeleteConflict"
    iam.deactivate_mfa_device(UserName="ann", SerialNumber=serial)
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    iam.delete_user(UserName="ann")


def test_a_device_whose_clock_is_off_is_set_right(own, iam, device, phone, aws_error):
    iam.create_user(UserName="ann")
    enable(iam, device, phone)
    serial = device["SerialNumber"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    sts = own.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    advance(own, 60)
    late = phone.code(10)
    assert aws_error(lambda: sts.get_session_token(SerialNumber=serial, TokenCode=late))[0] == "AccessDenied"
    iam.resync_mfa_device(UserName="ann", SerialNumber=serial, **phone.pair(10))
    assert sts.get_session_token(SerialNumber=serial, TokenCode=phone.code(11))
    wrong = phone.pair(100)
    assert aws_error(lambda: iam.resync_mfa_device(UserName="ann", SerialNumber=serial, **wrong))[0] == (
        "InvalidAuthenticationCode"
    )


def test_tags(iam, aws_error):
    tags = [{"Key": "a", "Value": "1"}]
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="tagged", Tags=tags)["VirtualMFADevice"]
    serial = made["SerialNumber"]
    assert made["Tags"] == tags
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["a"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_hardware_devices_are_refused(iam, phone, aws_error):
    iam.create_user(UserName="ann")
    refused = aws_error(lambda: iam.enable_mfa_device(UserName="ann", SerialNumber="GAHT12345678", **phone.pair()))
    assert (refused[0], refused[2]) == ("NotImplemented", 501)


def test_no_seed_or_code_is_in_a_log_or_trace(own, iam, device, phone):
    iam.create_user(UserName="ann")
    codes = phone.pair()
    enable(iam, device, phone, **codes)
    told = Told(own)
    assert "iam.EnableMFADevice" in told
    for secret in (device["Base32StringSeed"].decode(), *codes.values()):
        assert secret not in told
