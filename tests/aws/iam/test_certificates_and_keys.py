"""Server certificates, signing certificates and SSH public keys."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from tests.told import Told

PEM, NONE = serialization.Encoding.PEM, serialization.NoEncryption()


def certificate(name="site.example"):
    """A certificate that vouches for itself, and its private key, as PEM without the last line break."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder(
        who, who, key.public_key(), x509.random_serial_number(), begin, begin + datetime.timedelta(days=4000)
    ).sign(key, hashes.SHA256())
    private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, NONE)
    return made.public_bytes(PEM).decode().strip(), private.decode()


@pytest.fixture(scope="module")
def site():
    return certificate()


@pytest.fixture
def iam(client):
    return client("iam")


@pytest.fixture
def ann(iam):
    iam.create_user(UserName="ann")
    return "ann"


def test_a_server_certificate(iam, site, account, aws_error):
    body, key = site
    made = iam.upload_server_certificate(
        ServerCertificateName="site", Path="/web/", CertificateBody=body, PrivateKey=key, CertificateChain=body
    )["ServerCertificateMetadata"]
    assert made["Arn"] == f"arn:aws:iam::{account}:server-certificate/web/site"
    assert (made["Path"], made["ServerCertificateName"], made["Expiration"].year) == ("/web/", "site", 2036)
    found = iam.get_server_certificate(ServerCertificateName="site")["ServerCertificate"]
    assert (found["CertificateBody"], found["CertificateChain"], found["Tags"]) == (body, body, [])
    assert iam.list_server_certificates(PathPrefix="/web/")["ServerCertificateMetadataList"] == [made]
    assert iam.list_server_certificates(PathPrefix="/other/")["ServerCertificateMetadataList"] == []
    assert aws_error(
        lambda: iam.upload_server_certificate(ServerCertificateName="site", CertificateBody=body, PrivateKey=key)
    ) == ("EntityAlreadyExists", "The Server Certificate with name site already exists.", 409)
    iam.update_server_certificate(ServerCertificateName="site", NewServerCertificateName="shop", NewPath="/")
    missing = ("NoSuchEntity", "The Server Certificate with name site cannot be found.", 404)
    assert aws_error(lambda: iam.get_server_certificate(ServerCertificateName="site")) == missing
    assert aws_error(lambda: iam.delete_server_certificate(ServerCertificateName="site")) == missing
    iam.tag_server_certificate(ServerCertificateName="shop", Tags=[{"Key": "a", "Value": "1"}])
    assert iam.list_server_certificate_tags(ServerCertificateName="shop")["Tags"] == [{"Key": "a", "Value": "1"}]
    iam.untag_server_certificate(ServerCertificateName="shop", TagKeys=["a"])
    iam.delete_server_certificate(ServerCertificateName="shop")
    assert iam.list_server_certificates()["ServerCertificateMetadataList"] == []


def test_server_certificates_that_are_none(iam, site, region, aws_error):
    body, key = site
    _, other = certificate("other.example")

    def upload(body, key):
        return aws_error(
            lambda: iam.upload_server_certificate(ServerCertificateName="x", CertificateBody=body, PrivateKey=key)
        )[0]

    assert upload("x", key) == "MalformedCertificate"
    assert upload(body, "x") == "MalformedCertificate"
    assert upload(body, other) == "KeyPairMismatch"
    told = Told(region)
    assert "iam.UploadServerCertificate" in told
    for secret in (key, other):
        assert secret.splitlines()[1] not in told


def test_signing_certificates(iam, ann, aws_error):
    body, _ = certificate("one")
    made = iam.upload_signing_certificate(UserName=ann, CertificateBody=body)["Certificate"]
    assert (made["UserName"], made["CertificateBody"], made["Status"]) == (ann, body, "Active")
    assert aws_error(lambda: iam.upload_signing_certificate(UserName=ann, CertificateBody=body))[0] == (
        "DuplicateCertificate"
    )
    iam.upload_signing_certificate(UserName=ann, CertificateBody=certificate("two")[0])
    third = certificate("three")[0]
    assert aws_error(lambda: iam.upload_signing_certificate(UserName=ann, CertificateBody=third)) == (
        "LimitExceeded", "Cannot exceed quota for CertificatesPerUser: 2", 409,
    )  # fmt: skip
    iam.update_signing_certificate(UserName=ann, CertificateId=made["CertificateId"], Status="Inactive")
    listed = iam.list_signing_certificates(UserName=ann)["Certificates"]
    assert sorted(one["Status"] for one in listed) == ["Active", "Inactive"]
    assert aws_error(lambda: iam.upload_signing_certificate(UserName=ann, CertificateBody="invalid-certificate-body")) == (
        "MalformedCertificate", "Certificate invalid-certificate-body is malformed.", 400,
    )  # fmt: skip
    gone = "NONEXISTENTCERTID12345678901"
    assert aws_error(lambda: iam.delete_signing_certificate(UserName=ann, CertificateId=gone)) == (
        "NoSuchEntity", f"The Certificate with id {gone} cannot be found.", 404,
    )  # fmt: skip
    assert aws_error(lambda: iam.delete_user(UserName=ann))[0] == "DeleteConflict"
    for one in listed:
        iam.delete_signing_certificate(UserName=ann, CertificateId=one["CertificateId"])
    iam.delete_user(UserName=ann)


def test_ssh_public_keys(iam, ann, aws_error):
    key = rsa.generate_private_key(65537, 2048).public_key()
    body = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    pem = key.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    made = iam.upload_ssh_public_key(UserName=ann, SSHPublicKeyBody=body)["SSHPublicKey"]
    key_id = made["SSHPublicKeyId"]
    assert key_id.startswith("APKA")
    assert len(made["Fingerprint"].split(":")) == 16
    assert (
        aws_error(lambda: iam.upload_ssh_public_key(UserName=ann, SSHPublicKeyBody=pem))[0] == "DuplicateSSHPublicKey"
    )
    shown = iam.get_ssh_public_key(UserName=ann, SSHPublicKeyId=key_id, Encoding="PEM")["SSHPublicKey"]
    assert shown["SSHPublicKeyBody"] == pem
    shown = iam.get_ssh_public_key(UserName=ann, SSHPublicKeyId=key_id, Encoding="SSH")["SSHPublicKey"]
    assert shown["SSHPublicKeyBody"] == body
    iam.update_ssh_public_key(UserName=ann, SSHPublicKeyId=key_id, Status="Inactive")
    (listed,) = iam.list_ssh_public_keys(UserName=ann)["SSHPublicKeys"]
    assert (listed["SSHPublicKeyId"], listed["Status"]) == (key_id, "Inactive")
    for wrong in ("ssh-rsa AAAA", "x", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"):
        assert aws_error(lambda wrong=wrong: iam.upload_ssh_public_key(UserName=ann, SSHPublicKeyBody=wrong))[0] == (
            "InvalidPublicKey"
        )
    iam.delete_ssh_public_key(UserName=ann, SSHPublicKeyId=key_id)
    assert aws_error(lambda: iam.delete_ssh_public_key(UserName=ann, SSHPublicKeyId=key_id)) == (
        "NoSuchEntity", f"The Public Key with id {key_id} cannot be found.", 404,
    )  # fmt: skip


def test_the_credential_report_knows_signing_certificates(iam, ann):
    iam.upload_signing_certificate(UserName=ann, CertificateBody=certificate("one")[0])
    iam.generate_credential_report()
    columns, *rows = (line.split(",") for line in iam.get_credential_report()["Content"].decode().splitlines())
    (row,) = (dict(zip(columns, row, strict=True)) for row in rows if row[0] == ann)
    assert (row["cert_1_active"], row["cert_2_active"]) == ("true", "false")
    assert row["cert_1_last_rotated"] != "N/A"
