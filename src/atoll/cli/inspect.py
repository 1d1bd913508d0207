"""atoll env, urls."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer
from rich.markup import escape

from atoll.cli.lifecycle import Port
from atoll.cli.output import fail, out
from atoll.cli.running import Running, client, client_environment, require


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(env)
    app.command()(urls)


def env(port: Port = None) -> None:
    """Print the environment that points AWS clients at the region: eval "$(atoll env)"."""
    for name, value in client_environment(require(port)).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201  for a shell to read


def urls(
    name: Annotated[str | None, typer.Argument(help="Print only the URL of the API with this name or id.")] = None,
    port: Port = None,
) -> None:
    """Show where deployed APIs can be called."""
    region = require(port)
    with client(region, "apigatewayv2") as gateway:
        _show_urls(region, gateway, name)


def _show_urls(region: Running, gateway: Any, name: str | None) -> None:
    apis = [api for page in gateway.get_paginator("get_apis").paginate() for api in page["Items"]]
    if name is not None:
        chosen = [api for api in apis if name in (api["Name"], api["ApiId"])]
        if len(chosen) != 1:
            fail(
                f"{len(chosen) or 'No'} APIs are called {name!r}.",
                "Name one by its id: " + ", ".join(api["ApiId"] for api in chosen)
                if chosen
                else "Deployed: " + (", ".join(api["Name"] for api in apis) or "none"),
            )
        print(_stage_urls(region, gateway, chosen[0])[0])  # noqa: T201  for a script to read
        return
    if not apis:
        out.print("No API is deployed yet.")
    for api in apis:
        out.print(f"[bold]{escape(api['Name'])}[/]")
        for by_path in _stage_urls(region, gateway, api):
            stage = by_path.rsplit("/", 1)[1]
            tail = "" if stage == "%24default" else f"/{stage}"
            out.print(f"  {by_path}")
            out.print(f"  http://{api['ApiId']}.execute-api.localhost:{region.port}{tail}  [dim](curl, browsers)[/]")


def _stage_urls(region: Running, gateway: Any, api: dict[str, Any]) -> list[str]:
    """An API's URLs in the form that needs no name resolution, $default's first."""
    stages = [
        stage["StageName"]
        for page in gateway.get_paginator("get_stages").paginate(ApiId=api["ApiId"])
        for stage in page["Items"]
    ]
    if not stages:
        fail(f"The API {api['Name']} has no stage yet.")
    ordered = sorted(stages, key=lambda stage: (stage != "$default", stage))
    return [f"{region.endpoint}/_aws/execute-api/{api['ApiId']}/{stage.replace('$', '%24')}" for stage in ordered]
