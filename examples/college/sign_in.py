"""Signs a student in: asks what the college's custom authentication flow asks. Needs boto3 and CLIENT_ID.

python sign_in.py STUDENT [ANSWER ...]
"""

import os
import sys

import boto3
from botocore.exceptions import ClientError


def main(student, answers):
    cognito = boto3.client("cognito-idp", region_name="us-east-1")
    client = os.environ["CLIENT_ID"]
    step = cognito.initiate_auth(AuthFlow="CUSTOM_AUTH", ClientId=client, AuthParameters={"USERNAME": student})
    while "AuthenticationResult" not in step:
        asked = step["ChallengeParameters"]
        print(f"{asked['question']} ({asked['triesLeft']} tries left)")
        step = cognito.respond_to_auth_challenge(
            ChallengeName="CUSTOM_CHALLENGE",
            ClientId=client,
            Session=step["Session"],
            ChallengeResponses={"USERNAME": student, "ANSWER": answers.pop(0) if answers else input("> ")},
        )
    found = cognito.get_user(AccessToken=step["AuthenticationResult"]["AccessToken"])
    print("signed in:", found["Username"])


if len(sys.argv) < 2:
    sys.exit("usage: CLIENT_ID=… python sign_in.py STUDENT [ANSWER ...]")
try:
    main(sys.argv[1], sys.argv[2:])
except ClientError as error:
    sys.exit(error.response["Error"]["Message"])
