"""The Python runtime: imports the handler, then takes invocations from the Runtime API one after another.

Behaves as Lambda's own runtime does towards the function: how handlers are found, what is logged and how, the context object,
JSON both ways, and the shape of every error. docs: Lambda developer guide, "Define Lambda function handler in Python",
"Using the Lambda context object", "Log and monitor Python Lambda functions", "Lambda runtime API".
"""

import atexit
import importlib
import io
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback

from _atoll import connections, logs, marshal
from _atoll.context import ContextError, LambdaContext

SDK = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")
RESPONSE_LIMIT = 6 * 1024 * 1024
"""The Runtime API may refuse an answer of more bytes than this."""
TOO_LARGE = "LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413."


class Fault(Exception):
    """An error that has a type of Lambda's own."""

    def __init__(self, kind, message, trace=None):
        super().__init__(message)
        self.kind, self.message, self.trace = kind, message, trace


def start(request, api, log, baseline, executable):
    """Runs the function described by `request`. Starts a fresh interpreter where the function configures the interpreter itself."""
    environment, paths = request["environment"], request["paths"]
    configured = any(name.startswith(("LD_", "PYTHON")) for name in request["own"])
    wrapper = environment.get("AWS_LAMBDA_EXEC_WRAPPER")
    if configured or wrapper:
        code = (
            "import sys; sys.path.insert(0, %r); from _atoll import bootstrap; bootstrap.fresh(sys.argv[1])" % paths[-1]
        )
        argument = json.dumps({"handler": request["handler"], "paths": paths, "api": api, "log": log})
        for descriptor in (api, log):
            os.set_inheritable(descriptor, True)
        command = ([wrapper] if wrapper else []) + [executable, "-c", code, argument]
        os.execve(command[0], command, environment)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    standard = [path for path in sys.path if path.startswith(sys.base_prefix) and "-packages" not in path]
    sys.path[:] = paths + standard
    forget_shadowed(paths, baseline)
    as_program(serve, request["handler"], api, log)


def fresh(text):
    """The same in an interpreter of its own, which has read the function's environment variables at its start."""
    request = json.loads(text)
    own = [path for path in sys.path[1:] if path not in request["paths"] and path]
    sys.path[:] = request["paths"] + own
    serve(request["handler"], request["api"], request["log"])


def as_program(function, *arguments):
    """Calls `function` as an interpreter runs its program: what ends it is told, then threads are waited for and exit handlers run."""
    status = 1
    try:
        function(*arguments)
    except SystemExit as error:
        status = error.code or 0
        if not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        status = None
    except BaseException:
        traceback.print_exc()
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    if status is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status & 0xFF)


def forget_shadowed(paths, baseline):
    """Unloads preloaded modules that the function brings itself, for its own must win; the SDK's packages go together."""
    brought = set()
    for path in paths[:-1]:
        if os.path.isdir(path):
            brought.update(name.split(".")[0] for name in os.listdir(path))
    if brought.intersection(SDK):
        brought.update(SDK)
    if not any(name in sys.modules and name not in baseline for name in brought):
        return  # without having touched the names of all modules, which lie on pages shared with the zygote
    for name in set(sys.modules) - baseline:
        if name.split(".")[0] in brought:
            del sys.modules[name]
    importlib.invalidate_caches()


def serve(handler_name, api, log):
    """Imports the handler and serves until the other side hangs up. Raises SystemExit where the function does, or cannot be imported."""
    sys.argv = ["/var/runtime/bootstrap.py"]
    sys.stdin = open(0, closefd=False)
    # Python takes the coerced locale of Amazon Linux 2023 for one that may lie about bytes.
    sys.stdout = Unbuffered(1, "surrogateescape" if os.environ.get("LC_CTYPE") == "C.UTF-8" else "strict")
    sys.stderr = Unbuffered(2, "backslashreplace")
    sink = logs.LogSink(log)
    handler = logs.set_up(sink)
    client = RuntimeClient(socket.socket(fileno=api))
    connections.lead_home()
    try:
        function = find_handler(handler_name)
    except Fault as fault:
        fail_init(client, sink, error_payload(fault.message, fault.kind, fault.trace, ""))
    except Exception as error:
        fail_init(client, sink, error_payload(str(error), type(error).__name__, own_frames(error), ""))
    while True:
        invocation = client.next()
        handler.request_id, handler.tenant_id = invocation.request_id, invocation.tenant_id
        if invocation.trace_id:
            os.environ["_X_AMZN_TRACE_ID"] = invocation.trace_id
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        handle_event_request(client, sink, function, invocation)


def fail_init(client, sink, error):
    logging.warning(logs.UNHANDLED)
    sink.error(error)
    client.fail_init(error)
    raise SystemExit(1)


def handle_event_request(client, sink, request_handler, invocation):
    """One invocation, from event to answer. Functions see some of these names in tracebacks: they are Lambda's.

    Raises UnicodeEncodeError for an answer that is no text.
    """
    try:
        try:
            lambda_context = LambdaContext(invocation)
        except ContextError as error:
            raise Fault("Runtime.LambdaContextUnmarshalError", str(error)) from None
        try:
            event = json.loads(invocation.body)
        except Exception as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None
        response = request_handler(event, lambda_context)
        try:
            body, kind = marshal.dump(response)
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None
    except Fault as fault:
        failure = error_payload(fault.message, fault.kind, fault.trace, invocation.request_id)
    except Exception as error:
        failure = error_payload(str(error), type(error).__name__, own_frames(error), invocation.request_id)
    else:
        return client.respond(invocation.request_id, body, kind)
    sink.error(failure)
    return client.fail(invocation.request_id, failure)


def find_handler(name):
    """The function that `package/module.function` names."""
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, error)) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        text = "Cannot use built-in module %s as a handler module" % module_name
        raise Fault("Runtime.BuiltInModuleConflict", text)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault(
            "Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error), trace
        ) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        text = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise Fault("Runtime.HandlerNotFound", text) from None


def error_payload(message, kind, trace, request_id):
    """What a failed invocation or initialization answers. python3.8 is too old to tell the request's id."""
    known = {} if os.environ.get("AWS_EXECUTION_ENV") == "AWS_Lambda_python3.8" else {"requestId": request_id}
    return {"errorMessage": message, "errorType": kind, **known, "stackTrace": trace or []}


def own_frames(error):
    """The traceback's entries as text, from the first that is not the runtime's."""
    frames = traceback.extract_tb(error.__traceback__)
    while len(frames) > 1 and frames[0].filename.endswith("/_atoll/bootstrap.py"):
        del frames[0]
    return traceback.format_list([(frame.filename, frame.lineno, frame.name, frame.line) for frame in frames])


class Unbuffered(io.TextIOWrapper):
    """A text stream on a descriptor that writes at once: what was printed is not lost when the process dies."""

    def __init__(self, descriptor, errors):
        raw = io.FileIO(descriptor, "w", closefd=False)
        super().__init__(io.BufferedWriter(raw), encoding="utf-8", errors=errors)

    def write(self, text):
        written = super().write(text)
        self.flush()
        return written


class Invocation:
    """What the Runtime API hands out: see the headers of its `next`."""

    def __init__(self, headers, body):
        self.body = body
        self.request_id = headers["lambda-runtime-aws-request-id"]
        self.deadline_ms = int(headers["lambda-runtime-deadline-ms"])
        self.arn = headers["lambda-runtime-invoked-function-arn"]
        self.trace_id = headers.get("lambda-runtime-trace-id")
        self.client_context = headers.get("lambda-runtime-client-context")
        self.cognito_identity = headers.get("lambda-runtime-cognito-identity")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")


class RuntimeClient:
    """The Runtime API over a connected socket. An answer travels together with the request for the next invocation."""

    PATH = "/2018-06-01/runtime/"

    def __init__(self, connection):
        self.connection = connection
        self.buffer = bytearray()
        self.unsent = None

    def next(self):
        """Sends the last answer, waits for an invocation and returns it. The process ends when the environment is let go."""
        request = b"GET %sinvocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n" % self.PATH.encode()
        answer, self.unsent = self.unsent, None
        if answer is not None and len(answer) > RESPONSE_LIMIT:  # alone: what is said of it is of this invocation's log
            self.connection.sendall(answer)
            if self._read()[0] == 413:
                print(TOO_LARGE)
            answer = None
        self.connection.sendall(request if answer is None else answer + request)
        if answer is not None:
            self._read()
        return Invocation(*self._read()[1:])

    def respond(self, request_id, body, kind):
        self.unsent = self._post("invocation/%s/response" % request_id, body, kind)

    def fail(self, request_id, error):
        self.unsent = self._post(
            "invocation/%s/error" % request_id, *marshal.dump(error), kind_of_error=error["errorType"]
        )

    def fail_init(self, error):
        self.connection.sendall(self._post("init/error", *marshal.dump(error), kind_of_error=error["errorType"]))
        self._read()

    def _post(self, path, body, kind, kind_of_error=None):
        body = body if isinstance(body, bytes) else body.encode()
        head = "POST %s%s HTTP/1.1\r\nHost: runtime\r\nContent-Type: %s\r\nContent-Length: %d\r\n" % (
            self.PATH,
            path,
            kind,
            len(body),
        )
        if kind_of_error:
            head += "Lambda-Runtime-Function-Error-Type: %s\r\n" % kind_of_error
        return head.encode() + b"\r\n" + body

    def _read(self):
        """One response: its status, headers (names in lower case) and body."""
        buffer = self.buffer
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            self._fill()
        status, *lines = buffer[:end].decode().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = end + 4 + int(headers.get("content-length", 0))
        while len(buffer) < size:
            self._fill()
        body = bytes(buffer[end + 4 : size])
        del buffer[:size]
        return int(status.split(" ", 2)[1]), headers, body

    def _fill(self):
        data = self.connection.recv(1 << 18)
        if not data:
            os._exit(0)
        self.buffer += data
