"""kill -9 while APIs are imported, overwritten, deployed and deleted, and while their callers use up quotas: what was acknowledged is
there and served, nothing is half there, and nothing is left of what is gone."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.aws.apigateway.mock_api import mock_api, plan_with_key
from tests.sim.crash.test_crash import fresh_seed, reopened

from atoll.api_runtime import serving
from atoll.kernel.context import GLOBAL_ACCOUNT
from atoll.kernel.keys import Key, under
from atoll.services.apigateway.store import DEPLOYMENTS as OF_REST_APIS
from atoll.services.apigatewayv2.store import DEPLOYMENTS as OF_HTTP_APIS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Region

ACCOUNT = "123456789012"
CALLERS = 2


@dataclass(frozen=True)
class World:
    """What a worker has: the number of the document that its API was made from, and of the one that its stage runs."""

    document: int | None = None
    deployed: int | None = None


class Api:
    """A worker's API of one kind, made of documents with `size` paths. No two documents have a path in common."""

    follows: bool
    """Whether the stage runs a new document at once."""
    there: int
    """What a path of the deployed document answers."""

    def __init__(self, region: Region, name: str, size: int) -> None:
        self.region, self.name, self.size = region, name, size

    def create(self, number: int) -> None: ...
    def overwrite(self, number: int) -> None: ...
    def deploy(self) -> None: ...
    def delete(self) -> None: ...
    def managed(self) -> tuple[str, list[str], bool] | None:
        """Its id, its paths and whether it has a stage; None where there is no such API."""

    def paths(self, number: int) -> list[str]:
        return [f"/v{number}/r{n}" for n in range(self.size)]

    def document(self, number: int) -> str:
        get = {"responses": {"200": {"description": "ok"}}, "x-amazon-apigateway-integration": self.backend(number)}
        paths = {path: {"get": get} for path in self.paths(number)}
        return json.dumps({"openapi": "3.0.1", "info": {"title": self.name, "version": "1"}, "paths": paths})

    def backend(self, number: int) -> Mapping[str, Any]:
        raise NotImplementedError

    def status(self, api_id: str, path: str) -> int:
        url = f"{self.region.endpoint}/_aws/execute-api/{api_id}/live{path}"
        return httpx.get(url, trust_env=False, timeout=60).status_code

    def seen(self, *known: World) -> World:
        """What the region shows and serves. `known` says which documents to look for."""
        found = self.managed()
        if found is None:
            return World()
        api_id, paths, staged = found
        (number,) = {int(path.split("/")[1][1:]) for path in paths}
        assert sorted(paths) == sorted(self.paths(number)), "half a document"
        candidates = {number, *(world.deployed for world in known)} - {None}
        served = {n for n in candidates if self.status(api_id, f"/v{n}/r0") == self.there}
        assert len(served) == staged
        for n in served:
            for path in self.paths(n)[:20]:
                assert self.status(api_id, path) == self.there, "half a deployment"
        return World(number, served.pop() if served else None)


class RestApi(Api):
    """Its stage runs what was deployed last."""

    follows, there = False, 200

    @property
    def client(self) -> Any:
        return self.region.client("apigateway", key=ACCOUNT)

    def id(self) -> str | None:
        items = self.client.get_rest_apis(limit=500)["items"]
        return next((item["id"] for item in items if item["name"] == self.name), None)

    def create(self, number: int) -> None:
        self.client.import_rest_api(body=self.document(number))

    def overwrite(self, number: int) -> None:
        self.client.put_rest_api(restApiId=self.id(), mode="overwrite", body=self.document(number))

    def deploy(self) -> None:
        self.client.create_deployment(restApiId=self.id(), stageName="live")

    def delete(self) -> None:
        self.client.delete_rest_api(restApiId=self.id())

    def managed(self) -> tuple[str, list[str], bool] | None:
        if (api_id := self.id()) is None:
            return None
        pages = self.client.get_paginator("get_resources").paginate(restApiId=api_id)
        resources = [item for page in pages for item in page["items"]]
        paths = [item["path"] for item in resources if "resourceMethods" in item]
        return api_id, paths, bool(self.client.get_stages(restApiId=api_id)["item"])

    def backend(self, number: int) -> Mapping[str, Any]:
        templates = {"application/json": '{"statusCode": 200}'}
        return {"type": "mock", "requestTemplates": templates, "responses": {"default": {"statusCode": "200"}}}


class HttpApi(Api):
    """Its stage deploys automatically."""

    follows, there = True, 503  # nobody listens behind it

    @property
    def client(self) -> Any:
        return self.region.client("apigatewayv2", key=ACCOUNT)

    def id(self) -> str | None:
        items = self.client.get_apis(MaxResults="500")["Items"]
        return next((item["ApiId"] for item in items if item["Name"] == self.name), None)

    def create(self, number: int) -> None:
        self.client.import_api(Body=self.document(number))

    def overwrite(self, number: int) -> None:
        self.client.reimport_api(ApiId=self.id(), Body=self.document(number))

    def deploy(self) -> None:
        self.client.create_stage(ApiId=self.id(), StageName="live", AutoDeploy=True)

    def delete(self) -> None:
        self.client.delete_api(ApiId=self.id())

    def managed(self) -> tuple[str, list[str], bool] | None:
        if (api_id := self.id()) is None:
            return None
        routes = self.client.get_routes(ApiId=api_id, MaxResults="1000")["Items"]
        paths = [route["RouteKey"].removeprefix("GET ") for route in routes]
        (integration,) = self.client.get_integrations(ApiId=api_id)["Items"]  # all routes share it
        assert integration["IntegrationUri"].rpartition("/")[2] == paths[0].split("/")[1][1:]
        return api_id, paths, bool(self.client.get_stages(ApiId=api_id)["Items"])

    def backend(self, number: int) -> Mapping[str, Any]:
        proxy = {"type": "http_proxy", "httpMethod": "GET", "uri": f"http://127.0.0.1:9/{number}"}
        return proxy | {"payloadFormatVersion": "1.0", "connectionType": "INTERNET"}


class Worker(threading.Thread):
    """Changes its API at random until the region dies. `world` is what was acknowledged, `after` what will be if the last change, too,
    took place."""

    def __init__(self, api: Api, world: World, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.api, self.chance = api, chance
        self.world = self.after = world
        self.done, self.error = 0, ""

    def run(self) -> None:
        try:
            while True:
                call = self._change()
                call()
                self.world = self.after
                self.done += 1
        except ClientError as error:
            self.error = str(error)
        except (BotoCoreError, OSError):
            return

    def _change(self) -> Callable[[], None]:
        """Decides on a change, and returns the call that makes it."""
        api, world, number = self.api, self.world, self.chance.randrange(1 << 20)
        if world.document is None:
            self.after = World(number)
            return lambda: api.create(number)
        kind = self.chance.choice(["overwrite", "overwrite", "deploy", "deploy", "delete"])
        if kind == "delete":
            self.after = World()
            return api.delete
        if kind == "deploy" and not (api.follows and world.deployed is not None):
            self.after = replace(world, deployed=world.document)
            return api.deploy
        follows = api.follows and world.deployed is not None
        self.after = World(number, number if follows else world.deployed)
        return lambda: api.overwrite(number)


class Quota:
    """An API whose callers' requests are counted."""

    def __init__(self, region: Region) -> None:
        self._region = region
        client = region.client("apigateway", key=ACCOUNT)
        self._api = mock_api(client)
        quota = {"limit": 1_000_000, "period": "MONTH"}
        self._plan, self._key, self._value = plan_with_key(client, self._api, quota=quota)
        self.answered = self.unknown = 0

    def use(self) -> int:
        """Calls until the region dies; returns how many were answered."""
        answered = 0
        url = f"{self._region.endpoint}/_aws/execute-api/{self._api}/dev/pets"
        with httpx.Client(trust_env=False, headers={"x-api-key": self._value}) as http:
            while True:
                try:
                    assert http.get(url).status_code == 200
                except httpx.TransportError:
                    return answered
                answered += 1

    def check(self) -> None:
        """Each answered request is counted, and of those that were not answered one per caller and crash at most."""
        client = self._region.client("apigateway", key=ACCOUNT)
        today = str(datetime.now(UTC).date())
        usage = client.get_usage(usagePlanId=self._plan, startDate=today[:8] + "01", endDate=today)
        days = usage["items"][self._key]
        used = sum(day[0] for day in days)
        assert self.answered <= used <= self.answered + self.unknown
        assert days[-1][1] == 1_000_000 - used


async def check_leftovers(directory: Path) -> None:
    """Every record is of an API that is there, and every snapshot of a deployment."""
    async with reopened(directory) as kernel:
        place: Key = (ACCOUNT, "us-east-1", "apigateway")
        rows = await kernel.store.read(lambda tx: list(tx.scan(under(place))))
        shared = await kernel.store.read(lambda tx: list(tx.scan(under((GLOBAL_ACCOUNT, "", "apigateway")))))
    apis = {str(key[4]) for key, _ in rows if key[3] in ("v1.apis", "v2.apis")}
    assert {str(key[4]) for key, _ in shared if key[: len(serving.PREFIX)] == serving.PREFIX} == apis
    of_plans = (
        "v1.api-keys",
        "v1.api-key-values",
        "v1.usage-plans",
        "v1.usage-plan-keys",
        "v1.plans-of-keys",
        "v1.usage",
    )
    assert {str(key[4]) for key, _ in rows if key[3] not in of_plans} <= apis
    codecs = {"v1.deployments": OF_REST_APIS, "v2.deployments": OF_HTTP_APIS}
    deployed = {(key[4], codecs[str(key[3])].decode(raw).snapshot) for key, raw in rows if key[3] in codecs}
    assert {(key[4], key[5]) for key, _ in rows if key[3] == "snapshots"} == deployed


def crash_rounds(region: Region, rounds: int, most: int, size: int, chance: random.Random) -> int:
    """Kills the region under its workers `rounds` times, each after some `most` changes or fewer, and judges each time. Returns how many
    changes were acknowledged."""
    apis: list[Api] = [kind(region, f"{kind.__name__}-{n}", size) for kind in (RestApi, HttpApi) for n in range(2)]
    worlds = [World() for _ in apis]
    quota = Quota(region)
    done = 0
    for round_ in range(rounds):
        workers = [Worker(api, world, random.Random(chance.random())) for api, world in zip(apis, worlds, strict=True)]
        with ThreadPoolExecutor(CALLERS) as threads:
            callers = [threads.submit(quota.use) for _ in range(CALLERS)]
            for worker in workers:
                worker.start()
            enough, deadline = chance.randint(4, most), time.monotonic() + 60
            while sum(worker.done for worker in workers) < enough and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.05))
            region.kill()
            quota.answered += sum(caller.result() for caller in callers)
            quota.unknown += CALLERS
        for worker in workers:
            worker.join(30)
            assert not worker.error, worker.error
            done += worker.done
        region.start()
        quota.check()
        worlds = [worker.api.seen(worker.world, worker.after) for worker in workers]
        for worker, world in zip(workers, worlds, strict=True):
            assert world in (worker.after, worker.world), f"round {round_}, {worker.api.name}"
    region.stop()
    asyncio.run(check_leftovers(region.data_dir))
    assert "Traceback" not in region.log.read_text()
    return done


def test_what_was_acknowledged_is_there_and_served(new_region: Callable[..., Region]) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), 3, 40, 25, random.Random(seed)) >= 12


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
@pytest.mark.parametrize("size", [20, 290])
def test_40_crashes_under_changes_of_apis(new_region: Callable[..., Region], durability: str, size: int) -> None:
    chance = random.Random(fresh_seed())
    for _ in range(2):
        region = new_region("--durability", durability)
        crash_rounds(region, 20, 60, size, chance)
