"""Users, groups, login profiles, instance profiles and the account's settings: applied, changed, destroyed by terraform."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.aws.iam.test_certificates_and_keys import certificate
from tests.saml import IdentityProvider

if TYPE_CHECKING:
    from tests.stacks.conftest import Stack


def test_apply_use_change_and_destroy(stack: Callable[[str], Stack]) -> None:
    people = stack("people")
    people.apply()
    assert people.plan_is_empty()

    key, secret, password = (people.run("output", "-raw", name).stdout for name in ("key", "secret", "password"))
    ann = people.region.client("iam", key, secret)
    assert [role["RoleName"] for role in ann.list_roles()["Roles"]] == ["app"]
    ann.change_password(OldPassword=password, NewPassword="another-1-password")

    people.edit("main.tf", 'name = "devs"\n  path = "/staff/"', 'name = "makers"\n  path = "/new/"')
    people.edit("main.tf", 'name = "ann"', 'name = "anna"')
    people.edit("main.tf", "minimum_password_length        = 10", "minimum_password_length        = 12")
    people.edit("main.tf", "groups = [aws_iam_group.admins.name] # ann's", "groups = [aws_iam_group.guests.name]")
    people.apply()
    assert people.plan_is_empty()
    root = people.region.client("iam")
    assert [group["GroupName"] for group in root.list_groups()["Groups"]] == ["admins", "guests", "makers"]
    assert [user["UserName"] for user in root.get_group(GroupName="makers")["Users"]] == ["anna", "bob"]

    people.destroy()
    assert root.list_users()["Users"] == root.list_groups()["Groups"] == root.list_roles()["Roles"] == []
    assert root.list_instance_profiles()["InstanceProfiles"] == root.list_account_aliases()["AccountAliases"] == []


def test_federation_devices_certificates_and_keys(stack: Callable[[str], Stack]) -> None:
    """Identity providers, an MFA device, a server's and a user's certificate, an SSH key, a service's own role."""
    federation = stack("federation")
    body, private = certificate()
    rsa_key = rsa.generate_private_key(65537, 2048).public_key()
    ssh = rsa_key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    for name, content in (
        ("metadata.xml", IdentityProvider().metadata()), ("certificate.pem", body), ("key.pem", private), ("key.pub", ssh),
    ):  # fmt: skip
        (federation.directory / name).write_text(content)
    federation.apply()
    assert federation.plan_is_empty()
    assert federation.run("output", "-raw", "ann_may").stdout == "false"

    iam = federation.region.client("iam")
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"][0]["SerialNumber"].endswith(":mfa/ann")
    ann = iam.get_user(UserName="ann")["User"]["UserId"]
    federation.edit("main.tf", 'team = "a"', 'team = "b"')
    federation.edit("main.tf", 'name = "ann"\n}', 'name = "anna"\n}')
    federation.edit(
        "main.tf", 'client_id_list  = ["sts.amazonaws.com"]', 'client_id_list  = ["sts.amazonaws.com", "x"]'
    )
    federation.apply()
    assert federation.plan_is_empty()
    assert iam.get_user(UserName="anna")["User"]["UserId"] == ann

    federation.destroy()
    assert iam.list_roles()["Roles"] == iam.list_users()["Users"] == iam.list_saml_providers()["SAMLProviderList"] == []
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []
