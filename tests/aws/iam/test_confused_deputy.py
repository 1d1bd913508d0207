"""Service principals are held to aws:SourceArn and aws:SourceAccount, so that one account's API is no way into another's function.

docs: IAM User Guide, "The confused deputy problem".
"""

from __future__ import annotations

import httpx
import pytest
from tests.functions import API_GATEWAY, make_function


@pytest.fixture
def function(client):
    return make_function(client, "deputy", "def handler(event, context):\n    return 'served'\n")


def test_an_api_serves_its_function_only_for_whom_the_function_names(client, region, account, function):
    functions = client("lambda")
    api = client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP", Target=function)["ApiId"]
    arn = f"arn:aws:execute-api:us-east-1:{account}:{api}/*"

    def answer(**condition):
        functions.add_permission(
            FunctionName="deputy", StatementId="s", Action="lambda:InvokeFunction", Principal=API_GATEWAY, **condition
        )
        status = httpx.get(f"{region.endpoint}/_aws/execute-api/{api}/$default/", timeout=30).status_code
        functions.remove_permission(FunctionName="deputy", StatementId="s")
        return status

    assert answer(SourceArn=arn) == 200
    assert answer(SourceArn=arn.replace(api, "another")) == 500
    assert answer(SourceArn=arn.replace(account, "210987654321")) == 500
    assert answer(SourceAccount=account) == 200
    assert answer(SourceAccount="210987654321") == 500
    assert answer(SourceArn=arn, SourceAccount="210987654321") == 500


def test_nobody_speaks_for_a_service(client, region, function, aws_error):
    """A permission for API Gateway lets no user in, whatever source it claims."""
    functions, iam = client("lambda"), client("iam")
    functions.add_permission(
        FunctionName="deputy", StatementId="s", Action="lambda:InvokeFunction", Principal=API_GATEWAY
    )
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    eve = region.client("lambda", key["AccessKeyId"], key["SecretAccessKey"])
    assert aws_error(lambda: eve.invoke(FunctionName="deputy"))[0] == "AccessDeniedException"
