"""Identity: signing in, refreshing, showing tokens and pages, assuming roles; and what an authorised call pays for IAM."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError
from pycognito.aws_srp import AWSSRP

from benchmarks import authorize, load, servers
from benchmarks.load import Sample, Samples
from benchmarks.machine import cpu_seconds
from benchmarks.plan import Plan
from benchmarks.report import OURS, Comparison, Section, Target
from benchmarks.servers import Server
from benchmarks.system import Cannot

PASSWORD, SRP, REFRESH, VERIFY = "sign-in by password", "sign-in by SRP", "token refresh", "GetUser by access token"
PAGE, ASSUME = "hosted login page", "AssumeRole"
TEXT = """
Cells: answers a second · p50 · CPU of the server per request, by connections. Atoll keeps passwords as scrypt hashes (16 MB each, in
threads) and SRP verifiers, checks each proof, and signs two RS256 tokens for each sign-in; a peer that compares plain texts is as much
faster. SRP is pycognito's, one sign-in (two requests) after the other; its client needs most of the time between the answers. Server and
client share all cores. The last rows are microseconds of CPU that the stage *authorize* takes, enforced less off, in one process.
""".strip()
CONNECTIONS = (1, 4)
WORD, CALLBACK = "Correct-Horse-7", "http://localhost:3000/callback"
TARGET = Target("< 15 µs", lambda ours, _: ours < 15)


def measure(plan: Plan) -> Section:
    kinds = [servers.atoll(), *plan.peers()]
    columns = [kind.column for kind in kinds]
    samples, cannot = Samples(), {}
    with servers.running(kinds, pinned=False) as running:
        requests: dict[tuple[Server, str], list[bytes]] = {}
        for server in plan.each("identity, set-up", running):
            try:
                for what, request in _system(server):
                    requests[server, what] = [request]
            except (Cannot, BotoCoreError, ClientError) as reason:
                cannot[server.kind.column] = Cannot(str(reason))
        with load.prepared(requests) as paths:
            runs = list(product(range(plan.rounds), CONNECTIONS, paths))
            for _, connections, (server, what) in plan.each("identity", runs):
                run = (server.kind.column, what, connections)
                samples.take(run, server, paths[server, what], connections, plan.seconds, pinned=False)
        for server in plan.each("identity, SRP", running * plan.rounds):
            samples.add((server.kind.column, SRP, 1), lambda server=server: _srp(server, plan.seconds))
    section = Comparison(f"Identity (median of {plan.rounds} × {plan.seconds} s)", TEXT, columns)
    medians = samples.medians()
    for what, connections in [*product((PASSWORD, REFRESH, VERIFY, PAGE, ASSUME), CONNECTIONS), (SRP, 1)]:
        found = {column: medians.get((column, what, connections), cannot.get(column)) for column in columns}
        figures: dict[str, Any] = {column: figure for column, figure in found.items() if figure is not None}
        section.compare(f"{what}, {connections}", figures, _shown, lambda sample: sample.rate)
    for whose, cost in _authorised().items():
        section.compare(f"IAM, user with {whose}", {OURS: cost}, "{:.1f} µs".format, lambda value: 1 / value, [TARGET])
    return section


def _system(server: Server) -> Iterator[tuple[str, bytes]]:
    """Makes what is measured, one after the other, and yields a request that is sent again and again."""
    iam = server.client("iam")
    anyone = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    role = iam.create_role(RoleName="bench", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    form = {"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role, "RoleSessionName": "bench"}
    headers = {**servers.unsigned("sts"), "Content-Type": "application/x-www-form-urlencoded"}
    yield ASSUME, load.raw(server, "POST", "/", headers, urlencode(form).encode())
    client = _pool(server)
    begin = {"ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH"}
    named = {**begin, "AuthParameters": {"USERNAME": "ada", "PASSWORD": WORD}}
    yield PASSWORD, _cognito(server, "InitiateAuth", named)
    tokens = server.client("cognito-idp").initiate_auth(**named)["AuthenticationResult"]
    again = {**begin, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": tokens["RefreshToken"]}}
    yield REFRESH, _cognito(server, "InitiateAuth", again)
    yield VERIFY, _cognito(server, "GetUser", {"AccessToken": tokens["AccessToken"]})
    if server.kind.column == OURS:
        query = urlencode({"client_id": client, "response_type": "code", "scope": "openid", "redirect_uri": CALLBACK})
        host = {"Host": f"bench.auth.us-east-1.localhost:{server.port}"}
        yield PAGE, load.raw(server, "GET", f"/login?{query}", host)


def _pool(server: Server) -> str:
    """A user pool with a user, ada, and a domain; the id of its client."""
    idp = server.client("cognito-idp")
    pool = idp.create_user_pool(PoolName="bench")["UserPool"]["Id"]
    client: str = idp.create_user_pool_client(
        UserPoolId=pool, ClientName="bench", CallbackURLs=[CALLBACK], SupportedIdentityProviders=["COGNITO"],
        AllowedOAuthFlows=["code"], AllowedOAuthScopes=["openid"], AllowedOAuthFlowsUserPoolClient=True,
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]["ClientId"]  # fmt: skip
    idp.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool, Username="ada", Password=WORD, Permanent=True)
    idp.create_user_pool_domain(Domain="bench", UserPoolId=pool)
    return client


def _cognito(server: Server, operation: str, body: Mapping[str, Any]) -> bytes:
    headers = {
        **servers.unsigned("cognito-idp"),  # peers tell services apart by it
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    return load.raw(server, "POST", "/", headers, json.dumps(body).encode())


def _srp(server: Server, seconds: int) -> Sample:
    """Sign-ins by pycognito. Raises Void where the server cannot."""
    idp = server.client("cognito-idp")
    try:
        pool = idp.list_user_pools(MaxResults=1)["UserPools"][0]["Id"]
        client = idp.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"][0]["ClientId"]
        took, before, until = [], cpu_seconds(server.pid), time.perf_counter() + seconds
        while time.perf_counter() < until or not took:
            began = time.perf_counter()
            AWSSRP("ada", WORD, pool, client, client=idp).authenticate_user()
            took.append(time.perf_counter() - began)
    except (BotoCoreError, ClientError, IndexError, KeyError) as error:
        raise load.Void(f"{server.kind.column}: {error}") from error
    used = cpu_seconds(server.pid) - before
    return Sample(len(took) / sum(took), statistics.median(took) * 1e3, max(took) * 1e3, used / len(took) * 1e6)


def _authorised() -> dict[str, float]:
    """What an authorised call costs, by what the policies of its user are."""
    with tempfile.TemporaryDirectory() as directory:
        found = asyncio.run(authorize.measure(Path(directory) / "region"))
    return {called: statistics.median(on) - statistics.median(off) for called, (on, off) in found.items()}


def _shown(sample: Sample) -> str:
    return f"{sample.rate:,.0f}/s · {sample.p50:.2f} ms · {sample.cpu:,.0f} µs"
