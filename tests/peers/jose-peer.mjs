// SPDX-License-Identifier: Apache-2.0
// Signs and verifies tokens with the npm package "jose": one JSON request per input line, one JSON answer per line.
//   {"do":"sign","alg","typ","claims"[,"options"]} -> {"token","jwk"}: a new key each time; options of generateKeyPair
//   {"do":"key","alg"[,"options"]}                 -> {"pem","jwk"}: a new key, private as PKCS #8 and public as JWK
//   {"do":"signWith","alg","pem","typ","claims"}   -> {"token"}: signed by that private key, without a kid
//   {"do":"verify","tokens","sets","issuer","audience","typ","now","algorithms"}
//                                                  -> {"ok":[true,...]}: token i by key set i, or by the only one
//   {"do":"signBytes","alg","pem","typ","payload"} -> {"text"}: any bytes, in base64, as a compact JWS
//   {"do":"verifyBytes","text","jwk","algorithms"} -> {"payload","header"}, payload in base64; or {"refused":true}
//   {"do":"thumbprint","jwk"}                      -> {"thumbprint"}
import { createInterface } from 'node:readline';
import * as jose from 'jose';

async function newKey(alg, options) {
    const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true, ...options });
    const jwk = await jose.exportJWK(publicKey);
    Object.assign(jwk, { kid: await jose.calculateJwkThumbprint(jwk), alg, use: 'sig' });
    return { privateKey, jwk };
}

const actions = {
    async sign({ alg, typ, claims, options }) {
        const { privateKey, jwk } = await newKey(alg, options);
        const token = await new jose.SignJWT(claims).setProtectedHeader({ alg, typ, kid: jwk.kid }).sign(privateKey);
        return { token, jwk };
    },
    async key({ alg, options }) {
        const { privateKey, jwk } = await newKey(alg, options);
        return { pem: await jose.exportPKCS8(privateKey), jwk };
    },
    async signWith({ alg, pem, typ, claims }) {
        const key = await jose.importPKCS8(pem, alg);
        return { token: await new jose.SignJWT(claims).setProtectedHeader({ alg, typ }).sign(key) };
    },
    async verify({ tokens, sets, issuer, audience, typ, now, algorithms }) {
        const rules = { issuer, audience, typ, algorithms, currentDate: new Date(now * 1000), requiredClaims: ['exp'] };
        const ok = [];
        for (const [i, token] of tokens.entries()) {
            try {
                await jose.jwtVerify(token, jose.createLocalJWKSet(sets.length === 1 ? sets[0] : sets[i]), rules);
                ok.push(true);
            } catch {
                ok.push(false);
            }
        }
        return { ok };
    },
    async signBytes({ alg, pem, typ, payload }) {
        const key = await jose.importPKCS8(pem, alg);
        return { text: await new jose.CompactSign(Buffer.from(payload, 'base64')).setProtectedHeader({ alg, typ }).sign(key) };
    },
    async verifyBytes({ text, jwk, algorithms }) {
        try {
            const key = await jose.importJWK(jwk, jwk.alg);
            const { payload, protectedHeader } = await jose.compactVerify(text, key, { algorithms });
            return { payload: Buffer.from(payload).toString('base64'), header: protectedHeader };
        } catch {
            return { refused: true };
        }
    },
    async thumbprint({ jwk }) {
        return { thumbprint: await jose.calculateJwkThumbprint(jwk) };
    },
};

console.log('READY');
for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    console.log(JSON.stringify(await actions[request.do](request)));
}
