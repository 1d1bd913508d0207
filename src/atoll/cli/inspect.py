"""atoll env, urls."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import typer
from rich.markup import escape

from atoll.cli.lifecycle import Port
from atoll.cli.output import CLIENTS, WITHIN, fail, out
from atoll.cli.running import Running, client, client_environment, require


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(rich_help_panel=CLIENTS)(env)
    app.command(rich_help_panel=WITHIN)(urls)


def env(port: Port = None) -> None:
    """Print what points AWS clients at the region: eval "$(atoll env)"."""
    for name, value in client_environment(require(port)).items():
        print(f"export {name}={shlex.quote(value)}")  # noqa: T201  for a shell to read


class Api(NamedTuple):
    """An API of any kind, as its owner calls it."""

    name: str
    id: str
    scheme: str
    stages: list[str]
    """`$default` first."""
    access_logs: list[str]
    """The log groups in which its stages note their requests."""

    def by_path(self, region: Running, stage: str) -> str:
        """The address of a stage in the form that needs no name resolution."""
        host = region.endpoint.partition("://")[2]
        return f"{self.scheme}://{host}/_aws/execute-api/{self.id}/{stage.replace('$', '%24')}"

    def by_host(self, region: Running, stage: str) -> str:
        """The address of a stage in the form that AWS has too."""
        tail = "" if stage == "$default" else f"/{stage}"
        return f"{self.scheme}://{self.id}.execute-api.localhost:{region.port}{tail}"


def urls(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Print only the URL of the API with this name or id, of the function or of the user pool's pages."
        ),
    ] = None,
    port: Port = None,
) -> None:
    """Show the URLs of APIs, of functions and of user pools' pages."""
    region = require(port)
    with client(region, "lambda") as functions, client(region, "cognito-idp") as people:
        deployed, ids, pools = apis(region), _function_urls(functions), _domains(people)
    if name is None:
        _show(region, deployed, ids, pools)
    else:
        print(_only(region, deployed, ids, pools, name))  # noqa: T201  for a script to read


def apis(region: Running) -> list[Api]:
    """All that there are."""
    return [*_v2_apis(region), *_rest_apis(region)]


def _v2_apis(region: Running) -> Iterator[Api]:
    with client(region, "apigatewayv2") as gateway:
        for api in _items(gateway, "get_apis", "Items"):
            stages = _items(gateway, "get_stages", "Items", ApiId=api["ApiId"])
            names = sorted((stage["StageName"] for stage in stages), key=lambda stage: (stage != "$default", stage))
            logs = [stage.get("AccessLogSettings", {}).get("DestinationArn", "") for stage in stages]
            scheme = "ws" if api["ProtocolType"] == "WEBSOCKET" else "http"
            yield Api(api["Name"], api["ApiId"], scheme, names, _groups(logs))


def _rest_apis(region: Running) -> Iterator[Api]:
    with client(region, "apigateway") as gateway:
        for api in _items(gateway, "get_rest_apis", "items"):
            stages = gateway.get_stages(restApiId=api["id"])["item"]
            logs = [stage.get("accessLogSettings", {}).get("destinationArn", "") for stage in stages]
            yield Api(api["name"], api["id"], "http", sorted(stage["stageName"] for stage in stages), _groups(logs))


def _groups(arns: list[str]) -> list[str]:
    """The log groups that ARNs name, each once."""
    return sorted({arn.partition(":log-group:")[2].removesuffix(":*") for arn in arns if ":log-group:" in arn})


def _items(gateway: Any, operation: str, member: str, **request: Any) -> list[dict[str, Any]]:
    return [item for page in gateway.get_paginator(operation).paginate(**request) for item in page[member]]


def _only(region: Running, apis: list[Api], ids: dict[str, str], pools: dict[str, Domain], name: str) -> str:
    """The one URL of what has the name."""
    chosen = [api for api in apis if name in (api.name, api.id)]
    if not chosen and name in ids:
        return f"{region.endpoint}/_aws/lambda-url/{ids[name]}/"
    if not chosen and name in pools:
        return f"{region.endpoint}/_aws/cognito-idp/{pools[name].name}"
    if not chosen:
        deployed = ", ".join([*(api.name for api in apis), *ids, *pools])
        fail(
            f"No API, no function with a URL and no user pool with a domain is called {name!r}.",
            f"Deployed: {deployed or 'none'}",
        )
    if len(chosen) > 1:
        named = ", ".join(api.id for api in chosen)
        fail(f"{len(chosen)} APIs are called {name!r}.", f"Name one by its id: {named}")
    if not chosen[0].stages:
        fail(f"The API {chosen[0].name} has no stage yet.")
    return chosen[0].by_path(region, chosen[0].stages[0])


def _show(region: Running, apis: list[Api], ids: dict[str, str], pools: dict[str, Domain]) -> None:
    if not apis and not ids and not pools:
        out.print("No API is deployed yet, no function has a URL, and no user pool a domain.")
    for api in apis:
        out.print(f"[bold]{escape(api.name)}[/]" + ("" if api.stages else " [dim](no stage yet)[/]"))
        for stage in api.stages:
            out.print(f"  {api.by_path(region, stage)}")
            out.print(f"  {api.by_host(region, stage)}  [dim](curl, browsers)[/]")
    for name, url_id in ids.items():
        out.print(f"[bold]{escape(name)}[/] [dim](function)[/]")
        out.print(f"  {region.endpoint}/_aws/lambda-url/{url_id}/")
        out.print(f"  http://{url_id}.lambda-url.localhost:{region.port}/  [dim](curl, browsers)[/]")
    for name, domain in pools.items():
        out.print(f"[bold]{escape(name)}[/] [dim](user pool)[/]")
        out.print(f"  {region.endpoint}/_aws/cognito-idp/{domain.name}")
        if "." not in domain.name:
            host = f"{domain.name}.auth.{domain.region}.localhost:{region.port}"
            out.print(f"  http://{host}  [dim](curl, browsers)[/]")


class Domain(NamedTuple):
    """The domain of a user pool's hosted pages: a prefix, or a name of its owner's."""

    name: str
    region: str


def _domains(people: Any) -> dict[str, Domain]:
    """The domains of user pools that have one, by the pool's name; of another pool of the same name by its id."""
    found: dict[str, Domain] = {}
    for listed in _items(people, "list_user_pools", "UserPools", MaxResults=60):
        pool = people.describe_user_pool(UserPoolId=listed["Id"])["UserPool"]
        if domain := pool.get("Domain") or pool.get("CustomDomain"):
            found[pool["Id"] if pool["Name"] in found else pool["Name"]] = Domain(domain, pool["Id"].partition("_")[0])
    return found


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
