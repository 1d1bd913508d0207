"""Resources as policies name them: by a pattern that matches one of them and nothing else, or all that differ in a generated part. Pure."""

from __future__ import annotations

import re

from atoll.auth.policy.document import resource_problem

_GENERATED = (
    # Streams of a log group come and go with their environments; AWS names the group itself so, too.
    re.compile(r"(arn:[^:]*:logs:[^:]*:[^:]*:log-group:[^:]+:).+"),
    re.compile(r"(arn:[^:]*:logs:[^:]*:[^:]*:log-group::log-stream:).*"),
    re.compile(r"(arn:[^:]*:dynamodb:[^:]*:[^:]*:table/[^/]+/(?:stream|backup|export|import)/).+"),
    re.compile(r"(arn:[^:]*:execute-api:[^:]*:[^:]*:[^/]+/[^/]+/[^/]+/@connections/).+"),
)
"""What of an ARN somebody chose; behind it stands what the region made up."""


def general(resource: str) -> str:
    """A pattern for the resource, and for those that differ from it only in a name that the region makes up; `*` where IAM takes none."""
    found = next((found for generated in _GENERATED if (found := generated.fullmatch(resource))), None)
    pattern = literal(resource) if found is None else literal(found[1]) + "*"
    return pattern if resource_problem([pattern]) is None else "*"


def literal(resource: str) -> str:
    """A pattern that matches the resource and nothing else. A `*` that ends it is one that AWS itself writes there (`table/*`)."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource
    *head, last = parts
    stem, star = (last[:-1], "*") if last.endswith((":*", "/*")) else (last, "")
    escaped = stem.replace("${", "${$}{").replace("*", "${*}").replace("?", "${?}")
    return ":".join([*head, escaped]) + star
