// A client of the API: signs in with an e-mail address and a password, then adds an item and lists all. Needs API and CLIENT_ID:
//   node client.mjs you@example.com 'the password' 'title of a new item'

import { CognitoIdentityProviderClient, InitiateAuthCommand } from "@aws-sdk/client-cognito-identity-provider";

const { API, CLIENT_ID } = process.env;
const [username, password, title] = process.argv.slice(2);
if (!API || !CLIENT_ID || !title) {
  console.error("usage: API=… CLIENT_ID=… node client.mjs EMAIL PASSWORD TITLE");
  process.exit(2);
}

const cognito = new CognitoIdentityProviderClient({ region: "us-east-1" });
const { AuthenticationResult } = await cognito.send(
  new InitiateAuthCommand({
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: CLIENT_ID,
    AuthParameters: { USERNAME: username, PASSWORD: password },
  }),
);

const headers = { authorization: AuthenticationResult.IdToken, "content-type": "application/json" };
const call = async (method, path, body) => {
  const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return answer.json();
};

const made = await call("POST", "/items", { title });
console.log("made", made.id);
for (const item of (await call("GET", "/items")).items) {
  console.log(item.done ? "[x]" : "[ ]", item.title);
}
