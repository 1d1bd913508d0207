"""`iam:PassRole` where AWS demands it: of every service that is given a role, with iam:PassedToService, and never across accounts."""

from __future__ import annotations

import json

import pytest
from tests.aws.iam.people import iam, user
from tests.functions import may, package, trust

__all__ = ["iam", "user"]
FOREIGN = "210987654321"


def create_function(client, role):
    client("lambda").create_function(
        FunctionName="f", Runtime="python3.12", Handler="h.handler", Role=role, Code={"ZipFile": package()}
    )


def update_function(client, role):
    client("lambda").update_function_configuration(FunctionName="f", Role=role)


def rest_api(client):
    api = client("apigateway").create_rest_api(name="a")["id"]
    root = client("apigateway").get_resources(restApiId=api)["items"][0]["id"]
    client("apigateway").put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    return api, root


def put_integration(client, role):
    api, root = rest_api(client)
    client("apigateway").put_integration(
        restApiId=api, resourceId=root, httpMethod="GET", type="AWS", integrationHttpMethod="POST", credentials=role,
        uri="arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
    )  # fmt: skip


def create_rest_authorizer(client, role):
    client("apigateway").create_authorizer(
        restApiId=rest_api(client)[0], name="a", type="TOKEN", identitySource="method.request.header.a",
        authorizerCredentials=role,
        authorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
        "arn:aws:lambda:us-east-1:123456789012:function:f/invocations",
    )  # fmt: skip


def update_account(client, role):
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    client("apigateway").update_account(patchOperations=[patch])


def create_integration(client, role):
    api = client("apigatewayv2").create_api(
        Name="a", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.x"
    )
    client("apigatewayv2").create_integration(
        ApiId=api["ApiId"], IntegrationType="AWS", IntegrationMethod="POST", CredentialsArn=role,
        IntegrationUri="arn:aws:apigateway:us-east-1:dynamodb:action/GetItem",
    )  # fmt: skip


def create_user_pool(client, role):
    client("cognito-idp").create_user_pool(PoolName="p", SmsConfiguration={"SnsCallerArn": role, "ExternalId": "own"})


def create_pool_group(client, role):
    pool = client("cognito-idp").create_user_pool(PoolName="p")["UserPool"]["Id"]
    client("cognito-idp").create_group(GroupName="g", UserPoolId=pool, RoleArn=role)


def set_identity_pool_roles(client, role):
    pool = client("cognito-identity").create_identity_pool(IdentityPoolName="p", AllowUnauthenticatedIdentities=True)
    client("cognito-identity").set_identity_pool_roles(
        IdentityPoolId=pool["IdentityPoolId"], Roles={"unauthenticated": role}
    )


def add_to_profile(client, role):
    client("iam").add_role_to_instance_profile(InstanceProfileName="i", RoleName=role.rpartition("/")[2])


GIVES = {
    create_function: "lambda.amazonaws.com",
    update_function: "lambda.amazonaws.com",
    put_integration: "apigateway.amazonaws.com",
    create_rest_authorizer: "apigateway.amazonaws.com",
    update_account: "apigateway.amazonaws.com",
    create_integration: "apigateway.amazonaws.com",
    create_user_pool: "cognito-idp.amazonaws.com",
    create_pool_group: "cognito-idp.amazonaws.com",
    set_identity_pool_roles: "cognito-identity.amazonaws.com",
    add_to_profile: "ec2.amazonaws.com",
}
"""What gives a service a role, and to which."""


@pytest.fixture
def role(iam):
    services = trust(
        "lambda.amazonaws.com", "apigateway.amazonaws.com", "cognito-idp.amazonaws.com", "ec2.amazonaws.com"
    )
    arn = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=services)["Role"]["Arn"]
    logs = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    iam.attach_role_policy(RoleName="worker", PolicyArn=logs)
    iam.put_role_policy(RoleName="worker", PolicyName="sms", PolicyDocument=may("sns:Publish"))
    iam.create_instance_profile(InstanceProfileName="i")
    return arn


@pytest.fixture
def ann(iam, user):
    """`ann(service)` is a client of a user who may do all but pass roles; `ann.passes(role, service)` lets her pass this to this."""
    client = user("ann")
    everything = {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}

    def passes(role, *services):
        passed = {
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": list(services)}},
        }  # fmt: skip
        document = {"Version": "2012-10-17", "Statement": [everything, passed]}
        iam.put_user_policy(UserName="ann", PolicyName="may", PolicyDocument=json.dumps(document))

    client.passes = passes
    return client


@pytest.mark.parametrize("give", GIVES, ids=lambda give: give.__name__)
def test_whoever_gives_a_service_a_role_must_be_allowed_to_pass_it_to_this_service(ann, role, account, aws_error, give):
    others = sorted({*GIVES.values(), "states.amazonaws.com"} - {GIVES[give]})
    if give is update_function:
        ann.passes(role, GIVES[give])
        create_function(ann, role)
    ann.passes(role, *others)
    code, message, _ = aws_error(lambda: give(ann, role))
    assert "AccessDenied" in code
    assert message == (
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: iam:PassRole on resource: {role} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    ann.passes(f"{role}s", GIVES[give])
    assert "iam:PassRole" in aws_error(lambda: give(ann, role))[1]
    ann.passes(role, GIVES[give])
    give(ann, role)


@pytest.mark.parametrize("give", [give for give in GIVES if give is not add_to_profile], ids=lambda give: give.__name__)
def test_nobody_passes_a_role_of_another_account(client, ann, aws_error, give):
    foreign = f"arn:aws:iam::{FOREIGN}:role/worker"
    ann.passes(foreign, GIVES[give])
    for caller in (ann, client):
        code, message, status = aws_error(lambda caller=caller: give(caller, foreign))
        assert ("AccessDenied" in code, message) == (True, "Cross-account pass role is not allowed.")
        assert status == 400 if "cognito" in GIVES[give] else 403
