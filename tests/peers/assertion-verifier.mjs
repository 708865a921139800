// SPDX-License-Identifier: Apache-2.0
// An upstream that believes no header but the signed assertion: npm jose, with the keys that the gateway publishes.
//
// usage: assertion-verifier.mjs KEYS ISSUER AUDIENCE   Reads an assertion a line, and prints its claims as JSON, or {"error"}.
import readline from 'node:readline';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const [url, issuer, audience] = process.argv.slice(2);
const keys = createRemoteJWKSet(new URL(url));
const rules = { issuer, audience, typ: 'watchword-assertion+jwt', algorithms: ['ES256'], requiredClaims: ['exp', 'jti', 'sub'] };
for await (const line of readline.createInterface({ input: process.stdin })) {
  try {
    const { payload } = await jwtVerify(line.trim(), keys, rules);
    console.log(JSON.stringify(payload));
  } catch (error) {
    console.log(JSON.stringify({ error: error.code }));
  }
}
