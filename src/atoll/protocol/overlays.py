"""What botocore's models once said and say no more: SQS's query protocol, which older SDKs and plain HTTP clients still speak.

The models that botocore ships describe a service in the protocols of its current SDKs. An overlay adds another one's names to such a
model; nothing here is code of a service. docs: "Making query API requests" and the API reference of SQS 2012-11-05.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Overlay(NamedTuple):
    """A protocol that a model lacks. `members` are names of structures' members on the wire, `items` those of lists' items, `entries`
    those of maps' keys and values, all by shape; `errors` are codes and HTTP statuses by the shape of the error."""

    protocol: str
    namespace: str
    members: Mapping[str, Mapping[str, str]]
    items: Mapping[str, str]
    entries: Mapping[str, tuple[str, str]]
    errors: Mapping[str, tuple[str, int]]


_SQS_CODE = "AWS.SimpleQueueService."
_SQS = Overlay(
    protocol="query",
    namespace="http://queue.amazonaws.com/doc/2012-11-05/",
    members={
        "CreateQueueRequest": {"Attributes": "Attribute", "tags": "Tag"},
        "GetQueueAttributesResult": {"Attributes": "Attribute"},
        "ListQueueTagsResult": {"Tags": "Tag"},
        "Message": {"Attributes": "Attribute", "MessageAttributes": "MessageAttribute"},
        "MessageAttributeValue": {"StringListValues": "StringListValue", "BinaryListValues": "BinaryListValue"},
        "MessageSystemAttributeValue": {"StringListValues": "StringListValue", "BinaryListValues": "BinaryListValue"},
        "SendMessageBatchRequestEntry": {
            "MessageAttributes": "MessageAttribute",
            "MessageSystemAttributes": "MessageSystemAttribute",
        },
        "SendMessageRequest": {
            "MessageAttributes": "MessageAttribute",
            "MessageSystemAttributes": "MessageSystemAttribute",
        },
        "SetQueueAttributesRequest": {"Attributes": "Attribute"},
        "TagQueueRequest": {"Tags": "Tag"},
    },
    items={
        "AWSAccountIdList": "AWSAccountId",
        "ActionNameList": "ActionName",
        "AttributeNameList": "AttributeName",
        "BatchResultErrorEntryList": "BatchResultErrorEntry",
        "BinaryList": "BinaryListValue",
        "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
        "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
        "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
        "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
        "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
        "MessageAttributeNameList": "MessageAttributeName",
        "MessageList": "Message",
        "MessageSystemAttributeList": "MessageSystemAttributeName",
        "QueueUrlList": "QueueUrl",
        "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
        "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
        "StringList": "StringListValue",
        "TagKeyList": "TagKey",
    },
    entries={
        "MessageBodyAttributeMap": ("Name", "Value"),
        "MessageBodySystemAttributeMap": ("Name", "Value"),
        "MessageSystemAttributeMap": ("Name", "Value"),
        "QueueAttributeMap": ("Name", "Value"),
        "TagMap": ("Key", "Value"),
    },
    errors={
        "BatchEntryIdsNotDistinct": (_SQS_CODE + "BatchEntryIdsNotDistinct", 400),
        "BatchRequestTooLong": (_SQS_CODE + "BatchRequestTooLong", 400),
        "EmptyBatchRequest": (_SQS_CODE + "EmptyBatchRequest", 400),
        "InvalidBatchEntryId": (_SQS_CODE + "InvalidBatchEntryId", 400),
        "KmsAccessDenied": ("KMS.AccessDeniedException", 400),
        "KmsDisabled": ("KMS.DisabledException", 400),
        "KmsInvalidKeyUsage": ("KMS.InvalidKeyUsageException", 400),
        "KmsInvalidState": ("KMS.InvalidStateException", 400),
        "KmsNotFound": ("KMS.NotFoundException", 400),
        "KmsOptInRequired": ("KMS.OptInRequired", 403),
        "KmsThrottled": ("KMS.ThrottlingException", 400),
        "MessageNotInflight": (_SQS_CODE + "MessageNotInflight", 400),
        "OverLimit": ("OverLimit", 403),
        "PurgeQueueInProgress": (_SQS_CODE + "PurgeQueueInProgress", 403),
        "QueueDeletedRecently": (_SQS_CODE + "QueueDeletedRecently", 400),
        "QueueDoesNotExist": (_SQS_CODE + "NonExistentQueue", 400),
        "QueueNameExists": ("QueueAlreadyExists", 400),
        "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 404),
        "RequestThrottled": ("RequestThrottled", 403),
        "ResourceNotFoundException": ("ResourceNotFoundException", 404),
        "TooManyEntriesInBatchRequest": (_SQS_CODE + "TooManyEntriesInBatchRequest", 400),
        "UnsupportedOperation": (_SQS_CODE + "UnsupportedOperation", 400),
    },
)
_OVERLAYS = {"sqs": _SQS}


def spoken(service: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's metadata with the overlaid protocol among its `protocols`."""
    overlay = _OVERLAYS.get(service)
    return metadata if overlay is None else {**metadata, "protocols": [metadata["protocol"], overlay.protocol]}


def completed(service: str, description: Mapping[str, Any]) -> Mapping[str, Any]:
    """A model's description that also names the overlaid protocol, and the codes of errors in it."""
    overlay = _OVERLAYS.get(service)
    if overlay is None:
        return description
    shapes = dict(description["shapes"])
    for name, (code, status) in overlay.errors.items():
        error = {"code": code, "httpStatusCode": status, "senderFault": True}
        shapes[name] = {**shapes[name], "error": error}
    return {**description, "metadata": spoken(service, description["metadata"]), "shapes": shapes}


def in_protocol(service: str, description: Mapping[str, Any], protocol: str) -> dict[str, Any] | None:
    """The description with the names that it has on the wire in an overlaid protocol, None where that is not one."""
    overlay = _OVERLAYS.get(service)
    if overlay is None or protocol != overlay.protocol:
        return None
    shapes = dict(description["shapes"])
    for name, members in overlay.members.items():
        given = shapes[name]["members"]
        renamed = {member: {**given[member], "locationName": wire} for member, wire in members.items()}
        shapes[name] = {**shapes[name], "members": {**given, **renamed}}
    for name, item in overlay.items.items():
        shapes[name] = {**shapes[name], "member": {**shapes[name]["member"], "locationName": item}}
    for name, (key, value) in overlay.entries.items():
        shape = shapes[name]
        named = {"key": {**shape["key"], "locationName": key}, "value": {**shape["value"], "locationName": value}}
        shapes[name] = {**shape, **named}
    operations = {
        name: {**given, "output": {**given["output"], "resultWrapper": f"{name}Result"}} if "output" in given else given
        for name, given in description["operations"].items()
    }
    metadata = {**description["metadata"], "protocol": overlay.protocol, "xmlNamespace": overlay.namespace}
    return {**description, "metadata": metadata, "shapes": shapes, "operations": operations}
