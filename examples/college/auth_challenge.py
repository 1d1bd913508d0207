"""Cognito's custom authentication flow: students sign in by the word that they chose when they enrolled, and have three tries.

One handler for each of the three triggers.
"""

import hmac

TRIES = 3
QUESTION = "What is the word that you chose when you enrolled?"


def define(event, context):
    """What comes next: tokens after a right answer, no more after three wrong ones, else the challenge."""
    answers = event["request"]["session"]
    response = event["response"]
    response["issueTokens"] = bool(answers) and answers[-1]["challengeResult"]
    response["failAuthentication"] = not response["issueTokens"] and len(answers) >= TRIES
    if not response["issueTokens"] and not response["failAuthentication"]:
        response["challengeName"] = "CUSTOM_CHALLENGE"
    return event


def create(event, context):
    """The question, which the client is shown, and the answer, which only Cognito knows."""
    tried = len(event["request"]["session"])
    event["response"] = {
        "publicChallengeParameters": {"question": QUESTION, "triesLeft": str(TRIES - tried)},
        "privateChallengeParameters": {"answer": (event["request"].get("userAttributes") or {}).get("custom:word", "")},
        "challengeMetadata": "WORD",
    }
    return event


def verify(event, context):
    """Whether the answer is right. Without a word of his own nobody gets in."""
    expected = event["request"]["privateChallengeParameters"]["answer"].strip().lower()
    given = event["request"]["challengeAnswer"].strip().lower()
    event["response"]["answerCorrect"] = bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
    return event
