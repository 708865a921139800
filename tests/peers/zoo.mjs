// SPDX-License-Identifier: Apache-2.0
// WebSocket servers behind TLS that have one flaw each, and one that has none, for whoever examines servers.
//
// usage: zoo.mjs FOLDER FLAW...   FOLDER has server.pem/.key, expired.pem/.key, wronghost.pem/.key, and issuer.json: {"jwk", "issuer",
// "audience"}. A flaw that begins with "limited-" has the limits that bursts meet; "limited-" alone is the one without a flaw.
// One that begins with "message-" takes its token in a message: "message-first", "message-graphql" and "message-centrifugo" have no flaw,
// "message-first-patient" waits for it for ever.
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

const TEXTS = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 426: 'Upgrade Required', 429: 'Too Many Requests' };

function refuse(socket, status, fields = {}, body = '') {
  const all = { 'Content-Length': Buffer.byteLength(body), Connection: 'close', ...fields };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${TEXTS[status] ?? 'Other'}\r\n${lines.join('')}\r\n${body}`);
}

const invalid = (socket, flaw, error, token) => {
  let body = '';
  if (flaw === 'verbose-trace') body = error.stack;
  if (flaw === 'verbose-library') body = error.claim === 'exp' ? 'jwt expired' : 'no';
  if (flaw === 'differing') body = `reason ${error.claim ?? 'key'}`;
  if (flaw === 'token-in-answer') body = `bad token ${token}`;
  refuse(socket, 401, { 'WWW-Authenticate': 'Bearer realm="zoo", error="invalid_token"' }, body);
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

const LENIENT = { 'unmasked-taken': 'mask', 'text-unchecked': 'text', 'bits-unchecked': 'bits', 'no-pong': 'pong', 'limited-no-size': 'size' };

class Animal {
  constructor(name) {
    this.isLimited = name.startsWith('limited-');
    this.way = /^message-(\w+)/.exec(name)?.[1];
    this.flaw = name;
    this.open = new Map();
    this.failures = [];
    this.sockets = new WebSocketServer({
      noServer: true,
      maxPayload: 64 * 1024,
      handleProtocols: (offered) => {
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
    const isPatient = this.flaw.endsWith('patient');
    const wait = isPatient ? null : setTimeout(() => peer.close(4408, 'no token'), 1000);
    let cut = null;
    peer.on('close', () => { clearTimeout(wait); clearTimeout(cut); });
    peer.once('message', async (data) => {
      clearTimeout(wait);
      try {
        const message = JSON.parse(data.toString());
        const claims = await this.admitted(this.way === 'centrifugo' ? message.connect.token : message.token);
        cut = setTimeout(() => peer.close(4401, 'token ended'), claims.exp * 1000 - Date.now() + 200);
        if (this.way === 'centrifugo') peer.send(JSON.stringify({ id: message.id, connect: { client: 'c', version: 'x' } }));
      } catch {
        peer.close(this.way === 'centrifugo' ? 3500 : 4401, 'token refused');
      }
    });
  }

  async admitted(token) {
    const claims = await verify(token, this.flaw);
    if (!(claims.scope ?? '').split(' ').includes('use')) throw new Error('scope');
    return claims;
  }

  graphql() {
    const query = new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'world' } } });
    useServer({
      schema: new GraphQLSchema({ query }),
      connectionInitWaitTimeout: 1000,
      onConnect: async (context) => {
        try {
          const claims = await this.admitted(/^Bearer (.+)$/.exec(context.connectionParams?.Authorization)[1]);
          setTimeout(() => context.extra.socket.close(4401, 'token ended'), claims.exp * 1000 - Date.now() + 200).unref();
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
    this.failures = this.failures.filter((time) => now - time < 1000);
    return this.failures.length >= 15;
  }

  tokenOf(request, url, socket) {
    const tokens = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length;
    const inUrl = url.searchParams.get('access_token') ?? url.searchParams.get('token');
    if (inUrl && this.flaw !== 'token-in-url') return refuse(socket, 400), null;
    if (tokens > 1 && this.flaw !== 'two-tokens') return refuse(socket, 400), null;
    return inUrl ?? /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  }

  checkHandshake(request, url, socket) {
    const { headers } = request;
    if (url.pathname !== '/v1/stream' && this.flaw !== 'any-path') return refuse(socket, 404);
    if (headers['sec-websocket-version'] !== '13' && this.flaw !== 'any-version')
      return refuse(socket, 426, { 'Sec-WebSocket-Version': '13' });
    if (!headers['sec-websocket-key'] && this.flaw !== 'no-key') return refuse(socket, 400);
    if (this.flaw === 'one-connection-word' && headers.connection !== 'Upgrade') return refuse(socket, 400);
    if (!isAllowedPage(headers.origin, this.flaw)) return refuse(socket, 403);
    return true;
  }

  async upgrade(request, socket, head) {
    socket.on('error', () => {});
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
    const token = this.tokenOf(request, url, socket);
    if (token === null) return;
    if (this.tooManyFailures()) { refuse(socket, 429, { 'Retry-After': '1' }); return; }
    const { headers } = request;
    const isTrusted = (this.flaw === 'identity-headers' && headers['x-forwarded-user'])
      || (this.flaw === 'forwarded-for' && headers['x-forwarded-for'] === '127.0.0.1');
    let claims = { sub: 'nobody', scope: 'use' };
    if (token) {
      try {
        claims = await verify(token, this.flaw);
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
      refuse(socket, 403, { 'WWW-Authenticate': 'Bearer realm="zoo", error="insufficient_scope"' });
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
    this.sockets.handleUpgrade(request, socket, head, (peer) => this.serve(peer, cut));
  }

  serve(peer, cut) {
    const timer = cut(() => peer.close(4401, 'token ended'));
    let messages = 0;
    peer.on('error', () => {});
    peer.on('close', () => clearTimeout(timer));
    peer.on('message', () => {
      messages += 1;
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
      server.on('request', (request, response) => response.writeHead(426, { Upgrade: 'websocket' }).end());
    }
    secure.on('tlsClientError', (error, socket) => socket.destroy());
    return this.flaw.startsWith('plain') ? this.ready(this.front(secure)) : this.ready(secure);
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
for (const flaw of flaws) ports[flaw] = await new Animal(flaw).listen();
console.log(`READY ${JSON.stringify(ports)}`);
