"""Which services a policy grants access to: the namespaces of the actions that it allows."""

from __future__ import annotations

from atoll.auth.policy import document
from atoll.auth.policy.match import compile_pattern, tokenize

NAMES = {
    "acm": "AWS Certificate Manager",
    "apigateway": "Amazon API Gateway Management",
    "appsync": "AWS AppSync",
    "cloudformation": "AWS CloudFormation",
    "cloudfront": "Amazon CloudFront",
    "cloudwatch": "Amazon CloudWatch",
    "cognito-identity": "Amazon Cognito Identity",
    "cognito-idp": "Amazon Cognito User Pools",
    "dynamodb": "Amazon DynamoDB",
    "ec2": "Amazon EC2",
    "ecr": "Amazon Elastic Container Registry",
    "events": "Amazon EventBridge",
    "execute-api": "Amazon API Gateway",
    "firehose": "Amazon Kinesis Firehose",
    "iam": "AWS Identity and Access Management",
    "kinesis": "Amazon Kinesis Data Streams",
    "kms": "AWS Key Management Service",
    "lambda": "AWS Lambda",
    "logs": "Amazon CloudWatch Logs",
    "pipes": "Amazon EventBridge Pipes",
    "rds": "Amazon RDS",
    "route53": "Amazon Route 53",
    "s3": "Amazon S3",
    "scheduler": "Amazon EventBridge Scheduler",
    "secretsmanager": "AWS Secrets Manager",
    "ses": "Amazon SES",
    "sns": "Amazon SNS",
    "sqs": "Amazon SQS",
    "ssm": "AWS Systems Manager",
    "states": "AWS Step Functions",
    "sts": "AWS Security Token Service",
    "tag": "Amazon Resource Group Tagging API",
    "xray": "AWS X-Ray",
}
"""The services that serverless systems use, by namespace: those that a wildcard grants here. docs: Service Authorization Reference."""


def name_of(namespace: str) -> str:
    """A service's name; its namespace where Atoll has none."""
    return NAMES.get(namespace, namespace)


def granted(text: str) -> set[str]:
    """The namespaces of the services of which a policy document allows an action. What is denied does not matter."""
    found: set[str] = set()
    for statement in document.read(text).statements:
        if statement.effect != "Allow":
            continue
        for action in document.many(statement.action):
            found |= _matching(action.lower().partition(":")[0])
        if excepted := document.many(statement.not_action):
            whole = {action.lower().partition(":")[0] for action in excepted if action.endswith((":*", "*"))}
            found |= NAMES.keys() - {name for name in NAMES if any(name in _matching(prefix) for prefix in whole)}
    return found


def _matching(prefix: str) -> set[str]:
    """The namespaces that an action's prefix, which may have wildcards, stands for."""
    if not set(prefix) & set("*?"):
        return {prefix}
    matches = compile_pattern(tokenize(prefix, wildcards=True, variables=False))
    return {name for name in NAMES if matches(name)}
