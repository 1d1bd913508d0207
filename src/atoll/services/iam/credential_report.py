"""GenerateCredentialReport, GetCredentialReport: a CSV file on the credentials of every user.

docs: IAM User Guide, "Generate credential reports for your AWS account": a report is made at most every four hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from atoll.auth import credentials, mfa
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.records import Codec
from atoll.kernel.service import operation
from atoll.kernel.store.api import Reader
from atoll.services.iam import login_profiles, paging, password_policy, user_items, uses
from atoll.services.iam.errors import CredentialReportExpiredException, CredentialReportNotPresentException
from atoll.services.iam.resources import on_account
from atoll.services.iam.store import USERS, User

COLUMNS = (
    "user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
    "password_next_rotation", "mfa_active",
    *(
        f"access_key_{number}_{what}"
        for number in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ),
    "cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated",
)  # fmt: skip
NONE = "N/A"
NO_KEY = ("false", *(NONE,) * 4)
NO_CERTIFICATES = ("false", NONE, "false", NONE)
GOOD_FOR = 4 * 3600
DAY = 86_400
AT_ONCE = 50


class Report(msgspec.Struct, frozen=True):
    """A report: when it was made (whole seconds), and the CSV text."""

    made: int
    text: str


REPORTS = Codec(Report, memo=1)


def _key(account: str) -> Key:
    return (account, "", "iam", "credential-report")


def _moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S+00:00}"


def _truth(value: object) -> str:
    return "true" if value else "false"


def with_mfa(tx: Reader, account: str) -> set[str]:
    """The ids of the users that have an MFA device."""
    devices = (mfa.decode(raw) for _, raw in tx.scan(under(mfa.prefix(account))))
    return {device.user_id for device in devices if device.user_id}


def _root(account: str) -> tuple[str, ...]:
    return (
        "<root_account>", f"arn:aws:iam::{account}:root", _moment(0), "not_supported", "no_information", "not_supported",
        "not_supported", "false", *NO_KEY, *NO_KEY, *NO_CERTIFICATES,
    )  # fmt: skip


def _password(tx: Reader, account: str, user: User) -> tuple[str, ...]:
    profile = login_profiles.find(tx, account, user)
    if profile is None:
        return "false", NONE, NONE, NONE
    policy = password_policy.find(tx, account)
    ends = _moment(profile.changed + policy.max_age * DAY) if policy and policy.max_age else NONE
    return "true", "no_information", _moment(profile.changed), ends


def _access_key(tx: Reader, account: str, access_key: str) -> tuple[str, ...]:
    key, last = credentials.find(tx, access_key), uses.of_key(tx, account, access_key)
    assert key is not None
    used = (_moment(last.time), last.region, last.service) if last else (NONE,) * 3
    return (_truth(key.active), _moment(key.created), *used)


def _certificates(tx: Reader, account: str, user: User) -> tuple[str, ...]:
    found = user_items.CERTIFICATES.all(tx, account, user)
    cells = [cell for one in found for cell in (_truth(one.status == "Active"), _moment(one.created))]
    return (*cells, *NO_CERTIFICATES)[: len(NO_CERTIFICATES)]


def _row(tx: Reader, account: str, user: User, careful: set[str]) -> tuple[str, ...]:
    keys = [_access_key(tx, account, access_key) for access_key in user.access_keys]
    one, two = (*keys, NO_KEY, NO_KEY)[:2]
    return (
        user.name, USERS.arn(account, user), _moment(user.created), *_password(tx, account, user),
        _truth(user.id in careful), *one, *two, *_certificates(tx, account, user),
    )  # fmt: skip


async def _report(ctx: Context) -> str:
    """The text. Users are read some at a time, for others run meanwhile."""
    careful = await ctx.store.read(lambda tx: with_mfa(tx, ctx.account))
    rows: list[Iterable[str]] = [COLUMNS, _root(ctx.account)]
    position = ""

    def read(tx: Reader) -> list[tuple[str, tuple[str, ...]]]:
        users = islice(paging.below(tx, ctx.account, USERS, "/")(position), AT_ONCE)
        return [(name, _row(tx, ctx.account, user, careful)) for name, user in users]

    while found := await ctx.store.read(read):
        rows += (row for _, row in found)
        position = found[-1][0]
        await asyncio.sleep(0)  # noqa: TID251  no time passes: others have their turn
    return "\n".join(",".join(map(_cell, row)) for row in rows)


@operation("GenerateCredentialReport", access=on_account("GenerateCredentialReport"))
async def generate_credential_report(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """docs: API_GenerateCredentialReport."""
    now = int(ctx.clock.now())
    raw = await ctx.store.read(lambda tx: tx.get(_key(ctx.account)))
    if raw is not None and now - REPORTS.decode(raw).made < GOOD_FOR:
        return {"State": "COMPLETE"}
    report = Report(now, await _report(ctx))
    await ctx.store.transact(lambda tx: tx.set(_key(ctx.account), REPORTS.encode(report)))
    return {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}


def _cell(value: str) -> str:
    """Names and paths may hold commas and quotation marks."""
    return '"' + value.replace('"', '""') + '"' if "," in value or '"' in value else value


@operation("GetCredentialReport", access=on_account("GetCredentialReport"))
async def get_credential_report(ctx: Context, _request: dict[str, Any]) -> dict[str, Any]:
    """AWS's errors have no text here. docs: API_GetCredentialReport."""
    raw = await ctx.store.read(lambda tx: tx.get(_key(ctx.account)))
    if raw is None:
        raise CredentialReportNotPresentException
    report = REPORTS.decode(raw)
    if ctx.clock.now() - report.made >= GOOD_FOR:
        raise CredentialReportExpiredException
    return {"Content": report.text.encode(), "ReportFormat": "text/csv", "GeneratedTime": report.made}
