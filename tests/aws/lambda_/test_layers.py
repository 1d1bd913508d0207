"""Layers: their versions and permissions, as recorded from AWS (aws-observed/lambda_ and the recordings it is taken from), and what
functions find of them at /opt."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import stat
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from .conftest import Lambda, package, trust
from .test_packages import archive

Error = Callable[[Callable[[], Any]], tuple[str, str, int]]
OTHER = "999988887777"
PROGRAM = stat.S_IFREG | 0o755


def publish(fn: Lambda, files: Mapping[str, str | bytes] | bytes, name: str = "lib", **settings: Any) -> str:
    """Publishes a layer version and returns its ARN."""
    content = files if isinstance(files, bytes) else package(files)
    answer = fn.client.publish_layer_version(LayerName=name, Content={"ZipFile": content}, **settings)
    return str(answer["LayerVersionArn"])


def test_a_published_layer_reads_back(fn: Lambda, account: str) -> None:
    c = fn.client
    arn = f"arn:aws:lambda:us-east-1:{account}:layer:lib"
    content = package({"python/lib.py": "A = 1"})
    made = c.publish_layer_version(
        LayerName="lib", Content={"ZipFile": content}, Description="shared", LicenseInfo="MIT",
        CompatibleRuntimes=["python3.11", "python3.7", "provided"], CompatibleArchitectures=["arm64", "x86_64"],
    )  # fmt: skip
    assert made.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", made["CreatedDate"])
    location = made["Content"].pop("Location")
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == content
    created = made["CreatedDate"]
    version = {
        "LayerVersionArn": f"{arn}:1", "Version": 1, "Description": "shared", "CreatedDate": created,
        "CompatibleRuntimes": ["python3.11", "python3.7", "provided"],
        "CompatibleArchitectures": ["arm64", "x86_64"], "LicenseInfo": "MIT",
    }  # fmt: skip
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert made == version | {"LayerArn": arn, "Content": {"CodeSha256": digest, "CodeSize": len(content)}}
    for got in (
        c.get_layer_version(LayerName="lib", VersionNumber=1),
        c.get_layer_version(LayerName=arn, VersionNumber=1),
        c.get_layer_version_by_arn(Arn=f"{arn}:1"),
    ):
        got.pop("ResponseMetadata")
        got["Content"].pop("Location")
        assert got == made
    assert c.list_layer_versions(LayerName="lib")["LayerVersions"] == [version]
    assert c.list_layers()["Layers"] == [{"LayerName": "lib", "LayerArn": arn, "LatestMatchingVersion": version}]


def test_what_was_not_given_is_not_shown(fn: Lambda) -> None:
    bare = fn.client.publish_layer_version(LayerName="bare", Content={"ZipFile": package()})
    assert bare["Description"] == ""
    assert not {"LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"} & bare.keys()
    empty = fn.client.publish_layer_version(
        LayerName="bare", Content={"ZipFile": package()}, CompatibleRuntimes=[], CompatibleArchitectures=[]
    )
    assert (empty["CompatibleRuntimes"], empty["CompatibleArchitectures"]) == ([], [])


def test_numbers_are_never_given_again(fn: Lambda) -> None:
    c = fn.client
    arns = [publish(fn, {"a": "1"}), publish(fn, {"a": "2"})]
    assert [arn.rpartition(":")[2] for arn in arns] == ["1", "2"]
    for number in (2, 1, 1):
        c.delete_layer_version(LayerName="lib", VersionNumber=number)
    assert c.list_layer_versions(LayerName="lib")["LayerVersions"] == []
    assert c.list_layers()["Layers"] == []
    assert publish(fn, {"a": "1"}).endswith(":3")


def test_lists_are_filtered_and_paged(fn: Lambda) -> None:
    c = fn.client
    publish(fn, {"a": ""}, "one", CompatibleRuntimes=["python3.11"], CompatibleArchitectures=["x86_64"])
    publish(fn, {"a": ""}, "one", CompatibleRuntimes=["python3.12"], CompatibleArchitectures=["arm64"])
    publish(fn, {"a": ""}, "two", CompatibleRuntimes=["nodejs22.x"])
    publish(fn, {"a": ""}, "two")

    def numbers(**filters: Any) -> list[tuple[str, int]]:
        return [
            (one["LayerName"], one["LatestMatchingVersion"]["Version"]) for one in c.list_layers(**filters)["Layers"]
        ]

    assert numbers() == [("one", 2), ("two", 2)]
    assert numbers(CompatibleRuntime="python3.11") == [("one", 1)]
    assert numbers(CompatibleArchitecture="arm64") == [("one", 2)]
    assert numbers(CompatibleRuntime="nodejs22.x") == [("two", 1)]
    assert numbers(CompatibleRuntime="python3.11", CompatibleArchitecture="arm64") == []
    first = c.list_layers(MaxItems=1)
    assert [one["LayerName"] for one in first["Layers"]] == ["one"]
    second = c.list_layers(MaxItems=1, Marker=first["NextMarker"])
    assert [one["LayerName"] for one in second["Layers"]] == ["two"]
    assert "NextMarker" not in second
    latest = c.list_layer_versions(LayerName="one", MaxItems=1)
    assert [one["Version"] for one in latest["LayerVersions"]] == [2]
    rest = c.list_layer_versions(LayerName="one", Marker=latest["NextMarker"])
    assert [one["Version"] for one in rest["LayerVersions"]] == [1]
    found = c.list_layer_versions(LayerName="one", CompatibleRuntime="python3.11")["LayerVersions"]
    assert [one["Version"] for one in found] == [1]
    assert c.list_layer_versions(LayerName="none")["LayerVersions"] == []


def test_errors_are_awss(fn: Lambda, account: str, aws_error: Error) -> None:
    c = fn.client
    publish(fn, {"a": ""})
    missing = ("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    arn = f"arn:aws:lambda:us-east-1:{account}:layer:lib"
    assert aws_error(lambda: c.get_layer_version(LayerName="none", VersionNumber=1)) == missing
    assert aws_error(lambda: c.get_layer_version(LayerName="lib", VersionNumber=2)) == missing
    assert aws_error(lambda: c.get_layer_version_by_arn(Arn=f"{arn}:2")) == missing
    low = ("InvalidParameterValueException", "Layer Version Cannot be less than 1", 400)
    for number in (0, -1):
        assert aws_error(lambda number=number: c.get_layer_version(LayerName="lib", VersionNumber=number)) == low
        assert aws_error(lambda number=number: c.delete_layer_version(LayerName="lib", VersionNumber=number)) == low
    c.delete_layer_version(LayerName="none", VersionNumber=1)
    assert aws_error(lambda: c.tag_resource(Resource=arn, Tags={"a": "b"})) == missing
    assert aws_error(lambda: c.list_tags(Resource=arn)) == missing
    odd = base64.urlsafe_b64encode(b"9" * 5000).decode()
    assert aws_error(lambda: c.list_layer_versions(LayerName="lib", Marker=odd))[1] == "Invalid marker."
    code, message, _ = aws_error(lambda: publish(fn, {"a": ""}, CompatibleRuntimes=["x", "python3.11"]))
    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value '[x, python3.11]' at 'compatibleRuntimes' failed to satisfy constraint: "
        "Member must satisfy enum value set: [nodejs20.x, python3.14, "
    )
    assert aws_error(lambda: c.list_layers(CompatibleRuntime="x"))[1].startswith(
        "1 validation error detected: Value 'x' at 'compatibleRuntime' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ruby3.5, ruby2.6, dotnetcore1.0, python3.7, "
    )
    assert c.list_layers(CompatibleRuntime="nodejs8.x")["Layers"] == []
    assert aws_error(lambda: c.list_layers(CompatibleArchitecture="x"))[1] == (
        "1 validation error detected: Value 'x' at 'compatibleArchitecture' failed to satisfy constraint: "
        "Member must satisfy enum value set: [x86_64, arm64]"
    )
    assert aws_error(lambda: publish(fn, b"no zip"))[1] == (
        "Could not unzip uploaded file. Please check your file, then try to upload again."
    )
    assert (
        aws_error(lambda: c.publish_layer_version(LayerName="lib", Content={}))[0] == "InvalidParameterValueException"
    )
    in_bucket = {"S3Bucket": "bucket", "S3Key": "key"}
    assert aws_error(lambda: c.publish_layer_version(LayerName="lib", Content=in_bucket))[0] == "NotImplemented"


def test_permissions_of_a_version(fn: Lambda, aws_error: Error) -> None:
    c, arn = fn.client, publish(fn, {"a": ""})
    lib = {"LayerName": "lib", "VersionNumber": 1}

    def allow(sid: str, principal: str = "*", **more: Any) -> dict[str, Any]:
        given = {"StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": principal}
        return c.add_layer_version_permission(**{**lib, **given, **more})  # type: ignore[no-any-return]

    nothing = ("ResourceNotFoundException", "No policy is associated with the given resource.", 404)
    assert aws_error(lambda: c.get_layer_version_policy(**lib)) == nothing
    first = allow("s1")
    statement = {
        "Sid": "s1", "Effect": "Allow", "Principal": "*", "Action": "lambda:GetLayerVersion", "Resource": arn,
    }  # fmt: skip
    assert json.loads(first["Statement"]) == statement
    assert json.loads(allow("s2", OTHER)["Statement"])["Principal"] == {"AWS": f"arn:aws:iam::{OTHER}:root"}
    organization = json.loads(allow("s3", OrganizationId="o-abcdefghij")["Statement"])
    assert organization["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}
    found = c.get_layer_version_policy(**lib)
    policy = json.loads(found["Policy"])
    assert (policy["Version"], policy["Id"], policy["Statement"][0]) == ("2012-10-17", "default", statement)
    assert [one["Sid"] for one in policy["Statement"]] == ["s1", "s2", "s3"]
    stale = (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest "
        "Revision Id",
        412,
    )
    assert aws_error(lambda: allow("s4", RevisionId=first["RevisionId"])) == stale
    remove = c.remove_layer_version_permission
    assert aws_error(lambda: remove(**lib, StatementId="s1", RevisionId=first["RevisionId"])) == stale
    assert aws_error(lambda: allow("s1")) == (
        "ResourceConflictException",
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing statement.",
        409,
    )
    assert aws_error(lambda: remove(**lib, StatementId="s9")) == (
        "ResourceNotFoundException", "Statement s9 is not found in resource policy.", 404,
    )  # fmt: skip
    remove(**lib, StatementId="s1", RevisionId=found["RevisionId"])
    assert [one["Sid"] for one in json.loads(c.get_layer_version_policy(**lib)["Policy"])["Statement"]] == ["s2", "s3"]
    for call in (
        lambda: allow("s", VersionNumber=2),
        lambda: c.get_layer_version_policy(LayerName="lib", VersionNumber=2),
        lambda: remove(LayerName="lib", VersionNumber=2, StatementId="s"),
    ):
        missing = f"Layer version {arn.removesuffix(':1')}:2 does not exist."
        assert aws_error(call) == ("ResourceNotFoundException", missing, 404)


def test_another_account_needs_a_grant(fn: Lambda, region: Any, client: Any, account: str, aws_error: Error) -> None:
    arn = publish(fn, {"python/lib.py": "A = 'shared'"})
    other = region.client("lambda", key=OTHER)
    iam = region.client("iam", key=OTHER)
    trusting = client("iam").get_role(RoleName="fn-role")["Role"]["AssumeRolePolicyDocument"]
    name = f"fn-{account}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusting))["Role"]["Arn"]
    theirs = Lambda(other, role)
    denied = (
        "AccessDeniedException",
        f"User: arn:aws:iam::{OTHER}:root is not authorized to perform: lambda:GetLayerVersion on resource: {arn} "
        "because no resource-based policy allows the lambda:GetLayerVersion action",
        403,
    )
    code = "import lib\ndef handler(event, context):\n    return lib.A\n"
    assert aws_error(lambda: other.get_layer_version_by_arn(Arn=arn)) == denied
    assert aws_error(lambda: theirs.create(name, code, Layers=[arn])) == denied
    missing = arn.replace(":lib:", ":none:")
    assert aws_error(lambda: theirs.create(name, code, Layers=[missing]))[1] == denied[1].replace(arn, missing)
    for call in (
        lambda: other.delete_layer_version(LayerName=arn.removesuffix(":1"), VersionNumber=1),
        lambda: other.get_layer_version_policy(LayerName=arn.removesuffix(":1"), VersionNumber=1),
    ):
        assert aws_error(call)[0] == "AccessDeniedException"
    fn.client.add_layer_version_permission(
        LayerName="lib", VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal=OTHER
    )
    assert other.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    theirs.create(name, code, Layers=[arn])
    assert theirs.invoke(name).payload == "shared"
    other.delete_function(FunctionName=name)


def test_which_layers_a_function_may_have(fn: Lambda, account: str, client: Any, aws_error: Error) -> None:
    arns = [publish(fn, {"a": ""}) for _ in range(2)]
    others = [publish(fn, {f"f{n}": ""}, f"l{n}") for n in range(6)]
    fn.create()

    def refused(*layers: str) -> tuple[str, str]:
        made = aws_error(lambda: fn.create("other", Layers=list(layers)))[:2]
        change = fn.client.update_function_configuration
        assert aws_error(lambda: change(FunctionName="fn", Layers=list(layers)))[:2] == made
        return made

    invalid = "InvalidParameterValueException"
    assert refused(*others) == (invalid, "Cannot reference more than 5 layers.")
    two = "Two different versions of the same layer are not allowed to be referenced in the same function. "
    assert refused(*arns) == (invalid, f"{two}{arns[0]} and {arns[1]} are versions of the same layer.")
    assert refused(arns[0], arns[0]) == (invalid, f"{two}{arns[0]} and {arns[0]} are versions of the same layer.")
    for missing in (arns[0].replace(":lib:", ":none:"), arns[0].removesuffix(":1") + ":9"):
        assert refused(missing) == (invalid, f"Layer version {missing} does not exist.")
    bare = arns[0].removesuffix(":1")
    assert refused(bare) == (
        "ValidationException",
        f"1 validation error detected: Value '[{bare}]' at 'layers' failed to satisfy constraint: Member must satisfy "
        "constraint: [Member must have length less than or equal to 140, Member must have length greater than or equal to 1, "
        r"Member must satisfy regular expression pattern: (arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:layer:[a-zA-Z0-9-_]+"
        ":[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member must not be null]",
    )
    elsewhere = Lambda(client("lambda", region_name="eu-west-1"), fn.role)
    assert aws_error(lambda: elsewhere.create(Layers=[arns[0]]))[:2] == (
        invalid, "Layers are not in the same region as the function. Layers are expected to be in region eu-west-1.",
    )  # fmt: skip


def test_configurations_show_layers(fn: Lambda) -> None:
    arns = [publish(fn, {"a": "1"}, "one"), publish(fn, {"b": "22"}, "two")]
    sizes = [len(package({"a": "1"})), len(package({"b": "22"}))]
    shown = [{"Arn": arn, "CodeSize": size} for arn, size in zip(arns, sizes, strict=True)]
    assert fn.create(Layers=arns)["Layers"] == shown
    c = fn.client
    assert c.get_function(FunctionName="fn")["Configuration"]["Layers"] == shown
    assert c.list_functions()["Functions"][0]["Layers"] == shown
    assert c.update_function_configuration(FunctionName="fn", Timeout=9)["Layers"] == shown
    assert c.update_function_configuration(FunctionName="fn", Layers=arns[1:])["Layers"] == shown[1:]
    assert "Layers" not in c.update_function_configuration(FunctionName="fn", Layers=[])
    assert "Layers" not in c.get_function_configuration(FunctionName="fn")
    usage = c.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    assert usage == sum(sizes) + len(package())


def test_a_deleted_version_goes_on_working_for_those_who_have_it(fn: Lambda, aws_error: Error) -> None:
    arn = publish(fn, {"python/lib.py": "A = 'kept'"})
    code = "import lib\ndef handler(event, context):\n    return lib.A\n"
    fn.create(code=code, Layers=[arn])
    fn.client.delete_layer_version(LayerName="lib", VersionNumber=1)
    assert fn.client.get_function_configuration(FunctionName="fn")["Layers"][0]["Arn"] == arn
    assert fn.invoke().payload == "kept"
    fn.client.update_function_configuration(FunctionName="fn", Timeout=9)
    assert fn.invoke().payload == "kept"
    gone = f"Layer version {arn} does not exist."
    assert aws_error(lambda: fn.create("new", code, Layers=[arn]))[1] == gone
    change = fn.client.update_function_configuration
    assert aws_error(lambda: change(FunctionName="fn", Layers=[arn]))[1] == gone


FINDS = """
import os, subprocess, sys
def handler(event, context):
    found = {}
    for name in event.get("read", ()):
        found[name] = open(name).read()
    for name in event.get("run", ()):
        found[name] = subprocess.run([name], capture_output=True, text=True, check=True).stdout
    for name in event.get("import", ()):
        found[name] = __import__(name).__file__
    return found
"""


def test_later_layers_lie_over_earlier_ones(fn: Lambda) -> None:
    link = stat.S_IFLNK | 0o777
    low = publish(
        fn,
        archive(
            ("both", 0o644, b"low"), ("low", 0o644, b"low"), ("dir/a", 0o644, b"low"), ("dir/b", 0o644, b"low"),
            ("turns", 0o644, b"file"), ("linked", link, b"dir"), ("tree/x", 0o644, b"x"),
        ),
        "low",
    )  # fmt: skip
    high = publish(
        fn,
        archive(
            ("both", 0o644, b"high"), ("dir/b", 0o644, b"high"), ("turns/inside", 0o644, b"high"),
            ("linked/own", 0o644, b"high"), ("tree", link, b"dir"),
        ),
        "high",
    )  # fmt: skip
    fn.create(code=FINDS, Layers=[low, high])
    names = ["both", "low", "dir/a", "dir/b", "turns/inside", "linked/own", "tree/b"]
    event = {"read": [f"/opt/{name}" for name in names]}
    assert list(fn.invoke(event=event).payload.values()) == ["high", "low", "low", "high", "high", "high", "high"]
    fn.client.update_function_configuration(FunctionName="fn", Layers=[high, low])
    names = ["both", "low", "dir/a", "dir/b", "turns", "linked/b", "tree/x"]
    event = {"read": [f"/opt/{name}" for name in names]}
    assert list(fn.invoke(event=event).payload.values()) == ["low", "low", "low", "low", "file", "low", "x"]
    fn.client.update_function_configuration(FunctionName="fn", Layers=[])
    assert "FileNotFoundError" in fn.invoke(event={"read": ["/opt/both"]}).payload["errorType"]


def test_python_finds_packages_in_layers(fn: Lambda) -> None:
    site = "python/lib/python3.11/site-packages"
    one = publish(
        fn,
        {"python/plain.py": "", f"{site}/inner/__init__.py": "", "python/app_lib.py": "", "python/first.py": ""},
        "one",
    )
    two = publish(fn, {f"{site}/first.py": ""}, "two")
    fn.create(code={"app.py": FINDS, "app_lib.py": ""}, Layers=[one, two])
    found = fn.invoke(event={"import": ["plain", "inner", "app_lib", "first"]}).payload
    assert found == {
        "plain": "/opt/python/plain.py",
        "inner": f"/opt/{site}/inner/__init__.py",
        "app_lib": "/var/task/app_lib.py",  # the package comes first
        "first": f"/opt/{site}/first.py",  # as AWS orders sys.path
    }


@pytest.mark.parametrize("place", ["python", "python/lib/python3.11/site-packages"])
def test_a_layer_can_bring_its_own_boto3(fn: Lambda, place: str) -> None:
    files = {f"{place}/boto3/__init__.py": "__version__ = 'mine'\n", f"{place}/botocore/__init__.py": ""}
    code = "import boto3\ndef handler(event, context):\n    return [boto3.__version__, boto3.__file__]\n"
    fn.create(code=code, Layers=[publish(fn, files)])
    assert fn.invoke().payload == ["mine", f"/opt/{place}/boto3/__init__.py"]
    fn.client.update_function_code(
        FunctionName="fn", ZipFile=package({"app.py": code, "boto3/__init__.py": "__version__ = 'bundled'"})
    )
    assert fn.invoke().payload == ["bundled", "/var/task/boto3/__init__.py"]
    fn.client.update_function_configuration(FunctionName="fn", Layers=[])
    fn.client.update_function_code(FunctionName="fn", ZipFile=package(code))
    version, file = fn.invoke().payload
    assert version[0].isdigit()
    assert not file.startswith(("/opt", "/var/task"))


def test_programs_of_layers_are_on_the_path(fn: Lambda) -> None:
    tool = b"#!/bin/sh\necho from the layer\n"
    arn = publish(fn, archive(("bin/greet", PROGRAM, tool), ("lib/data", stat.S_IFREG | 0o644, b"")))
    code = FINDS.replace("found = {}", "found = dict(os.environ) if event.get('environment') else {}")
    fn.create(code=code, Layers=[arn])
    assert fn.invoke(event={"run": ["greet"]}).payload == {"greet": "from the layer\n"}
    environment = fn.invoke(event={"environment": True}).payload
    assert "/opt/bin" in environment["PATH"].split(":")
    assert "/opt/lib" in environment["LD_LIBRARY_PATH"].split(":")


def test_layers_cannot_be_written(fn: Lambda) -> None:
    code = """
import os
def handler(event, context):
    failed = []
    open_both = [lambda name=name: open(f"/opt/{name}", "w") for name in ("a", "new")]
    for what in (*open_both, lambda: os.remove("/opt/a"), lambda: os.chmod("/opt/a", 0o777)):
        try:
            what()
        except OSError as error:
            failed.append(type(error).__name__)
    return len(failed), open("/opt/a").read()
"""
    fn.create(code=code, Layers=[publish(fn, {"a": "as it was"})])
    assert fn.invoke().payload == [4, "as it was"]


def test_package_and_layers_have_250_mb_together(fn: Lambda, aws_error: Error) -> None:
    half = publish(fn, archive(*((f"h{n}", 0o644, bytes(26 << 20)) for n in range(5))), "half")
    small = publish(fn, {"a": "x"}, "small")
    large = archive(("app.py", 0o644, b"def handler(event, context): pass"), ("data", 0o644, bytes(127 << 20)))
    total = (5 * 26 << 20) + (127 << 20) + 33
    refused = (
        "InvalidParameterValueException",
        "Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. "
        f"The actual size is {total} bytes.",
        400,
    )
    settings = {"Runtime": "python3.11", "Handler": "app.handler", "Role": fn.role, "Code": {"ZipFile": large}}
    c = fn.client
    assert aws_error(lambda: c.create_function(FunctionName="fn", Layers=[half], **settings)) == refused
    c.create_function(FunctionName="fn", Layers=[small], **settings)
    assert aws_error(lambda: c.update_function_configuration(FunctionName="fn", Layers=[half])) == refused
    fn.create("light", Layers=[half])
    assert aws_error(lambda: c.update_function_code(FunctionName="light", ZipFile=large)) == refused
    assert aws_error(lambda: c.update_function_code(FunctionName="light", ZipFile=large, DryRun=True)) == refused


def test_whoever_gives_a_function_layers_must_be_allowed_to(
    fn: Lambda, region: Any, client: Any, account: str, aws_error: Error
) -> None:
    iam = client("iam")
    iam.create_user(UserName="dev")
    allowed = {"Effect": "Allow", "Action": ["lambda:*Function*", "iam:PassRole"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allowed]}
    iam.put_user_policy(UserName="dev", PolicyName="p", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    dev = Lambda(region.client("lambda", key["AccessKeyId"], key["SecretAccessKey"]), fn.role)
    arn = publish(fn, {"a": ""})
    dev.create()
    assert aws_error(lambda: dev.create("other", Layers=[arn])) == (
        "AccessDeniedException",
        f"User: arn:aws:iam::{account}:user/dev is not authorized to perform: lambda:GetLayerVersion on resource: {arn} "
        "because no identity-based policy allows the lambda:GetLayerVersion action",
        403,
    )


def test_a_crash_and_the_loss_of_what_was_unpacked_lose_nothing(new_region: Callable[..., Any], account: str) -> None:
    region = new_region()
    iam = region.client("iam", key=account)
    role = iam.create_role(RoleName="fn-role", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    fn = Lambda(region.client("lambda", key=account), role)
    arns = [publish(fn, {"a": "low", "b": "low"}, "low"), publish(fn, {"b": "high"}, "high")]
    fn.create(code=FINDS, Layers=arns)
    region.kill()
    for directory in ("code", "layers"):
        shutil.rmtree(region.data_dir / "work" / directory)
    region.start()
    assert list(fn.invoke(event={"read": ["/opt/a", "/opt/b"]}).payload.values()) == ["low", "high"]
    assert publish(fn, {"a": ""}, "low").endswith(":2")


def test_layers_that_lead_out_together(fn: Lambda, tmp_path: Path) -> None:
    """Either is sound; laid over each other their links climb above the layers. Extensions are not looked for there."""
    (tmp_path / "a-file-of-the-machine").touch()
    link, steps = stat.S_IFLNK | 0o777, [f"s{number}" for number in range(20)]
    climb = "/".join([*steps, *[".."] * len(steps)])
    down = publish(fn, archive(("extensions", link, f"{climb}{tmp_path}".encode())), "down")
    here = publish(fn, archive(*((step, link, b".") for step in steps)), "here")
    fn.create(Layers=[down, here])
    ran = fn.invoke(event=1)
    assert (ran.payload, ran.error) == (1, None)
    assert "EXTENSION" not in ran.log
