"""`atoll why`: every decision explained: who asked, which policies were looked at, which statement decided, and what would allow it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.functions import API_GATEWAY, let_apis_invoke, make_function, make_role, trust
from tests.oidc import Provider

if TYPE_CHECKING:
    from tests.conftest import Region

Clients = Callable[..., Any]
READS = """
import boto3

def handler(event, context):
    try:
        boto3.client("dynamodb").get_item(TableName="users", Key={"id": {"S": "1"}})
    except Exception as error:
        return error.response["ResponseMetadata"]["RequestId"]
"""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


class User:
    """An IAM user with one policy."""

    def __init__(self, region: Region, account: str, name: str = "ann") -> None:
        self.region, self.name = region, name
        self.iam = region.client("iam", key=account)
        self.arn = self.iam.create_user(UserName=name)["User"]["Arn"]
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        self.key, self.secret = key["AccessKeyId"], key["SecretAccessKey"]

    def __call__(self, service: str) -> Any:
        return self.region.client(service, self.key, self.secret)

    def may(self, *statements: dict[str, Any]) -> None:
        self.iam.put_user_policy(UserName=self.name, PolicyName="own", PolicyDocument=document(*statements))


@pytest.fixture
def ann(region: Region, account: str) -> User:
    return User(region, account)


def denied(call: Callable[[], Any]) -> str:
    """The request id of a call that must be denied, as a user finds it in the error."""
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["ResponseMetadata"]["RequestId"])


def why(region: Region, request_id: str) -> dict[str, Any]:
    return dict(json.loads(region.atoll("why", request_id, "--json").stdout))


def only(found: dict[str, Any]) -> dict[str, Any]:
    (decision,) = [one for one in found["decisions"] if not one["allowed"]]
    return dict(decision)


def statements(decision: dict[str, Any], policy: str) -> list[dict[str, Any]]:
    return next(one["statements"] for one in decision["policies"] if one["name"] == policy)


def test_the_page_of_a_denial(region: Region, account: str, ann: User) -> None:
    """As a person reads it: principal, policies, what nearly matched and by what it failed, and the smallest statement that allows."""
    table = f"arn:aws:dynamodb:us-east-1:{account}:table/users"
    ann.may(
        {
            "Sid": "InIreland",
            "Action": "dynamodb:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
        {"Action": "dynamodb:PutItem", "Resource": table},
        {"Action": "s3:GetObject", "Resource": "*"},
    )
    request_id = denied(lambda: ann("dynamodb").get_item(TableName="users", Key={"id": {"S": "1"}}))
    shown = region.atoll("why", request_id).stdout
    assert shown.startswith(f"dynamodb.GetItem  400  {request_id}, ")
    assert f"  AccessDeniedException: User: {ann.arn} is not authorized to perform: dynamodb:GetItem" in shown
    assert f"denied  dynamodb:GetItem on {table}\n  by {ann.arn}\n" in shown
    assert f"by the signature of the access key {ann.key}\n" in shown
    assert "  denied: no identity-based policy allows it\n  identity policy own (inline)\n" in shown
    assert (
        "    statement 1 InIreland would allow, but for\n"
        '      Condition StringEquals aws:RequestedRegion "eu-west-1": the request has "us-east-1"\n'
        "    statement 2 would allow, but for\n"
        '      Action "dynamodb:PutItem": the request has "dynamodb:GetItem"\n'
        "    1 statement about something else (--all)\n"
        "  resource policy: there is none\n"
    ) in shown
    assert f"    aws:PrincipalArn = {ann.arn}\n" in shown
    expected = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": table}
    _, _, advice = shown.partition("This would allow it, in the identity policy of user ann:\n")
    assert json.loads(advice) == expected
    assert 'Action "s3:GetObject": the request has' in region.atoll("why", request_id, "--all").stdout


def test_without_an_id_the_latest_denial_is_explained(new_region: Callable[..., Region]) -> None:
    region = new_region()
    none = region.atoll("why", check=False)
    assert (none.returncode, none.stderr.splitlines()[0]) == (1, "error: No request was denied of late.")
    bob = User(region, "111122223333", "bob")
    request_id = denied(lambda: bob("sts").assume_role(RoleArn=bob.arn.replace("user", "role"), RoleSessionName="s1"))
    bob.iam.list_users()
    assert f" {request_id}, " in region.atoll("why").stdout.splitlines()[0]
    latest = httpx.get(f"{region.endpoint}/_atoll/why").json()["denied"][0]
    assert (latest["id"], latest["name"], len(latest["denied"])) == (request_id, "sts.AssumeRole", 1)
    assert "Denied of late" not in region.atoll("why").stdout
    for _ in range(2):
        later = denied(lambda: bob("dynamodb").list_tables())
    told, _, others = region.atoll("why").stdout.partition("\nDenied of late, too (python -m atoll why ID)\n")
    assert f" {later}, " in told.splitlines()[0]
    assert others == f"  {request_id}  {latest['denied'][0]}\n"


def test_what_somebody_was_told_is_explained_before_what_only_a_functions_log_lacks(
    new_region: Callable[..., Region],
) -> None:
    region = new_region()
    make_function(region.client, "reader", READS)
    request_id = json.loads(region.client("lambda").invoke(FunctionName="reader")["Payload"].read())
    while "logs:PutLogEvents on" not in (told := region.atoll("why").stdout):  # it logs after its answer
        pass
    assert f" {request_id}, " in told.splitlines()[0]
    assert "denied  dynamodb:" in told


def test_what_an_operation_denies_by_a_rule_of_its_own_is_told_apart_from_policies(own: Region) -> None:
    """Here: that sessions call no GetFederationToken. It is the latest denial, too, and no statement is advised."""
    ann = User(own, "222233334444")
    ann.may({"Action": "sts:*", "Resource": "*"})
    keys = ann("sts").get_session_token()["Credentials"]
    session = own.client("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    request_id = denied(lambda: session.get_session_token())
    shown = own.atoll("why").stdout
    assert f" {request_id}, " in shown.splitlines()[0]
    assert "AccessDeniedException: Cannot call GetSessionToken with session credentials" in shown
    assert "No policy denied it: the operation itself has this rule." in shown
    assert "This would allow it" not in shown
    latest = httpx.get(f"{own.endpoint}/_atoll/why").json()["denied"][0]
    assert len(latest["denied"]) == 1
    assert "Cannot call GetSessionToken" in latest["denied"][0]


def test_a_table_policy_that_would_lock_its_writer_out_is_explained(region: Region, account: str, ann: User) -> None:
    ann.may({"Action": "dynamodb:*", "Resource": "*"})
    arn = ann("dynamodb").create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )["TableDescription"]["TableArn"]  # fmt: skip
    lock = {"Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "dynamodb:PutResourcePolicy", "Resource": arn}
    request_id = denied(lambda: ann("dynamodb").put_resource_policy(ResourceArn=arn, Policy=document(lock)))
    decision = only(why(region, request_id))
    assert (decision["action"], decision["resource"]) == ("dynamodb:PutResourcePolicy", arn)
    assert decision["by"] == "resource-based policy"
    assert [one["sid"] for one in decision["policies"][0]["statements"] if one["decided"]] == ["Lock"]
    assert "denies it explicitly: no Allow helps" in decision["remedy"]["hopeless"]


def test_a_denial_outlives_a_thousand_other_requests(own: Region, account: str) -> None:
    ann = User(own, account)
    request_id = denied(lambda: ann("dynamodb").list_tables())
    with httpx.Client() as http:
        for _ in range(1100):
            http.get(f"{own.endpoint}/?Action=GetCallerIdentity&Version=2011-06-15")
    assert only(why(own, request_id))["action"] == "dynamodb:ListTables"


def test_an_unknown_id_gets_a_helpful_error_with_what_was_denied_of_late(region: Region, ann: User) -> None:
    request_id = denied(lambda: ann("dynamodb").list_tables())
    failed = region.atoll("why", "no/such id", check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: No request 'no/such id' is remembered. The last 1000 requests are")
    assert f"\nDenied of late:\n  {request_id}  dynamodb.ListTables, " in failed.stderr
    assert "Traceback" not in failed.stderr


def test_an_allowed_request_names_the_statement_that_allowed(region: Region, ann: User) -> None:
    ann.may(
        {"Action": "dynamodb:Put*", "Resource": "*"}, {"Sid": "Lists", "Action": "dynamodb:ListTables", "Resource": "*"}
    )
    request_id = ann("dynamodb").list_tables()["ResponseMetadata"]["RequestId"]
    (decision,) = why(region, request_id)["decisions"]
    assert decision["decision"] == "allowed by identity-based policy own, statement 2 (Lists)"
    second = statements(decision, "own")[1]
    assert (second["decided"], second["quoted"]["Action"]) == (True, "dynamodb:ListTables")
    assert decision["remedy"] == {"changes": [], "hopeless": ""}
    assert "→statement 2 Lists allows it" in region.atoll("why", request_id).stdout


def test_the_decision_is_explained_by_the_policies_of_its_time(region: Region, ann: User) -> None:
    ann.may({"Sid": "Before", "Action": "dynamodb:GetItem", "Resource": "*"})
    request_id = denied(lambda: ann("dynamodb").list_tables())
    ann.may({"Sid": "After", "Action": "dynamodb:*", "Resource": "*"})
    ann("dynamodb").list_tables()
    assert [one["sid"] for one in statements(only(why(region, request_id)), "own")] == ["Before"]


def test_an_explicit_deny_says_that_no_allow_helps(region: Region, ann: User) -> None:
    ann.may(
        {"Action": "*", "Resource": "*"},
        {"Sid": "NoLists", "Effect": "Deny", "Action": "dynamodb:List*", "Resource": "*"},
    )
    request_id = denied(lambda: ann("dynamodb").list_tables())
    decision = only(why(region, request_id))
    assert decision["decision"] == "denied explicitly by identity-based policy own, statement 2 (NoLists)"
    assert decision["remedy"]["changes"] == []
    assert decision["remedy"]["hopeless"] == (
        "The identity-based policy own denies it explicitly: no Allow helps. Change the statement that denies, so that it does not cover "
        "this request."
    )
    shown = region.atoll("why", request_id).stdout
    assert "statement 1 allows it" in shown
    assert "→statement 2 NoLists denies it" in shown


def test_managed_policies_boundary_and_session_policy_are_looked_at(
    region: Region, account: str, client: Clients
) -> None:
    iam = client("iam")
    managed = iam.create_policy(
        PolicyName="lists", PolicyDocument=document({"Action": "dynamodb:ListTables", "Resource": "*"})
    )["Policy"]["Arn"]
    boundary = iam.create_policy(PolicyName="edge", PolicyDocument=document({"Action": "s3:*", "Resource": "*"}))
    edge = boundary["Policy"]["Arn"]
    iam.create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=document({"Principal": {"AWS": account}, "Action": "sts:AssumeRole"}),
        PermissionsBoundary=edge,
    )
    iam.attach_role_policy(RoleName="worker", PolicyArn=managed)
    role = f"arn:aws:iam::{account}:role/worker"
    session = client("sts").assume_role(
        RoleArn=role, RoleSessionName="job-7", Policy=document({"Action": "s3:*", "Resource": "*"})
    )["Credentials"]
    worker = region.client(
        "dynamodb", session["AccessKeyId"], session["SecretAccessKey"], token=session["SessionToken"]
    )
    decision = only(why(region, denied(worker.list_tables)))
    principal = decision["principal"]
    assert (principal["kind"], principal["role"], principal["session"]) == ("role", role, "job-7")
    assert [(one["type"], one["form"], one["name"]) for one in decision["policies"]] == [
        ("identity-based policy", "managed", managed),
        ("permissions boundary", "managed", edge),
        ("session policy", "session", "job-7"),
    ]
    assert [(change["where"], change["of"]) for change in decision["remedy"]["changes"]] == [
        ("permissions boundary", f"{edge}, the boundary of role worker"),
        ("session policy", "session job-7 (given to AssumeRole when it began)"),
    ]
    assert session["SecretAccessKey"] not in json.dumps(decision)
    assert session["SessionToken"] not in json.dumps(decision)


def test_what_a_function_was_denied(region: Region, account: str, client: Clients) -> None:
    """A function sees its request's id; what it asks is asked by a session of its role."""
    make_function(client, "reader", READS)
    request_id = json.loads(client("lambda").invoke(FunctionName="reader")["Payload"].read())
    decision = only(why(region, request_id))
    principal = decision["principal"]
    assert principal["role"] == f"arn:aws:iam::{account}:role/reader"
    assert principal["function"] == f"arn:aws:lambda:us-east-1:{account}:function:reader"
    assert decision["absent"] == ["identity-based policy", "resource-based policy"]
    assert decision["remedy"]["changes"][0]["of"] == "role reader"


def test_passing_a_role(region: Region, account: str, client: Clients, ann: User) -> None:
    role = make_role(client, "for-ann", "lambda.amazonaws.com")
    ann.may({"Action": "lambda:*", "Resource": "*"})
    request_id = denied(
        lambda: ann("lambda").create_function(
            FunctionName="f", Runtime="python3.11", Role=role, Handler="a.b", Code={"ZipFile": b"PK"}
        )
    )
    decision = only(why(region, request_id))
    assert (decision["action"], decision["resource"]) == ("iam:PassRole", role)
    assert decision["remedy"]["changes"][0]["statement"] == {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role,
    }


def test_a_trust_policy_that_does_not_trust(region: Region, account: str, client: Clients, ann: User) -> None:
    role = make_role(client, "trusts-lambda", "lambda.amazonaws.com")
    request_id = denied(lambda: ann("sts").assume_role(RoleArn=role, RoleSessionName="s1"))
    decision = only(why(region, request_id))
    trusting = next(one for one in decision["policies"] if one["form"] == "trust")
    (failed,) = trusting["statements"][0]["failed"]
    assert (failed["element"], failed["wants"]) == ("Principal", {"Service": ["lambda.amazonaws.com"]})
    (change,) = decision["remedy"]["changes"]
    assert (change["where"], change["of"]) == ("role trust policy", "role trusts-lambda")
    assert change["statement"] == {"Effect": "Allow", "Principal": {"AWS": ann.arn}, "Action": "sts:AssumeRole"}
    trust_policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [json.loads(trust("x.amazonaws.com"))["Statement"][0], change["statement"]],
        }
    )
    client("iam").update_assume_role_policy(RoleName="trusts-lambda", PolicyDocument=trust_policy)
    assert ann("sts").assume_role(RoleArn=role, RoleSessionName="s1")["Credentials"]


def test_an_identity_that_the_trust_policy_does_not_mean(region: Region, account: str, client: Clients) -> None:
    """A token was verified, but its subject is not the one that the role trusts. The token itself is nowhere."""
    issuer = Provider()
    issuer.rotate("one")
    try:
        known = client("iam").create_open_id_connect_provider(Url=issuer.issuer, ClientIDList=["app"])
        provider, host = known["OpenIDConnectProviderArn"], issuer.issuer.removeprefix("http://")
        condition = {"StringEquals": {f"{host}:sub": "bob"}}
        trusting = {"Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        role = client("iam").create_role(
            RoleName="web", AssumeRolePolicyDocument=document({**trusting, "Condition": condition})
        )["Role"]["Arn"]
        token = issuer.token()
        call = {"RoleArn": role, "RoleSessionName": "me", "WebIdentityToken": token}
        request_id = denied(lambda: client("sts").assume_role_with_web_identity(**call))
        found = why(region, request_id)
        decision = only(found)
        assert decision["principal"]["authenticated"] == f"by a token or assertion of {provider}, which was verified"
        (failed,) = next(one for one in decision["policies"] if one["form"] == "trust")["statements"][0]["failed"]
        assert (failed["key"], failed["wants"], failed["had"]) == (f"{host}:sub", "bob", ["alice"])
        assert token not in json.dumps(found)
        (change,) = decision["remedy"]["changes"]
        assert change["statement"]["Condition"] == {"StringEquals": {f"{host}:aud": "app", f"{host}:sub": "alice"}}
        client("iam").update_assume_role_policy(RoleName="web", PolicyDocument=document(change["statement"]))
        assert client("sts").assume_role_with_web_identity(**call)["Credentials"]
    finally:
        issuer.close()


def test_policies_of_groups_are_named_with_their_group(region: Region, client: Clients, ann: User) -> None:
    ann.iam.create_group(GroupName="readers")
    ann.iam.put_group_policy(
        GroupName="readers",
        PolicyName="reads",
        PolicyDocument=document({"Action": "dynamodb:GetItem", "Resource": "*"}),
    )
    ann.iam.add_user_to_group(GroupName="readers", UserName=ann.name)
    decision = only(why(region, denied(lambda: ann("dynamodb").list_tables())))
    assert [(one["name"], one["form"]) for one in decision["policies"]] == [("reads", "inline, of group readers")]


def test_what_a_request_names_cannot_write_to_the_terminal(region: Region, ann: User) -> None:
    shown = region.atoll("why", denied(lambda: raw_table(region, ann, "\x1b[2Jevil"))).stdout
    assert "\x1b" not in shown
    assert "evil" in shown


def raw_table(region: Region, user: User, name: str) -> Any:
    """Asks for a table of a name that boto3 would refuse to send."""
    client = user("dynamodb")
    client.meta.config.parameter_validation = False
    return client.describe_table(TableName=name)


def http_api(client: Clients, function: str) -> str:
    gateway = client("apigatewayv2")
    api: str = gateway.create_api(Name="api", ProtocolType="HTTP", Target=function)["ApiId"]
    return api


def test_api_gateway_that_may_not_invoke(region: Region, account: str, client: Clients) -> None:
    """The id is the one that the API's caller sees; the decision is about what API Gateway asked inside."""
    arn = make_function(client, "quiet", "def handler(event, context):\n    return 'hello'\n")
    api = http_api(client, arn)
    url = f"{region.endpoint}/_aws/execute-api/{api}/%24default/"
    answer = httpx.get(url)
    assert answer.status_code == 500
    decision = only(why(region, answer.headers["apigw-requestid"]))
    assert decision["principal"]["arn"] == API_GATEWAY
    (change,) = decision["remedy"]["changes"]
    assert (change["where"], change["of"]) == ("resource-based policy", arn)
    source = change["statement"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert change["statement"]["Principal"] == {"Service": API_GATEWAY}
    client("lambda").add_permission(
        FunctionName="quiet", StatementId="s", Action="lambda:InvokeFunction", Principal=API_GATEWAY, SourceArn=source
    )
    assert httpx.get(url).json() == "hello"


def signed(region: Region, user: User, url: str, service: str) -> httpx.Response:
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(user.key, user.secret), service, "us-east-1").add_auth(request)
    return httpx.get(url, headers=dict(request.headers.items()))


def test_a_function_url_that_refuses(region: Region, client: Clients, ann: User) -> None:
    arn = make_function(client, "linked", "def handler(event, context):\n    return 'hello'\n")
    url = client("lambda").create_function_url_config(FunctionName="linked", AuthType="AWS_IAM")["FunctionUrl"]
    path = f"{region.endpoint}/_aws/lambda-url/{url.split('//')[1].split('.')[0]}/"
    answer = signed(region, ann, path, "lambda")
    assert answer.status_code == 403
    decision = only(why(region, answer.headers["x-amzn-requestid"]))
    assert (decision["action"], decision["resource"]) == ("lambda:InvokeFunctionUrl", arn)
    assert decision["principal"]["arn"] == ann.arn


def rest_api(region: Region, client: Clients, authorization: str, policy: str | None = None) -> tuple[str, str]:
    """A REST API's id, and the URL of its one mock method."""
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="pets", **({"policy": policy} if policy else {}))
    names = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    gateway.put_method(**names, authorizationType=authorization)
    gateway.put_integration(**names, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    gateway.put_method_response(**names, statusCode="200")
    gateway.put_integration_response(**names, statusCode="200")
    gateway.create_deployment(restApiId=api["id"], stageName="dev")
    return api["id"], f"{region.endpoint}/_aws/execute-api/{api['id']}/dev/"


def test_an_api_with_iam_authorization(region: Region, account: str, client: Clients, ann: User) -> None:
    api, url = rest_api(region, client, "AWS_IAM")
    answer = signed(region, ann, url, "execute-api")
    assert answer.status_code == 403
    decision = only(why(region, answer.headers["x-amzn-requestid"]))
    resource = f"arn:aws:execute-api:us-east-1:{account}:{api}/dev/GET/"
    assert (decision["action"], decision["resource"]) == ("execute-api:Invoke", resource)
    (change,) = decision["remedy"]["changes"]
    ann.may(change["statement"])
    assert signed(region, ann, url, "execute-api").status_code == 200


def test_an_apis_resource_policy(region: Region, account: str, client: Clients) -> None:
    elsewhere = {
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    }
    _, url = rest_api(region, client, "NONE", document(elsewhere))
    answer = httpx.get(url)
    assert answer.status_code == 403
    decision = only(why(region, answer.headers["x-amzn-requestid"]))
    assert decision["principal"]["authenticated"] == "nobody signed the request"
    (policy,) = decision["policies"]
    (failed,) = policy["statements"][0]["failed"]
    assert (failed["key"], failed["wants"], failed["had"]) == ("aws:SourceIp", "10.0.0.0/8", ["127.0.0.1"])
    assert decision["remedy"]["changes"][0]["where"] == "resource-based policy"


def test_what_a_lambda_authorizers_policy_said(region: Region, account: str, client: Clients) -> None:
    source = (
        "def handler(event, context):\n"
        "    allow = {'Effect': 'Allow', 'Action': 'execute-api:Invoke', 'Resource': 'arn:aws:execute-api:*:*:*/*/POST/*'}\n"
        "    return {'principalId': 'me', 'policyDocument': {'Version': '2012-10-17', 'Statement': [allow]}}\n"
    )
    arn = make_function(client, "guard", source)
    let_apis_invoke(client, "guard")
    gateway = client("apigatewayv2")
    api = http_api(client, arn)
    authorizer = gateway.create_authorizer(
        ApiId=api, Name="guard", AuthorizerType="REQUEST", IdentitySource=["$request.header.Authorization"],
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
        AuthorizerPayloadFormatVersion="2.0",
    )["AuthorizerId"]  # fmt: skip
    route = gateway.get_routes(ApiId=api)["Items"][0]["RouteId"]
    gateway.update_route(ApiId=api, RouteId=route, AuthorizationType="CUSTOM", AuthorizerId=authorizer)
    token = "a-token-that-nobody-may-read"
    answer = httpx.get(f"{region.endpoint}/_aws/execute-api/{api}/%24default/secret", headers={"Authorization": token})
    assert answer.status_code == 403
    found = why(region, answer.headers["apigw-requestid"])
    decision = only(found)
    assert decision["policies"][0]["name"] == "the Lambda authorizer's answer"
    assert decision["policies"][0]["statements"][0]["near"]
    assert decision["remedy"]["changes"][0]["of"] == "the Lambda authorizer's answer"
    assert token not in json.dumps(found)


def test_a_token_that_a_jwt_authorizer_refused(region: Region, account: str, client: Clients) -> None:
    arn = make_function(client, "held", "def handler(event, context):\n    return 1\n")
    api = http_api(client, arn)
    gateway = client("apigatewayv2")
    authorizer = gateway.create_authorizer(
        ApiId=api, Name="tokens", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "http://localhost:1/nobody", "Audience": ["app"]},
    )["AuthorizerId"]  # fmt: skip
    route = gateway.get_routes(ApiId=api)["Items"][0]["RouteId"]
    gateway.update_route(ApiId=api, RouteId=route, AuthorizationType="JWT", AuthorizerId=authorizer)
    headers = {"Authorization": "no-token"}
    answer = httpx.get(f"{region.endpoint}/_aws/execute-api/{api}/%24default/secret", headers=headers)
    assert answer.status_code == 401
    found = why(region, answer.headers["apigw-requestid"])
    assert found["error"].startswith("invalid_token: ")
    assert found["error"] in region.atoll("why", answer.headers["apigw-requestid"]).stdout.replace("\n", " ")


def test_another_accounts_resource_needs_both_sides(region: Region, client: Clients, ann: User) -> None:
    function = make_function(client, "theirs", "def handler(event, context):\n    return 1\n")
    stranger = User(region, "444455556666", f"bob{ann.key[-6:]}")
    request_id = denied(lambda: stranger("lambda").invoke(FunctionName=function))
    changes = only(why(region, request_id))["remedy"]["changes"]
    assert [change["where"] for change in changes] == ["identity-based policy", "resource-based policy"]
    assert changes[1]["statement"]["Principal"] == {"AWS": stranger.arn}
    nobody = ann.arn.replace(":user/", ":role/")
    stranger.may({"Action": "*", "Resource": "*"})
    closed = denied(lambda: stranger("sts").assume_role(RoleArn=nobody, RoleSessionName="s1"))
    assert only(why(region, closed))["remedy"]["hopeless"].startswith(f"There is no role {nobody}")


def test_what_was_no_matter_of_permissions(region: Region, account: str, client: Clients) -> None:
    identity = client("sts").get_caller_identity()["ResponseMetadata"]["RequestId"]
    assert why(region, identity)["note"].startswith("No permission was asked for: the operation needs none")
    wrong = denied(lambda: region.client("sts", "ASIANOBODYKNOWS", "x").get_caller_identity())
    shown = region.atoll("why", wrong).stdout
    assert "UnrecognizedClientException: The security token" in shown
    assert "or the request failed before." in shown


def test_request_bodies_and_secrets_are_not_kept(region: Region, account: str, ann: User) -> None:
    request_id = denied(
        lambda: ann("dynamodb").put_item(
            TableName="users", Item={"id": {"S": "1"}, "password": {"S": "hunter2hunter2"}}
        )
    )
    told = json.dumps(why(region, request_id))
    assert "hunter2" not in told
    assert ann.secret not in told
