"""Who may run which statement: PartiQL's four actions on tables and indexes, and DynamoDB's condition keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

READ = "SELECT * FROM \"t-1\" WHERE pk = 'ann'"
INSERT = "INSERT INTO \"t-1\" VALUE {'pk': 'ann', 'sk': '2'}"
UPDATE = "UPDATE \"t-1\" SET n = 2 WHERE pk = 'ann' AND sk = '1'"
DELETE = "DELETE FROM \"t-1\" WHERE pk = 'ann' AND sk = '9'"
BY_ACTION = {"PartiQLSelect": READ, "PartiQLInsert": INSERT, "PartiQLUpdate": UPDATE, "PartiQLDelete": DELETE}


@pytest.fixture
def table(dynamodb: Any, make_table: Callable[..., str], account: str) -> str:
    """The ARN of a table with an item of ann's and one of bob's, and an index."""
    make_table(
        "t-1", "pk", sort=("sk", "S"), also=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[{
            "IndexName": "by-g",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }],
    )  # fmt: skip
    for name in ("ann", "bob"):
        dynamodb.put_item(TableName="t-1", Item={"pk": {"S": name}, "sk": {"S": "1"}, "g": {"S": "x"}, "n": {"N": "1"}})
    return f"arn:aws:dynamodb:us-east-1:{account}:table/t-1"


@pytest.fixture
def ann(user: Callable[..., Any]) -> Callable[..., Any]:
    """ann(statement, …) is the client of a user with just these policy statements."""
    return user


@pytest.fixture
def denied(aws_error: Callable[..., Any]) -> Callable[..., bool]:
    """Whether a client may not run a statement; else it ran."""

    def judged(client: Any, statement: str, **more: Any) -> bool:
        def run() -> None:
            client.execute_statement(Statement=statement, **more)
            raise Ran

        try:
            return bool(aws_error(run)[0] == "AccessDeniedException")
        except Ran:
            return False

    return judged


class Ran(Exception):
    """A statement was run."""


@pytest.mark.parametrize("action", BY_ACTION)
def test_each_kind_of_statement_is_an_action(
    ann: Any, denied: Any, table: str, account: str, aws_error: Any, action: str
) -> None:
    client = ann({"Action": f"dynamodb:{action}", "Resource": table})
    for other, statement in BY_ACTION.items():
        assert denied(client, statement) == (other != action)
    code, message, _ = aws_error(lambda: client.execute_statement(Statement="SELECT * FROM \"none\" WHERE pk = 'x'"))
    assert code == "AccessDeniedException"
    assert message == (
        f"User: arn:aws:iam::{account}:user/ann is not authorized to perform: dynamodb:PartiQLSelect on resource: "
        f"arn:aws:dynamodb:us-east-1:{account}:table/none because no identity-based policy allows the "
        "dynamodb:PartiQLSelect action"
    )


def test_an_index_is_a_resource_of_its_own(ann: Any, denied: Any, table: str) -> None:
    client = ann({"Action": "dynamodb:PartiQLSelect", "Resource": f"{table}/index/by-g"})
    assert denied(client, READ)
    assert not denied(client, 'SELECT * FROM "t-1"."by-g" WHERE g = \'x\'')
    assert denied(client, 'SELECT * FROM "t-1"."other" WHERE g = \'x\'')


def test_full_table_scans(ann: Any, denied: Any, table: str) -> None:
    """docs: "Example: Allow select statements and deny full table scan statements in PartiQL for DynamoDB"."""
    client = ann(
        {
            "Effect": "Deny",
            "Action": "dynamodb:PartiQLSelect",
            "Resource": table,
            "Condition": {"Bool": {"dynamodb:FullTableScan": ["true"]}},
        },
        {"Action": "dynamodb:PartiQLSelect", "Resource": table},
    )
    for keyed in ("pk = 'ann'", "pk = 'ann' AND n = 1", "pk = 'ann' OR pk = 'bob'", "pk IN ['ann', 'bob']"):
        assert not denied(client, f'SELECT * FROM "t-1" WHERE {keyed}')
    for scan in ("pk > 'a'", "n = 1", "pk = 'ann' OR n = 1", "NOT pk = 'ann'"):
        assert denied(client, f'SELECT * FROM "t-1" WHERE {scan}')
    assert denied(client, 'SELECT * FROM "t-1"')
    assert not denied(client, 'SELECT * FROM "t-1" WHERE pk = ?', Parameters=[{"S": "ann"}])


def test_leading_keys(ann: Any, denied: Any, table: str) -> None:
    client = ann(
        {
            "Action": "dynamodb:PartiQL*",
            "Resource": table,
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        }
    )
    for statement in BY_ACTION.values():
        assert not denied(client, statement)
        assert denied(client, statement.replace("'ann'", "'bob'"))
        assert denied(client, statement.replace("'ann'", "?"), Parameters=[{"S": "bob"}])
    assert denied(client, "SELECT * FROM \"t-1\" WHERE pk IN ['ann', 'bob']")
    assert denied(client, "SELECT * FROM \"t-1\" WHERE pk = 'ann' OR pk = 'bob'")
    assert denied(client, 'SELECT * FROM "t-1"')


def test_attributes_and_what_is_returned(ann: Any, denied: Any, table: str) -> None:
    client = ann(
        {
            "Action": "dynamodb:PartiQL*",
            "Resource": table,
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "n"]},
                "StringEqualsIfExists": {
                    "dynamodb:Select": "SPECIFIC_ATTRIBUTES",
                    "dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"],
                },
            },
        }
    )
    assert not denied(client, "SELECT n, sk FROM \"t-1\" WHERE pk = 'ann'")
    assert denied(client, READ)
    assert denied(client, "SELECT g FROM \"t-1\" WHERE pk = 'ann'")
    assert denied(client, "SELECT n FROM \"t-1\" WHERE pk = 'ann' AND size(g.x) = 1")
    assert not denied(client, UPDATE + " RETURNING MODIFIED NEW *")
    assert denied(client, UPDATE + " RETURNING ALL NEW *")
    assert denied(client, UPDATE.replace("n = 2", "n = 2 REMOVE g"))
    assert not denied(client, INSERT)
    assert denied(client, "INSERT INTO \"t-1\" VALUE {'pk': 'ann', 'sk': '3', 'g': 'x'}")


def test_batches_and_transactions_are_judged_by_statement(ann: Any, table: str, dynamodb: Any, aws_error: Any) -> None:
    client = ann({"Action": ["dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"], "Resource": table})

    def batch(*statements: str) -> Any:
        return client.batch_execute_statement(Statements=[{"Statement": one} for one in statements])

    def transact(*statements: str) -> Any:
        return client.execute_transaction(TransactStatements=[{"Statement": one} for one in statements])

    check = "EXISTS(SELECT * FROM \"t-1\" WHERE pk = 'bob' AND sk = '1' AND n = 1)"
    for run in (batch, transact):
        assert aws_error(lambda run=run: run(INSERT, DELETE))[0] == "AccessDeniedException"
        assert (
            aws_error(lambda run=run: run(UPDATE, "UPDATE \"t-2\" SET a = 1 WHERE pk = 'x'"))[0]
            == "AccessDeniedException"
        )
    assert aws_error(lambda: transact(UPDATE, check))[0] == "AccessDeniedException"
    assert dynamodb.get_item(TableName="t-1", Key={"pk": {"S": "ann"}, "sk": {"S": "1"}})["Item"]["n"] == {"N": "1"}
    batch(INSERT, "no statement")
    transact(UPDATE)
    assert dynamodb.get_item(TableName="t-1", Key={"pk": {"S": "ann"}, "sk": {"S": "1"}})["Item"]["n"] == {"N": "2"}


def test_the_enclosing_operation(ann: Any, denied: Any, table: str) -> None:
    client = ann(
        {
            "Action": "dynamodb:PartiQL*",
            "Resource": table,
            "Condition": {"StringEquals": {"dynamodb:EnclosingOperation": ["ExecuteTransaction"]}},
        }
    )
    assert denied(client, UPDATE)
    client.execute_transaction(TransactStatements=[{"Statement": UPDATE}])


def test_what_is_no_statement_is_refused_as_such(ann: Any, table: str, aws_error: Any) -> None:
    """Nothing can be judged of it, and nothing is done."""
    client = ann({"Action": "s3:*", "Resource": "*"})
    assert aws_error(lambda: client.execute_statement(Statement="DELETE FROM")) == (
        "ValidationException",
        "Statement wasn't well formed, can't be processed: Expected identifier for simple path",
        400,
    )


def test_another_accounts_table_cannot_be_named_whatever_its_policy_allows(
    dynamodb: Any, region: Any, table: str, aws_error: Callable[..., Any]
) -> None:
    """docs: "DynamoDB API operations supported by resource-based policies": PartiQL has no cross-account support."""
    stranger = region.client("dynamodb", key="210987654321")
    statement, update = READ.replace("t-1", table), UPDATE.replace("t-1", table)
    assert aws_error(lambda: stranger.execute_statement(Statement=statement))[0] == "AccessDeniedException"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": ["210987654321", table.split(":")[4]]},
                "Action": ["dynamodb:PartiQLSelect", "dynamodb:PartiQLUpdate"],
                "Resource": [table, f"{table}/index/*"],
            }
        ],
    }
    dynamodb.put_resource_policy(ResourceArn=table, Policy=json.dumps(policy))
    refused = "This action is only supported by accounts that match the resource owner's account"
    for run in (
        lambda: stranger.execute_statement(Statement=statement),
        lambda: stranger.execute_statement(Statement=update),
        lambda: stranger.execute_transaction(TransactStatements=[{"Statement": update}]),
    ):
        assert aws_error(run) == ("ValidationException", refused, 400)
    for text in (update, f"SELECT n FROM \"{table}\" WHERE pk = 'ann' AND sk = '1'"):
        answer = stranger.batch_execute_statement(Statements=[{"Statement": text}])
        assert answer["Responses"] == [{"Error": {"Code": "ValidationError", "Message": refused}}]
    assert dynamodb.execute_statement(Statement=statement)["Items"][0]["n"] == {"N": "1"}
    dynamodb.execute_transaction(TransactStatements=[{"Statement": update}])
    assert dynamodb.execute_statement(Statement=statement)["Items"][0]["n"] == {"N": "2"}
