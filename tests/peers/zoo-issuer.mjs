// SPDX-License-Identifier: Apache-2.0
// A small issuer of the zoo: refresh with rotation, revocation, discovery and keys, and one flaw.
import crypto from 'node:crypto';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';

const LIFE = 300;

export class Issuer {
  // The flaw is one of: wrong-name, no-pkce, private-key, no-rotation, reuse-accepted, family-survives, cacheable, no-revocation, key-confusion,
  // revocation-refused, outlives-session, refresh-refused, strange-key; empty for none.
  constructor(flaw, url, audience) {
    Object.assign(this, { flaw, url, audience });
    this.sessions = new Map(); // refresh token -> session
    this.watched = new Map(); // session -> connections
    this.keys = generateKeyPair('ES256', { extractable: true });
  }

  async begin() {
    return this.issue({ id: crypto.randomUUID(), isEnded: false, newest: '' });
  }

  async issue(session) {
    const { privateKey } = await this.keys;
    const now = Math.floor(Date.now() / 1000);
    const access = await new SignJWT({
      iss: this.url, aud: this.audience, sub: 'user-1', scope: 'use', acr: 'mfa', auth_time: now, sid: session.id, jti: crypto.randomUUID(),
      iat: now, exp: now + LIFE,
    }).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'zoo' }).sign(privateKey);
    if (!session.newest || this.flaw !== 'no-rotation') session.newest = crypto.randomBytes(32).toString('base64url');
    this.sessions.set(session.newest, session);
    return { access_token: access, token_type: 'Bearer', expires_in: LIFE, refresh_token: session.newest };
  }

  async verify(token) {
    const { publicKey } = await this.keys;
    const [head, claims, signature] = token.split('.');
    if (this.flaw === 'key-confusion' && JSON.parse(Buffer.from(head, 'base64url')).alg === 'HS256') {
      const pem = crypto.createPublicKey({ key: await exportJWK(publicKey), format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const right = crypto.createHmac('sha256', pem).update(`${head}.${claims}`).digest('base64url');
      if (signature === right) return JSON.parse(Buffer.from(claims, 'base64url'));
    }
    const { payload } = await jwtVerify(token, publicKey, { issuer: this.url, audience: this.audience, typ: 'at+jwt', algorithms: ['ES256'] });
    return payload;
  }

  watch(claims, peer) {
    if (!this.watched.has(claims.sid)) this.watched.set(claims.sid, new Set());
    this.watched.get(claims.sid).add(peer);
  }

  end(session) {
    session.isEnded = true;
    if (this.flaw === 'outlives-session') return;
    for (const peer of this.watched.get(session.id) ?? []) peer.close(4410, 'session revoked');
  }

  answers(request, response) {
    const { pathname } = new URL(request.url, this.url);
    const json = (status, object, fields = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...fields }).end(JSON.stringify(object));
    };
    if (pathname === '/.well-known/openid-configuration') json(200, this.metadata());
    else if (pathname === '/jwks') this.published().then((keys) => json(200, keys));
    else if (pathname === '/token' || pathname === '/revoke') this.form(request, (form) => this[pathname.slice(1)](form, json));
    else return false;
    return true;
  }

  metadata() {
    const name = this.flaw === 'wrong-name' ? 'https://login.example.com' : this.url;
    return {
      issuer: name,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks`,
      ...(this.flaw !== 'no-revocation' && { revocation_endpoint: `${this.url}/revoke` }),
      ...(this.flaw !== 'no-pkce' && { code_challenge_methods_supported: ['S256'] }),
      id_token_signing_alg_values_supported: ['ES256'],
    };
  }

  async published() {
    const { publicKey, privateKey } = await this.keys;
    const key = await exportJWK(this.flaw === 'private-key' ? privateKey : publicKey);
    return { keys: [{ ...key, kid: this.flaw === 'strange-key' ? 'other' : 'zoo', alg: 'ES256', use: 'sig' }] };
  }

  form(request, done) {
    let text = '';
    request.on('data', (more) => { text += more; });
    request.on('end', () => done(new URLSearchParams(text)));
  }

  async token(form, json) {
    const token = form.get('refresh_token');
    const session = this.sessions.get(token);
    const refused = () => json(400, { error: 'invalid_grant' }, { 'Cache-Control': 'no-store' });
    if (!session || session.isEnded || this.flaw === 'refresh-refused') return refused();
    const isOld = token !== session.newest && this.flaw !== 'reuse-accepted';
    if (isOld && this.flaw !== 'family-survives') this.end(session);
    if (isOld) return refused();
    return json(200, await this.issue(session), this.flaw === 'cacheable' ? {} : { 'Cache-Control': 'no-store' });
  }

  revoke(form, json) {
    if (this.flaw === 'revocation-refused') return json(400, { error: 'unsupported_token_type' });
    const session = this.sessions.get(form.get('token'));
    if (session) this.end(session);
    return json(200, {});
  }
}
