"""The users API: POST /users creates or replaces a user, GET /users?id=… fetches one."""

import base64
import json
import os
import re

import boto3

TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
USER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_NAME = 200


class BadRequest(Exception):
    """What the caller sent cannot be used; the message says why."""


def handler(event, context):
    """Answers one request of the HTTP API (payload format 2.0)."""
    method = event["requestContext"]["http"]["method"]
    try:
        if method == "GET":
            return fetch(event.get("queryStringParameters") or {})
        if method == "POST":
            return create(body_of(event))
    except BadRequest as error:
        return answer(400, {"error": str(error)})
    return answer(405, {"error": f"{method} is not supported"})


def fetch(query):
    user_id = valid_id(query.get("id"), "the query parameter id")
    item = TABLE.get_item(Key={"user_id": user_id}).get("Item")
    if item is None:
        return answer(404, {"error": f"there is no user {user_id}"})
    return answer(200, item)


def create(body):
    user_id = valid_id(body.get("user_id"), "user_id")
    name = body.get("name")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise BadRequest(f"name must be a text of 1 to {MAX_NAME} characters")
    user = {"user_id": user_id, "name": name.strip()}
    TABLE.put_item(Item=user)
    print(f"created user {user_id}")
    return answer(201, user)


def body_of(event):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    try:
        parsed = json.loads(body)
    except ValueError:
        raise BadRequest("the body must be JSON") from None
    if not isinstance(parsed, dict):
        raise BadRequest("the body must be a JSON object")
    return parsed


def valid_id(value, where):
    if not isinstance(value, str) or not USER_ID.fullmatch(value):
        raise BadRequest(f"{where} must be 1 to 64 letters, digits, - or _")
    return value


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }
