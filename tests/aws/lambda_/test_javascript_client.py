"""The AWS SDK for JavaScript v3 as a client: invocations, streams, waiters, paginators, layers, errors."""

from __future__ import annotations

import base64

from tests.javascript import Javascript

from .conftest import package

PROGRAM = """
const lambda = require('@aws-sdk/client-lambda');
const { LambdaClient, paginateListFunctions, paginateListLayerVersions } = lambda;
const client = new LambdaClient({ maxAttempts: 1 });
const send = (name, input) => client.send(new lambda[`${name}Command`](input));
const { role, code, layer } = JSON.parse(process.env.GIVEN);
const text = (bytes) => new TextDecoder().decode(bytes);
const zip = (base64) => Buffer.from(base64, 'base64');
const found = {};

(async () => {
  const made = await send('PublishLayerVersion', { LayerName: 'words', Content: { ZipFile: zip(layer) } });
  await send('PublishLayerVersion', { LayerName: 'words', Content: { ZipFile: zip(layer) } });
  for (const name of ['a', 'b', 'c']) {
    await send('CreateFunction', {
      FunctionName: name, Runtime: 'python3.11', Handler: 'app.handler', Role: role, Code: { ZipFile: zip(code) },
      Layers: [made.LayerVersionArn],
    });
  }
  const waiter = { client, maxWaitTime: 20, minDelay: 1 };
  found.waited = (await lambda.waitUntilFunctionActiveV2(waiter, { FunctionName: 'a' })).state;
  const { Version } = await send('PublishVersion', { FunctionName: 'a' });
  const version = { FunctionName: 'a', Qualifier: Version };
  found.published = (await lambda.waitUntilPublishedVersionActive(waiter, version)).state;
  const answer = await send('Invoke', { FunctionName: 'a', Payload: JSON.stringify({ n: 1 }), LogType: 'Tail' });
  found.answer = [answer.StatusCode, answer.ExecutedVersion, JSON.parse(text(answer.Payload))];
  found.log = Buffer.from(answer.LogResult, 'base64').toString().includes('START RequestId: ' + answer.$metadata.requestId);
  const failed = await send('Invoke', { FunctionName: 'a', Payload: JSON.stringify({ fail: 1 }) });
  found.failed = [failed.FunctionError, JSON.parse(text(failed.Payload)).errorType];
  found.event = (await send('Invoke', { FunctionName: 'a', InvocationType: 'Event', Payload: '{}' })).StatusCode;
  const streamed = await send('InvokeWithResponseStream', { FunctionName: 'a', Payload: JSON.stringify({ n: 2 }), LogType: 'Tail' });
  let payload = '';
  for await (const event of streamed.EventStream) {
    if (event.PayloadChunk) payload += text(event.PayloadChunk.Payload);
    if (event.InvokeComplete) found.complete = Object.keys(event.InvokeComplete).filter((key) => event.InvokeComplete[key]);
  }
  found.streamed = JSON.parse(payload);
  found.functions = [];
  for await (const page of paginateListFunctions({ client, pageSize: 1 }, {})) {
    found.functions.push(...page.Functions.map((one) => one.FunctionName));
  }
  found.layers = [];
  for await (const page of paginateListLayerVersions({ client, pageSize: 1 }, { LayerName: 'words' })) {
    found.layers.push(...page.LayerVersions.map((one) => one.Version));
  }
  const { Code } = await send('GetFunction', { FunctionName: 'a' });
  found.code = Buffer.from(await (await fetch(Code.Location)).arrayBuffer()).equals(zip(code));
  try {
    await send('Invoke', { FunctionName: 'none' });
  } catch (error) {
    found.error = [error instanceof lambda.ResourceNotFoundException, error.name, error.message, error.Type];
  }
  console.log(JSON.stringify(found));
})();
"""
CODE = """
import words
def handler(event, context):
    if "fail" in event:
        raise LookupError("no")
    return words.WORD * event.get("n", 0)
"""


def test_everyday_calls(javascript: Javascript, role: str, account: str) -> None:
    layer = base64.b64encode(package({"python/words.py": "WORD = 'word '\n"})).decode()
    found = javascript(PROGRAM, {"role": role, "code": base64.b64encode(package(CODE)).decode(), "layer": layer})
    assert found == {
        "waited": "SUCCESS", "published": "SUCCESS", "answer": [200, "$LATEST", "word "], "log": True,
        "failed": ["Unhandled", "LookupError"], "event": 202, "complete": ["LogResult"], "streamed": "word word ",
        "functions": ["a", "b", "c"], "layers": [2, 1], "code": True,
        "error": [
            True, "ResourceNotFoundException",
            f"Function not found: arn:aws:lambda:us-east-1:{account}:function:none:$LATEST", "User",
        ],
    }  # fmt: skip
