"""The context object of an invocation. docs: Lambda developer guide, "Using the Lambda context object ... Python"."""

import json
import logging
import os
import sys
import time

W3C = ("traceparent", "tracestate", "baggage")


class ContextError(Exception):
    """What came with the invocation cannot be read."""


class Fields:
    """An object with the attributes that `__slots__` names, None where they are not given; prints as Lambda's context classes do."""

    __slots__ = ()

    def __init__(self, given):
        for name in self.__slots__:
            setattr(self, name, given.get(name))

    def __repr__(self):
        return "%s([%s])" % (
            type(self).__name__,
            ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__),
        )


class CognitoIdentity(Fields):
    __slots__ = ["cognito_identity_id", "cognito_identity_pool_id"]


class Client(Fields):
    __slots__ = [  # noqa: RUF023  their order is shown
        "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name",
    ]  # fmt: skip


class ClientContext(Fields):
    __slots__ = ["custom", "env", "client"]  # noqa: RUF023  their order is shown


class LambdaContext:
    """Made for each invocation. Raises ContextError."""

    def __init__(self, invocation):
        self.aws_request_id = invocation.request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = invocation.arn
        self.tenant_id = invocation.tenant_id
        given = parsed(invocation.client_context, "Client Context")
        traced = given.pop("w3c", None) if isinstance(given, dict) else None
        known = traced if isinstance(traced, dict) else {}
        self._w3c_fields = {name: known[name] for name in W3C if isinstance(known.get(name), str)}
        self.client_context = None if given is None else ClientContext(given)
        if self.client_context is not None and self.client_context.client is not None:
            self.client_context.client = Client(self.client_context.client)
        identity = parsed(invocation.cognito_identity, "Cognito Identity") or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        self._epoch_deadline_time_in_ms = invocation.deadline_ms

    def get_remaining_time_in_millis(self):
        """Milliseconds until the invocation times out, never negative."""
        return max(self._epoch_deadline_time_in_ms - int(time.time() * 1000), 0)

    def w3c(self):
        """The W3C trace context that came with the client context."""
        return dict(self._w3c_fields)

    def log(self, msg):
        """Writes to the log, as one event and without a line break."""
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(msg))
                return
        sys.stdout.write(str(msg))

    def __repr__(self):
        names = (
            "aws_request_id", "log_group_name", "log_stream_name", "function_name", "memory_limit_in_mb", "function_version",
            "invoked_function_arn", "client_context", "identity", "tenant_id",
        )  # fmt: skip
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)


def parsed(text, what):
    """A header's JSON, None without one."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        raise ContextError("Unable to parse %s JSON: %s" % (what, error)) from None
