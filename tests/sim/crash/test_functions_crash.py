"""kill -9 while functions are made, changed, published, provisioned and deleted: what was acknowledged is there, nothing is half there,
what is there can be run, and counters and blobs are those of what is there."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.aws.lambda_.conftest import BASIC, package, trust
from tests.sim.crash.test_crash import fresh_seed, reopened

from atoll.kernel import blobs
from atoll.kernel.keys import Key, under
from atoll.lambda_runtime.cgroups import RECORD
from atoll.services.lambda_.functions import code_storage
from atoll.services.lambda_.layers.store import LAYER_VERSIONS
from atoll.services.lambda_.store import VERSIONS

if TYPE_CHECKING:
    from tests.conftest import Region

ACCOUNT = "123456789012"
WORKERS, FUNCTIONS = 3, 2
CODE = """
import os
def handler(event, context):
    return [{number}, open("/opt/mark").read() if os.path.exists("/opt/mark") else ""]
"""


def code(number: int) -> bytes:
    return package({"app.py": CODE.replace("{number}", str(number)), "padding": "x" * (number % 7)})


def content(mark: str) -> bytes:
    return package({"mark": mark})


@dataclass
class Held:
    """What a function has. `versions` are (code, layer's mark) by number, 0 for $LATEST; `aliases` say which version they mean."""

    versions: dict[int, tuple[int, str]]
    published: int = 0
    aliases: dict[str, int] = field(default_factory=dict)
    reserved: int | None = None
    provisioned: bool = False


@dataclass
class World:
    """What a worker has made."""

    functions: dict[str, Held] = field(default_factory=dict)
    layers: dict[int, str] = field(default_factory=dict)
    layers_published: int = 0


class Worker(threading.Thread):
    """Changes its own functions and its own layer at random until the region dies. `world` is what was acknowledged, `after` what will be
    if the last change, too, took place."""

    def __init__(self, region: Region, name: str, role: str, world: World, chance: random.Random) -> None:
        super().__init__(daemon=True)
        self.client = region.client("lambda", key=ACCOUNT)
        self.layer, self.role, self.chance = name, role, chance
        self.world, self.after = world, world
        self.done, self.error = 0, ""

    def run(self) -> None:
        try:
            while True:
                self.after = copy.deepcopy(self.world)
                call = self._change(self.after)
                call()
                self.world = self.after
                self.done += 1
        except ClientError as error:
            self.error = str(error)
        except (BotoCoreError, OSError):
            return

    def _change(self, world: World) -> Callable[[], Any]:
        """Makes a change to the world, and returns the call that makes it in the region."""
        client, chance = self.client, self.chance
        name = f"{self.layer}-{chance.randrange(FUNCTIONS)}"
        held = world.functions.get(name)
        if chance.random() < 0.15:
            return self._change_layers(world)
        number = chance.randrange(1 << 20)
        if held is None:
            world.functions[name] = Held({0: (number, "")})
            return lambda: client.create_function(
                FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=self.role, Code={"ZipFile": code(number)}
            )  # fmt: skip
        kind = chance.choice(
            ["code", "layer", "publish", "publish", "alias", "reserve", "provision", "event", "version", "delete"]
        )
        if kind == "code":
            held.versions[0] = (number, held.versions[0][1])
            return lambda: client.update_function_code(FunctionName=name, ZipFile=code(number))
        if kind == "layer" and world.layers:
            chosen = chance.choice(sorted(world.layers))
            held.versions[0] = (held.versions[0][0], world.layers[chosen])
            arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:{self.layer}:{chosen}"
            return lambda: client.update_function_configuration(FunctionName=name, Layers=[arn])
        if not held.published or (kind == "publish" and held.versions[held.published] != held.versions[0]):
            held.published += 1
            held.versions[held.published] = held.versions[0]
            return lambda: client.publish_version(FunctionName=name)
        if kind == "version" and (
            old := [n for n in held.versions if 0 < n < held.published and n not in held.aliases.values()]
        ):
            del held.versions[old[0]]
            return lambda: client.delete_function(FunctionName=name, Qualifier=str(old[0]))
        if kind == "reserve":
            held.reserved = chance.randrange(5, 10)
            return lambda: client.put_function_concurrency(
                FunctionName=name, ReservedConcurrentExecutions=held.reserved
            )
        if kind == "provision" and held.aliases:
            held.provisioned = not held.provisioned
            if not held.provisioned:
                return lambda: client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
            return lambda: client.put_provisioned_concurrency_config(
                FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
            )
        if kind == "delete" and chance.random() < 0.5:
            del world.functions[name]
            return lambda: client.delete_function(FunctionName=name)
        if kind == "event":
            return lambda: client.invoke(FunctionName=name, InvocationType="Event", Payload="{}")
        call = client.update_alias if held.aliases else client.create_alias
        held.aliases["live"] = held.published
        return lambda: call(FunctionName=name, Name="live", FunctionVersion=str(held.published))

    def _change_layers(self, world: World) -> Callable[[], Any]:
        if len(world.layers) > 2:
            gone = min(world.layers)
            del world.layers[gone]
            return lambda: self.client.delete_layer_version(LayerName=self.layer, VersionNumber=gone)
        world.layers_published += 1
        mark = f"{self.layer} {world.layers_published}"
        world.layers[world.layers_published] = mark
        return lambda: self.client.publish_layer_version(LayerName=self.layer, Content={"ZipFile": content(mark)})


def run_all(client: Any, name: str, held: Held) -> None:
    """Every version can be run and is the one that it should be."""
    for number, (code_number, mark) in held.versions.items():
        answer = client.invoke(FunctionName=name, **({"Qualifier": str(number)} if number else {}))
        assert json.loads(answer["Payload"].read()) == [code_number, mark], f"{name}:{number or '$LATEST'}"


def seen(client: Any, worker: str, known: World) -> World:
    """What the region shows of a worker's things. How many layer versions there have been, nobody tells: `known` does."""
    world = World(layers_published=known.layers_published)
    for page in client.get_paginator("list_layer_versions").paginate(LayerName=worker):
        world.layers |= {layer["Version"]: f"{worker} {layer['Version']}" for layer in page["LayerVersions"]}
    for number in range(FUNCTIONS):
        name = f"{worker}-{number}"
        try:
            shown = client.get_function(FunctionName=name)
        except client.exceptions.ResourceNotFoundException:
            continue
        versions = client.list_versions_by_function(FunctionName=name)["Versions"]
        held = Held({})
        for version in versions:
            at = version["Version"]
            answer = client.invoke(FunctionName=name, **({} if at == "$LATEST" else {"Qualifier": at}))
            held.versions[0 if at == "$LATEST" else int(at)] = tuple(json.loads(answer["Payload"].read()))
        held.published = max(held.versions)
        for alias in client.list_aliases(FunctionName=name)["Aliases"]:
            held.aliases[alias["Name"]] = int(alias["FunctionVersion"])
        held.reserved = shown.get("Concurrency", {}).get("ReservedConcurrentExecutions")
        configurations = client.list_provisioned_concurrency_configs(FunctionName=name)
        held.provisioned = bool(configurations["ProvisionedConcurrencyConfigs"])
        world.functions[name] = held
    return world


def check_usage(client: Any, worlds: list[World]) -> None:
    """The account's counters are a recount of what is there."""
    settings = client.get_account_settings()
    functions = [held for world in worlds for held in world.functions.values()]
    marks = [mark for world in worlds for mark in world.layers.values()]
    size = sum(len(code(number)) for held in functions for number, _ in held.versions.values())
    size += sum(len(content(mark)) for mark in marks)
    assert settings["AccountUsage"] == {"TotalCodeSize": size, "FunctionCount": len(functions)}
    reserved = sum(held.reserved or 0 for held in functions)
    assert settings["AccountLimit"]["UnreservedConcurrentExecutions"] == 1000 - reserved


def check_groups(directory: Path) -> None:
    """Of all the lives of the region no control group is left, as soon as what was killed has ended."""
    record = directory / "work" / "lambda" / RECORD
    if not record.exists():
        return
    last = Path(record.read_text())
    deadline = time.monotonic() + 60
    while left := list(last.parent.glob(f"{last.name.rpartition('-')[0]}-*")):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


async def check_blobs(directory: Path) -> None:
    """What is there has its blobs, and nothing else has: an hour after, no other is left."""
    async with reopened(directory) as kernel:
        place: Key = (ACCOUNT, "us-east-1", "lambda")

        def needed(tx: Any) -> set[tuple[str, Any]]:
            found = {
                (digest, key)
                for key, raw in tx.scan(under((*place, "version")))
                for digest in code_storage.digests(VERSIONS.decode(raw))
            }
            layers = tx.scan(under((*place, "layer-version")))
            return found | {(LAYER_VERSIONS.decode(raw).code, key) for key, raw in layers}

        wanted = await kernel.store.read(needed)
        links = await kernel.store.read(lambda tx: {tuple(key[-2:]) for key, _ in tx.scan(under(blobs.PREFIX))})
        assert links == wanted
        digests = {digest for digest, _ in wanted}
        assert all(kernel.blobs.path(digest).exists() for digest in digests)
        for path in kernel.directory.blobs.glob("??/*"):
            os.utime(path, (0, 0))
        await kernel.blobs.collect(kernel.store)
        assert {path.name for path in kernel.directory.blobs.glob("??/*")} == digests


def crash_rounds(region: Region, rounds: int, most: int, chance: random.Random) -> int:
    """Kills the region under its workers `rounds` times, each after some `most` changes or fewer; judges each time, and at last what it
    keeps. Returns how many changes were acknowledged."""
    iam = region.client("iam", key=ACCOUNT)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.attach_role_policy(RoleName="fn-role", PolicyArn=BASIC)
    worlds = {f"w{number}": World() for number in range(WORKERS)}
    done = 0
    for round_ in range(rounds):
        workers = [Worker(region, name, role, world, random.Random(chance.random())) for name, world in worlds.items()]
        for worker in workers:
            worker.start()
        enough, deadline = chance.randint(1, most), time.monotonic() + 60
        while sum(worker.done for worker in workers) < enough and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))
        region.kill()
        for worker in workers:
            worker.join(30)
            assert not worker.error, worker.error
            done += worker.done
        region.start()
        client = region.client("lambda", key=ACCOUNT)
        for worker in workers:
            found = seen(client, worker.layer, worker.after)
            if found != worker.after:
                found.layers_published = worker.world.layers_published
                assert found == worker.world, f"round {round_}"
            worlds[worker.layer] = found
        check_usage(client, list(worlds.values()))
    region.stop()
    check_groups(region.data_dir)
    asyncio.run(check_blobs(region.data_dir))
    region.start()
    client = region.client("lambda", key=ACCOUNT)
    for world in worlds.values():
        for name, held in world.functions.items():
            run_all(client, name, held)
    assert "Traceback" not in region.log.read_text()
    return done


def test_what_was_acknowledged_is_there_and_runs(new_region: Callable[..., Region]) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert crash_rounds(new_region(), 3, 40, random.Random(seed)) >= 3


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
def test_100_crashes_under_changes_of_functions(new_region: Callable[..., Region], durability: str) -> None:
    chance = random.Random(fresh_seed())
    for _ in range(5):
        region = new_region("--durability", durability)
        crash_rounds(region, 20, 100, chance)
        region.stop()
