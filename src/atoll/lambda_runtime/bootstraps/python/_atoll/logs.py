"""What a Python function logs, as Lambda's runtime formats it: text or JSON, and errors in either.

docs: Lambda developer guide, "Log and monitor Python Lambda functions", "Configuring JSON and plain text log formats".
"""

import json
import logging
import os
import threading
import time
import traceback

from _atoll import marshal

FRAME = b"\xa5\x5a\x00"
"""Begins a log event that keeps its line breaks: then a byte for level and format, its length (4 bytes, big-endian), microseconds
(8 bytes), and the text."""
TEXT, JSON = 3, 2
MOMENT = "%Y-%m-%dT%H:%M:%S"
NO_BREAK_SPACE = "\u00a0"
SEVERITIES = {10: 2, 20: 3, 30: 4, 40: 5, 50: 6}
"""How frames count levels, by Python's."""
STANDARD = frozenset(vars(logging.makeLogRecord({}))) - {"taskName"} | {
    "exc_text", "stack_info", "aws_request_id", "tenant_id", "message", "asctime",
}  # fmt: skip
"""Attributes of a record that are no extra fields of the function's."""
UNHANDLED = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in rare cases, a Lambda "
    "runtime update can cause unexpected function behavior. For functions using managed runtimes, runtime updates can be triggered "
    "by a function change, or can be applied automatically. To determine if the runtime has been updated, check the runtime version "
    "in the INIT_START log entry. If this error correlates with a change in the runtime version, you may be able to mitigate this "
    "error by temporarily rolling back to the previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html\r"
)
"""What Lambda's runtime warns of when a function cannot be initialized."""


class LogSink:
    """Writes whole log events, line breaks and all, on the descriptor that plain output also goes to, so that order is kept."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.lock = threading.Lock()

    def log(self, text, kind=TEXT):
        """Raises UnicodeEncodeError for what is no text."""
        self._write(text.encode(), kind)

    def error(self, payload):
        """Logs an error payload as one event: as JSON, or as text indented with no-break spaces."""
        if is_json():
            stamp = time.strftime(MOMENT + "Z", time.gmtime())
            text, kind = marshal.dump({"timestamp": stamp, "level": "ERROR", **payload})[0], JSON
        else:
            text, kind = error_text(payload), TEXT
        self._write(text.encode("utf-8", "backslashreplace"), kind | SEVERITIES[logging.ERROR] << 2)

    def _write(self, data, kind):
        head = FRAME + bytes([kind]) + len(data).to_bytes(4, "big") + int(time.time() * 1e6).to_bytes(8, "big")
        data = memoryview(head + data)
        with self.lock:
            while data:
                data = data[os.write(self.descriptor, data) :]


def error_text(payload):
    head = ": ".join(part for part in (payload["errorType"], payload["errorMessage"]) if part)
    lines = ["[ERROR] " + head, "Traceback (most recent call last):"]
    for entry in payload["stackTrace"]:
        for line in entry.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(text)) + text)
    return "\n".join(lines)


def is_json():
    return os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"


def set_up(sink):
    """Gives the root logger Lambda's handler and level, and returns the handler."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    handler = LambdaLoggerHandler(sink, is_json(), bool(level))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    if (number := logging.getLevelName("DEBUG" if level == "TRACE" else level)) in SEVERITIES:
        root.setLevel(number)
    return handler


class LambdaLoggerHandler(logging.Handler):
    """The root logger's handler. Others may give it a formatter of their own."""

    def __init__(self, sink, structured, levelled):
        super().__init__()
        self.log_sink = sink
        self.kind = JSON if structured else TEXT
        self.levelled = structured or levelled
        self.request_id, self.tenant_id = "", None
        logging.Formatter.converter = time.gmtime
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        self.setFormatter(JsonFormatter() if structured else logging.Formatter(line, MOMENT))
        self.addFilter(self.add_invocation)

    def add_invocation(self, record):
        record.aws_request_id, record.tenant_id = self.request_id, self.tenant_id
        return True

    def emit(self, record):
        severity = SEVERITIES.get(rounded(record.levelno), 0) if self.levelled else 0
        self.log_sink.log(self.format(record), self.kind | severity << 2)


def rounded(level):
    """The standard level at or below `level`."""
    return min(50, max(0, level)) // 10 * 10


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self):
        super().__init__(datefmt=MOMENT + "Z")

    def format(self, record):
        error = record.exc_info if record.exc_info and record.exc_info[0] else None
        fields = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": logging.getLevelName(rounded(record.levelno)),
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "stackTrace": error and traceback.format_tb(error[2]),
            "errorType": error and error[0].__name__,
            "errorMessage": error and str(error[1]),
            "requestId": record.aws_request_id,
            "location": error and "%s:%s:%s" % (record.pathname, record.funcName, record.lineno),
            "tenantId": record.tenant_id,
        }
        extra = {name: value for name, value in vars(record).items() if name not in STANDARD and name not in fields}
        shown = {name: value for name, value in {**fields, **extra}.items() if value is not None}
        return json.dumps(shown, ensure_ascii=False, default=str) + "\n"
