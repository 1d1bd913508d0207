"""Resource policies as they are kept: principals are pinned to unique ids, matched by them, and shown by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from atoll.auth.policy.parse import PolicySyntaxError, parse
from atoll.auth.policy.pinned import bare, pinned, shown
from atoll.auth.policy.principals import Principals, Reach
from atoll.kernel.context import Principal, Session

ANN = "arn:aws:iam::111122223333:user/ann"
WORKER = "arn:aws:iam::111122223333:role/worker"
SESSION = "arn:aws:sts::111122223333:assumed-role/worker/one"
IDS = {ANN: "AIDAANN", WORKER: "AROAWORKER", SESSION: "AROAWORKER:one"}


def policy(principal: Any, member: str = "Principal") -> str:
    effect = "Deny" if member == "NotPrincipal" else "Allow"
    statement = {"Effect": effect, member: principal, "Action": "x:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def principals(policy: str) -> Principals:
    (statement,) = parse(policy, "resource").statements
    assert statement.principals is not None
    return statement.principals


def user(unique: str, arn: str = ANN) -> Principal:
    return Principal("user", "111122223333", arn, unique)


def session(unique: str) -> Principal:
    return Principal("role", "111122223333", SESSION, f"{unique}:one", role_arn=WORKER)


@pytest.mark.parametrize(
    ("named", "principal", "reach"),
    [
        (ANN, user("AIDAANN"), Reach.DIRECT),
        (ANN, user("AIDAANN", "arn:aws:iam::111122223333:user/anna"), Reach.DIRECT),
        (ANN, user("AIDAOTHER"), Reach.NONE),
        (WORKER, session("AROAWORKER"), Reach.ROLE),
        (WORKER, session("AROAOTHER"), Reach.NONE),
        (SESSION, session("AROAWORKER"), Reach.DIRECT),
        (SESSION, session("AROAOTHER"), Reach.NONE),
        (
            ANN,
            Principal(
                "federated", "111122223333", "arn:aws:sts::111122223333:federated-user/f", "111122223333:f",
                role_arn=ANN, session=Session(owner="AIDAANN"),
            ),
            Reach.ROLE,
        ),
        (ANN, Principal("anonymous", "111122223333", "*", "AIDAANN"), Reach.NONE),
        ("111122223333", user("AIDAOTHER"), Reach.ACCOUNT),
    ],
)  # fmt: skip
def test_whoever_has_the_unique_id_is_meant(named: str, principal: Principal, reach: Reach) -> None:
    assert principals(pinned(policy({"AWS": named}), IDS.get)).reach(principal) is reach


def test_whoever_has_the_arn_is_meant_by_policies_kept_of_old() -> None:
    of_old = principals(policy({"AWS": [ANN, WORKER]}))
    assert of_old.reach(user("AIDAOTHER")) is Reach.DIRECT
    assert of_old.reach(session("AROAOTHER")) is Reach.ROLE


def test_not_principal_spares_by_unique_id() -> None:
    spared = principals(pinned(policy({"AWS": ["111122223333", WORKER, SESSION, ANN]}, "NotPrincipal"), IDS.get))
    assert spared.excepts(user("AIDAANN"))
    assert not spared.excepts(user("AIDAOTHER"))
    assert spared.excepts(session("AROAWORKER"))
    assert not spared.excepts(session("AROAOTHER"))


def test_names_come_and_go_with_the_ids() -> None:
    given = policy({"AWS": [ANN, "*", "111122223333"], "Service": "lambda.amazonaws.com"})
    kept = pinned(given, IDS.get)
    assert f"{ANN} AIDAANN" in kept
    assert json.loads(bare(kept)) == json.loads(given)
    gone = json.loads(shown(kept, lambda _, unique: unique))["Statement"]["Principal"]["AWS"]
    assert gone == ["AIDAANN", "*", "111122223333"]
    assert pinned(policy("*"), IDS.get) == policy("*")


@pytest.mark.parametrize("name", [ANN + "x", "AIDAANN", f"{ANN} AIDAANN", f"{SESSION} AROAWORKER"])
def test_nobody_is_named_who_is_not_there(name: str) -> None:
    with pytest.raises(PolicySyntaxError, match=f'^Invalid principal in policy: "AWS":"{name}"$'):
        pinned(policy({"AWS": name}), IDS.get)
    assert pinned(policy({"AWS": name}), IDS.get, strict=False) == policy({"AWS": name})
