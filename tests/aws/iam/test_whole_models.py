"""IAM and STS whole: every operation of botocore's two models is here, or refused by its name and with a reason."""

from __future__ import annotations

import boto3
import pytest
from botocore import xform_name
from tests.unit.auth.test_access_reference import sample

from atoll.services import SERVICES

BOTH = [service for service in SERVICES if service.name in ("iam", "sts")]
REFUSED = [(service.name, name, reason) for service in BOTH for name, reason in sorted(service.refused.items())]


@pytest.mark.parametrize("service", BOTH, ids=lambda service: service.name)
def test_no_operation_is_missing(service):
    known = set(boto3.client(service.name, "us-east-1").meta.method_to_api_mapping.values())
    assert known == service.operations().keys() | service.refused.keys()
    assert not service.operations().keys() & service.refused.keys()


@pytest.mark.parametrize(("service", "operation", "reason"), REFUSED)
def test_the_rest_is_refused_by_name(client, aws_error, service, operation, reason):
    asker = client(service)
    asker._serializer = asker._serializer._serializer  # sends requests that lack members
    call = getattr(asker, xform_name(operation))
    assert aws_error(lambda: call(**sample(service, operation))) == (
        "NotImplemented", f"Atoll does not implement {service}:{operation}: {reason}.", 501,
    )  # fmt: skip
