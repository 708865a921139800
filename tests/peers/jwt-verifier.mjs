// SPDX-License-Identifier: Apache-2.0
// usage: jwt-verifier.mjs ISSUER AUDIENCE [JWKS]: what nginx's auth_request asks. 204 for an access token of ISSUER (RFC 9068) for
// AUDIENCE with the scope "use", else 401. The keys are fetched from ISSUER/jwks, and kept, or are those of the file JWKS.
import fs from 'node:fs';
import http from 'node:http';
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from 'jose';

const [issuer, audience, file] = process.argv.slice(2);
const keys = file ? createLocalJWKSet(JSON.parse(fs.readFileSync(file))) : createRemoteJWKSet(new URL(`${issuer}/jwks`));
const rules = { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'], requiredClaims: ['exp'] };

async function isGood(header) {
  const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  if (!token) return false;
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    return String(payload.scope).split(' ').includes('use');
  } catch {
    return false;
  }
}

const server = http.createServer(async (request, response) => {
  response.statusCode = await isGood(request.headers.authorization) ? 204 : 401;
  if (response.statusCode === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="orders"');
  response.end();
});
server.keepAliveTimeout = 10 * 60 * 1000; // longer than nginx keeps a connection
server.listen(0, '127.0.0.1', () => console.log(`READY ${server.address().port}`));
