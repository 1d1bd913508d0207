"""`/_atoll/why`, `/_atoll/audit` and `/_atoll/least-privilege`: what the commands ask, as a program sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from .conftest import Owner

MAIN = "arn:aws:dynamodb:us-east-1:{}:table/*"


def get(owner: Owner, path: str) -> httpx.Response:
    return httpx.get(f"{owner.region.endpoint}/_atoll/{path}")


def session_of(owner: Owner) -> Any:
    """A client of a role that may write logs and nothing else."""
    given = owner.client("sts").assume_role(RoleArn=owner.role(), RoleSessionName="s1")["Credentials"]
    return owner.region.client("dynamodb", given["AccessKeyId"], given["SecretAccessKey"], token=given["SessionToken"])


def test_why_lists_what_was_denied_and_explains_it(owner: Owner) -> None:
    with pytest.raises(ClientError) as caught:
        session_of(owner).list_tables()
    request_id = caught.value.response["ResponseMetadata"]["RequestId"]
    (line,) = [one for one in get(owner, "why").json()["denied"] if one["id"] == request_id]
    what = f"dynamodb:ListTables on {MAIN.format(owner.account)}"
    assert line["denied"] == [f"{what}: denied: no identity-based policy allows it"]
    told = get(owner, f"why/{request_id}").json()
    assert (told["id"], told["status"]) == (request_id, 400)
    (decision,) = told["decisions"]
    assert decision.keys() == {
        "step", "action", "resource", "allowed", "explicit", "decision", "by", "principal", "context", "policies", "absent", "remedy",
    }  # fmt: skip
    assert decision["principal"]["session"] == "s1"


def test_ids_that_are_not_known(owner: Owner) -> None:
    for path in ("why/none", "why/%ff%00", "why/" + "x" * 2000):
        answer = get(owner, path)
        assert answer.status_code == 404
        assert "is remembered. The last 1000 requests are" in answer.json()["message"]


def test_an_audit_lets_through_and_tells(owner: Owner, post: Callable[..., httpx.Response]) -> None:
    role = session_of(owner)
    audit = post("audit", {"begin": 30}).json()["audit"]
    assert role.list_tables()["TableNames"] == []
    request_id = role.list_tables()["ResponseMetadata"]["RequestId"]
    (decision,) = get(owner, f"why/{request_id}").json()["decisions"]
    assert (decision["allowed"], decision["audited"]) == (False, True)
    (finding,) = post("audit", {"end": audit}).json()["findings"]
    assert (finding["action"], finding["count"]) == ("dynamodb:ListTables", 2)
    with pytest.raises(ClientError, match="AccessDenied"):
        role.list_tables()
    told = get(owner, f"least-privilege/{owner.account}/fn-role").json()
    assert (told["calls"], told["policy"]) == ([], None), "what an audit let through was not allowed"


def test_roles_that_are_not_there(owner: Owner, post: Callable[..., httpx.Response]) -> None:
    assert get(owner, f"least-privilege/{owner.account}/none").status_code == 404
    arn = f"arn:aws:iam::{owner.account}:role/none"
    assert post("least-privilege", {"forget": arn}).status_code == 404
    for wrong in ({}, {"forget": 1}, {"forget": "none"}, {"remember": arn}):
        assert post("least-privilege", wrong).status_code == 400
