"""A pool's LambdaConfig: which functions it calls, and when.

docs: API_LambdaConfigType.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from atoll.kernel.errors import NotImplementedByAtoll
from atoll.services.cognito_idp.errors import InvalidParameterException

_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(?::(?:\$LATEST|[\w-]+))?", re.ASCII)
_REFUSED = {
    "CustomEmailSender": "Atoll delivers mail to its own mailbox (`atoll mail`) and encrypts no codes for senders",
    "CustomSMSSender": "Atoll delivers text messages to its own mailbox (`atoll mail`) and encrypts no codes for senders",
    "KMSKeyID": "it is for custom senders, which Atoll does not have",
    "InboundFederation": "Atoll's user pools federate with nobody",
}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """A LambdaConfigType as DescribeUserPool shows it. Raises InvalidParameterException, and NotImplementedByAtoll for custom senders."""
    for name, reason in _REFUSED.items():
        if name in given:
            raise NotImplementedByAtoll(f"LambdaConfig.{name} is not supported: {reason}.")
    config = dict(given)
    versioned, plain = config.get("PreTokenGenerationConfig"), config.get("PreTokenGeneration")
    if versioned and plain and versioned["LambdaArn"] != plain:
        raise InvalidParameterException(
            "PreTokenGeneration and PreTokenGenerationConfig cannot have different Lambda ARNs."
        )
    if versioned:
        config["PreTokenGeneration"] = versioned["LambdaArn"]
    elif plain:
        config["PreTokenGenerationConfig"] = {"LambdaVersion": "V1_0", "LambdaArn": plain}
    for name, value in config.items():
        if isinstance(value, str) and not _FUNCTION.fullmatch(value):
            raise InvalidParameterException(f"Invalid Lambda function ARN for {name}: {value}")
    return config
