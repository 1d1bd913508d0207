// The API: every user has items, and sees nobody else's. The SDK is the runtime's own: the package holds this file only.

import { randomUUID } from "node:crypto";

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from "@aws-sdk/lib-dynamodb";

const table = process.env.DYNAMODB_TABLE;
const database = DynamoDBDocumentClient.from(new DynamoDBClient({}));

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "content-type": "application/json" },
  body: body === undefined ? "" : JSON.stringify(body),
});
const missing = (id) => answer(404, { error: `there is no item ${id}` });

class BadRequest extends Error {}

function content(event) {
  const text = event.isBase64Encoded ? Buffer.from(event.body, "base64").toString() : event.body;
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    throw new BadRequest("the body must be JSON");
  }
  if (typeof found !== "object" || found === null || typeof found.title !== "string" || !found.title.trim()) {
    throw new BadRequest("an item is an object with a title");
  }
  return { title: found.title.trim(), done: found.done === true };
}

// Who calls: whichever authorizer the route has, it was asked before.
const caller = ({ authorizer }) => authorizer.jwt?.claims.sub ?? authorizer.lambda.sub;

async function list(owner) {
  const found = await database.send(
    new QueryCommand({
      TableName: table,
      IndexName: "by-owner",
      KeyConditionExpression: "#owner = :owner",
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: { ":owner": owner },
    }),
  );
  return answer(200, { items: found.Items });
}

async function create(owner, event) {
  const item = { id: randomUUID(), owner, ...content(event) };
  await database.send(new PutCommand({ TableName: table, Item: item }));
  return answer(201, item);
}

async function read(owner, id) {
  const { Item } = await database.send(new GetCommand({ TableName: table, Key: { id } }));
  return Item?.owner === owner ? answer(200, Item) : missing(id);
}

// Only an item that is there and the caller's: others are as if they were not there.
const own = (owner) => ({
  TableName: table,
  ConditionExpression: "#owner = :owner",
  ExpressionAttributeNames: { "#owner": "owner" },
  ExpressionAttributeValues: { ":owner": owner },
});

async function replace(owner, id, event) {
  const item = { id, owner, ...content(event) };
  await database.send(new PutCommand({ ...own(owner), Item: item }));
  return answer(200, item);
}

async function remove(owner, id) {
  await database.send(new DeleteCommand({ ...own(owner), Key: { id } }));
  return answer(204);
}

export const handler = async (event) => {
  const { method, path } = event.requestContext.http;
  const [collection, id, ...more] = path.replace(/^\/custom(?=\/)/, "").split("/").slice(1).map(decodeURIComponent);
  if (event.routeKey === "GET /health") {
    return answer(200, { healthy: true });
  }
  const owner = caller(event.requestContext);
  if (collection !== "items" || more.length) {
    return answer(404, { error: "only /items is here" });
  }
  try {
    switch (`${method} ${id ? "item" : "items"}`) {
      case "GET items":
        return await list(owner);
      case "POST items":
        return await create(owner, event);
      case "GET item":
        return await read(owner, id);
      case "PUT item":
        return await replace(owner, id, event);
      case "DELETE item":
        return await remove(owner, id);
      default:
        return answer(405, { error: `${method} is not for this` });
    }
  } catch (error) {
    if (error instanceof BadRequest) {
      return answer(400, { error: error.message });
    }
    if (error.name === "ConditionalCheckFailedException") {
      return missing(id);
    }
    throw error;
  }
};
