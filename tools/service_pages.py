"""Writes docs/services/: a page per service (operations, what IAM checks, what has no effect) and an index, read off the code.

`--check` only compares, and names the pages that are old.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import isawaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.iam_gaps import ABSENT_GLOBAL_KEYS, ABSENT_KEYS, known_keys, reference

from atoll.auth.policy.evaluate import PRINCIPAL_KEYS
from atoll.gateway.facts import COMPUTED_KEYS, REQUEST_KEYS
from atoll.kernel.context import Session
from atoll.kernel.service import Access, Operation, Service
from atoll.protocol.models import Models
from atoll.services import SERVICES

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "services"
WRITTEN = "<!-- Written by `python tools/service_pages.py`; a test fails when it is old. -->\n"
API_PAGE = "https://docs.aws.amazon.com/goto/WebAPI/{uid}/{operation}"
SERVICE_PAGE = "https://docs.aws.amazon.com/goto/WebAPI/{uid}"
MODELS = Models([service.name for service in SERVICES])


class Nothing:
    """A store in which nothing is: what IAM is asked about is named then as the request names it."""

    async def read(self, _fn: Any) -> None:
        """Nothing."""


STATEMENTS = (
    'SELECT * FROM "${TableName}"',
    "INSERT INTO \"${TableName}\" VALUE {'id': 1}",
    'UPDATE "${TableName}" SET v = 1 WHERE id = 1',
    'DELETE FROM "${TableName}" WHERE id = 1',
)
"""One of each kind whose permission depends on it."""


def pages() -> dict[str, str]:
    """Every page by its file's name, as it should be."""
    services = sorted(SERVICES, key=lambda service: service.name)
    return {"README.md": index(services)} | {f"{service.name}.md": page(service) for service in services}


def index(services: Sequence[Service]) -> str:
    """The page of all services."""
    rows = []
    for service in services:
        model = MODELS.service(service.name)
        done, there = len(service.operations()), len(model.operation_names)
        rows.append((f"[{full_name(model)}]({service.name}.md)", f"`{service.name}`", f"{done} of {there}"))
    implemented = {service.name for service in services}
    refused = sorted(set(MODELS.names()) - implemented)
    return "".join(
        (
            "# Services\n\n", WRITTEN,
            f"\n{len(services)} of AWS's {len(MODELS.names())} services are here, as far as their pages say.\n"
            "An operation that is not implemented answers 501 `NotImplemented` and names itself; a property that is accepted "
            "without effect is reported in the log and by `GET /_atoll/unsupported` whenever a call sets it.\n\n",
            table(("service", "name in the SDKs", "operations"), rows),
            "\n## Condition keys of every request\n\n"
            "What policies may ask about whatever the operation; the pages of the services list what else they may. "
            "docs: [AWS global condition context keys]"
            "(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).\n\n",
            ", ".join(code(key) for key in sorted({*REQUEST_KEYS, *PRINCIPAL_KEYS, *COMPUTED_KEYS}, key=str.lower)),
            ".\n\nAbsent from every request, so that they are null to a condition:\n\n",
            table(("keys", "why"), grouped(ABSENT_GLOBAL_KEYS.items())),
            f"\n## Refused services\n\nEvery operation of these {len(refused)} answers 501 `NotImplemented`.\n\n",
            *alphabet(refused),
        )
    )  # fmt: skip


def alphabet(names: Iterable[str]) -> Iterator[str]:
    """A paragraph of services per initial letter."""
    for letter, found in itertools.groupby(names, key=lambda name: name[0].upper()):
        listed = [
            f"{code(name)} ({reference()[name]['service_name']})" if name in reference() else code(name)
            for name in found
        ]
        yield f"**{letter}**: {', '.join(listed)}\n\n"


def page(service: Service) -> str:
    """The page of one service."""
    model, operations = MODELS.service(service.name), service.operations()
    uid, accesses = model.metadata["uid"], [access for one in operations.values() for access in one.access]
    parts = [
        f"# {full_name(model)}\n\n", WRITTEN,
        f"\n{len(operations)} of the {len(model.operation_names)} operations of "
        f"[`{service.name}`]({SERVICE_PAGE.format(uid=uid)}) are implemented.\n\n## Operations, and what IAM checks\n\n",
        explained(model, operations, accesses),
        table(("operation", "action", "resource", "condition keys"), checked(model, operations)),
    ]  # fmt: skip
    if ignored := grouped_members(operations):
        parts += ["\n## Accepted without effect\n\n", table(("property", "operations", "why"), ignored)]
    absent = {key for access in accesses for key in known_keys(access.action)} & ABSENT_KEYS.keys()
    if absent:
        parts += [
            "\n## Condition keys that no request has\n\nAWS's reference lists them for these actions; to a condition they are "
            "null.\n\n",
            table(("keys", "why"), grouped((key, ABSENT_KEYS[key]) for key in sorted(absent))),
        ]
    if refused := sorted(set(model.operation_names) - operations.keys()):
        parts += [
            f"\n## Refused\n\n{len(refused)} operations answer 501 `NotImplemented`: ",
            ", ".join(
                link(uid, name) + (f" ({service.refused[name]})" if name in service.refused else "") for name in refused
            ),
            ".\n",
        ]
    return "".join(parts)


def explained(model: ServiceModel, operations: dict[str, Operation], accesses: Sequence[Access]) -> str:
    """What the table of operations means."""
    text = (
        "All that is listed for an operation must be allowed. A resource is what follows "
        f"{code(prefix(model, operations))} in its ARN; `${{…}}` stands for what the request names. An action in brackets is asked "
        "for only where the request needs it. [Keys of every request](README.md#condition-keys-of-every-request) come on top.\n\n"
    )
    if any(access.resource_policy for access in accesses):
        text += "† The policy of the resource itself counts, too.\n\n"
    return text


def checked(model: ServiceModel, operations: dict[str, Operation]) -> Iterator[tuple[str, ...]]:
    """A row per operation: what is asked for, one line for each action."""
    start = prefix(model, operations)
    for name, operation in sorted(operations.items()):
        lines = [needed(access, model, name, start) for access in operation.access] or [("none", "–", "–")]
        yield (link(model.metadata["uid"], name), *map("<br>".join, zip(*lines, strict=True)))


def prefix(model: ServiceModel, operations: dict[str, Operation]) -> str:
    """How the ARNs of a service begin."""
    found = (
        resource(access, model, name, full=True)
        for name, operation in operations.items()
        for access in operation.access
    )
    starts = [":".join(arn.split(":", 5)[:5]) + ":" for arn in found if arn.startswith("arn:")]
    return max(starts, key=starts.count, default="")


def needed(access: Access, model: ServiceModel, operation: str, start: str) -> tuple[str, str, str]:
    """An access as three cells: the action, the resource, the condition keys."""
    action = code(access.action)
    if not resource(access, model, operation, full=False):
        action = f"({action})"
    about = code(resource(access, model, operation, full=True).removeprefix(start))
    keys = ", ".join(code(key) for key in sorted(access.conditions, key=str.lower))
    return action, about + (" †" if access.resource_policy else ""), keys or "–"


def resource(access: Access, model: ServiceModel, operation: str, *, full: bool) -> str:
    """What the access is about, with the names of the request's members for their values; "" where a request with no more than the
    required ones (unless `full`) does not need it."""
    shape = model.operation_model(operation).input_shape
    request = placeholder("", shape, full=full) if shape else {}
    if full and access.each and not known(access.each(request)):
        request = next(
            (one for text in STATEMENTS if known(access.each(one := with_statement(request, text)))), request
        )
    if access.each and not known(access.each(request)):
        return ""
    return unquote(resource_of(access, model.service_name, request))


def with_statement(request: Any, text: str) -> Any:
    """The request with this PartiQL for every `Statement` in it."""
    if isinstance(request, dict):
        return {name: text if name == "Statement" else with_statement(value, text) for name, value in request.items()}
    return [with_statement(value, text) for value in request] if isinstance(request, list) else request


def placeholder(name: str, member: Shape, *, full: bool, depth: int = 4) -> Any:
    """What stands for a member's value. Of structures the required members, or (`full`) all."""
    text = f"${{{name}}}"
    if member.type_name == "string":
        return text
    if isinstance(member, ListShape):
        if isinstance(member.member, StructureShape) and {"Key", "Value"} == set(member.member.members):
            return [{"Key": name, "Value": name}]
        return [placeholder(name, member.member, full=full, depth=depth - 1)] if depth else []
    if isinstance(member, MapShape):
        return {text: placeholder(name, member.value, full=full, depth=depth - 1)} if depth else {}
    if isinstance(member, StructureShape):
        wanted = {n: m for n, m in member.members.items() if full or n in member.required_members} if depth else {}
        return {n: placeholder(n, m, full=full, depth=depth - 1) for n, m in wanted.items()}
    return None


def resource_of(access: Access, service: str, request: Mapping[str, Any]) -> str:
    """The ARN that an access asks about, in an account in which there is nothing yet; "" where the request does not need it."""
    ctx: Any = SimpleNamespace(
        account="${Account}", region="${Region}", store=Nothing(), service=service,
        arn=lambda rest, of=service: f"arn:aws:{of}:${{Region}}:${{Account}}:{rest}",
        principal=SimpleNamespace(arn="${the caller}", session=Session(tags=(("a", "b"),), source_identity="x")),
    )  # fmt: skip
    parts = known(access.each(request)) if access.each else ()
    named = known(access.resource(ctx, parts[0] if parts else request))
    return named if isinstance(named, str) else "".join(named[:1])


def known(found: Any) -> Any:
    return asyncio.run(awaited(found)) if isawaitable(found) else found


async def awaited(found: Any) -> Any:
    return await found


def grouped_members(operations: dict[str, Operation]) -> list[tuple[str, str, str]]:
    """The members without effect, those of several operations once."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, operation in sorted(operations.items()):
        for path, reason in operation.not_honoured.items():
            found.setdefault((path, reason), []).append(name)
    return [(code(path), ", ".join(names), reason) for (path, reason), names in sorted(found.items())]


def grouped(reasons: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Keys with one reason together."""
    found: dict[str, list[str]] = {}
    for key, reason in reasons:
        found.setdefault(reason, []).append(code(key))
    return [(", ".join(keys), reason) for reason, keys in found.items()]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def link(uid: str, operation: str) -> str:
    return f"[{operation}]({API_PAGE.format(uid=uid, operation=operation)})"


def code(text: str) -> str:
    return f"`{text}`"


def full_name(model: ServiceModel) -> str:
    name: str = model.metadata["serviceFullName"]
    return name.replace("AmazonApiGatewayV2", "Amazon API Gateway V2")


def main() -> int:
    wanted = pages()
    if "--check" in sys.argv:
        present = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
        old = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
        if old:
            print(f"old: {', '.join(old)}; run: python tools/service_pages.py")
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
