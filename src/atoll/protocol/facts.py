"""What real services do on the wire that their models do not say. Data only; each entry was observed.

Sources: answers of AWS recorded by the LocalStack project, recorded answers of DynamoDB, the API references' error pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from atoll.kernel import errors

CORAL = "com.amazon.coral.service#"
"""Namespace of the errors that AWS's service framework itself answers to JSON-RPC requests."""


class Common(NamedTuple):
    """What one service answers for an error of every service: its own code, and where they differ too its status and message."""

    code: str
    status: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """One service's peculiarities.

    `error_namespace` stands before the code of a modelled error in `__type`, `common_namespace` before that of a common
    one, `validation_namespace` before ValidationException. `validation_code` is what a broken constraint is called.
    `capital_message` calls the message of an error that has further members `Message`, whatever the model says.
    `crc32` adds `x-amz-crc32`. `blob_content_type` is that of an output whose body is a blob.
    `enums` is False where the service leaves checking enumerations to the operation; `free_enums` names single ones.
    `patterns` are, by shape, those that AWS checks in place of the model's. `names_body` puts the name of what the body is, as in
    `createRestApiInput`, before the members in it.
    `bare` are, by operation and member (as messages show it), members that messages call otherwise, and show without their values.
    `enum_orders` are, by shape, the values of enumerations that messages list in another order than the model's.
    `own_lengths` are shapes of whose length or range operations speak in words of their own. `hash_ordered` lists what is wrong with the
    members of a structure in the order of Java's HashMap, not of the request, and ten at most.
    `items_not_null` lists "Member must not be null" among the constraints of what lists and maps hold, unless it is secret.
    `hides_values` leaves offending values and allowed ones out of the messages. `sentences` are, by pattern, what is said of a value that
    breaks only this pattern, behind "The specified value for … is invalid."
    `common` are the service's own names for errors of every service, in the XML protocols. `xml_namespace` is that of its documents,
    where the model has none; `xml_roots` are, by operation, the outermost elements of outputs; `xml_timestamps` is how timestamps are
    written. `queue_url` is the member that a query request may leave to its own address. `max_body` is the largest request body, in
    bytes.
    """

    error_namespace: str = ""
    common_namespace: str = ""
    validation_namespace: str = ""
    validation_code: str = "ValidationException"
    capital_message: bool = False
    crc32: bool = False
    blob_content_type: str = "application/octet-stream"
    enums: bool = True
    free_enums: frozenset[str] = frozenset()
    enum_orders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    patterns: Mapping[str, str] = field(default_factory=dict)
    names_body: bool = False
    own_lengths: frozenset[str] = frozenset()
    bare: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hash_ordered: bool = False
    items_not_null: bool = False
    hides_values: bool = False
    sentences: Mapping[str, str] = field(default_factory=dict)
    common: Mapping[type[errors.CommonError], Common] = field(default_factory=dict)
    xml_namespace: str = ""
    xml_roots: Mapping[str, str] = field(default_factory=dict)
    xml_timestamps: str = "iso8601"
    queue_url: str = ""
    max_body: int = 16 << 20


_IAM_PATH = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
_IAM_SENTENCES = {
    r"[\w+=,.@-]+": "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": _IAM_PATH,
    r"((/[A-Za-z0-9\.,\+@=_-]+)*)/": _IAM_PATH,
}
"""As users of Terraform, CloudFormation and the CLI saw them, for the names of users, roles and policies."""

_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_EC2_COMMON: dict[type[errors.CommonError], Common] = {
    errors.AccessDenied: Common("UnauthorizedOperation", 403),
    errors.MissingAuthenticationToken: Common(
        "MissingAuthenticationToken",
        403,
        "The request must contain either a valid (registered) AWS access key ID or X.509 certificate.",
    ),
    errors.IncompleteSignature: Common("IncompleteSignature", 400),
    errors.InvalidSignature: Common("AuthFailure", 401, _NOT_VALIDATED),
    errors.SignatureOutOfDate: Common("RequestExpired", 400, "Request has expired."),
    errors.UnrecognizedClient: Common("AuthFailure", 401, _NOT_VALIDATED),
    errors.ExpiredToken: Common("RequestExpired", 400, "Request has expired."),
    errors.MalformedRequest: Common("InvalidParameterValue", 400),
    errors.ValidationFailed: Common("InvalidParameterValue", 400),
    errors.RequestTooLarge: Common("RequestEntityTooLarge", 413),
    errors.InternalFailure: Common("InternalError", 500),
}
"""docs: "Error codes for the Amazon EC2 API"."""

_S3_COMMON: dict[type[errors.CommonError], Common] = {
    errors.AccessDenied: Common("AccessDenied", 403),
    errors.MissingAuthenticationToken: Common("AccessDenied", 403, "Access Denied"),
    errors.IncompleteSignature: Common("AuthorizationHeaderMalformed", 400),
    errors.InvalidSignature: Common(
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ),
    errors.UnrecognizedClient: Common(
        "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."
    ),
    errors.ExpiredToken: Common("ExpiredToken", 400, "The provided token has expired."),
    errors.MalformedRequest: Common(
        "MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema"
    ),
    errors.MalformedArgument: Common("InvalidArgument", 400),
    errors.ValidationFailed: Common("InvalidArgument", 400),
    errors.UnknownOperation: Common(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource."
    ),
    errors.RequestTooLarge: Common("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"),
    errors.NotImplementedByAtoll: Common("NotImplemented", 501),
    errors.InternalFailure: Common("InternalError", 500, "We encountered an internal error. Please try again."),
}
"""docs: "Error responses" of the S3 API reference. The same text stands for every reason, as S3 gives none."""

_S3_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
    "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
    "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}
"""docs: "Response syntax" of each operation in the S3 API reference; the models keep only the shapes' names."""

_REGION = r"(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}"

_REST_API_ENUMS = {
    "DocumentationPartType": (
        "RESPONSE_BODY", "RESPONSE", "METHOD", "MODEL", "AUTHORIZER", "RESPONSE_HEADER", "RESOURCE", "PATH_PARAMETER",
        "REQUEST_BODY", "QUERY_PARAMETER", "API", "REQUEST_HEADER",
    ),
    "EndpointType": ("PRIVATE", "EDGE", "REGIONAL"),
    "GatewayResponseType": (
        "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN",
        "BAD_REQUEST_BODY", "INVALID_SIGNATURE", "INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE",
        "UNAUTHORIZED", "INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED", "QUOTA_EXCEEDED",
        "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE", "EXPIRED_TOKEN",
    ),
    "Op": ("add", "remove", "move", "test", "replace", "copy"),
}  # fmt: skip

_COMPARISONS = (
    "IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE", "CONTAINS",
)  # fmt: skip

_FACTS = {
    "dynamodb": Facts(
        error_namespace="com.amazonaws.dynamodb.v20120810#",
        common_namespace=CORAL,
        validation_namespace="com.amazon.coral.validate#",
        capital_message=True,
        crc32=True,
        own_lengths=frozenset({"BatchGetRequestMap", "BatchWriteItemRequestMap", "KeyList"}),
        hash_ordered=True,
        bare={"Query": {"limit": "Limit"}},
        enum_orders={
            "ComparisonOperator": _COMPARISONS,
            "ConditionalOperator": ("OR", "AND"),
            "ProjectionType": ("ALL", "INCLUDE", "KEYS_ONLY"),
            "Select": ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"),
            "ReturnValue": ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
            "ScalarAttributeType": ("B", "N", "S"),
        },
    ),
    "dynamodbstreams": Facts(
        error_namespace="com.amazonaws.dynamodb.v20120810#",
        common_namespace=CORAL,
        validation_namespace="com.amazon.coral.validate#",
        crc32=True,
    ),
    "iam": Facts(hides_values=True, sentences=_IAM_SENTENCES),
    "lambda": Facts(
        blob_content_type="application/json",
        items_not_null=True,
        free_enums=frozenset({"Runtime"}),
        max_body=80 << 20,  # a 50 MB package in base64, with room: operations refuse what is too large for them
        enum_orders={"InvokeMode": ("RESPONSE_STREAM", "BUFFERED"), "RecursiveLoop": ("Terminate", "Allow")},
        patterns={
            "DestinationArn": r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
            rf"({_REGION})?:(\d{{12}})?:(.*)",
            "LayerVersionArn": r"(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)"
            r"|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)",
            "NamespacedFunctionName": rf"(arn:(aws[a-zA-Z-]*)?:lambda:)?({_REGION}:)?(\d{{12}}:)?(function:)?"
            r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?",
            "TaggableResource": rf"arn:(aws[a-zA-Z-]*):lambda:{_REGION}:\d{{12}}:(function:[a-zA-Z0-9-_]+"
            r"(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:"
            r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)",
        },
    ),
    "cloudwatch": Facts(common_namespace=CORAL, validation_namespace=CORAL),
    "cloudformation": Facts(patterns={"StackName": "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"}),
    "cognito-idp": Facts(
        validation_code="InvalidParameterException",
        patterns={"DomainType": r"^[a-z0-9](?:[a-z0-9\-.]{0,61}[a-z0-9])?$"},  # custom domains have dots
    ),
    "kms": Facts(enum_orders={"MacAlgorithmSpec": ("HMAC_SHA_384", "HMAC_SHA_256", "HMAC_SHA_224", "HMAC_SHA_512")}),
    "apigateway": Facts(names_body=True, enum_orders=_REST_API_ENUMS),
    "logs": Facts(validation_code="InvalidParameterException"),
    "ec2": Facts(common=_EC2_COMMON, xml_timestamps="iso8601 milliseconds"),
    "s3": Facts(
        common=_S3_COMMON,
        xml_namespace="http://s3.amazonaws.com/doc/2006-03-01/",
        xml_roots=_S3_ROOTS,
        xml_timestamps="iso8601 milliseconds",
        blob_content_type="binary/octet-stream",
    ),
    "route53": Facts(
        common={errors.ValidationFailed: Common("InvalidInput", 400), errors.MalformedRequest: Common("MalformedInput")}
    ),
    "cloudfront": Facts(
        common={
            errors.ValidationFailed: Common("InvalidArgument", 400),
            errors.MalformedRequest: Common("MalformedXML"),
        },
        xml_timestamps="iso8601 milliseconds",
    ),
    "sqs": Facts(error_namespace="com.amazonaws.sqs#", common_namespace=CORAL, queue_url="QueueUrl"),
    "apigatewayv2": Facts(
        validation_code="BadRequestException",
        enums=False,
        own_lengths=frozenset({"IntegerWithLengthBetween0And3600", "IntegerWithLengthBetween50And30000"}),
    ),
}

_DEFAULT = Facts()


def facts_of(service: str) -> Facts:
    """The facts of a service by botocore's name; services without peculiarities share the default."""
    return _FACTS.get(service, _DEFAULT)
