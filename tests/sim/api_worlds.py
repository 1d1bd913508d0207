"""APIs of every kind for fuzzers of management operations: what requests can be about, and values that are odd in the way of APIs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Made = Callable[..., dict[str, Any]]
BOMB = "((a{999}){999}){999}"
"""A regular expression that takes more memory to compile than there is."""
SCHEMAS = (
    "{}", '{"type":"object"}', '{"$ref":"#"}', f'{{"pattern":"{BOMB}"}}', "[", "[" * 5000, '{"type":"nothing"}', "null", "1",
)  # fmt: skip
DOCUMENTS = (
    '{"openapi":"3.0.1","info":{"title":"fuzz"},"paths":{"/a/{b}":{"get":{"parameters":[{"$ref":"#/x"}]},'
    '"x-amazon-apigateway-any-method":{}}}}',
    '{"swagger":"2.0","info":{"title":"fuzz"},"basePath":"/x","paths":{"/a":{"get":{"x-amazon-apigateway-integration":{"type":"mock"}}}}}',
    "openapi: 3.0.1\na: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\npaths: *b\n", "openapi: 3.0.1\npaths: &p\n  /a: *p\n", "{" * 3000, "a: [",
    "\x00", "- 1",
    '{"swagger":"2.0","paths":{"/":{"get":{"security":[{"x":[]}],"responses":{"200":null}}}},"securityDefinitions":{"x":{"type":1}}}',
    '{"openapi":"3.0.1","paths":{"a":1,"/b":[],"/c":{"get":null,"post":{"responses":[],"requestBody":{"content":1}}}},"components":[]}',
)  # fmt: skip
PATHS = (
    "/name", "/description", "/variables/a", "/canarySettings/percentTraffic", "/*/*/throttling/rateLimit",
    "/~1fuzz/GET/logging/loglevel", "/requestParameters/integration.request.header.x", "/apiStages", "/quota/limit", "/throttle", "/uri",
    "/x~", "", "/", "/responseTemplates/application~1json", "/binaryMediaTypes/image~1png", "/policy", "/accessLogSettings/format",
    "/authorizerResultTtlInSeconds", "/minimumCompressionSize", "/endpointConfiguration/types/EDGE", "/authorizationScopes", "/tags/a",
)  # fmt: skip
"""Of patch operations."""
VALUES: dict[str, tuple[Any, ...]] = {
    "MaxResults": ("1", "0", "9" * 5000),
    "ConnectionId": ("L0SM9cOFvHcCIhw=",),
    "RequestParameters": (
        {"overwrite:header.x": "$request.body.a[0]"}, {"overwrite:path": "${request.path.p}/$context.x"}, {"x": "y"},
        {"integration.request.header.x": "route.request.body.a[" + "9" * 5000 + "]"}, {"append:header.": "$request.body["},
    ),
    "ResponseParameters": (
        {"200": {"overwrite:statuscode": "$response.body.s"}}, {"integration.response.header.x": "integration.response.body.a["},
    ),
    "RouteSelectionExpression": (
        "$request.body.action", "${request.method} ${request.path}", "${request.body.a[" + "9" * 5000 + "]}", "${", "$",
    ),
    "IntegrationResponseKey": ("$default", "/2../", f"/{BOMB}/", "/(/", "/" + "(" * 3000 + "/", "/a{99999999999999999999}/"),
    "identityValidationExpression": ("^x$", BOMB, "(" * 3000, "a{99999999999999999999}", "["),
    "selectionPattern": ("2..", BOMB, "(" * 3000, "["),
    "IdentitySource": (["$request.header.Authorization"], ["route.request.header.x"], ["$context.a", "$stageVariables.b"], ["$"]),
    "identitySource": ("method.request.header.x", "method.request.header.x,context.httpMethod", ",", "method.request."),
    "Schema": SCHEMAS,
    "schema": SCHEMAS,
    "Body": DOCUMENTS,
    "body": tuple(one.encode() for one in DOCUMENTS),
    "patchOperations": tuple(
        [{"op": op, "path": path, "value": value}]
        for op in ("replace", "add", "remove", "copy") for path in PATHS for value in ("1", "1e400", "{}", "9" * 5000)
    ),
    "httpMethod": ("GET", "ANY", "OPTIONS", "get", "*"),
    "statusCode": ("200", "404", "2", "999"),
    "type": ("MOCK", "AWS_PROXY", "HTTP", "HTTP_PROXY", "AWS", "TOKEN", "REQUEST", "API"),
    "uri": ("http://127.0.0.1:9/{p}", "http://[", "arn:aws:apigateway:us-east-1:dynamodb:action/ListTables", "arn:aws:apigateway:::"),
    "responseType": ("DEFAULT_4XX", "UNAUTHORIZED"),
    "basePath": ("(none)", "fuzz", "a/b"),
    "domainName": ("api.fuzz.example", "*.fuzz.example", "localhost", "x.execute-api.us-east-1.amazonaws.com"),
    "DomainName": ("api.fuzz.example", "*.fuzz.example", "localhost"),
    "pathWithQueryString": ("/fuzz?a=b", "", "?", "/%zz?%", "//x", "/a b"),
    "exportType": ("oas30", "swagger"),
    "keyType": ("API_KEY",),
    "integrationHttpMethod": ("POST", "GET"),
    "location": ({"type": "API"}, {"type": "METHOD", "path": "/fuzz"}),
    "properties": ("{}", "[", "1"),
}  # fmt: skip
"""By member name."""


def http_and_websocket(gateway: Any, api: str) -> dict[str, tuple[Any, ...]]:
    """An authorizer of an HTTP API, and a WebSocket API with an integration."""
    authorizer = gateway.create_authorizer(
        ApiId=api, Name="fuzz", AuthorizerType="JWT", IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": "http://127.0.0.1:9", "Audience": ["fuzz"]},
    )["AuthorizerId"]  # fmt: skip
    chat = gateway.create_api(Name="fuzz", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")
    integration = gateway.create_integration(ApiId=chat["ApiId"], IntegrationType="MOCK")["IntegrationId"]
    return {"AuthorizerId": (authorizer,), "ApiId": (api, chat["ApiId"]), "IntegrationId": (integration,)}


def rest(gateway: Any, made: Made, function: str) -> dict[str, tuple[Any, ...]]:
    """A REST API with one of everything. `made(operation, **request)` is for what may be there already."""
    api = gateway.create_rest_api(name="fuzz")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    resource = gateway.create_resource(restApiId=api, parentId=root, pathPart="fuzz")["id"]
    at = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    made(gateway.put_method, **at, authorizationType="NONE")
    made(gateway.put_integration, **at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    made(gateway.put_method_response, **at, statusCode="200")
    made(gateway.put_integration_response, **at, statusCode="200")
    made(gateway.create_model, restApiId=api, name="fuzz", contentType="application/json", schema="{}")
    made(gateway.create_domain_name, domainName="api.fuzz.example")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    authorizer = gateway.create_authorizer(
        restApiId=api, name="fuzz", type="TOKEN", authorizerUri=uri, identitySource="method.request.header.x"
    )["id"]
    deployment = gateway.create_deployment(restApiId=api, stageName="fuzz")["id"]
    part = gateway.create_documentation_part(restApiId=api, location={"type": "API"}, properties="{}")["id"]
    key, plan = gateway.create_api_key(name="fuzz")["id"], gateway.create_usage_plan(name="fuzz")["id"]
    made(gateway.create_usage_plan_key, usagePlanId=plan, keyId=key, keyType="API_KEY")
    validator = gateway.create_request_validator(restApiId=api, name="fuzz")["id"]
    return {
        "restApiId": (api,), "resourceId": (resource, root), "parentId": (root,), "authorizerId": (authorizer,), "stageName": ("fuzz",),
        "deploymentId": (deployment,), "documentationPartId": (part,), "apiKey": (key,), "keyId": (key,), "usagePlanId": (plan,),
        "requestValidatorId": (validator,), "modelName": ("fuzz", "Empty"), "authorizerUri": (uri,), "apiId": (api,),
    }  # fmt: skip
