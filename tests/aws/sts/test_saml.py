"""SAML providers, and AssumeRoleWithSAML: responses whose signature is really verified become a role's session."""

from __future__ import annotations

import base64
import copy
import hashlib
import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from lxml import etree
from tests.saml import ATTRIBUTES, SIGN_IN, IdentityProvider
from tests.told import Told
from tests.totp import advance, now

NOT_AUTHORIZED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403)
BAD_SIGNATURE = ("InvalidIdentityToken", "Response signature invalid", 400)


def document(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture(scope="module")
def idp():
    return IdentityProvider()


@pytest.fixture
def iam(own, account):
    return own.client("iam", key=account)


@pytest.fixture
def provider(iam, idp):
    return iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]


@pytest.fixture
def make_role(iam, provider):
    def make(name="staff", policy=None, actions="sts:AssumeRoleWithSAML", **more):
        trust = document(Principal={"Federated": provider}, Action=actions, **more)
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy or document(Action="*", Resource="*"))
        return arn

    return make


@pytest.fixture
def says(own, idp, provider):
    """says(role, **changes): a response of the provider that ann has the role."""

    def response(role, attributes=(), **changes):
        given = {
            f"{ATTRIBUTES}Role": f"{role},{provider}", f"{ATTRIBUTES}RoleSessionName": "ann@example.com", **dict(attributes),
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        return changes.pop("by", idp).response(now(own), given, **changes)

    return response


@pytest.fixture
def assume(own, provider):
    """assume(role, response): what anybody does, without credentials."""
    sts = boto3.client(
        "sts", endpoint_url=own.endpoint, region_name="us-east-1",
        config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}),
    )  # fmt: skip
    return lambda role, response, **more: sts.assume_role_with_saml(
        **{"RoleArn": role, "PrincipalArn": provider, "SAMLAssertion": response, **more}
    )


def test_providers(iam, idp, provider, account, aws_error):
    assert provider == f"arn:aws:iam::{account}:saml-provider/Corp"
    found = iam.get_saml_provider(SAMLProviderArn=provider)
    assert found["SAMLMetadataDocument"] == idp.metadata()
    assert (found["AssertionEncryptionMode"], found["PrivateKeyList"], found["Tags"]) == ("Allowed", [], [])
    (listed,) = iam.list_saml_providers()["SAMLProviderList"]
    assert (listed["Arn"], listed["ValidUntil"]) == (provider, found["ValidUntil"])
    changed = idp.metadata('validUntil="2040-01-02T03:04:05Z"')
    assert (
        iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=changed)["SAMLProviderArn"] == provider
    )
    assert iam.get_saml_provider(SAMLProviderArn=provider)["ValidUntil"].year == 2040
    iam.tag_saml_provider(SAMLProviderArn=provider, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_saml_provider(SAMLProviderArn=provider, TagKeys=["a"])
    assert iam.list_saml_provider_tags(SAMLProviderArn=provider)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert aws_error(lambda: iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=changed))[0] == (
        "EntityAlreadyExists"
    )
    iam.delete_saml_provider(SAMLProviderArn=provider)
    missing = ("NoSuchEntity", f"Manifest not found for arn {provider}", 404)
    assert aws_error(lambda: iam.get_saml_provider(SAMLProviderArn=provider)) == missing
    assert aws_error(lambda: iam.delete_saml_provider(SAMLProviderArn=provider)) == missing


def test_metadata_that_describes_no_provider(iam, idp, aws_error):
    good, filler = idp.metadata(), " " * 1000
    bomb = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>' + good.partition("?>")[2]
    for wrong in (
        filler, "{}" + filler, "<a/>" + filler, good.replace("IDPSSODescriptor", "SPSSODescriptor"),
        good.replace("X509Certificate>", "X509Certificat>"), good.replace("X509Certificate>MII", "X509Certificate>AAA"), bomb,
        good.replace("entityID=", "other="), idp.metadata('validUntil="soon"'),
    ):  # fmt: skip
        refused = aws_error(lambda wrong=wrong: iam.create_saml_provider(Name="x", SAMLMetadataDocument=wrong))
        assert refused == ("InvalidInput", "Could not parse metadata", 400)


@pytest.mark.parametrize("signed", ["Assertion", "Response"])
def test_a_response_becomes_a_session(make_role, assume, says, own_session, account, idp, signed):
    role = make_role()
    answer = assume(role, says(role, sign=signed))
    arn = f"arn:aws:sts::{account}:assumed-role/staff/ann@example.com"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    assert (answer["Subject"], answer["SubjectType"]) == ("ann@example.com", "persistent")
    assert (answer["Issuer"], answer["Audience"]) == (idp.entity_id, SIGN_IN)
    digest = hashlib.sha1(f"{idp.entity_id}{account}/Corp".encode()).digest()
    assert answer["NameQualifier"] == base64.b64encode(digest).decode()
    assert own_session(answer, "sts").get_caller_identity()["Arn"] == arn
    assert own_session(answer, "iam").list_roles()["Roles"]


def test_trust_policies_and_sessions_know_what_was_asserted(
    make_role, assume, says, own_session, idp, provider, aws_error
):
    mail = "urn:oid:0.9.2342.19200300.100.1.3"
    policy = document(
        Action="iam:GetUser", Resource="arn:aws:iam::*:user/${saml:sub}",
        Condition={"StringEquals": {"aws:FederatedProvider": provider}},
    )  # fmt: skip
    role = make_role(
        policy=policy,
        Condition={
            "StringEquals": {
                "saml:aud": SIGN_IN,
                "saml:iss": idp.entity_id,
                "saml:sub_type": "persistent",
                "saml:mail": "a@b",
            }
        },
    )
    answer = assume(role, says(role, {mail: "a@b"}))
    assert aws_error(lambda: own_session(answer, "iam").get_user(UserName="ann@example.com"))[0] == "NoSuchEntity"
    assert aws_error(lambda: own_session(answer, "iam").get_user(UserName="bob"))[0] == "AccessDenied"
    for wrong in (says(role), says(role, {mail: "c@d"}), says(role, {mail: "a@b"}, format="urn:x")):
        assert aws_error(lambda wrong=wrong: assume(role, wrong)) == NOT_AUTHORIZED


def test_who_is_not_meant(make_role, assume, says, provider, account, aws_error):
    role, other = make_role(), make_role("other")
    assert aws_error(lambda: assume(other, says(role))) == NOT_AUTHORIZED
    assert aws_error(lambda: assume(role, says(role, {f"{ATTRIBUTES}Role": None}))) == NOT_AUTHORIZED
    both = {f"{ATTRIBUTES}Role": [f"{provider}, {other}", f"{role},{provider}"]}
    assert assume(other, says(role, both))
    gone = f"arn:aws:iam::{account}:role/gone"
    assert aws_error(lambda: assume(gone, says(gone))) == NOT_AUTHORIZED


def test_responses_that_prove_nothing(make_role, assume, says, idp, provider, aws_error):
    role, stranger = make_role(), IdentityProvider()
    invalid = "InvalidIdentityToken"
    name = f"{ATTRIBUTES}RoleSessionName"
    for wrong, expected in (
        ("!!!!", (invalid, "Invalid base64 SAMLResponse", 400)),
        (base64.b64encode(b"<a>").decode(), (invalid, "Invalid SAML response", 400)),
        (base64.b64encode(b"<a/>").decode(), (invalid, "Invalid SAML response", 400)),
        (says(role, sign=""), BAD_SIGNATURE),
        (says(role, by=stranger), BAD_SIGNATURE),
        (says(role, by=stranger, sign="Response"), BAD_SIGNATURE),
        (says(role, issuer="https://other.example"), (invalid, "Issuer not present in specified provider", 400)),
        (says(role, audience="https://other.example"), (invalid, "Audience is invalid", 400)),
        (says(role, recipient="https://other.example"), (invalid, "Recipient is invalid", 400)),
        (says(role, name=""), NOT_AUTHORIZED),
        (says(role, {name: None}), (invalid, "RoleSessionName is required in AuthnResponse", 400)),
        (says(role, {name: "a b"}), (invalid, "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}", 400)),
        (says(role, status="urn:oasis:names:tc:SAML:2.0:status:Responder"),
         ("IDPRejectedClaim", "The identity provider reported that authentication failed.", 403)),
    ):  # fmt: skip
        assert aws_error(lambda wrong=wrong: assume(role, wrong)) == expected
    other = provider.replace("Corp", "None")
    assert aws_error(lambda: assume(role, says(role), PrincipalArn=other)) == (
        invalid, "Specified provider doesn't exist", 400,
    )  # fmt: skip


def test_only_what_was_signed_is_read(own, make_role, assume, idp, provider, aws_error):
    """Signature wrapping: a good assertion beside, around and inside a forged one."""
    role, admin = make_role(), make_role("admin")
    given = {f"{ATTRIBUTES}Role": f"{role},{provider}", f"{ATTRIBUTES}RoleSessionName": "ann"}
    forged = {f"{ATTRIBUTES}Role": f"{admin},{provider}", f"{ATTRIBUTES}RoleSessionName": "eve"}

    def encoded(root):
        return base64.b64encode(etree.tostring(root)).decode()

    def pieces():
        good = idp.document(now(own), given)
        evil = idp.document(now(own), forged, sign="")
        return good, good.find("{*}Assertion"), evil, evil.find("{*}Assertion")

    good, _, _, evil = pieces()
    good.insert(0, evil)  # the forged one first
    before = encoded(good)
    good, _, _, evil = pieces()
    good.append(evil)
    after = encoded(good)
    good, assertion, root, evil = pieces()
    signature = copy.deepcopy(assertion.find("{*}Signature"))
    evil.insert(1, signature)  # the signature of the good one, which lies in an extension
    extensions = etree.SubElement(root, "{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
    extensions.append(assertion)
    moved = encoded(root)
    good, assertion, root, evil = pieces()
    evil.set("ID", assertion.get("ID"))
    evil.insert(1, copy.deepcopy(assertion.find("{*}Signature")))
    renamed = encoded(root)
    good, assertion, _, _ = pieces()
    assertion.find(".//{*}NameID").text = "eve"
    changed = encoded(good)
    for wrong in (before, after, moved, renamed, changed):
        assert aws_error(lambda wrong=wrong: assume(admin, wrong)) in (BAD_SIGNATURE, NOT_AUTHORIZED)


def test_xml_that_means_harm(make_role, assume, says, aws_error):
    role = make_role()
    good = base64.b64decode(says(role)).decode()
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    for head in (
        f'<!DOCTYPE x [<!ENTITY l0 "x">{bomb}]>',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    ):
        wrong = base64.b64encode((head + good).encode()).decode()
        assert aws_error(lambda wrong=wrong: assume(role, wrong)) == (
            "InvalidIdentityToken", "Invalid SAML response", 400,
        )  # fmt: skip
    deep = base64.b64encode(b"<a>" * 20_000).decode()
    assert aws_error(lambda: assume(role, deep))[0] == "InvalidIdentityToken"


def test_times_are_the_regions(own, make_role, assume, says, aws_error):
    role = make_role()
    kept, short = says(role), says(role, lasts=60)
    advance(own, 90)
    assert aws_error(lambda: assume(role, short)) == ("ExpiredTokenException", "The assertion has expired", 400)
    assert assume(role, kept)
    late = says(role, lasts=3600)
    advance(own, 301)
    assert aws_error(lambda: assume(role, late)) == (
        "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance", 400,
    )  # fmt: skip
    early = says(role, issued=now(own) + 4000, lasts=9000)
    assert aws_error(lambda: assume(role, early)) == ("InvalidIdentityToken", "The assertion is not valid yet", 400)


def test_a_session_ends_with_the_providers(own, make_role, assume, says):
    role = make_role()
    answer = assume(role, says(role, session=now(own) + 1200))
    assert 1100 < answer["Credentials"]["Expiration"].timestamp() - now(own) <= 1200


def test_tags_and_source_identity_of_assertions(make_role, assume, says, own_session, aws_error):
    said = {f"{ATTRIBUTES}PrincipalTag:team": "red", f"{ATTRIBUTES}SourceIdentity": "ann"}
    plain = make_role("plain")
    assert aws_error(lambda: assume(plain, says(plain, said)))[1] == "Not authorized to perform sts:TagSession"
    policy = document(Action="*", Resource="*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"]
    role = make_role("tagged", policy, actions, Condition={"StringEquals": {"saml:aud": SIGN_IN}})
    answer = assume(role, says(role, said))
    assert answer["SourceIdentity"] == "ann"
    assert own_session(answer, "iam").list_users()


ACTIONS = ("sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity")


@pytest.mark.parametrize("lacking", ACTIONS)
def test_exactly_the_declared_actions_are_needed(make_role, assume, says, aws_error, lacking):
    said = {f"{ATTRIBUTES}PrincipalTag:team": "red", f"{ATTRIBUTES}SourceIdentity": "ann"}
    role = make_role(actions=[action for action in ACTIONS if action != lacking])
    refused = aws_error(lambda: assume(role, says(role, said)))
    assert refused == ("AccessDenied", f"Not authorized to perform {lacking}", 403)


def test_encrypted_assertions_are_refused(iam, idp, aws_error):
    given = {"Name": "x", "SAMLMetadataDocument": idp.metadata(), "AssertionEncryptionMode": "Required"}
    assert aws_error(lambda: iam.create_saml_provider(**given))[0] == "NotImplemented"


def test_no_assertion_is_in_a_log_or_trace(own, make_role, assume, says):
    role = make_role()
    response = says(role)
    given = assume(role, response)["Credentials"]
    told = Told(own)
    assert "sts.AssumeRoleWithSAML" in told
    for secret in (response, response[200:260], given["SecretAccessKey"]):
        assert secret not in told
