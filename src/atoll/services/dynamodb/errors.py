"""DynamoDB's errors, one class per shape of its model, and the prefixes that its validation messages share.

Docs: API Reference, "Common Errors" and the errors of each operation; the texts are AWS's, as its answers show them.
"""

from __future__ import annotations

from atoll.kernel.errors import NotImplementedByAtoll, ServiceError, ValidationFailed


class BackupInUseException(ServiceError):
    """The backup is being made, deleted or restored."""


class BackupNotFoundException(ServiceError):
    """There is no such backup."""


class ConditionalCheckFailedException(ServiceError):
    """The condition of a write did not hold. Member `Item`: what is stored, where the request asked for it."""


class DuplicateItemException(ServiceError):
    """An INSERT of PartiQL found an item with its key."""


class ExpiredIteratorException(ServiceError):
    """A shard iterator is more than 15 minutes old."""


class ExportNotFoundException(ServiceError):
    """There is no such export."""


class GlobalTableNotFoundException(ServiceError):
    """There is no such global table."""


class IdempotentParameterMismatchException(ServiceError):
    """The token of another request, of the last ten minutes."""


class ImportNotFoundException(ServiceError):
    """There is no such import."""


class InvalidRestoreTimeException(ServiceError):
    """The table cannot be restored to this time."""


class ItemCollectionSizeLimitExceededException(ServiceError):
    """An item collection of a table with local secondary indexes would exceed 10 GB."""


class LimitExceededException(ServiceError):
    """Too many tables, or too many operations on tables at once."""


class PointInTimeRecoveryUnavailableException(ServiceError):
    """Point-in-time recovery is not on for the table."""


class PolicyNotFoundException(ServiceError):
    """The resource has no such policy."""


class ProvisionedThroughputExceededException(ServiceError):
    """More than is provisioned. Member `ThrottlingReasons`: of which table or index."""


class ResourceInUseException(ServiceError):
    """The table exists already, or is being changed."""


class ResourceNotFoundException(ServiceError):
    """There is no such table."""


class TableAlreadyExistsException(ServiceError):
    """There is such a table, as restores say it."""


class TableInUseException(ServiceError):
    """The table is being restored."""


class TableNotFoundException(ServiceError):
    """There is no such table, as the operations on backups say it."""


class ThrottlingException(ServiceError):
    """More than the maximum of an on-demand table or index, or than a partition can take. Member `throttlingReasons`."""


class TransactionCanceledException(ServiceError):
    """Nothing of a transaction was done. Member `CancellationReasons`: one reason per action, in their order."""


class TrimmedDataAccessException(ServiceError):
    """What a shard iterator or sequence number points at is older than 24 hours."""


NOT_MET = (ConditionalCheckFailedException, DuplicateItemException)
"""What a write may get whose item is not as the request wants it."""
THROTTLED = (ProvisionedThroughputExceededException, ThrottlingException)
"""What a request may get that asks for more throughput than there is."""


def invalid(detail: str) -> ValidationFailed:
    """The most common refusal of a parameter."""
    return ValidationFailed(f"One or more parameter values were invalid: {detail}")


def detected(*broken: str) -> ValidationFailed:
    """A refusal worded as that of broken constraints, of what no model says."""
    return ValidationFailed(
        f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: {'; '.join(broken)}"
    )


def other_regions(operation: str, wanted: str) -> NotImplementedByAtoll:
    """The refusal of what needs a second region."""
    return NotImplementedByAtoll(f"Atoll does not implement {wanted} of dynamodb:{operation}: it is one region.")


def table_not_found(name: str) -> ResourceNotFoundException:
    """What operations on tables answer; those on items say no more than `ITEM_TABLE_NOT_FOUND`."""
    return ResourceNotFoundException(f"Requested resource not found: Table: {name} not found")


ITEM_TABLE_NOT_FOUND = "Requested resource not found"
