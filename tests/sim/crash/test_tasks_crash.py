"""kill -9 under everything of DynamoDB that runs in tasks, all of it at once and under writes: indexes that come and go, time to live,
backups, restores, clearing, streams. Once all rests, what lies on disk is judged as a whole: entries and counters are those of the
items, the stream is the history of what was acknowledged, each copy is the table as it was at its instant, and nothing is left over.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from tests.sim.crash.test_crash import fresh_seed
from tests.unit.dynamodb.support import ACCOUNT, opened

from atoll.kernel import tasks
from atoll.kernel.context import Context
from atoll.kernel.keys import Key, under
from atoll.kernel.store.api import Reader
from atoll.services.dynamodb.backups.store import BACKUPS, Backup
from atoll.services.dynamodb.items.item_rules import item_size
from atoll.services.dynamodb.items.keys import entry_key, item_key, projected
from atoll.services.dynamodb.items.storage import decode_item
from atoll.services.dynamodb.store import DATA, TABLES, Index, Item, Table, Totals, space, totals
from atoll.services.dynamodb.streams.store import CHANGES, STREAMS, Change
from atoll.services.dynamodb.ttl.entries import TABLES_PREFIX, index_prefix, second

if TYPE_CHECKING:
    from tests.conftest import Region

WRITERS, KEYS = 4, 30
DEFINED = [{"AttributeName": name, "AttributeType": kind} for name, kind in (("id", "S"), ("kind", "S"), ("rank", "N"))]
INDEXES: dict[str, dict[str, Any]] = {
    "by-kind": {
        "IndexName": "by-kind",
        "KeySchema": [
            {"AttributeName": "kind", "KeyType": "HASH"},
            {"AttributeName": "rank", "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["n"]},
    },
    "by-rank": {
        "IndexName": "by-rank",
        "KeySchema": [{"AttributeName": "rank", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    },
}
State = dict[str, Item]


def written(writer: int, n: int, soon: int) -> tuple[str, Item | None]:
    """The key of what a writer's write `n` changes, and what it puts there; every fifth write deletes what the one before put."""
    key = f"w{writer}-{(n // 5 * 7 + min(n % 5, 3)) % KEYS}"
    if n % 5 == 4:
        return key, None
    item: Item = {"id": {"S": key}, "n": {"N": str(n)}, "rank": {"N": str(n % 7)}}
    if n % 3:
        item["kind"] = {"S": "xyz"[n % 3]}
    if n % 4 == 0:
        item["ttl"] = {"N": str(soon + 10**8 + n)}  # it never comes, but moves in the index
    return key, item


class Worker(threading.Thread):
    """Acts until the region dies."""

    def __init__(self, region: Region) -> None:
        super().__init__(daemon=True)
        self.region = region
        self.client = region.client("dynamodb", key=ACCOUNT)

    def act(self) -> None:
        raise NotImplementedError

    def run(self) -> None:
        while True:
            try:
                self.act()
            except ClientError:
                continue  # in use, there already, or not there any more
            except (BotoCoreError, httpx.TransportError, OSError):
                return


class Writer(Worker):
    """Writes items of its own, one after the other."""

    def __init__(self, region: Region, writer: int, last: int, soon: int) -> None:
        super().__init__(region)
        self.writer, self.sent, self.acknowledged, self.soon = writer, last, last, soon

    def act(self) -> None:
        self.sent += 1
        key, item = written(self.writer, self.sent, self.soon)
        if item is None:
            self.client.delete_item(TableName="work", Key={"id": {"S": key}})
        else:
            self.client.put_item(TableName="work", Item=item)
        self.acknowledged = self.sent


class Operator(Worker):
    """Starts all that runs in tasks, in any order. Copies are named after the number of the mark that was written before them."""

    def __init__(self, region: Region, chance: random.Random, marks: Iterator[int], then: int) -> None:
        super().__init__(region)
        self.chance, self.marks, self.then = chance, marks, then
        self.acts = [self.index, self.ttl, self.backup, self.restore, self.past, self.delete]
        self.next = chance.sample(self.acts, len(self.acts))

    def act(self) -> None:
        """Each once, then any; moving the clock waits for all to end, and so comes rarely."""
        if not self.next:
            self.next = [self.advance, *self.chance.choices(self.acts, k=12)]
        self.next.pop()()

    def mark(self, number: int, side: str) -> None:
        self.client.put_item(TableName="work", Item={"id": {"S": "mark"}, side: {"N": str(number)}})

    def index(self) -> None:
        there = self.client.describe_table(TableName="work")["Table"].get("GlobalSecondaryIndexes", ())
        missing = INDEXES.keys() - {index["IndexName"] for index in there}
        if missing and (not there or self.chance.random() < 0.8):
            update = {"Create": INDEXES[min(missing)]}
        else:
            update = {"Delete": {"IndexName": self.chance.choice(there)["IndexName"]}}
        self.client.update_table(TableName="work", AttributeDefinitions=DEFINED, GlobalSecondaryIndexUpdates=[update])

    def ttl(self) -> None:
        specification = {"Enabled": self.chance.random() < 0.8, "AttributeName": "ttl"}
        self.client.update_time_to_live(TableName="work", TimeToLiveSpecification=specification)

    def backup(self) -> None:
        number = next(self.marks)
        self.mark(number, "after")
        self.client.create_backup(TableName="work", BackupName=f"mark-{number}")
        self.mark(number, "before")

    def restore(self) -> None:
        one = self.chance.choice(self.client.list_backups()["BackupSummaries"] or [None])
        if one is not None and one["BackupName"].startswith("mark-"):
            name = f"{one['BackupName']}.{next(self.marks)}"
            self.client.restore_table_from_backup(TargetTableName=name, BackupArn=one["BackupArn"])

    def past(self) -> None:
        self.client.restore_table_to_point_in_time(
            SourceTableName="work", TargetTableName=f"mark-0.{next(self.marks)}",
            RestoreDateTime=datetime.fromtimestamp(self.then, UTC),
        )  # fmt: skip

    def delete(self) -> None:
        """Deletes a restored table, of which a system backup may stay; or a backup."""
        made = [name for name in self.client.list_tables()["TableNames"] if name != "work"]
        backups = self.client.list_backups()["BackupSummaries"]
        if made and self.chance.random() < 0.7:
            name = self.chance.choice(made)
            if self.chance.random() < 0.3:
                recovery = {"PointInTimeRecoveryEnabled": True}
                self.client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=recovery)
            if self.chance.random() < 0.5:  # it is gone before it is copied
                self.client.create_backup(TableName=name, BackupName=name.partition(".")[0])
            self.client.delete_table(TableName=name)
        elif len(backups) > 2:
            self.client.delete_backup(BackupArn=self.chance.choice(backups)["BackupArn"])

    def advance(self) -> None:
        advance(self.region, 20)


def advance(region: Region, seconds: int) -> int:
    """Moves region time, which lets all tasks come to rest, and says what time it is then."""
    answer = httpx.post(f"{region.endpoint}/_atoll/clock", json={"advance": f"{seconds}s"}, timeout=60)
    return int(answer.raise_for_status().json()["epoch"])


def prepare(region: Region, size: int) -> int:
    """Makes the table `work` and goes on to a time from which its state can be restored: returns the latter."""
    client = region.client("dynamodb", key=ACCOUNT)
    client.create_table(
        TableName="work", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=DEFINED,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], GlobalSecondaryIndexes=list(INDEXES.values())[:1],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )  # fmt: skip
    recovery = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName="work", PointInTimeRecoverySpecification=recovery)
    soon = advance(region, 0) + 700
    for first in range(0, size, 25):
        puts = [
            {"PutRequest": {"Item": {
                "id": {"S": f"b{n}"}, "kind": {"S": "xy"[n % 2]}, "rank": {"N": str(n % 7)}, "pad": {"S": "p" * (n % 300)},
                "ttl": {"N": str(soon + n % 900)},
            }}}
            for n in range(first, first + 25)
        ]  # fmt: skip
        assert not client.batch_write_item(RequestItems={"work": puts})["UnprocessedItems"]
    client.put_item(TableName="work", Item={"id": {"S": "mark"}, "after": {"N": "0"}})
    then = advance(region, 60)
    advance(region, 600)
    return then


class Judge:
    """Everything of DynamoDB on the disk of a region that is down, and in which all had come to rest."""

    def __init__(self, tx: Reader, ctx: Context) -> None:
        self.tx, self.ctx = tx, ctx
        self.tables = [TABLES.decode(raw) for _, raw in self.rows("table")]
        self.backups = [BACKUPS.decode(raw) for _, raw in self.rows("backup")]
        (self.work,) = (table for table in self.tables if table.name == "work")

    def rows(self, part: str, *rest: str) -> Iterator[tuple[Key, bytes]]:
        prefix = (*space(self.ctx), part, *rest)
        return ((key[len(prefix) :], raw) for key, raw in self.tx.scan(under(prefix)))

    def items(self, incarnation: str) -> State:
        return {(item := decode_item(raw))["id"]["S"]: item for _, raw in self.rows("item", incarnation)}

    def nothing_is_left_over(self) -> None:
        running = sorted(tasks.RECORDS.decode(raw).kind for _, raw in self.tx.scan(under(tasks.PREFIX)))
        recovering = sum(table.recovery_since > 0 for table in self.tables)
        kept = sum(backup.expires > 0 for backup in self.backups)
        lasting = ["dynamodb.expire_backup"] * kept + ["dynamodb.keep_stream"] + ["dynamodb.trim"] * recovering
        assert [kind for kind in running if kind != "dynamodb.forget"] == lasting
        for part in ("copy", "doomed", "restoring"):
            assert not list(self.rows(part)), part
        live = {table.incarnation for table in self.tables}
        copies = {backup.incarnation for backup in self.backups}
        for part in DATA:
            expected = live | copies if part in ("item", "total") else live
            assert {key[0] for key, _ in self.rows(part)} <= expected, f"{part} of a table that is gone"
        remembering = {table.incarnation for table in self.tables if table.recovery_since > 0}
        assert {key[0] for key, _ in self.rows("history")} <= remembering
        streams = {STREAMS.decode(raw).id for _, raw in self.rows("stream")}
        for part in ("shard", "record"):
            assert {key[0] for key, _ in self.rows(part)} <= streams
        listed = [key[len(TABLES_PREFIX) + 2 :] for key, _ in self.tx.scan(under(TABLES_PREFIX))]
        assert listed == ([(self.work.incarnation, self.work.ttl_index)] if self.work.ttl_index else [])

    def indexes_are_whole(self, table: Table) -> None:
        stored = self.items(table.incarnation)
        sizes = sum(map(item_size, stored.values()))
        assert totals(self.tx, self.ctx, table.incarnation) == Totals(len(stored), sizes), table.name
        for index in table.indexes:
            assert index.state == "ACTIVE"
            self.index_is_whole(table, index, stored)
        ids = {index.id for index in table.indexes}
        assert {key[0] for key, _ in self.rows("entry", table.incarnation)} <= ids, "entries of an index that is gone"
        assert {key[0] for key, _ in self.rows("total", table.incarnation)} <= ids | {""}

    def index_is_whole(self, table: Table, index: Index, stored: State) -> None:
        names = projected(table, index)
        wanted = {
            key: {name: value for name, value in item.items() if names is None or name in names}
            for item in stored.values()
            if (key := entry_key(table, index, item)) is not None
        }
        found = {(index.id, *key): decode_item(raw) for key, raw in self.rows("entry", table.incarnation, index.id)}
        assert found == wanted, f"{table.name}, {index.name}: {found.keys() ^ wanted.keys() or 'values differ'}"
        expected = Totals(len(found), sum(map(item_size, found.values())))
        assert totals(self.tx, self.ctx, table.incarnation, index.id) == expected

    def expiry_is_whole(self, now: float) -> None:
        if not self.work.ttl_index:
            assert not list(self.rows("expiry"))
            return
        assert self.work.ttl_filled
        stored = self.items(self.work.incarnation).values()
        wanted = {(at, *item_key(self.work, item)) for item in stored if (at := second("ttl", item)) is not None}
        prefix = index_prefix(ACCOUNT, "us-east-1", self.work.incarnation, self.work.ttl_index)
        assert {key[len(prefix) :] for key, _ in self.tx.scan(under(prefix))} == wanted
        assert all(int(str(key[0])) > now - 1 for key in wanted), "an item that has expired is still there"
        assert {key[1] for key, _ in self.rows("expiry")} <= {self.work.ttl_index}

    def changes(self) -> list[Change]:
        return [CHANGES.decode(raw) for _, raw in self.rows("record", self.work.stream)]

    def copies_are_exact(self) -> None:
        """Each backup and restored table is what the table was at some instant between the marks that it is named after; those of the
        mark 0 are what it was just then."""
        copies: dict[int, list[tuple[str, State]]] = {}
        for name, incarnation in (
            *((table.name, table.incarnation) for table in self.tables if table is not self.work),
            *((_origin(backup), backup.incarnation) for backup in self.backups),
        ):
            number = int(name.removeprefix("mark-").partition(".")[0])
            copies.setdefault(number, []).append((name, self.items(incarnation)))
        state: State = {}
        sought: dict[int, list[tuple[str, State]]] = {}
        for change in self.changes():
            _apply(state, change)
            mark = state["mark"] if change.keys["id"]["S"] == "mark" else {}
            if "after" in mark:
                number = int(mark["after"]["N"])
                sought[number] = copies.pop(number, [])
            sought = {
                number: [(name, copy) for name, copy in wanted if copy != state] for number, wanted in sought.items()
            }
            over = int(mark["before"]["N"]) if "before" in mark else 0
            missed = [name for name, _ in sought.pop(over, ())]
            assert not missed, f"at no instant was the table what {missed} are"
        assert not any(sought.values()), sought
        assert not copies
        assert state == self.items(self.work.incarnation), "the stream is not what the table is"

    def writes_are_kept(self, writers: dict[int, tuple[int, int]], soon: int) -> dict[int, int]:
        """The stream has each writer's writes once and in order: all that were acknowledged, none that was not sent. Returns the last."""
        last = dict.fromkeys(writers, -1)
        for change in self.changes():
            key = change.keys["id"]["S"]
            if key[0] == "w":
                writer = int(key[1 : key.index("-")])
                last[writer] += 1
                new = None if change.new is None else decode_item(change.new)
                assert (key, new) == written(writer, last[writer], soon), f"writer {writer}, write {last[writer]}"
        for writer, (acknowledged, sent) in writers.items():
            assert acknowledged <= last[writer] <= sent, f"writer {writer}: {acknowledged}, {last[writer]}, {sent}"
        return last


def _origin(backup: Backup) -> str:
    """After which mark a backup's content is named: a system backup's is that of the restored table that was deleted."""
    return backup.table.name if backup.expires else backup.name


def _apply(state: State, change: Change) -> None:
    key = change.keys["id"]["S"]
    old = None if change.old is None else decode_item(change.old)
    assert state.pop(key, None) == old, f"a change of {key} is missing in the stream"
    if change.new is not None:
        state[key] = decode_item(change.new)


async def judged(region: Region, writers: dict[int, tuple[int, int]], soon: int, now: float) -> dict[int, int]:
    kernel, ctx = await opened(region.data_dir)

    def judge(tx: Reader) -> dict[int, int]:
        found = Judge(tx, ctx)
        found.nothing_is_left_over()
        for table in found.tables:
            found.indexes_are_whole(table)
        for backup in found.backups:
            stored = found.items(backup.incarnation)
            assert totals(tx, ctx, backup.incarnation) == Totals(len(stored), sum(map(item_size, stored.values())))
        found.expiry_is_whole(now)
        found.copies_are_exact()
        return found.writes_are_kept(writers, soon)

    try:
        return await ctx.store.read(judge)
    finally:
        await kernel.close()


async def crash_rounds(region: Region, size: int, rounds: int, looks: int, chance: random.Random) -> int:
    """Kills the region `rounds` times under all of it, and judges after every `looks`. Returns how many writes were made."""
    then = prepare(region, size)
    marks = itertools.count(1)
    known = dict.fromkeys(range(WRITERS), (-1, -1))
    for round_ in range(1, rounds + 1):
        writers = [Writer(region, n, sent, then) for n, (_, sent) in known.items()]
        workers: list[Worker] = [*writers, *(Operator(region, chance, marks, then) for _ in range(2))]
        for worker in workers:
            worker.start()
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        region.kill()
        for worker in workers:
            worker.join(60)
        region.start()
        for writer in writers:
            known[writer.writer] = await settled(region, writer)
        if round_ % looks == 0:
            now = advance(region, 1)
            region.kill()
            await judged(region, known, then, now)
            region.start()
    return sum(sent for _, sent in known.values())


async def settled(region: Region, writer: Writer) -> tuple[int, int]:
    """What a writer goes on from: after a crash its last write may be there or not, so it is made again where it is not."""
    if writer.sent > writer.acknowledged:
        key, item = written(writer.writer, writer.sent, writer.soon)
        client = region.client("dynamodb", key=ACCOUNT)
        if client.get_item(TableName="work", Key={"id": {"S": key}}).get("Item") != item:
            again = Writer(region, writer.writer, writer.sent - 1, writer.soon)
            again.act()
    return writer.sent, writer.sent


async def test_tasks_end_whole_wherever_the_region_dies(new_region: Callable[..., Region]) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    assert await crash_rounds(new_region(), 600, 3, 3, random.Random(seed)) > 50


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("durability", ["process", "fsync"])
async def test_80_crashes_of_tasks(new_region: Callable[..., Region], durability: str) -> None:
    seed = fresh_seed()
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(4):  # a fresh region now and then: copies grow in number
        region = new_region("--durability", durability)
        await crash_rounds(region, 3000, 10, 2, chance)
        region.stop()
