// A Lambda authorizer: says whether the token in the Authorization header is one of the user pool's, for this client, and of now.

import { createPublicKey, verify } from "node:crypto";

const { AWS_REGION, USER_POOL_ID, CLIENT_ID } = process.env;
const issuer = `https://cognito-idp.${AWS_REGION}.amazonaws.com/${USER_POOL_ID}`;
// Where the pool's keys are to be had: at Cognito, or at whatever the SDKs are told to use in its place.
const host = process.env.AWS_ENDPOINT_URL ?? `https://cognito-idp.${AWS_REGION}.amazonaws.com`;

let keys = new Map();

async function keyOf(id) {
  if (!keys.has(id)) {
    const answer = await fetch(`${host}/${USER_POOL_ID}/.well-known/jwks.json`);
    const found = await answer.json();
    keys = new Map(found.keys.map((key) => [key.kid, createPublicKey({ key, format: "jwk" })]));
  }
  return keys.get(id);
}

const part = (text) => JSON.parse(Buffer.from(text, "base64url").toString());

async function claimsOf(token) {
  const [head, body, signature, ...more] = token.split(".");
  if (!signature || more.length) {
    throw new Error("no token");
  }
  const { alg, kid } = part(head);
  if (alg !== "RS256") {
    throw new Error("a token signed otherwise");
  }
  const key = await keyOf(kid);
  if (!key || !verify("RSA-SHA256", Buffer.from(`${head}.${body}`), key, Buffer.from(signature, "base64url"))) {
    throw new Error("a token signed by somebody else");
  }
  const claims = part(body);
  const client = claims.token_use === "id" ? claims.aud : claims.client_id;
  if (claims.iss !== issuer || client !== CLIENT_ID || !(Date.now() / 1000 < claims.exp)) {
    throw new Error("a token of another pool or client, or an old one");
  }
  return claims;
}

export const handler = async (event) => {
  try {
    const claims = await claimsOf((event.headers.authorization ?? "").replace(/^bearer /i, ""));
    return { isAuthorized: true, context: { sub: claims.sub } };
  } catch (error) {
    console.log(`refused: ${error.message}`);
    return { isAuthorized: false };
  }
};
