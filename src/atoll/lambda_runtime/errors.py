"""The errors that an invocation itself can end in. What the function did wrong is not here: that is an `InvokeResult`."""

from __future__ import annotations


class LambdaRuntimeError(Exception):
    """The function could not be run at all. The message is for the user."""


class RuntimeUnavailable(LambdaRuntimeError):
    """Nothing on this machine can run functions of that runtime, or the sandbox cannot be set up."""


class InitializationFailed(LambdaRuntimeError):
    """An environment that was to stand ready failed to initialize; its log says why."""


class IllegalTransition(AssertionError):
    """An environment was moved to a state that its present one does not lead to: a bug in Atoll."""
