// SPDX-License-Identifier: Apache-2.0
// A real OpenID provider (npm oidc-provider) that signs people in without a person.
//
// Environment:
//   PORT                 0 = any free port of 127.0.0.1
//   TLS_CERT, TLS_KEY    PEM files; then the issuer is https
//   ISSUER               the issuer's URL when a front stands before it
//   AT_TTL, RT_TTL       lifetimes of access and refresh tokens in seconds (60, 3600)
//   RESOURCES            space-separated resource indicators (RFC 8707) that get JWT access tokens (https://api.test/)
//   DEFAULT_RESOURCE=1   a client that names no resource gets the first of them
//   API_SCOPES           scopes of these resources ("api:read api:write")
//   KEYS_FILE            keeps the signing keys over a restart
//   DPOP_NONCE=1         demands DPoP nonces
//   DEVICE_TTL           lifetime of device codes in seconds (120)
//   ROTATE=0             a refresh token is good until it is revoked
//   WEAK=1               signs nobody in as strongly as acr_values ask
//
// Prints "READY <issuer>". Who signs in is login_hint (default "alice"); the hint "deny" refuses.
// Public clients: native, native-dpop, native-par; introspection by rs / rs-secret.
//
// Switches for tests, all GET:
//   /ctl/fail-token?n=1[&after=2]    the next n token requests get 503 with Retry-After
//   /ctl/lose-token?n=1              the next n token requests are carried out, but the answer is never sent
//   /ctl/hang-token?n=1              the next n token requests are not carried out, and get no answer
//   /ctl/weak?on=1                   as WEAK=1, until on=0
//   /ctl/outage?ms=3000              every request is cut for so long
//   /ctl/device?user_code=..[&user=erin | &deny=1]
//   /ctl/logout?sub=alice&uri=..     sends the client "native" a logout token for this user, as at a sign-out; 502 if it is not taken
//   /ctl/revoke                     ends every refresh token, as an administrator does
//   /ctl/refreshes                  what came of each refresh token: [{"token":"SHA-256, 8 digits","outcome":"success"}, ..]
//   /ctl/stats                       {"token":{"authorization_code":1,"refresh_token":2},"revocation":0,"ended":0,"hung":0,"errors":{"invalid_grant":1}}
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createHash, randomBytes } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const seconds = (name, otherwise) => Number(process.env[name] ?? otherwise);
const resources = (process.env.RESOURCES ?? 'https://api.test/').split(' ').filter(Boolean);
const apiScopes = process.env.API_SCOPES ?? 'api:read api:write';
const tls = process.env.TLS_CERT
  ? { cert: fs.readFileSync(process.env.TLS_CERT), key: fs.readFileSync(process.env.TLS_KEY) } : null;

const server = tls ? https.createServer(tls) : http.createServer();
await new Promise((listening) => server.listen(seconds('PORT', 0), '127.0.0.1', listening));
const issuer = process.env.ISSUER ?? `${tls ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;

async function signingKeys() {
  const file = process.env.KEYS_FILE;
  if (file && fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
  const keys = [];
  for (const [alg, options] of [['RS256', { modulusLength: 2048 }], ['ES256', {}]]) {
    const pair = await generateKeyPair(alg, { extractable: true, ...options });
    keys.push({ ...(await exportJWK(pair.privateKey)), alg, use: 'sig', kid: randomBytes(6).toString('hex') });
  }
  if (file) fs.writeFileSync(file, JSON.stringify({ keys }), { mode: 0o600 });
  return { keys };
}

function publicClient(id, more) {
  return {
    client_id: id,
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://127.0.0.1/callback', 'http://[::1]/callback', 'dev.watchword.test:/callback'],
    post_logout_redirect_uris: ['http://127.0.0.1/signed-out'],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    ...more,
  };
}

function grantFor(accountId, clientId, scope) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope ?? 'openid');
  for (const resource of resources) grant.addResourceScope(resource, apiScopes);
  return grant;
}

const provider = new Provider(issuer, {
  jwks: await signingKeys(),
  cookies: { keys: [randomBytes(16).toString('hex')] },
  clients: [
    publicClient('native'),
    publicClient('native-dpop', { dpop_bound_access_tokens: true }),
    publicClient('native-par', { require_pushed_authorization_requests: true }),
    {
      client_id: 'rs', client_secret: 'rs-secret', token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  scopes: [...new Set(['openid', 'offline_access', 'profile', 'email', ...apiScopes.split(' ')])],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'] },
  acrValues: ['urn:strong'],
  conformIdTokenClaims: false,
  findAccount: (context, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id, name: `Test ${id}`, preferred_username: id, email: `${id}@example.test`, email_verified: true,
    }),
  }),
  pkce: { required: () => true },
  // Clients of the tests are on this machine, where the provider would post nothing by itself.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  rotateRefreshToken: process.env.ROTATE !== '0',
  issueRefreshToken: async (context, client) => client.grantTypeAllowed('refresh_token'),
  expiresWithSession: async () => false,
  ttl: {
    AccessToken: () => seconds('AT_TTL', 60), RefreshToken: () => seconds('RT_TTL', 3600), IdToken: 300,
    AuthorizationCode: 30, DeviceCode: seconds('DEVICE_TTL', 120), Session: 3600, Grant: 7200, Interaction: 300, ClientCredentials: 60,
  },
  interactions: { url: (context, interaction) => `/interaction/${interaction.uid}` },
  loadExistingGrant: async (context) => {
    const { client, params, session } = context.oidc;
    const known = session.grantIdFor(client.clientId);
    const grant = (known && (await provider.Grant.find(known))) || grantFor(session.accountId, client.clientId, params.scope);
    grant.addOIDCScope(params.scope ?? 'openid');
    await grant.save();
    return grant;
  },
  features: {
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => process.env.DPOP_NONCE === '1' },
    pushedAuthorizationRequests: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (context, client, token) => client.clientId === 'rs' || client.clientId === token.clientId,
    },
    revocation: { enabled: true, allowedPolicy: (context, client, token) => client.clientId === token.clientId },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (context, client, oneOf) =>
        oneOf ?? (process.env.DEFAULT_RESOURCE === '1' ? resources[0] : undefined),
      useGrantedResource: async () => true,
      getResourceServerInfo: async (context, indicator) => {
        if (!resources.includes(indicator)) throw new errors.InvalidTarget();
        return {
          scope: apiScopes, audience: indicator, accessTokenFormat: 'jwt', accessTokenTTL: seconds('AT_TTL', 60),
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
  },
});

const switches = { failToken: 0, retryAfter: 1, loseToken: 0, hangToken: 0, outageUntil: 0 };
const stats = { token: {}, revocation: 0, ended: 0, hung: 0, errors: {} };
const refreshes = [];
const issued = [];
provider.on('refresh_token.saved', (token) => { issued.push(token); });
function logRefresh(context, outcome) {
  const token = context.oidc?.params?.refresh_token;
  if (token) refreshes.push({ token: createHash('sha256').update(token).digest('hex').slice(0, 8), outcome });
}
const count = (table, key) => { table[key] = (table[key] ?? 0) + 1; };
provider.on('grant.success', (context) => {
  count(stats.token, context.oidc.params.grant_type);
  logRefresh(context, 'success');
});
provider.on('grant.error', (context, error) => {
  count(stats.errors, error.error);
  logRefresh(context, error.error);
});
provider.on('end_session.success', () => { stats.ended += 1; });
provider.on('server_error', (context, error) => console.error('server_error', error));

const strength = (params) =>
  (process.env.WEAK === '1' || switches.weak ? undefined : (params.acr_values ?? '').split(' ')[0] || undefined);

async function answerInteraction(request, response) {
  const { params, prompt } = await provider.interactionDetails(request, response);
  const who = params.login_hint ?? 'alice';
  let result = { consent: {} };
  if (who === 'deny') result = { error: 'access_denied', error_description: 'the person refused' };
  else if (prompt.name === 'login') result = { login: { accountId: who, acr: strength(params) } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function decideDevice(query) {
  const wanted = (query.get('user_code') ?? '').replace(/[^A-Za-z0-9]/g, '').toUpperCase();
  const code = await provider.DeviceCode.findByUserCode(wanted, { ignoreExpiration: true });
  if (!code) return false;
  if (query.get('deny')) {
    Object.assign(code, { error: 'access_denied', errorDescription: 'the person refused' });
  } else {
    const accountId = query.get('user') ?? 'alice';
    const grantId = await grantFor(accountId, code.clientId, code.params.scope).save();
    Object.assign(code, { accountId, grantId, scope: code.params.scope, authTime: Math.floor(Date.now() / 1000) });
    if (code.params.resource) code.resource = code.params.resource;
  }
  await code.save();
  return true;
}

async function control(url, response) {
  const number = (name, otherwise) => Number(url.searchParams.get(name) ?? otherwise);
  let body = 'ok\n';
  switch (url.pathname) {
    case '/ctl/fail-token': switches.failToken = number('n', 1); switches.retryAfter = number('after', 1); break;
    case '/ctl/lose-token': switches.loseToken = number('n', 1); break;
    case '/ctl/hang-token': switches.hangToken = number('n', 1); break;
    case '/ctl/weak': switches.weak = number('on', 1) === 1; break;
    case '/ctl/outage': switches.outageUntil = Date.now() + number('ms', 1000); break;
    case '/ctl/revoke': for (const token of issued.splice(0)) await token.destroy(); break;
    case '/ctl/logout': {
      const client = await provider.Client.find('native');
      client.backchannelLogoutUri = url.searchParams.get('uri');
      try {
        await client.backchannelLogout(url.searchParams.get('sub') ?? 'alice');
      } catch (error) { console.error(error); response.statusCode = 502; body = `${error}\n`; }
      break;
    }
    case '/ctl/refreshes': body = JSON.stringify(refreshes); break;
    case '/ctl/stats': body = JSON.stringify(stats); break;
    case '/ctl/device':
      if (!(await decideDevice(url.searchParams))) { response.statusCode = 404; body = 'unknown user_code\n'; }
      break;
    default: response.statusCode = 404; body = 'unknown switch\n';
  }
  response.end(body);
}

const serve = provider.callback();
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith('/ctl/')) return await control(url, response);
    if (Date.now() < switches.outageUntil) return request.socket.destroy();
    if (url.pathname.startsWith('/interaction/')) return await answerInteraction(request, response);
    if (url.pathname === '/token' && switches.failToken > 0) {
      switches.failToken -= 1;
      response.writeHead(503, { 'Retry-After': String(switches.retryAfter) });
      return response.end();
    }
    if (url.pathname === '/token' && switches.hangToken > 0) {
      switches.hangToken -= 1;
      stats.hung += 1;
      return;
    }
    if (url.pathname === '/token/revocation')
      response.once('finish', () => { if (response.statusCode === 200) stats.revocation += 1; });
    if (url.pathname === '/token' && switches.loseToken > 0) {
      switches.loseToken -= 1;
      response.end = () => { request.socket.destroy(); return response; };
    }
    return await serve(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    return response.end();
  }
});
process.on('SIGTERM', () => process.exit(0));
console.log(`READY ${issuer}`);
