"""The credential report: AWS's columns, a line for the root and one for each user, good for four hours of region time."""

from __future__ import annotations

import csv
import datetime
import io

import pytest
from botocore.exceptions import ClientError

HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)


@pytest.fixture
def region(new_region):
    """A region of the test's own: its clock moves."""
    return new_region()


@pytest.fixture
def iam(region):
    return region.client("iam", key="123456789012")


def lines(iam):
    """The report's lines, by user."""
    answer = iam.get_credential_report()
    assert answer["ReportFormat"] == "text/csv"
    text = answer["Content"].decode()
    assert text.partition("\n")[0] == HEADER
    return {row["user"]: row for row in csv.DictReader(io.StringIO(text))}


def refused(iam):
    """The code, message (AWS gives none) and status of the error."""
    with pytest.raises(ClientError) as caught:
        iam.get_credential_report()
    error = caught.value.response
    return error["Error"]["Code"], error["Error"].get("Message"), error["ResponseMetadata"]["HTTPStatusCode"]


def test_a_report_is_generated_fetched_and_expires(iam, region):
    assert refused(iam) == ("ReportNotPresent", None, 410)
    started = iam.generate_credential_report()
    assert (started["State"], started["Description"]) == (
        "STARTED",
        "No report exists. Starting a new report generation task",
    )
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert list(lines(iam)) == ["<root_account>"]
    iam.create_user(UserName="ann")
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert list(lines(iam)) == ["<root_account>"]
    region.atoll("clock", "advance", "4h")
    assert refused(iam) == ("ReportExpired", None, 410)
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert list(lines(iam)) == ["<root_account>", "ann"]


def test_the_lines_of_a_report(iam, region):
    iam.create_user(UserName="a,b", Path="/staff/")
    made = iam.create_user(UserName="ann")["User"]["CreateDate"]
    keys = [iam.create_access_key(UserName="ann")["AccessKey"] for _ in range(2)]
    iam.update_access_key(UserName="ann", AccessKeyId=keys[1]["AccessKeyId"], Status="Inactive")
    region.client("sts", keys[0]["AccessKeyId"], keys[0]["SecretAccessKey"], region="eu-west-1").get_caller_identity()
    iam.update_account_password_policy(MaxPasswordAge=90)
    iam.create_login_profile(UserName="ann", Password="simple")
    iam.generate_credential_report()
    report = lines(iam)
    assert list(report["<root_account>"].values()) == [
        "<root_account>", "arn:aws:iam::123456789012:root", "1970-01-01T00:00:00+00:00", "not_supported",
        "no_information", "not_supported", "not_supported", "false",
        *["false", "N/A", "N/A", "N/A", "N/A"] * 2, *["false", "N/A"] * 2,
    ]  # fmt: skip
    bare = report["a,b"]
    assert bare["arn"] == "arn:aws:iam::123456789012:user/staff/a,b"
    assert list(bare.values())[3:8] == ["false", "N/A", "N/A", "N/A", "false"]
    ann = report["ann"]
    assert ann["user_creation_time"] == f"{made:%Y-%m-%dT%H:%M:%S+00:00}"
    assert (ann["password_enabled"], ann["password_last_used"]) == ("true", "no_information")
    changed, rotation = (
        datetime.datetime.fromisoformat(ann[f"password_{what}"]) for what in ("last_changed", "next_rotation")
    )
    assert rotation - changed == datetime.timedelta(days=90)
    assert (ann["access_key_1_active"], ann["access_key_2_active"]) == ("true", "false")
    assert (ann["access_key_1_last_used_region"], ann["access_key_1_last_used_service"]) == ("eu-west-1", "sts")
    assert (ann["access_key_2_last_used_date"], ann["access_key_2_last_used_region"]) == ("N/A", "N/A")


def test_many_users_come_into_the_report(iam):
    for number in range(120):
        iam.create_user(UserName=f"u{number:03}")
    iam.generate_credential_report()
    assert list(lines(iam)) == ["<root_account>", *(f"u{number:03}" for number in range(120))]
