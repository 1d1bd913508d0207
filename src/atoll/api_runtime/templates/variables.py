"""`$input` and `$util`. Pure.

docs: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import msgspec

from atoll.api_runtime.documents import NO_JSON
from atoll.api_runtime.templates.budget import Budget, TemplateError
from atoll.api_runtime.templates.jsonpath import MISSING, compile_path
from atoll.api_runtime.templates.methods import Variable
from atoll.api_runtime.templates.values import text

PLACES = ("path", "querystring", "header")
"""Where `$input.params(name)` looks, in this order."""
_SHORT = {
    "\b": "\\b",
    "\n": "\\n",
    "\t": "\\t",
    "\f": "\\f",
    "\r": "\\r",
    "'": "\\'",
    '"': '\\"',
    "\\": "\\\\",
    "/": "\\/",
}


class Input(Variable):
    """`$input`: the body and the parameters. A body that is empty is `{}`, as on AWS."""

    def __init__(self, body: str, params: Mapping[str, Mapping[str, str]], budget: Budget) -> None:
        self._body = body or "{}"
        self._params = params
        self._budget = budget
        self._document: Any = MISSING
        self.methods = {"json": self.json, "path": self.path, "params": self.params}
        self.properties = {"body": lambda: self._body}

    def path(self, path: str) -> Any:
        """What is there, as an object that the template may change; an empty text where nothing is."""
        if self._document is MISSING:
            self._document = self._parsed()
        found = self._read(path, self._document)
        return "" if found is MISSING else found

    def json(self, path: str) -> str:
        """What is there, as JSON without spaces; of nothing, an empty text."""
        found = self._read(path, self._parsed())
        if found is MISSING:
            return '""'
        written = msgspec.json.encode(found).decode()
        self._budget.spend(1, len(written))
        return written

    def params(self, name: str | None = None) -> Any:
        """A parameter by its name, wherever it is; an empty text where it is nowhere. Without a name, all by their places."""
        if name is None:
            return {place: dict(self._params.get(place, {})) for place in PLACES}
        for place in PLACES:
            found = self._params.get(place, {}).get(name)
            if found is not None:
                return found
        return next((value for header, value in self._params.get("header", {}).items() if _same(header, name)), "")

    def _read(self, path: str, document: Any) -> Any:
        if not isinstance(path, str):
            raise TypeError
        return compile_path(path or "$").read(document, self._budget)

    def _parsed(self) -> Any:
        self._budget.spend(1, len(self._body))
        stripped = self._body.strip()
        try:
            return msgspec.json.decode(stripped)
        except NO_JSON as error:
            if stripped[:1] in ("{", "["):
                raise TemplateError(f"the body is no JSON: {error}") from error
            return self._body  # as AWS's parser does: a text that needs no quotes


def _same(header: str, name: str) -> bool:
    return header.lower() == name.lower()


class Util(Variable):
    """`$util`. Of null, everything is null."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.methods = {
            "escapeJavaScript": self._escape,
            "parseJson": self._parse_json,
            "urlEncode": lambda value: self._of(value, _url_encode),
            "urlDecode": lambda value: self._of(value, unquote_plus),
            "base64Encode": lambda value: self._of(value, lambda one: base64.b64encode(one.encode()).decode()),
            "base64Decode": lambda value: self._of(value, _base64_decode),
        }
        self.properties = {}

    def _of(self, value: Any, change: Any) -> Any:
        return None if value is None else self._paid(change(text(value, self._budget)))

    def _paid(self, written: str) -> str:
        self._budget.spend(1, len(written) * 4)
        return written

    def _escape(self, value: Any) -> Any:
        return self._of(value, escape_java_script)

    def _parse_json(self, value: Any) -> Any:
        if value is None:
            return None
        source = text(value, self._budget)
        self._budget.spend(1, len(source))
        try:
            return msgspec.json.decode(source)
        except NO_JSON as error:
            raise TemplateError(f"parseJson: {error}") from error


def escape_java_script(value: str) -> str:
    """As StringEscapeUtils of Apache Commons Lang does: quotes of both kinds, backslashes and slashes get a backslash, what is not ASCII
    becomes \\uXXXX. The escaped single quote is no JSON; AWS says so in its docs."""
    if value.isalnum() and value.isascii():
        return value
    return "".join(_SHORT.get(one) or (one if " " <= one <= "~" else _unicode(one)) for one in value)


def _unicode(one: str) -> str:
    raw = one.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{raw[at] << 8 | raw[at + 1]:04X}" for at in range(0, len(raw), 2))


def _url_encode(value: str) -> str:
    """java.net.URLEncoder."""
    return quote_plus(value, safe="*").replace("~", "%7E")


def _base64_decode(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise TemplateError(f"base64Decode: {error}") from error
