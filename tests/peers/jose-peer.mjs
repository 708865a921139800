// SPDX-License-Identifier: Apache-2.0
// Signs and verifies tokens with the npm package "jose": one JSON request per input line, one JSON answer per line.
//   {"do":"sign","alg","typ","claims"}          -> {"token","jwk"}: a new key each time
//   {"do":"verify","token","jwks","issuer","audience","typ","now","algorithms"} -> {"ok":true,"claims"} or {"ok":false,"code"}
//   {"do":"thumbprint","jwk"}                   -> {"thumbprint"}
import { createInterface } from 'node:readline';
import * as jose from 'jose';

const actions = {
    async sign({ alg, typ, claims }) {
        const { publicKey, privateKey } = await jose.generateKeyPair(alg, { extractable: true });
        const jwk = await jose.exportJWK(publicKey);
        Object.assign(jwk, { kid: await jose.calculateJwkThumbprint(jwk), alg, use: 'sig' });
        const token = await new jose.SignJWT(claims).setProtectedHeader({ alg, typ, kid: jwk.kid }).sign(privateKey);
        return { token, jwk };
    },
    async verify({ token, jwks, issuer, audience, typ, now, algorithms }) {
        try {
            const { payload } = await jose.jwtVerify(token, jose.createLocalJWKSet(jwks),
                { issuer, audience, typ, algorithms, currentDate: new Date(now * 1000), requiredClaims: ['exp'] });
            return { ok: true, claims: payload };
        } catch (error) {
            return { ok: false, code: error.code ?? error.name };
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
