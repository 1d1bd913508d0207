"""The AWS SDK for JavaScript v3 as a client of all three APIs of API Gateway: REST, HTTP, and connections of WebSockets."""

from __future__ import annotations

from tests.javascript import Javascript

PROGRAM = """
const rest = require('@aws-sdk/client-api-gateway');
const v2 = require('@aws-sdk/client-apigatewayv2');
const { ApiGatewayManagementApiClient, PostToConnectionCommand } = require('@aws-sdk/client-apigatewaymanagementapi');
const from = (module, client) => (name, input) => client.send(new module[`${name}Command`](input));
const restClient = new rest.APIGatewayClient({ maxAttempts: 1 });
const asRest = from(rest, restClient);
const asV2 = from(v2, new v2.ApiGatewayV2Client({ maxAttempts: 1 }));
const where = (id, stage, path) => `${process.env.AWS_ENDPOINT_URL}/_aws/execute-api/${id}/${stage}${path}`;
const found = {};

(async () => {
  const api = await asRest('CreateRestApi', { name: 'pets' });
  const method = { restApiId: api.id, resourceId: api.rootResourceId, httpMethod: 'GET' };
  await asRest('PutMethod', { ...method, authorizationType: 'NONE' });
  await asRest('PutIntegration', { ...method, type: 'MOCK', requestTemplates: { 'application/json': '{"statusCode": 200}' } });
  await asRest('PutMethodResponse', { ...method, statusCode: '200' });
  const answer = { 'application/json': '{"stage": "$context.stage"}' };
  await asRest('PutIntegrationResponse', { ...method, statusCode: '200', responseTemplates: answer });
  await asRest('CreateDeployment', { restApiId: api.id, stageName: 'dev' });
  found.rest = await (await fetch(where(api.id, 'dev', '/'))).json();
  const exported = await asRest('GetExport', { restApiId: api.id, stageName: 'dev', exportType: 'oas30' });
  const text = new TextDecoder().decode(exported.body);
  found.exported = JSON.parse(text).info.title;
  const { id } = await asRest('ImportRestApi', { body: new TextEncoder().encode(text) });
  await asRest('PutRestApi', { restApiId: id, mode: 'overwrite', body: text });
  found.apis = [];
  for await (const page of rest.paginateGetRestApis({ client: restClient, pageSize: 1 }, {})) {
    found.apis.push(...page.items.map((one) => one.name));
  }
  const made = (await asRest('GetRestApi', { restApiId: api.id })).createdDate;
  found.dated = made instanceof Date && Math.abs(made - Date.now()) < 600000;
  try {
    await asRest('GetRestApi', { restApiId: 'none' });
  } catch (error) {
    found.restError = [error instanceof rest.NotFoundException, error.name, error.message];
  }

  const http = await asV2('CreateApi', { Name: 'front', ProtocolType: 'HTTP', Target: where(api.id, 'dev', '/') });
  found.http = await (await fetch(where(http.ApiId, '$default', '/'))).json();
  try {
    await asV2('GetApi', { ApiId: 'none' });
  } catch (error) {
    found.v2Error = [error instanceof v2.NotFoundException, error.name, error.message];
  }

  const selection = { ProtocolType: 'WEBSOCKET', RouteSelectionExpression: '$request.body.action' };
  const chat = await asV2('CreateApi', { Name: 'chat', ...selection });
  const mock = await asV2('CreateIntegration', { ApiId: chat.ApiId, IntegrationType: 'MOCK' });
  const target = { RouteKey: '$default', Target: `integrations/${mock.IntegrationId}` };
  await asV2('CreateRoute', { ApiId: chat.ApiId, ...target });
  await asV2('CreateStage', { ApiId: chat.ApiId, StageName: 'dev', AutoDeploy: true });
  const connections = new ApiGatewayManagementApiClient({ endpoint: where(chat.ApiId, 'dev', ''), maxAttempts: 1 });
  try {
    await connections.send(new PostToConnectionCommand({ ConnectionId: 'L0SM9cOFvHcCIhw=', Data: 'x' }));
  } catch (error) {
    found.gone = [error.name, error.$metadata.httpStatusCode];
  }
  console.log(JSON.stringify(found));
})();
"""


def test_everyday_calls(javascript: Javascript, account: str) -> None:
    assert javascript(PROGRAM, None) == {
        "rest": {"stage": "dev"},
        "exported": "pets",
        "apis": ["pets", "pets"],
        "dated": True,
        "restError": [True, "NotFoundException", f"Invalid API identifier specified {account}:none"],
        "http": {"stage": "dev"},
        "v2Error": [True, "NotFoundException", f"Invalid API identifier specified {account}:none"],
        "gone": ["GoneException", 410],
    }
