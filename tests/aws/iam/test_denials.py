"""Every denial carries AWS's sentence, in each service's own error: which type of policy denied, and how.

docs: IAM User Guide, "Troubleshoot access denied error messages".
"""

from __future__ import annotations

import json

import pytest

HELD = "arn:aws:dynamodb:us-east-1:{account}:table/*"
CALLS = {
    "dynamodb": ("list_tables", {}, "dynamodb:ListTables", HELD, "AccessDeniedException", 400),
    "iam": ("get_role", {"RoleName": "worker"}, "iam:GetRole", "role worker", "AccessDenied", 403),
    "lambda": ("list_functions", {}, "lambda:ListFunctions", "*", "AccessDeniedException", 403),
    "logs": (
        "describe_log_groups", {}, "logs:DescribeLogGroups", "arn:aws:logs:us-east-1:{account}:log-group::log-stream:",
        "AccessDeniedException", 400,
    ),
    "apigateway": ("get_rest_apis", {}, "apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis", "AccessDeniedException", 403),
    "apigatewayv2": ("get_apis", {}, "apigateway:GET", "arn:aws:apigateway:us-east-1::/apis", "AccessDeniedException", 403),
    "sts": ("get_access_key_info", {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "sts:GetAccessKeyInfo", "*", "AccessDenied", 403),
}  # fmt: skip


def document(effect, action):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})


@pytest.fixture
def denied(region, client, account, aws_error):
    """Makes a role with these policies, and gives the error that its session gets of a service."""
    iam = client("iam")
    trusted = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})

    def make(service, inline=None, managed=None, boundary=None, session=None):
        call, members, *_ = CALLS[service]
        arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if inline:
            iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=inline)
        if managed:
            held = iam.create_policy(PolicyName="held", PolicyDocument=managed)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName="worker", PolicyArn=held)
        if boundary:
            limit = iam.create_policy(PolicyName="limit", PolicyDocument=boundary)["Policy"]["Arn"]
            iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=limit)
        limited = {"Policy": session} if session else {}
        given = client("sts").assume_role(RoleArn=arn, RoleSessionName="session", **limited)["Credentials"]
        own = region.client(service, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return aws_error(lambda: getattr(own, call)(**members))

    return make


def allow(service):
    return document("Allow", CALLS[service][2])


def deny(service):
    return document("Deny", CALLS[service][2])


OTHER = document("Allow", "s3:*")
CASES = {
    "nothing allows": ({}, "because no identity-based policy allows the {action} action"),
    "another action is allowed": ({"inline": lambda _: OTHER}, "because no identity-based policy allows the {action} action"),
    "an inline policy denies": ({"inline": deny}, "with an explicit deny in an identity-based policy"),
    "a managed policy denies": (
        {"inline": allow, "managed": deny},
        "with an explicit deny in an identity-based policy: arn:aws:iam::{account}:policy/held",
    ),
    "no boundary allows": ({"inline": allow, "boundary": lambda _: OTHER}, "because no permissions boundary allows the {action} action"),
    "a boundary denies": (
        {"inline": allow, "boundary": deny},
        "with an explicit deny in a permissions boundary: arn:aws:iam::{account}:policy/limit",
    ),
    "no session policy allows": ({"inline": allow, "session": lambda _: OTHER}, "because no session policy allows the {action} action"),
    "a session policy denies": ({"inline": allow, "session": deny}, "with an explicit deny in a session policy"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("service", CALLS)
def test_the_sentence_of_each_service(denied, account, service, case):
    _, _, action, resource, code, status = CALLS[service]
    policies, reason = CASES[case]
    error = denied(service, **{kind: policy(service) for kind, policy in policies.items()})
    sentence = (
        f"User: arn:aws:sts::{account}:assumed-role/worker/session is not authorized to perform: {action} "
        f"on resource: {resource.format(account=account)} {reason.format(action=action, account=account)}"
    )
    assert error == (code, sentence, status)
