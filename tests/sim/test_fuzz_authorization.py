"""Every operation of every service, asked by a user who may do nothing, in requests of every shape. IAM looks at a request before it is
known to be valid: whatever comes, it is no 500, and nothing is done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

import botocore.session
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.sim.test_fuzz_operations import SEED, Fuzzer

from atoll.services import SERVICES

FREE = {"GetCallerIdentity", "GetSessionToken", "BatchExecuteStatement"}
"""What nobody needs a permission for, and what says of each statement that it is denied."""
SHAPES = 6
"""Requests per operation, beside the empty one."""
KEYS_PER_POLICY = 60


class Nobody(NamedTuple):
    """A user without permissions. His policies ask for every condition key that any operation has, and deny in vain."""

    http: httpx.Client
    endpoint: str
    credentials: Credentials

    def send(self, wire: dict[str, Any], signing_name: str) -> httpx.Response | None:
        """The answer to a signed request, None for one that cannot be sent."""
        query = wire["query_string"]
        query = query if isinstance(query, str) else urlencode(query, doseq=True, errors="surrogatepass")
        target = wire["url_path"] + (("&" if "?" in wire["url_path"] else "?") + query if query else "")
        headers = {name: str(value) for name, value in wire["headers"].items()}
        try:
            request = AWSRequest(wire["method"], self.endpoint + target, headers, wire["body"])
            SigV4Auth(self.credentials, signing_name, "us-east-1").add_auth(request)
            sent = request.prepare()
            return self.http.request(wire["method"], sent.url, headers=dict(sent.headers.items()), content=wire["body"])
        except (ValueError, UnicodeError, httpx.InvalidURL, httpx.LocalProtocolError):
            return None


@pytest.fixture
def nobody(client: Callable[..., Any], region: Any) -> Iterator[Nobody]:
    iam = client("iam")
    iam.create_user(UserName="nobody")
    keys = sorted(
        {
            key.replace("${TagKey}", "x")
            for service in SERVICES
            for operation in service.operations().values()
            for access in operation.access
            for key in access.conditions
        }
    )
    for start in range(0, len(keys), KEYS_PER_POLICY):
        asked = {"ForAnyValue:StringLike": dict.fromkeys(keys[start : start + KEYS_PER_POLICY], "in-vain")}
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": asked}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
        made = iam.create_policy(PolicyName=f"asks-{start}", PolicyDocument=document)
        iam.attach_user_policy(UserName="nobody", PolicyArn=made["Policy"]["Arn"])
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    with httpx.Client(timeout=60) as http:
        yield Nobody(http, region.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_who_may_nothing_does_nothing_and_breaks_nothing(nobody: Nobody, service: Any) -> None:
    model = botocore.session.get_session().get_service_model(service.name)
    fuzzer, wrong = Fuzzer(model, f"{SEED} nobody {service.name}"), []
    for name in sorted(service.operations()):
        operation = model.operation_model(name)
        for number in range(SHAPES + 1):
            wire = fuzzer.request(operation)
            if number == 0:
                wire["body"] = b"{}" if "json" in model.protocol else wire["body"]
            answer = nobody.send(wire, model.signing_name)
            if answer is None:
                continue
            done = answer.status_code < 300 and name not in FREE and operation.auth_type != "none"
            if answer.status_code in (500, 503) or done:
                wrong.append(
                    f"{answer.status_code} {name} {wire['url_path']} {wire['query_string']} {wire['body'][:600]!r}"
                    f"\n{answer.text[:300]}"
                )
    assert not wrong, "\n\n".join((f"{len(wrong)} failures", *wrong[:30]))
