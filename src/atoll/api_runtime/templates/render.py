"""Rendering mapping templates, and choosing the one that a message's content type asks for. Pure.

The language is imported with the first template: it takes as long as much else of a region's start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from atoll.api_runtime.templates.budget import BURST, Budget, Burst, TemplateError

JSON = "application/json"
_PLAIN = 4_096
"""Characters of a text without a mark of the language that is seen as such without a look at the language."""
_NO_PARAMS: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a template sees. `params` are those of `path`, `querystring` and `header`; `context` is `$context`, members by name, nested in
    mappings; neither is changed."""

    body: bytes | str = b""
    params: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: _NO_PARAMS)
    context: Mapping[str, Any] = field(default_factory=dict)
    stage_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a template set of `$context.requestOverride` or `$context.responseOverride`: texts by name, and the status of a response."""

    header: Mapping[str, str] = field(default_factory=dict)
    querystring: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template wrote, and what it overrides."""

    text: str
    request: Overrides = NO_OVERRIDES
    response: Overrides = NO_OVERRIDES


def is_plain(template: str) -> bool:
    """Whether a template writes itself, whatever it sees: most of those that give a MOCK integration its status do."""
    return "$" not in template and "#" not in template and len(template) <= _PLAIN


def render(template: str, scope: Scope) -> Rendered:
    """All at once. Raises TemplateError."""
    steps = _rendering(template, scope, Budget())
    while True:
        try:
            next(steps)
        except StopIteration as done:
            rendered: Rendered = done.value
            return rendered


async def render_in_turns(template: str, scope: Scope) -> Rendered:
    """As `render`; one that takes longer than a millisecond lets others have their turn in between. Where a single step takes longer, all
    is done again by a thread: rendering changes nothing."""
    from atoll.api_runtime.templates.parse import LONG, parse

    if len(template) > LONG:
        await asyncio.to_thread(parse, template)
    steps = _rendering(template, scope, Budget(burst=BURST))
    while True:
        try:
            next(steps)
        except StopIteration as done:
            rendered: Rendered = done.value
            return rendered
        except Burst:
            return await asyncio.to_thread(render, template, scope)
        await asyncio.sleep(0)  # noqa: TID251 -- waits for no time, only lets others in


def _rendering(template: str, scope: Scope, budget: Budget) -> Generator[None, None, Rendered]:
    from atoll.api_runtime.templates.nodes import Break, Run, Stop
    from atoll.api_runtime.templates.parse import parse
    from atoll.api_runtime.templates.variables import Input, Util

    parsed = parse(template)
    body = scope.body if isinstance(scope.body, str) else scope.body.decode("utf-8", "replace")
    context = {
        name: value if isinstance(value, str) else dict(value) if isinstance(value, Mapping) else value
        for name, value in scope.context.items()
    }  # that of texts first: it is quick
    context["requestOverride"] = {"header": {}, "querystring": {}, "path": {}}
    context["responseOverride"] = {"header": {}}
    names: dict[str, Any] = {
        "input": Input(body, scope.params, budget),
        "util": Util(budget),
        "context": context,
        "stageVariables": dict(scope.stage_variables),
    }
    run = Run(names, parsed.macros, budget)
    try:
        yield from parsed.block.write(run)
    except (Stop, Break):
        pass
    except RecursionError as error:
        raise TemplateError("the template nests too deep") from error
    return Rendered(
        "".join(run.parts),
        _overrides(context.get("requestOverride"), budget),
        _overrides(context.get("responseOverride"), budget),
    )


def _text(value: Any, budget: Budget) -> str:
    from atoll.api_runtime.templates.values import text

    return text(value, budget)


def _overrides(found: Any, budget: Budget) -> Overrides:
    if not isinstance(found, Mapping) or not any(found.values()):
        return NO_OVERRIDES
    header, querystring, path = (_texts(found.get(place), budget) for place in ("header", "querystring", "path"))
    return Overrides(header, querystring, path, _status(found.get("status"), budget))


def _texts(found: Any, budget: Budget) -> Mapping[str, str]:
    return {name: _text(value, budget) for name, value in found.items()} if isinstance(found, Mapping) else {}


def _status(found: Any, budget: Budget) -> int | None:
    """A status that can be sent; what is none overrides nothing."""
    written = _text(found, budget)
    return (
        int(written)
        if written.isascii() and written.isdigit() and len(written) < 9 and 100 <= int(written) <= 599
        else None
    )


def for_request(templates: Mapping[str, str], content_type: str | None) -> str | None:
    """The template for a request's Content-Type, which is `application/json` where there is none."""
    return _lookup(templates, content_type or JSON)


def for_response(templates: Mapping[str, str | None], accept: str | None) -> tuple[str, str | None] | None:
    """Content type and template for what the client accepts: the first media type that has one, else JSON's, else the first; None where
    there are no templates."""
    for media in (accept or JSON).split(","):
        if (key := _key(templates, media)) is not None:
            return key, templates[key]
    key = JSON if JSON in templates else next(iter(templates), None)
    return None if key is None else (key, templates[key])


def _lookup(templates: Mapping[str, str], media: str) -> str | None:
    key = _key(templates, media)
    return None if key is None else templates[key]


def _key(templates: Mapping[str, Any], media: str) -> str | None:
    """The key of a media type: with its parameters, else without."""
    media = media.strip()
    base = media.partition(";")[0].strip()
    return next((key for one in (media, base) for key in templates if key.lower() == one.lower()), None)
