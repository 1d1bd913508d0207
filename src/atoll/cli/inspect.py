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
    name: Annotated[
        str | None, typer.Argument(help="Print only the URL of the API with this name or id, or of the function.")
    ] = None,
    port: Port = None,
) -> None:
    """Show where deployed APIs and functions with URLs can be called."""
    region = require(port)
    with client(region, "apigatewayv2") as gateway, client(region, "lambda") as functions:
        apis = [api for page in gateway.get_paginator("get_apis").paginate() for api in page["Items"]]
        ids = _function_urls(functions)
        if name is None:
            _show(region, gateway, apis, ids)
        else:
            print(_only(region, gateway, apis, ids, name))  # noqa: T201  for a script to read


def _only(region: Running, gateway: Any, apis: list[dict[str, Any]], ids: dict[str, str], name: str) -> str:
    """The one URL of what has the name."""
    chosen = [api for api in apis if name in (api["Name"], api["ApiId"])]
    if not chosen and name in ids:
        return f"{region.endpoint}/_aws/lambda-url/{ids[name]}/"
    if not chosen:
        deployed = ", ".join([*(api["Name"] for api in apis), *ids])
        fail(f"No API, and no function with a URL, is called {name!r}.", f"Deployed: {deployed or 'none'}")
    if len(chosen) > 1:
        named = ", ".join(api["ApiId"] for api in chosen)
        fail(f"{len(chosen)} APIs are called {name!r}.", f"Name one by its id: {named}")
    return _stage_urls(region, gateway, chosen[0])[0]


def _show(region: Running, gateway: Any, apis: list[dict[str, Any]], ids: dict[str, str]) -> None:
    if not apis and not ids:
        out.print("No API is deployed yet, and no function has a URL.")
    for api in apis:
        out.print(f"[bold]{escape(api['Name'])}[/]")
        for by_path in _stage_urls(region, gateway, api):
            stage = by_path.rsplit("/", 1)[1]
            tail = "" if stage == "%24default" else f"/{stage}"
            out.print(f"  {by_path}")
            out.print(f"  http://{api['ApiId']}.execute-api.localhost:{region.port}{tail}  [dim](curl, browsers)[/]")
    for name, url_id in ids.items():
        out.print(f"[bold]{escape(name)}[/] [dim](function)[/]")
        out.print(f"  {region.endpoint}/_aws/lambda-url/{url_id}/")
        out.print(f"  http://{url_id}.lambda-url.localhost:{region.port}/  [dim](curl, browsers)[/]")


def _function_urls(functions: Any) -> dict[str, str]:
    """The ids of function URLs by the name of what they call (`name` or `name:alias`)."""
    names = [
        one["FunctionName"]
        for page in functions.get_paginator("list_functions").paginate()
        for one in page["Functions"]
    ]
    return {
        config["FunctionArn"].split(":function:")[1]: config["FunctionUrl"].split("//")[1].partition(".")[0]
        for name in names
        for config in functions.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]
    }


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
