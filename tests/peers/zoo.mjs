// SPDX-License-Identifier: Apache-2.0
// WebSocket servers behind TLS that have one flaw each, and one that has none, for whoever examines servers.
//
// usage: zoo.mjs FOLDER FLAW...   FOLDER has server.pem/.key, expired.pem/.key, wronghost.pem/.key, and issuer.json: {"jwk", "issuer",
// "audience"}. A flaw that begins with "limited-" has the limits that bursts meet; "limited-" alone is the one without a flaw.
// One that begins with "message-first", "message-graphql" or "message-centrifugo" takes its token in a message, one with "protocol" in an
// entry of Sec-WebSocket-Protocol; what follows is the flaw, as in "message-graphql-alg-none".
// One that begins with "issuing" is its own issuer, too: below its address are discovery document, keys, token and revocation endpoint, and
// FLAW:access and FLAW:refresh of what is printed are the tokens of a session.
// Prints READY and a JSON object of flaw and port. Tokens need the scope "use", pages the Origin https://app.example.com.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import { lenientFrames } from './zoo-frames.mjs';
import { Issuer } from './zoo-issuer.mjs';

const [folder, ...flaws] = process.argv.slice(2);
const file = (name) => fs.readFileSync(path.join(folder, name));
const { jwk, issuer, audience } = JSON.parse(file('issuer.json'));
const keys = createLocalJWKSet({ keys: [jwk] });
const publicPem = crypto.createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
const ORIGIN = 'https://app.example.com';

// --- tokens ------------------------------------------------------------------------------------------------------

const FORGIVEN = { 'expired-accepted': 'exp', 'nbf-ignored': 'nbf', 'audience-ignored': 'aud', 'issuer-ignored': 'iss', 'type-ignored': 'typ' };

// What a server checks that only looks into a token.
function readOnly(token) {
  const claims = decodeJwt(token);
  const now = Date.now() / 1000;
  const isGood = claims.iss === issuer && claims.aud === audience && claims.exp > now && !(claims.nbf > now)
    && decodeProtectedHeader(token).typ === 'at+jwt';
  if (!isGood) throw new Error('claims');
  return claims;
}

async function verify(token, flaw) {
  const header = decodeProtectedHeader(token);
  if (flaw === 'fetches-keys' && header.jku) await fetch(header.jku).catch(() => {});
  if (flaw === 'alg-none' && header.alg === 'none') return readOnly(token);
  if (flaw === 'alg-none-spelled' && header.alg !== 'none' && header.alg.toLowerCase() === 'none') return readOnly(token);
  if (flaw === 'signature-unchecked') return readOnly(token);
  if (flaw === 'key-confusion' && header.alg === 'HS256') {
    const [head, claims, signature] = token.split('.');
    const right = crypto.createHmac('sha256', publicPem).update(`${head}.${claims}`).digest('base64url');
    if (signature === right) return readOnly(token);
  }
  const key = flaw === 'embedded-key' && header.jwk ? await importJWK(header.jwk, 'ES256') : keys;
  try {
    return (await jwtVerify(token, key, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], clockTolerance: 1 })).payload;
  } catch (error) {
    if (FORGIVEN[flaw] && error.claim === FORGIVEN[flaw]) return error.payload;
    throw error;
  }
}

// --- answers -----------------------------------------------------------------------------------------------------

const TEXTS = {
  400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 408: 'Request Timeout', 426: 'Upgrade Required',
  429: 'Too Many Requests', 431: 'Request Header Fields Too Large',
};

// What each socket's server does wrong.
const troubles = new WeakMap();

function problem(status, flaw) {
  if (flaw === 'mute-refusals') return ['', 'text/plain'];
  const type = flaw.startsWith('problem-page') ? `/problems/${status}` : 'about:blank';
  return [JSON.stringify({ type, title: TEXTS[status] ?? 'Other', status, ref: crypto.randomUUID() }), 'application/problem+json'];
}

const dateOf = (flaw) => new Date(Date.now() - (flaw === 'clock-behind' ? 120_000 : 0)).toUTCString();

function refuse(socket, status, fields = {}, text = '') {
  const flaw = troubles.get(socket) ?? '';
  const [body, type] = text ? [text, 'text/plain'] : problem(status, flaw);
  if (flaw === 'limited-no-retry') delete fields['Retry-After'];
  const all = { 'Content-Length': Buffer.byteLength(body), 'Content-Type': type, Date: dateOf(flaw), Connection: 'close', ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${TEXTS[status] ?? 'Other'}\r\n${lines.join('')}\r\n${body}`);
}

// What servers do that nobody told what to do with an error.
function breaks(socket, flaw) {
  if (flaw.startsWith('cuts-')) socket.destroy();
  else refuse(socket, 500, {}, 'Internal Server Error');
}

const isUnsigned = (token) => { try { return decodeProtectedHeader(token).alg === 'none'; } catch { return false; } };

const invalid = (socket, flaw, error, token) => {
  const isBroken = flaw === 'fails-tokens' || flaw === 'cuts-tokens' || (flaw.endsWith('s-unsigned') && isUnsigned(token));
  if (isBroken) return breaks(socket, flaw);
  let body = '';
  if (flaw === 'verbose-trace') body = error.stack;
  if (flaw === 'verbose-library') body = error.claim === 'exp' ? 'jwt expired' : 'no';
  if (flaw === 'differing') body = `reason ${error.claim ?? 'key'}`;
  if (flaw === 'token-in-answer') body = `bad token ${token}`;
  const challenge = flaw === 'no-error-name' ? 'Bearer realm="zoo"' : 'Bearer realm="zoo", error="invalid_token"';
  const isKnown = error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED';
  setTimeout(() => refuse(socket, 401, { 'WWW-Authenticate': challenge }, body), flaw === 'slow-refusals' && isKnown ? 800 : 0);
};

function unknown(socket, flaw) {
  if (flaw === 'no-challenge') return refuse(socket, 401);
  if (flaw === 'forbidden') return refuse(socket, 403);
  if (flaw === 'login-page') return refuse(socket, 302, { Location: 'https://login.example.com/' });
  if (flaw === 'challenge-with-error') return refuse(socket, 401, { 'WWW-Authenticate': 'Bearer realm="zoo", error="invalid_token"' });
  return refuse(socket, 401, { 'WWW-Authenticate': 'Bearer realm="zoo"' });
}

function isAllowedPage(origin, flaw) {
  if (origin === undefined || origin === ORIGIN || flaw === 'origin-unchecked') return true;
  if (flaw === 'origin-null') return origin === 'null';
  if (flaw === 'origin-prefix') return origin.startsWith(ORIGIN);
  if (flaw === 'origin-suffix') return origin.startsWith('https://') && origin.endsWith('app.example.com');
  if (flaw === 'origin-port') return origin.startsWith(`${ORIGIN}:`);
  if (flaw === 'origin-scheme') return origin === 'http://app.example.com';
  return false;
}

// --- one animal ---------------------------------------------------------------------------------------------------

const LENIENT = {
  'unmasked-taken': 'mask', 'text-unchecked': 'text', 'bits-unchecked': 'bits', 'no-pong': 'pong', 'split-characters': 'pieces',
  'odd-close-code': 'code', 'limited-no-size': 'size',
};
const PREFIX = 'base64url.bearer.authorization.k8s.io.';
const FRESH = 3600;

class Animal {
  constructor(name) {
    this.isLimited = name.startsWith('limited-');
    this.name = name;
    const [, way, flaw] = /^(?:message-(?=first|graphql|centrifugo)|(?=protocol))(\w+)-?(.*)$/.exec(name) ?? [];
    this.way = way === 'protocol' ? undefined : way;
    this.isInProtocol = way === 'protocol';
    this.flaw = way ? flaw : name;
    this.open = new Map();
    this.failures = [];
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: this.flaw === 'limited-bomb' ? 100 * 1024 * 1024 : 64 * 1024,
      perMessageDeflate: ['compresses', 'limited-compressed', 'limited-bomb'].includes(this.flaw),
      maxPendingAutoPongs: this.flaw === 'limited-no-pings' ? 0 : 60,
      maxFragments: this.isLimited && this.flaw !== 'limited-no-fragments' ? 1000 : 0,
      handleProtocols: (offered) => {
        if (this.isInProtocol && this.flaw === 'echo') return [...offered].find((name) => name.startsWith(PREFIX)) ?? false;
        if (this.flaw.startsWith('renews') && offered.has('watchword.v1')) return 'watchword.v1';
        if (offered.has('graphql-transport-ws')) return 'graphql-transport-ws';
        if (this.flaw === 'subprotocol-echo') return offered.values().next().value;
        return offered.has('orders.v1') ? 'orders.v1' : false;
      },
    });
  }

  // --- a token in a message

  byMessage(peer, request) {
    peer.on('error', () => {});
    if (this.way === 'graphql') {
      this.sockets.emit('connection', peer, request);
      return;
    }
    const isPatient = this.flaw === 'patient';
    const wait = isPatient ? null : setTimeout(() => peer.close(4408, 'no token'), 1000);
    let cut = null;
    let claims = null;
    peer.on('close', () => { clearTimeout(wait); clearTimeout(cut); });
    const begin = async (data) => {
      clearTimeout(wait);
      try {
        const message = JSON.parse(data.toString());
        claims = await this.admitted(this.way === 'centrifugo' ? message.connect.token : message.token);
        const life = claims.exp * 1000 - Date.now();
        if (life > 0 && this.flaw !== 'outlives-token') cut = setTimeout(() => peer.close(4401, 'token ended'), life + 200);
        if (this.way === 'centrifugo') peer.send(JSON.stringify({ id: message.id, connect: { client: 'c', version: 'x' } }));
      } catch {
        peer.close(this.way === 'centrifugo' ? 3500 : 4401, 'token refused');
      }
    };
    let before = Promise.resolve();
    peer.on('message', (data) => {
      before = before.then(() => (claims ? this.renewed(peer, data, claims) : begin(data)));
    });
  }

  verify(token) {
    return this.issuer ? this.issuer.verify(token) : verify(token, this.flaw);
  }

  async admitted(token) {
    const claims = await this.verify(token);
    if (!(claims.scope ?? '').split(' ').includes('use')) throw new Error('scope');
    return claims;
  }

  // A Centrifugo refresh command: the same user with a new token.
  async renewed(peer, data, old) {
    if (this.way !== 'centrifugo') return;
    let command = {};
    try {
      command = JSON.parse(data.toString());
      const claims = await this.admitted(command.refresh.token);
      if (claims.sub !== old.sub && this.flaw !== 'renews-anybody') throw new Error('subject');
      peer.send(JSON.stringify({ id: command.id, refresh: { expires: true, ttl: 300 } }));
    } catch {
      peer.send(JSON.stringify({ id: command.id, error: { code: 101, message: 'unauthorized' } }));
    }
  }

  // auth.refresh of watchword.v1
  async renewedInBand(peer, text, old) {
    let isGood = false;
    try {
      const claims = await verify(JSON.parse(text.slice(1)).token, this.flaw);
      isGood = (claims.sub === old.sub || this.flaw === 'renews-anybody') && this.flaw !== 'renews-nothing';
    } catch { /* refused */ }
    peer.send(`\x1e${JSON.stringify(isGood ? { t: 'auth.ok', exp: 0 } : { t: 'auth.fail', code: 4402, reason: 'token_invalid' })}`);
  }

  graphql() {
    const query = new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'world' } } });
    useServer({
      schema: new GraphQLSchema({ query }),
      connectionInitWaitTimeout: this.flaw === 'patient' ? 2 ** 30 : 1000,
      onConnect: async (context) => {
        try {
          const claims = await this.admitted(/^Bearer (.+)$/.exec(context.connectionParams?.Authorization)[1]);
          const left = this.flaw === 'outlives-token' ? 2 ** 30 : claims.exp * 1000 - Date.now() + 200;
          setTimeout(() => context.extra.socket.close(4401, 'token ended'), left).unref();
          return true;
        } catch {
          return false;
        }
      },
    }, this.sockets);
  }

  // --- a token in the upgrade

  tooManyFailures() {
    if (!this.isLimited || this.flaw === 'limited-no-guesses') return false;
    const now = Date.now();
    this.failures = this.failures.filter((time) => now - time < 8000);
    return this.failures.length >= 25;
  }

  tokenOf(request, url, socket) {
    const tokens = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length;
    if (this.isInProtocol) return this.tokenInProtocol(request, tokens, socket);
    const inUrl = url.searchParams.get('access_token') ?? url.searchParams.get('token');
    const header = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (this.flaw === 'url-beside-header' && header && inUrl) return this.verify(header).then(() => header, () => inUrl);
    if (this.flaw.startsWith('url-takes-')) {
      const other = url.searchParams.get(this.flaw.slice('url-takes-'.length));
      if (other && !inUrl) return other;
    }
    if (inUrl && this.flaw !== 'token-in-url') return refuse(socket, 400), null;
    if (tokens > 1 && this.flaw !== 'two-tokens') return refuse(socket, 400), null;
    return inUrl ?? /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  }

  tokenInProtocol(request, others, socket) {
    const entries = (request.headers['sec-websocket-protocol'] ?? '').split(/, */).filter((entry) => entry.startsWith(PREFIX));
    if (entries.length + others > 1 && this.flaw !== 'two-tokens') return refuse(socket, 400), null;
    return entries.length ? Buffer.from(entries[0].slice(PREFIX.length), 'base64url').toString() : '';
  }

  isWeak(claims) {
    return claims.acr !== 'mfa' || Date.now() / 1000 - claims.auth_time > FRESH;
  }

  checkHandshake(request, url, socket) {
    const { headers } = request;
    if (this.flaw === 'fails') return breaks(socket, this.flaw);
    if (url.pathname !== '/v1/stream' && this.flaw === 'fails-paths') return breaks(socket, this.flaw);
    if (url.pathname !== '/v1/stream' && this.flaw !== 'any-path') return refuse(socket, 404);
    if (headers['sec-websocket-version'] !== '13' && this.flaw !== 'any-version')
      return refuse(socket, 426, { 'Sec-WebSocket-Version': '13' });
    if (!headers['sec-websocket-key'] && this.flaw !== 'no-key') return refuse(socket, 400);
    if (this.flaw === 'one-connection-word' && headers.connection !== 'Upgrade') return refuse(socket, 400);
    if (!isAllowedPage(headers.origin, this.flaw))
      return this.flaw.endsWith('s-pages') ? breaks(socket, this.flaw) : refuse(socket, 403);
    return true;
  }

  async upgrade(request, socket, head) {
    socket.on('error', () => {});
    troubles.set(socket, this.flaw);
    if (this.flaw === 'plain-redirect' && !socket.encrypted) {
      refuse(socket, 301, { Location: 'https://zoo/v1/stream' });
      return;
    }
    const url = new URL(request.url, 'https://zoo');
    if (this.checkHandshake(request, url, socket) !== true) return;
    if (this.way) {
      this.sockets.handleUpgrade(request, socket, head, (peer) => this.byMessage(peer, request));
      return;
    }
    const token = await this.tokenOf(request, url, socket);
    if (token === null) return;
    if (this.tooManyFailures()) { refuse(socket, 429, { 'Retry-After': '1' }); return; }
    const { headers } = request;
    const isTrusted = (this.flaw === 'identity-headers' && headers['x-forwarded-user'])
      || (this.flaw === 'forwarded-for' && headers['x-forwarded-for'] === '127.0.0.1');
    let claims = { sub: 'nobody', scope: 'use' };
    if (token) {
      try {
        claims = await this.verify(token);
      } catch (error) {
        this.failures.push(Date.now());
        invalid(socket, this.flaw, error, token);
        return;
      }
    } else if (!isTrusted && this.flaw !== 'open') {
      unknown(socket, this.flaw);
      return;
    }
    if (!(claims.scope ?? '').split(' ').includes('use') && this.flaw !== 'scope-unchecked') {
      const error = this.flaw === 'no-scope-name' ? '' : ', error="insufficient_scope"';
      refuse(socket, 403, { 'WWW-Authenticate': `Bearer realm="zoo"${error}` });
      return;
    }
    if (['step-up', 'step-up-mute'].includes(this.flaw) && this.isWeak(claims)) {
      const error = this.flaw === 'step-up' ? 'insufficient_user_authentication", acr_values="mfa' : 'invalid_token';
      refuse(socket, 401, { 'WWW-Authenticate': `Bearer realm="zoo", error="${error}"` });
      return;
    }
    this.accept(request, socket, head, claims);
  }

  accept(request, socket, head, claims) {
    const open = this.open.get(claims.sub) ?? 0;
    if (this.isLimited && open >= 10 && this.flaw !== 'limited-no-connections') {
      refuse(socket, 429, { 'Retry-After': '1' });
      return;
    }
    this.open.set(claims.sub, open + 1);
    socket.on('close', () => this.open.set(claims.sub, this.open.get(claims.sub) - 1));
    const life = claims.exp ? claims.exp * 1000 - Date.now() : 0;
    const cut = life > 0 && this.flaw !== 'outlives-token' ? (end) => setTimeout(end, Math.min(life + 200, 2 ** 30)) : () => null;
    if (LENIENT[this.flaw] || this.flaw === 'any-version' || this.flaw === 'no-key') {
      lenientFrames(request, socket, head, LENIENT[this.flaw], cut);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (peer) => this.serve(peer, cut, claims));
  }

  serve(peer, cut, claims) {
    const end = { 'close-without-reason': [4401], 'close-without-code': [] }[this.flaw] ?? [4401, 'token ended'];
    const timer = cut(() => peer.close(...end));
    let messages = 0;
    let pings = 0;
    this.issuer?.watch(claims, peer);
    peer.on('error', () => {});
    peer.on('close', () => clearTimeout(timer));
    peer.on('ping', () => {
      pings += 1;
      if (this.isLimited && pings > 200 && this.flaw !== 'limited-no-pings') peer.close(1008, 'too many pings');
    });
    peer.on('message', (data) => {
      messages += 1;
      if (peer.protocol === 'watchword.v1' && data[0] === 0x1e) this.renewedInBand(peer, data.toString(), claims);
      if (this.isLimited && messages > 100 && this.flaw !== 'limited-no-messages') peer.close(1008, 'too many messages');
    });
  }

  tls() {
    const name = { 'expired-certificate': 'expired', 'wrong-host': 'wronghost', 'self-signed': 'selfsigned' }[this.flaw] ?? 'server';
    const options = { cert: file(`${name}.pem`), key: file(`${name}.key`), minVersion: 'TLSv1.2' };
    if (this.flaw === 'tls11') Object.assign(options, { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    if (this.flaw === 'tls12-only') options.maxVersion = 'TLSv1.2';
    if (this.flaw === 'null-cipher') options.ciphers = 'ALL:eNULL:@SECLEVEL=0';
    return options;
  }

  http() {
    const patient = this.flaw === 'slow-heads';
    return {
      maxHeaderSize: this.flaw === 'short-lines' ? 8 * 1024 : 32 * 1024,
      headersTimeout: patient ? 0 : 1000,
      requestTimeout: patient ? 0 : 2000,
      connectionsCheckingInterval: 200,
      requireHostHeader: false,
    };
  }

  listen() {
    if (this.way === 'graphql') this.graphql();
    const secure = https.createServer({ ...this.http(), ...this.tls() });
    for (const server of this.flaw.startsWith('plain') ? [secure, this.plain()] : [secure]) {
      server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
      server.on('request', (request, response) => this.page(request, response));
      server.on('clientError', (error, socket) => {
        if (!socket.writable) return;
        refuse(socket, { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 }[error.code] ?? 400);
      });
    }
    secure.on('tlsClientError', (error, socket) => socket.destroy());
    return this.flaw.startsWith('plain') ? this.ready(this.front(secure)) : this.ready(secure);
  }

  // Whatever is no upgrade.
  page(request, response) {
    if (this.issuer?.answers(request, response)) return;
    const days = this.flaw === 'old-security-txt' ? -1 : 90;
    const expires = new Date(Date.now() + days * 86_400_000).toISOString();
    if (request.url === '/.well-known/security.txt' && this.flaw !== 'no-security-txt')
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`Contact: mailto:security@example.com\nExpires: ${expires}\n`);
    else if (request.url.startsWith('/problems/') && this.flaw === 'problem-page') response.end('what it means');
    else if (request.url === '/v1/stream' && this.flaw === 'open-page') response.end('orders of everybody');
    else if (request.url === '/v1/stream' && this.flaw === 'fails-plain') response.writeHead(500).end();
    else if (request.url === '/v1/stream') response.writeHead(426, { Upgrade: 'websocket' }).end();
    else response.writeHead(404).end();
  }

  // One port for both, by the first byte: 22 begins a TLS record.
  front(secure) {
    const inner = Promise.all([this.ready(secure), this.ready(this.plainServer)]);
    return net.createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', async (first) => {
        socket.pause();
        const [securePort, plainPort] = await inner;
        const to = net.connect(first[0] === 22 ? securePort : plainPort, '127.0.0.1');
        to.on('error', () => socket.destroy());
        to.on('close', () => socket.destroy());
        socket.on('close', () => to.destroy());
        to.write(first);
        socket.pipe(to).pipe(socket);
      });
    });
  }

  plain() {
    this.plainServer = http.createServer(this.http());
    return this.plainServer;
  }

  ready(server) {
    return new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });
  }
}

process.on('SIGTERM', () => process.exit(0));
const ports = {};
for (const name of flaws) {
  const animal = new Animal(name);
  ports[name] = await animal.listen();
  if (!name.startsWith('issuing')) continue;
  animal.issuer = new Issuer(name.slice('issuing-'.length), `https://127.0.0.1:${ports[name]}`, audience);
  const session = await animal.issuer.begin();
  ports[`${name}:access`] = session.access_token;
  ports[`${name}:refresh`] = session.refresh_token;
}
console.log(`READY ${JSON.stringify(ports)}`);
