"""Clients for JavaScript, unmodified from npm: amazon-cognito-identity-js, and AWS Amplify's auth module."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.aws.cognito_idp.conftest import PASSWORD
from tests.aws.cognito_idp.test_custom_auth import CREATE, DEFINE, VERIFY
from tests.aws.cognito_idp.tokens import Make, claims
from tests.aws.lambda_.installed import from_npm

PACKAGES = {"amazon-cognito-identity-js": "6.3.16", "@aws-amplify/auth": "6.17.1", "@aws-amplify/core": "6.15.0"}
Node = Callable[..., Any]
IDENTITY_JS = """
const { CognitoUser, CognitoUserPool, AuthenticationDetails, CognitoRefreshToken } = require('amazon-cognito-identity-js');
const { endpoint, pool, app, name, password } = JSON.parse(process.env.GIVEN);
const Pool = new CognitoUserPool({ UserPoolId: pool, ClientId: app, endpoint });
const user = new CognitoUser({ Username: name, Pool });
const details = new AuthenticationDetails({ Username: name, Password: password });
const promised = (start) => new Promise((resolve, reject) => start(resolve, reject));
const tokens = (session) => ({
    access: session.getAccessToken().getJwtToken(), id: session.getIdToken().getJwtToken(),
    refresh: session.getRefreshToken().getToken(),
});
const main = async () => { %s };
main().then((found) => console.log(JSON.stringify(found)), (error) => {
    console.log(JSON.stringify({ error: error.code || error.name, message: error.message }));
});
"""
AMPLIFY = """
const { Amplify, defaultStorage } = require('@aws-amplify/core');
const { cognitoUserPoolsTokenProvider } = require('@aws-amplify/auth/cognito');
const auth = require('@aws-amplify/auth');
const { fetchAuthSession } = require('@aws-amplify/core');
const { endpoint, pool, app, name, password } = JSON.parse(process.env.GIVEN);
const Cognito = { userPoolId: pool, userPoolClientId: app, userPoolEndpoint: endpoint };
cognitoUserPoolsTokenProvider.setAuthConfig({ Cognito });
cognitoUserPoolsTokenProvider.setKeyValueStorage(defaultStorage);
Amplify.configure({ Auth: { Cognito } }, { Auth: { tokenProvider: cognitoUserPoolsTokenProvider } });
const main = async () => { %s };
main().then((found) => console.log(JSON.stringify(found)), (error) => {
    console.log(JSON.stringify({ error: error.name, message: error.message }));
});
"""


@pytest.fixture(scope="session")
def packages(need: Callable[[object, str], None]) -> Path:
    need(shutil.which("node"), "node")
    found = from_npm(PACKAGES)
    need(found, "npm, or Cognito's clients from it")
    assert found
    return found


@pytest.fixture
def node(packages: Path, region: Any, tmp_path: Path) -> Node:
    """`node(IDENTITY_JS, "return …", pool=…, app=…)`: what the program found."""

    def run(frame: str, body: str, **given: str) -> Any:
        given = {"endpoint": region.endpoint, "name": "ada", "password": PASSWORD, **given}
        (tmp_path / "program.cjs").write_text(frame % body)
        if not (tmp_path / "node_modules").exists():
            (tmp_path / "node_modules").symlink_to(packages / "node_modules")
        done = subprocess.run(
            ["node", "--preserve-symlinks", "--preserve-symlinks-main", "program.cjs"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "GIVEN": json.dumps(given)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


SIGN_IN = """
    const session = await promised((onSuccess, onFailure) => user.authenticateUser(details, { onSuccess, onFailure }));
"""


def test_identity_js_signs_in_with_srp_and_refreshes(
    idp: Any, pool: Make, app_client: Make, user: Make, node: Node
) -> None:
    here = pool()
    user(here, "ada", email="ada@example.com")
    app = app_client(here)
    body = (
        SIGN_IN
        + """
    const first = tokens(session);
    const token = new CognitoRefreshToken({ RefreshToken: first.refresh });
    const renewed = await promised((resolve, reject) =>
        user.refreshSession(token, (error, session) => error ? reject(error) : resolve(session)));
    const attributes = await promised((resolve, reject) =>
        user.getUserAttributes((error, found) => error ? reject(error) : resolve(found)));
    await promised((resolve, reject) => user.globalSignOut({ onSuccess: resolve, onFailure: reject }));
    return { first, second: tokens(renewed), attributes: attributes.map((one) => one.getName()) };"""
    )
    found = node(IDENTITY_JS, body, pool=here, app=app)
    assert claims(found["first"]["id"])["email"] == "ada@example.com"
    assert found["second"]["refresh"] == found["first"]["refresh"]
    assert claims(found["second"]["access"])["origin_jti"] == claims(found["first"]["access"])["origin_jti"]
    assert {"sub", "email"} <= set(found["attributes"])
    with pytest.raises(idp.exceptions.NotAuthorizedException):
        idp.get_user(AccessToken=found["first"]["access"])


def test_identity_js_is_refused_with_a_wrong_password(pool: Make, app_client: Make, user: Make, node: Node) -> None:
    here = pool()
    user(here, "ada")
    found = node(IDENTITY_JS, SIGN_IN, pool=here, app=app_client(here), password="Wrong-Horse-1")
    assert found == {"error": "NotAuthorizedException", "message": "Incorrect username or password."}


def test_identity_js_answers_a_new_password_challenge(idp: Any, pool: Make, app_client: Make, node: Node) -> None:
    here = pool(Schema=[{"Name": "nickname", "AttributeDataType": "String", "Required": True, "Mutable": True}])
    idp.admin_create_user(UserPoolId=here, Username="ada", TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
    body = """
    return promised((resolve, reject) => user.authenticateUser(details, {
        onSuccess: reject, onFailure: reject,
        newPasswordRequired: (attributes, required) => user.completeNewPasswordChallenge(
            'Other-Horse-8', { nickname: 'Ada' },
            { onSuccess: (session) => resolve({ required, ...tokens(session) }), onFailure: reject }),
    }));"""
    found = node(IDENTITY_JS, body, pool=here, app=app_client(here))
    assert found["required"] == ["nickname"]
    assert claims(found["id"])["nickname"] == "Ada"


def test_identity_js_answers_custom_challenges(
    pool: Make, app_client: Make, user: Make, trigger: Make, node: Node
) -> None:
    here = pool(
        LambdaConfig={
            "DefineAuthChallenge": trigger("define", DEFINE),
            "CreateAuthChallenge": trigger("create", CREATE),
            "VerifyAuthChallengeResponse": trigger("verify", VERIFY),
        }
    )
    user(here, "ada")
    body = """
    user.setAuthenticationFlowType('CUSTOM_AUTH');
    const questions = [];
    return promised((resolve, reject) => {
        const callbacks = {
            onSuccess: (session) => resolve({ questions, ...tokens(session) }), onFailure: reject,
            customChallenge: (parameters) => {
                questions.push(parameters.question);
                user.sendCustomChallengeAnswer(questions.length < 2 ? '41' : '42', callbacks);
            },
        };
        START(details, callbacks);
    });"""
    app = app_client(here)
    found = node(IDENTITY_JS, body.replace("START", "user.initiateAuth.bind(user)"), pool=here, app=app)
    assert found["questions"] == ["6 x 7?", "6 x 7?"]
    assert claims(found["access"])["username"] == "ada"
    found = node(IDENTITY_JS, body.replace("START", "user.authenticateUser.bind(user)"), pool=here, app=app)
    assert claims(found["access"])["username"] == "ada"  # SRP came first


def test_identity_js_sets_up_and_answers_totp(idp: Any, pool: Make, app_client: Make, user: Make, node: Node) -> None:
    here = pool()
    idp.set_user_pool_mfa_config(
        UserPoolId=here, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True}
    )
    user(here, "ada")
    body = """
    const { createHmac } = require('node:crypto');
    const code = (seed, ahead) => {
        let bits = '';
        for (const letter of seed) bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
        const key = Buffer.from(bits.match(/.{8}/g).map((one) => parseInt(one, 2)));
        const counter = Buffer.alloc(8);
        counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + ahead));
        const digest = createHmac('sha1', key).update(counter).digest();
        const at = digest[19] & 15;
        return String((digest.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
    };
    let seed;
    const first = await promised((resolve, reject) => {
        const callbacks = {
            onSuccess: resolve, onFailure: reject,
            mfaSetup: () => user.associateSoftwareToken(callbacks),
            associateSecretCode: (drawn) => {
                seed = drawn;
                user.verifySoftwareToken(code(seed, 0), 'phone', callbacks);
            },
        };
        user.authenticateUser(details, callbacks);
    });
    const session = await promised((resolve, reject) => {
        const callbacks = {
            onSuccess: resolve, onFailure: reject,
            totpRequired: () => user.sendMFACode(code(seed, 1), callbacks, 'SOFTWARE_TOKEN_MFA'),
        };
        user.authenticateUser(details, callbacks);
    });
    return tokens(session);"""
    found = node(IDENTITY_JS, body, pool=here, app=app_client(here))
    assert "access" in found, found
    assert claims(found["access"])["username"] == "ada"


def test_amplify_signs_in_refreshes_and_signs_out(
    idp: Any, pool: Make, app_client: Make, user: Make, node: Node
) -> None:
    here = pool()
    user(here, "ada", email="ada@example.com")
    body = """
    const signed = await auth.signIn({ username: name, password });
    const first = (await fetchAuthSession()).tokens;
    const second = (await fetchAuthSession({ forceRefresh: true })).tokens;
    const attributes = await auth.fetchUserAttributes();
    await auth.signOut({ global: true });
    return {
        signed, attributes, first: first.accessToken.toString(), second: second.accessToken.toString(),
        user: first.idToken.payload['cognito:username'],
    };"""
    found = node(AMPLIFY, body, pool=here, app=app_client(here))
    assert found["signed"] == {"isSignedIn": True, "nextStep": {"signInStep": "DONE"}}
    assert (found["user"], found["attributes"]["email"]) == ("ada", "ada@example.com")
    assert claims(found["first"])["jti"] != claims(found["second"])["jti"]
    with pytest.raises(idp.exceptions.NotAuthorizedException):
        idp.get_user(AccessToken=found["second"])


def test_amplify_signs_in_by_choice_and_with_a_rotating_client(
    pool: Make, app_client: Make, user: Make, node: Node
) -> None:
    here = pool()
    user(here, "ada")
    app = app_client(here, ExplicitAuthFlows=["ALLOW_USER_AUTH"], RefreshTokenRotation={"Feature": "ENABLED"})
    body = """
    const options = { authFlowType: 'USER_AUTH', preferredChallenge: 'PASSWORD_SRP' };
    const signed = await auth.signIn({ username: name, password, options });
    const tries = [];
    for (let round = 0; round < 3; round++) tries.push((await fetchAuthSession({ forceRefresh: true })).tokens.accessToken.toString());
    return { signed, tries };"""
    found = node(AMPLIFY, body, pool=here, app=app)
    assert found["signed"]["isSignedIn"] is True
    assert len({claims(one)["jti"] for one in found["tries"]}) == 3
    assert len({claims(one)["origin_jti"] for one in found["tries"]}) == 1


def test_amplify_signs_in_by_the_sign_up_itself(pool: Make, app_client: Make, account: str, node: Node) -> None:
    """autoSignIn without a password: the code that confirmed the sign-up is the first factor. The program ends by itself: Amplify's
    timer would wait for three minutes."""
    factors = {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}
    here = pool(Policies=factors, AutoVerifiedAttributes=["email"])
    app = app_client(here, ExplicitAuthFlows=["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
    body = """
    const { account } = JSON.parse(process.env.GIVEN);
    const email = 'ada@example.com';
    setTimeout(() => process.exit(9), 40000);
    await auth.signUp({ username: name, options: { userAttributes: { email }, autoSignIn: { authFlowType: 'USER_AUTH' } } });
    const sent = await (await fetch(`${endpoint}/_atoll/mail?account=${account}&to=${email}`)).json();
    const confirmationCode = sent.messages[0].body.match(/[0-9]{6}/)[0];
    const confirmed = await auth.confirmSignUp({ username: name, confirmationCode });
    const done = await auth.autoSignIn();
    const session = await fetchAuthSession();
    const id = session.tokens.idToken.toString();
    console.log(JSON.stringify({ confirmed: confirmed.nextStep.signUpStep, done: done.isSignedIn, id }));
    process.exit(0);"""
    found = node(AMPLIFY, body, pool=here, app=app, account=account)
    assert (found.get("confirmed"), found.get("done")) == ("COMPLETE_AUTO_SIGN_IN", True), found
    assert claims(found["id"])["cognito:username"] == "ada"
