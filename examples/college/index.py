"""The college's API backend."""

import json


def lambda_handler(event, context):
    # Process the event and return a response
    response = {
        "statusCode": 200,
        "body": json.dumps("Hello from Lambda!"),
    }
    return response
