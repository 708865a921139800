// SPDX-License-Identifier: Apache-2.0
// npm openid-client, unchanged and with its default options, as an app, a device and a server that asks about tokens.
//
// usage: openid-client.mjs ISSUER   with the environment CLIENT, REDIRECT, AFTER, USER_NAME, PASSWORD, SERVER and SECRET.
// Prints a line of JSON for each thing that it did; ends with 1 if one of them fails.
import * as client from 'openid-client';

const { CLIENT, REDIRECT, AFTER, USER_NAME, PASSWORD, SERVER, SECRET } = process.env;
const issuer = new URL(process.argv[2]);
const told = (step, facts = {}) => console.log(JSON.stringify({ step, ...facts }));
const scope = 'openid profile offline_access orders:read';

// The person in front of a browser.
function hidden(page) {
  return Object.fromEntries([...page.matchAll(/<input type="hidden" name="([a-z_]+)" value="([^"]*)">/g)].map((m) => [m[1], m[2]]));
}
async function submit(path, fields) {
  return fetch(new URL(path, issuer), { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields) });
}
const password = { username: USER_NAME, password: PASSWORD };
async function signIn(url) {
  const page = await (await fetch(url)).text();
  const answer = await submit('/login', { ...hidden(page), ...password, action: 'sign-in' });
  return new URL(answer.headers.get('location'));
}

const app = await client.discovery(issuer, CLIENT);
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const url = client.buildAuthorizationUrl(app, {
  redirect_uri: REDIRECT,
  scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
});
const tokens = await client.authorizationCodeGrant(app, await signIn(url), { pkceCodeVerifier, expectedState, expectedNonce });
told('code', { sub: tokens.claims().sub, scope: tokens.scope, expires: tokens.expiresIn() > 0 });

const refreshed = await client.refreshTokenGrant(app, tokens.refresh_token);
told('refresh', { rotated: refreshed.refresh_token !== tokens.refresh_token, sub: refreshed.claims().sub });

const server = await client.discovery(issuer, SERVER, SECRET);
const known = await client.tokenIntrospection(server, refreshed.access_token);
told('introspection', { active: known.active, sub: known.sub, scope: known.scope, client: known.client_id });
const basic = await client.discovery(issuer, SERVER, undefined, client.ClientSecretBasic(SECRET));
told('introspection by basic', { active: (await client.tokenIntrospection(basic, refreshed.access_token)).active });

const begun = await client.initiateDeviceAuthorization(app, { scope });
const first = await (await submit('/device', { user_code: begun.user_code.toLowerCase() })).text();
const allowed = await submit('/device/confirm', { ...hidden(first), ...password, action: 'allow' });
const ofDevice = await client.pollDeviceAuthorizationGrant(app, begun);
told('device', { status: allowed.status, sub: ofDevice.claims().sub, refresh: ofDevice.refresh_token !== undefined });

await client.tokenRevocation(app, refreshed.access_token);
told('revocation', { active: (await client.tokenIntrospection(server, refreshed.access_token)).active });

const out = client.buildEndSessionUrl(app, { id_token_hint: refreshed.id_token, post_logout_redirect_uri: AFTER, state: 'x' });
const left = await fetch(out, { redirect: 'manual' });
told('logout', { to: left.headers.get('location') });
try {
  await client.refreshTokenGrant(app, refreshed.refresh_token);
  told('after logout', { error: 'none' });
} catch (error) {
  told('after logout', { error: error.error });
}
