"""Query services answer in JSON where the request accepts only that."""

from __future__ import annotations

from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def test_answers_in_json_for_whoever_accepts_only_that(region: Any, account: str) -> None:
    """As tools do that verify who somebody is: the signed request, sent on with `Accept: application/json`."""
    request = AWSRequest(
        "POST", f"{region.endpoint}/", data="Action=GetCallerIdentity&Version=2011-06-15",
        headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
    )  # fmt: skip
    SigV4Auth(Credentials(account, "test"), "sts", "us-east-1").add_auth(request)
    answer = httpx.post(request.url, content=request.data, headers=dict(request.headers), trust_env=False)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": {"Account": account, "Arn": f"arn:aws:iam::{account}:root", "UserId": account},
            "ResponseMetadata": {"RequestId": answer.headers["x-amzn-requestid"]},
        }
    }
