"""What the stage `authorize` costs per request: CPU time with `--auth enforce` less that with `--auth off`.

A user puts an item: one whose only policy names a table and two actions, and one of ten statements with conditions, who has a boundary.
In one process, without a server: nothing but the stage is measured.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from atoll.auth.sigv4 import SigningKeys
from atoll.gateway.call import AuthMode, Call, Parts
from atoll.gateway.pipeline import Gateway
from atoll.gateway.stages.authorize import authorize
from atoll.gateway.unsupported import Unsupported
from atoll.kernel.context import Principal
from atoll.kernel.region import open_kernel
from atoll.protocol.models import Models
from atoll.services import SERVICES
from atoll.services.iam.directory import IamDirectory

ACCOUNT = "123456789012"
CALLS = 2_000
ROUNDS = 15
POLICY: dict[str, Any] = {
    "Effect": "Allow",
    "Action": ["dynamodb:PutItem", "dynamodb:GetItem"],
    "Resource": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/items",
}
CONDITIONS = {
    "StringEquals": {"aws:RequestedRegion": "us-east-1", "aws:PrincipalTag/team": "red"},
    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["${aws:username}-*", "user-*"]},
}
OTHERS = [POLICY | {"Action": f"s3:Get{n}*", "Resource": f"arn:aws:s3:::b{n}/*"} for n in range(9)]
USERS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "one policy": ([POLICY], []),
    "ten statements, conditions and a boundary": (
        [*OTHERS, POLICY | {"Condition": CONDITIONS}],
        [POLICY | {"Action": "dynamodb:*"}],
    ),
}
"""What each user's inline policy says, and its boundary."""
PARAMS = {"TableName": "items", "Item": {"id": {"S": "user-1"}, "name": {"S": "Joy"}}}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


async def make_user(
    gateway: Gateway, number: int, policy: list[dict[str, Any]], boundary: list[dict[str, Any]]
) -> Principal:
    """The user, made through IAM's own operations."""
    root = Principal.root(ACCOUNT)
    parent = Call(gateway.parts, gateway.parts.kernel.tracer.begin("setup", "setup"), "setup", principal=root).context()
    name = f"bench{number}"
    request: dict[str, Any] = {"UserName": name, "Tags": [{"Key": "team", "Value": "red"}]}
    if boundary:
        made = {"PolicyName": name, "PolicyDocument": _document(boundary)}
        request["PermissionsBoundary"] = (await gateway(parent, "iam", "CreatePolicy", made, root))["Policy"]["Arn"]
    user = (await gateway(parent, "iam", "CreateUser", request, root))["User"]
    inline = {"UserName": name, "PolicyName": "items", "PolicyDocument": _document(policy)}
    await gateway(parent, "iam", "PutUserPolicy", inline, root)
    return Principal("user", ACCOUNT, user["Arn"], user["UserId"])


async def microseconds(parts: Parts, principal: Principal, auth: AuthMode, params: dict[str, Any]) -> float:
    """CPU time per call, in one tick of the loop, as behind `authenticate`, which has opened the tick's snapshot."""
    parts.auth = auth
    await parts.kernel.store.read(lambda _tx: None)
    calls = [
        Call(parts, parts.kernel.tracer.begin(str(n), "request"), str(n), service="dynamodb", principal=principal)
        for n in range(CALLS)
    ]
    for call in calls:
        call.operation, call.params = "PutItem", params
        call.registered = parts.operations["dynamodb"]["PutItem"]
    began = time.process_time()
    for call in calls:
        await authorize(call)
    return (time.process_time() - began) / CALLS * 1e6


async def measure(directory: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Of each user what each round took with IAM on and off, in microseconds per call, measured in turns."""
    kernel = await open_kernel(directory, "process")
    try:
        parts = Parts(
            kernel=kernel, models=Models([service.name for service in SERVICES]), directory=IamDirectory(),
            operations={service.name: service.operations() for service in SERVICES}, runtimes={},
            unsupported=Unsupported(kernel.store, kernel.clock), signing_keys=SigningKeys(), auth="enforce", endpoint="",
            request_log=lambda *_: None,
        )  # fmt: skip
        found = {}
        for number, (called, policies) in enumerate(USERS.items()):
            principal = await make_user(Gateway(parts), number, *policies)
            on, off = [], []
            for _ in range(ROUNDS):
                on.append(await microseconds(parts, principal, "enforce", PARAMS))
                off.append(await microseconds(parts, principal, "off", PARAMS))
            found[called] = on, off
        return found
    finally:
        await kernel.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(measure(Path(directory) / "region"))
    for called, rounds in found.items():
        on, off = map(statistics.median, rounds)
        print(
            f"authorize, PutItem of a user with {called}: {on:.1f} µs, --auth off {off:.1f} µs: IAM costs {on - off:.1f} µs"
        )


if __name__ == "__main__":
    main()
