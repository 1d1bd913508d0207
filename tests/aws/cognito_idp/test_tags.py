"""Tags of user pools, and what IAM makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]


def test_tags_are_added_and_removed(idp: Any, pool: Callable[..., str]) -> None:
    pool_id = pool(UserPoolTags={"team": "a", "stage": "test"})
    arn = idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["Arn"]
    idp.tag_resource(ResourceArn=arn, Tags={"team": "b", "new": ""})
    assert idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"team": "b", "stage": "test", "new": ""}
    idp.untag_resource(ResourceArn=arn, TagKeys=["stage", "nothing"])
    tags = {"team": "b", "new": ""}
    assert idp.describe_user_pool(UserPoolId=pool_id)["UserPool"]["UserPoolTags"] == tags
    idp.update_user_pool(UserPoolId=pool_id, UserPoolTags={"only": "one"})
    assert idp.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"only": "one"}


def test_a_pool_has_50_tags_at_most(idp: Any, pool: Callable[..., str], aws_error: Error) -> None:
    arn = idp.describe_user_pool(UserPoolId=pool())["UserPool"]["Arn"]
    idp.tag_resource(ResourceArn=arn, Tags={f"k{number}": "v" for number in range(50)})
    refused = aws_error(lambda: idp.tag_resource(ResourceArn=arn, Tags={"more": "v"}))
    assert refused[::2] == ("UserPoolTaggingException", 400)
    refused = aws_error(lambda: idp.tag_resource(ResourceArn=arn, Tags={"aws:x": "v"}))
    assert refused[::2] == ("UserPoolTaggingException", 400)


def test_only_pools_have_tags(idp: Any, account: str, aws_error: Error) -> None:
    for arn in (f"arn:aws:s3:::bucket-{account}", f"arn:aws:cognito-idp:eu-west-1:{account}:userpool/eu-west-1_abc"):
        refused = aws_error(lambda given=arn: idp.list_tags_for_resource(ResourceArn=given))
        assert refused[::2] == ("InvalidParameterException", 400)
    missing = f"arn:aws:cognito-idp:us-east-1:{account}:userpool/us-east-1_abc"
    assert aws_error(lambda: idp.list_tags_for_resource(ResourceArn=missing))[0] == "ResourceNotFoundException"


def test_policies_see_a_pools_tags(
    client: Callable[..., Any], region: Any, pool: Callable[..., str], aws_error: Error
) -> None:
    iam = client("iam")
    iam.create_user(UserName="clerk")
    statement = {
        "Effect": "Allow",
        "Action": "cognito-idp:*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="clerk", PolicyName="may", PolicyDocument=document)
    key = iam.create_access_key(UserName="clerk")["AccessKey"]
    clerk = region.client("cognito-idp", key["AccessKeyId"], key["SecretAccessKey"])
    mine, others = pool(UserPoolTags={"team": "a"}), pool(UserPoolTags={"team": "b"})
    assert clerk.describe_user_pool(UserPoolId=mine)
    assert clerk.create_group(UserPoolId=mine, GroupName="g")
    for call in (
        lambda: clerk.describe_user_pool(UserPoolId=others),
        lambda: clerk.create_group(UserPoolId=others, GroupName="g"),
        lambda: clerk.create_user_pool(PoolName="people"),
    ):
        assert aws_error(call)[0] == "AccessDeniedException"
