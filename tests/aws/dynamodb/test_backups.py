"""On-demand backups, point-in-time recovery and restores, as a client sees them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
VALIDATION = "ValidationException"
GLOBAL = {
    "IndexName": "by-kind",
    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
    "Projection": {"ProjectionType": "ALL"},
}
LOCAL = {
    "IndexName": "by-rank",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "rank", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v"]},
}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


@pytest.fixture
def rich(make_table: Callable[..., str]) -> Callable[..., str]:
    """rich(…) makes a table with a local and a global index."""

    def make(**more: Any) -> str:
        units = {"ProvisionedThroughput": UNITS} if more.get("BillingMode") == "PROVISIONED" else {}
        also = [{"AttributeName": "kind", "AttributeType": "S"}, {"AttributeName": "rank", "AttributeType": "N"}]
        return make_table(
            sort=("at", "N"), also=also, LocalSecondaryIndexes=[LOCAL], GlobalSecondaryIndexes=[GLOBAL | units],
            **units, **more,
        )  # fmt: skip

    return make


def wait(ask: Callable[[], str], wanted: str) -> None:
    deadline = time.monotonic() + 60
    while (found := ask()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


def available(dynamodb: Any, arn: str) -> dict[str, Any]:
    """The description of a backup that is made."""

    def status() -> str:
        return str(dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"])

    wait(status, "AVAILABLE")
    return dict(dynamodb.describe_backup(BackupArn=arn)["BackupDescription"])


def active(dynamodb: Any, name: str) -> dict[str, Any]:
    """The description of a table that is restored."""
    wait(lambda: str(dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]), "ACTIVE")
    return dict(dynamodb.describe_table(TableName=name)["Table"])


def item(id_: str, at: int, **more: Any) -> dict[str, Any]:
    return {"id": {"S": id_}, "at": {"N": str(at)}, **{name: {"S": value} for name, value in more.items()}}


def backup(dynamodb: Any, name: str = "one", table: str = "users") -> str:
    """The ARN of a backup that is made."""
    arn = dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]["BackupArn"]
    available(dynamodb, arn)
    return str(arn)


def test_a_backup_and_what_it_tells(dynamodb: Any, rich: Any, account: str, aws_error: Error) -> None:
    rich()
    for n in range(3):
        dynamodb.put_item(TableName="users", Item=item("a", n, kind="x"))
    dynamodb.update_time_to_live(
        TableName="users", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    table = dynamodb.describe_table(TableName="users")["Table"]
    made = dynamodb.create_backup(TableName=table["TableArn"], BackupName="one")["BackupDetails"]
    assert (made["BackupStatus"], made["BackupType"], made["BackupName"]) == ("CREATING", "USER", "one")
    prefix, _, backup_id = made["BackupArn"].rpartition("/")
    assert prefix == f"arn:aws:dynamodb:us-east-1:{account}:table/users/backup"
    millis, _, rest = backup_id.partition("-")
    assert (len(millis), len(rest)) == (14, 8)
    assert int(millis) == round(made["BackupCreationDateTime"].timestamp() * 1000)
    described = available(dynamodb, made["BackupArn"])
    assert described["BackupDetails"] == made | {"BackupStatus": "AVAILABLE"}
    assert described["SourceTableDetails"] == {
        "TableName": "users", "TableId": table["TableId"], "TableArn": table["TableArn"],
        "TableSizeBytes": table["TableSizeBytes"], "KeySchema": table["KeySchema"],
        "TableCreationDateTime": table["CreationDateTime"],
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}, "ItemCount": 3,
        "BillingMode": "PAY_PER_REQUEST",
    }  # fmt: skip
    assert described["SourceTableFeatureDetails"] == {
        "LocalSecondaryIndexes": [LOCAL],
        "GlobalSecondaryIndexes": [
            GLOBAL | {"ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}}
        ],
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"},
    }
    deleted = dynamodb.delete_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
    gone = ("BackupNotFoundException", f"Backup not found: {made['BackupArn']}", 400)
    for call in (dynamodb.describe_backup, dynamodb.delete_backup):
        assert aws_error(lambda call=call: call(BackupArn=made["BackupArn"])) == gone
    assert dynamodb.list_backups()["BackupSummaries"] == []


def test_names_of_backups(dynamodb: Any, make_table: Any, aws_error: Error) -> None:
    make_table()
    arn = backup(dynamodb)
    table = arn.partition("/backup/")[0]
    assert aws_error(lambda: dynamodb.describe_backup(BackupArn=table)) == (VALIDATION, "Invalid Backup ARN", 400)
    assert aws_error(lambda: dynamodb.describe_backup(BackupArn=arn.replace("arn:aws:", "arn:aws-cn:"))) == (
        VALIDATION, "Invalid Request: BackupArn is not valid", 400,
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.create_backup(TableName="none", BackupName="one")) == (
        "TableNotFoundException", "Table not found: none", 400,
    )  # fmt: skip
    assert backup(dynamodb) != arn  # a name is no identity


def test_listing_backups(dynamodb: Any, make_table: Any, aws_error: Error) -> None:
    for name in ("books", "users"):
        make_table(name)
    arns = [backup(dynamodb, f"b-{n}", name) for name in ("books", "users") for n in range(3)]

    def listed(**filters: Any) -> list[str]:
        return [one["BackupArn"] for one in dynamodb.list_backups(**filters)["BackupSummaries"]]

    assert listed() == listed(BackupType="ALL") == arns
    assert listed(TableName="users") == arns[3:]
    assert listed(BackupType="SYSTEM") == listed(BackupType="AWS_BACKUP") == listed(TableName="none") == []
    pages, start = [], {}
    while True:
        page = dynamodb.list_backups(Limit=4, **start)
        pages.append([one["BackupArn"] for one in page["BackupSummaries"]])
        if "LastEvaluatedBackupArn" not in page:
            break
        start = {"ExclusiveStartBackupArn": page["LastEvaluatedBackupArn"]}
    assert pages == [arns[:4], arns[4:]]
    assert "LastEvaluatedBackupArn" not in dynamodb.list_backups(Limit=6)
    created = dynamodb.describe_backup(BackupArn=arns[4])["BackupDescription"]["BackupDetails"][
        "BackupCreationDateTime"
    ]
    early, late = created - timedelta(minutes=5), created + timedelta(minutes=5)
    assert listed(TimeRangeLowerBound=early, TimeRangeUpperBound=late) == arns
    assert listed(TimeRangeLowerBound=late) == listed(TimeRangeUpperBound=early) == []
    assert aws_error(lambda: listed(TimeRangeLowerBound=late, TimeRangeUpperBound=early)) == (
        VALIDATION,
        "One or more parameter values were invalid: Time range lower bound must be less than or equal to upper bound",
        400,
    )
    dynamodb.delete_table(TableName="users")
    assert listed(TableName="users") == arns[3:]
    summary = dynamodb.list_backups(TableName="users")["BackupSummaries"][0]
    assert (summary["TableName"], summary["BackupName"], summary["BackupStatus"]) == ("users", "b-0", "AVAILABLE")


def test_a_restored_table(dynamodb: Any, rich: Any, aws_error: Error) -> None:
    rich(
        DeletionProtectionEnabled=True, TableClass="STANDARD_INFREQUENT_ACCESS", Tags=[{"Key": "a", "Value": "b"}],
        OnDemandThroughput={"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50},
    )  # fmt: skip
    dynamodb.put_item(TableName="users", Item=item("a", 1, kind="x"))
    arn = backup(dynamodb)
    dynamodb.put_item(TableName="users", Item=item("a", 2, kind="x"))
    dynamodb.delete_item(TableName="users", Key=item("a", 1))
    before = dynamodb.describe_table(TableName="users")["Table"]
    begun = dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="restored")["TableDescription"]
    summary = begun["RestoreSummary"]
    assert begun["TableStatus"] == "CREATING"
    assert (summary["SourceBackupArn"], summary["SourceTableArn"], summary["RestoreInProgress"]) == (
        arn, before["TableArn"], True,
    )  # fmt: skip
    after = active(dynamodb, "restored")
    assert "RestoreSummary" not in after
    assert (after["ItemCount"], after["GlobalSecondaryIndexes"][0]["ItemCount"]) == (1, 1)
    assert dynamodb.get_item(TableName="restored", Key=item("a", 1))["Item"] == item("a", 1, kind="x")
    assert "Item" not in dynamodb.get_item(TableName="restored", Key=item("a", 2))
    for same in ("KeySchema", "AttributeDefinitions", "OnDemandThroughput"):
        assert after[same] == before[same]
    assert after["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert after["DeletionProtectionEnabled"] is False
    assert "TableClassSummary" not in after
    assert dynamodb.list_tags_of_resource(ResourceArn=after["TableArn"])["Tags"] == []
    restore: Callable[[str], Any] = lambda name: dynamodb.restore_table_from_backup(  # noqa: E731
        BackupArn=arn, TargetTableName=name
    )
    assert aws_error(lambda: restore("users")) == ("TableAlreadyExistsException", "Table already exists: users", 400)
    missing = arn[:-1] + ("0" if arn[-1] != "0" else "1")
    assert aws_error(lambda: dynamodb.restore_table_from_backup(BackupArn=missing, TargetTableName="new")) == (
        "BackupNotFoundException", f"Backup not found: {missing}", 400,
    )  # fmt: skip
    dynamodb.update_table(TableName="users", DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName="users")
    restore("users")
    assert active(dynamodb, "users")["ItemCount"] == 1


def test_what_a_restore_overrides(dynamodb: Any, rich: Any, aws_error: Error) -> None:
    rich(BillingMode="PROVISIONED")
    dynamodb.put_item(TableName="users", Item=item("a", 1, kind="x"))
    arn = backup(dynamodb)

    def restored(name: str, **overrides: Any) -> dict[str, Any]:
        dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName=name, **overrides)
        return active(dynamodb, name)

    def units(shown: dict[str, Any]) -> tuple[int, int]:
        given = shown["ProvisionedThroughput"]
        return given["ReadCapacityUnits"], given["WriteCapacityUnits"]

    more = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}
    table = restored("more", ProvisionedThroughputOverride=more)
    assert (units(table), units(table["GlobalSecondaryIndexes"][0])) == ((7, 8), (5, 5))
    table = restored(
        "demand", BillingModeOverride="PAY_PER_REQUEST",
        OnDemandThroughputOverride={"MaxReadRequestUnits": 50, "MaxWriteRequestUnits": 60},
    )  # fmt: skip
    assert (units(table), units(table["GlobalSecondaryIndexes"][0])) == ((0, 0), (0, 0))
    assert table["OnDemandThroughput"] == {"MaxReadRequestUnits": 50, "MaxWriteRequestUnits": 60}
    table = restored("bare", GlobalSecondaryIndexOverride=[], LocalSecondaryIndexOverride=[])
    assert {"GlobalSecondaryIndexes", "LocalSecondaryIndexes"}.isdisjoint(table)
    assert [one["AttributeName"] for one in table["AttributeDefinitions"]] == ["at", "id"]
    renamed = GLOBAL | {"IndexName": "kinds", "ProvisionedThroughput": more}
    table = restored("renamed", GlobalSecondaryIndexOverride=[renamed])
    (index,) = table["GlobalSecondaryIndexes"]
    assert (index["IndexName"], units(index), index["ItemCount"]) == ("kinds", (7, 8), 1)
    key = {"SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS"}}
    assert restored("encrypted", **key)["SSEDescription"]["SSEType"] == "KMS"

    def refused(**overrides: Any) -> str:
        code, message, _ = aws_error(lambda: restored("refused", **overrides))
        assert code == VALIDATION
        return message.removeprefix("Invalid Request: ")

    assert refused(BillingModeOverride="PAY_PER_REQUEST", ProvisionedThroughputOverride=more) == (
        "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST"
    )
    assert refused(BillingModeOverride="PROVISIONED") == (
        "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"
    )
    assert refused(OnDemandThroughputOverride={"MaxReadRequestUnits": 5}) == (
        "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST"
    )
    assert refused(GlobalSecondaryIndexOverride=[GLOBAL]) == "Must specify provisioned throughput for index by-kind"
    assert refused(BillingModeOverride="PAY_PER_REQUEST", GlobalSecondaryIndexOverride=[renamed]) == (
        "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index kinds"
    )
    other = renamed | {"Projection": {"ProjectionType": "KEYS_ONLY"}}
    assert refused(GlobalSecondaryIndexOverride=[other]) == (
        "Index kinds does not match a secondary index that existed in the source table and cannot be created during the "
        "restore operation"
    )
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.describe_table(TableName="refused")


def test_another_region(dynamodb: Any, make_table: Any, aws_error: Error) -> None:
    make_table()
    arn = backup(dynamodb)
    there = arn.replace("us-east-1", "eu-west-1")

    def restore(**more: Any) -> Any:
        return dynamodb.restore_table_from_backup(BackupArn=there, TargetTableName="restored", **more)

    assert aws_error(restore) == (
        VALIDATION, "Invalid Request: sseSpecificationOverride must be provided for cross-region restores", 400,
    )  # fmt: skip
    key = {"SSESpecificationOverride": {"Enabled": True, "SSEType": "KMS"}}
    assert aws_error(lambda: restore(**key))[:2] == (
        "NotImplemented", "Atoll does not implement sources in another region of dynamodb:RestoreTableFromBackup: it is one region.",
    )  # fmt: skip
    assert aws_error(lambda: dynamodb.list_backups(ExclusiveStartBackupArn=there)) == (
        VALIDATION, "Invalid Request: The supplied ExclusiveStartBackupArn does not match the region", 400,
    )  # fmt: skip


def test_who_may_restore(
    dynamodb: Any, make_table: Any, client: Any, region: Any, account: str, aws_error: Error
) -> None:
    make_table()
    arn = backup(dynamodb)
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": [f"dynamodb:{action}" for action in actions], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)

    def denied() -> str:
        code, message, _ = aws_error(lambda: ann.restore_table_from_backup(BackupArn=arn, TargetTableName="restored"))
        assert code == "AccessDeniedException"
        return message.partition("perform: ")[2].partition(" because")[0]

    table = f"arn:aws:dynamodb:us-east-1:{account}:table/restored"
    assert denied() == f"dynamodb:RestoreTableFromBackup on resource: {arn}"
    allow("RestoreTableFromBackup")
    assert denied() == f"dynamodb:BatchWriteItem on resource: {table}"
    writes = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")
    allow("RestoreTableFromBackup", *writes)
    ann.restore_table_from_backup(BackupArn=arn, TargetTableName="restored")
    active(dynamodb, "restored")


def test_the_tags_of_the_table_that_is_restored_count(
    dynamodb: Any, make_table: Any, client: Any, region: Any, account: str, aws_error: Error
) -> None:
    make_table(Tags=[{"Key": "secret", "Value": "yes"}])
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="users", PointInTimeRecoverySpecification=recovery)
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"},
            {
                "Effect": "Deny", "Action": "dynamodb:Restore*", "Resource": "*",
                "Condition": {"StringEquals": {"aws:ResourceTag/secret": "yes"}},
            },
        ],
    }  # fmt: skip
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/users"

    def restore(**source: str) -> Any:
        return ann.restore_table_to_point_in_time(TargetTableName="restored", UseLatestRestorableTime=True, **source)

    for source in ({"SourceTableName": "users"}, {"SourceTableArn": arn}):
        code, message, _ = aws_error(lambda source=source: restore(**source))
        assert code == "AccessDeniedException"
        assert f"on resource: {arn} with an explicit deny" in message
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["secret"])
    restore(SourceTableName="users")
    active(dynamodb, "restored")


def test_a_backup_is_judged_where_it_lies(
    dynamodb: Any, make_table: Any, client: Any, region: Any, account: str, aws_error: Error
) -> None:
    """Whatever region the ARN says, which AWS does not look at: permissions there give none here."""
    make_table()
    arn = backup(dynamodb)
    there = arn.replace("us-east-1", "eu-west-1")
    iam = client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    ann = region.client("dynamodb", key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    def allow(resource: str) -> None:
        statement = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": resource}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)

    allow(f"arn:aws:dynamodb:eu-west-1:{account}:*")
    for call in (ann.describe_backup, ann.delete_backup):
        code, message, _ = aws_error(lambda call=call: call(BackupArn=there))
        assert code == "AccessDeniedException"
        assert f"on resource: {arn} because" in message
    allow(arn)
    assert ann.describe_backup(BackupArn=there)["BackupDescription"]["BackupDetails"]["BackupArn"] == arn


def test_point_in_time(own: Any, account: str, aws_error: Error) -> None:
    dynamodb = own.client("dynamodb", key=account)
    dynamodb.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip

    def restore(name: str, source: str = "users", **more: Any) -> Any:
        return dynamodb.restore_table_to_point_in_time(
            **({"SourceTableName": source} if source else {}), TargetTableName=name, **more
        )

    def advance(seconds: int) -> datetime:
        clock = httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": f"{seconds}s"}).json()
        return datetime.fromtimestamp(int(clock["epoch"]), UTC)

    def put(value: str) -> None:
        dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}, "v": {"S": value}})

    latest = {"UseLatestRestorableTime": True}
    assert aws_error(lambda: restore("users", **latest)) == (
        "PointInTimeRecoveryUnavailableException", "Point in time recovery is not enabled for table 'users'", 400,
    )  # fmt: skip
    put("before")
    dynamodb.update_continuous_backups(
        TableName="users", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    put("first")
    then = advance(60)
    advance(60)
    put("second")
    restore("early", **latest)
    assert active(dynamodb, "early")["ItemCount"] == 1
    assert dynamodb.get_item(TableName="early", Key={"id": {"S": "1"}})["Item"]["v"] == {"S": "before"}
    advance(400)
    begun = restore("then", RestoreDateTime=then)["TableDescription"]["RestoreSummary"]
    assert begun["RestoreDateTime"] == then
    assert "SourceBackupArn" not in begun
    active(dynamodb, "then")
    assert dynamodb.get_item(TableName="then", Key={"id": {"S": "1"}})["Item"]["v"] == {"S": "first"}
    restore("now", **latest)
    active(dynamodb, "now")
    assert dynamodb.get_item(TableName="now", Key={"id": {"S": "1"}})["Item"]["v"] == {"S": "second"}

    assert aws_error(lambda: restore("then", **latest)) == (
        "TableAlreadyExistsException", "Table already exists: then", 400,
    )  # fmt: skip
    code, message, _ = aws_error(lambda: restore("then", RestoreDateTime=then - timedelta(days=1)))
    assert code == "InvalidRestoreTimeException"
    assert message.startswith(
        f"RestoreDateTime '{then - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}' must be within Earliest"
    )
    assert aws_error(lambda: restore("new", RestoreDateTime=then + timedelta(days=1)))[0] == code
    assert aws_error(lambda: restore("new", RestoreDateTime=then, **latest))[1].startswith(
        "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request."
    )
    neither = (
        "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
    )
    assert aws_error(lambda: restore("new")) == (VALIDATION, neither, 400)
    assert aws_error(lambda: restore("new", "none", **latest)) == (
        "TableNotFoundException", "Table not found: none", 400,
    )  # fmt: skip
    arn = dynamodb.describe_table(TableName="users")["Table"]["TableArn"]
    assert aws_error(lambda: restore("new", SourceTableArn=arn, **latest))[1] == (
        "Must provide exactly one of: sourceTableArn, sourceTableName"
    )
    assert aws_error(lambda: restore("new", "", **latest))[1] == (
        "The parameter 'TableName' is required but was not present in the request"
    )
    assert aws_error(lambda: restore("new", "", SourceTableArn="arn:x", **latest))[1] == (
        "sourceTableArn is not a valid ARN"
    )
    restore("new", "", SourceTableArn=arn, **latest)
    active(dynamodb, "new")


def test_what_has_expired_since_is_there_again(own: Any, account: str) -> None:
    """An expiry is a write like any other to the table's history, and no time to live follows the items to the restored table."""
    dynamodb = own.client("dynamodb", key=account)
    dynamodb.create_table(
        TableName="sessions", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    dynamodb.update_continuous_backups(
        TableName="sessions", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.update_time_to_live(
        TableName="sessions", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"}
    )

    def advance(seconds: int) -> float:
        return float(httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": f"{seconds}s"}).json()["epoch"])

    def items(table: str) -> list[Any]:
        return sorted(dynamodb.scan(TableName=table)["Items"], key=lambda item: item["id"]["S"])

    ends = int(advance(1)) + 300
    for n in range(3):
        dynamodb.put_item(TableName="sessions", Item={"id": {"S": str(n)}, "ends": {"N": str(ends + n * 1000)}})
    before, then = items("sessions"), advance(60)
    advance(600)
    assert items("sessions") == before[1:]
    dynamodb.restore_table_to_point_in_time(
        SourceTableName="sessions", TargetTableName="again", RestoreDateTime=datetime.fromtimestamp(then, UTC)
    )
    own.kill()
    dynamodb = own.start().client("dynamodb", key=account)
    assert active(dynamodb, "again")["ItemCount"] == 3
    advance(5000)
    assert items("again") == before
    assert items("sessions") == []


def test_a_deleted_table_can_be_had_back_for_35_days(own: Any, account: str) -> None:
    dynamodb = own.client("dynamodb", key=account)
    dynamodb.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    dynamodb.update_continuous_backups(
        TableName="users", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    dynamodb.put_item(TableName="users", Item={"id": {"S": "1"}})
    dynamodb.delete_table(TableName="users")
    (kept,) = dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    assert kept["BackupName"] == "users$DeletedTableBackup"
    assert kept["BackupExpiryDateTime"] - kept["BackupCreationDateTime"] == timedelta(days=35)
    described = dynamodb.describe_backup(BackupArn=kept["BackupArn"])["BackupDescription"]
    assert (described["SourceTableDetails"]["ItemCount"], described["SourceTableFeatureDetails"]) == (1, {})
    dynamodb.restore_table_from_backup(BackupArn=kept["BackupArn"], TargetTableName="users")
    assert active(dynamodb, "users")["ItemCount"] == 1
    httpx.post(f"{own.endpoint}/_atoll/clock", json={"advance": "36d"})
    assert dynamodb.list_backups(BackupType="ALL")["BackupSummaries"] == []
    assert dynamodb.get_item(TableName="users", Key={"id": {"S": "1"}})["Item"]


def test_a_restore_goes_on_after_a_kill(new_region: Callable[..., Any]) -> None:
    region = new_region()
    dynamodb = region.client("dynamodb")
    dynamodb.create_table(
        TableName="users", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip
    for n in range(400):
        dynamodb.put_item(TableName="users", Item={"id": {"S": str(n)}, "v": {"S": "x" * n}})
    size = dynamodb.describe_table(TableName="users")["Table"]["TableSizeBytes"]
    arn = dynamodb.create_backup(TableName="users", BackupName="one")["BackupDetails"]["BackupArn"]
    region.kill()
    dynamodb = region.start().client("dynamodb")
    assert available(dynamodb, arn)["BackupDetails"]["BackupSizeBytes"] == size
    dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="restored")
    region.kill()
    dynamodb = region.start().client("dynamodb")
    restored = active(dynamodb, "restored")
    assert (restored["ItemCount"], restored["TableSizeBytes"]) == (400, size)
