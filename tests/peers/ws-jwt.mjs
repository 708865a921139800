// SPDX-License-Identifier: Apache-2.0
// A WebSocket server as many are written: npm ws on Node's https server, and a JWT that is verified at the upgrade by npm jose.
//
// usage: ws-jwt.mjs FOLDER   with server.pem/.key, and issuer.json: {"jwk", "issuer", "audience"}. Prints "READY <url>".
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { WebSocketServer } from 'ws';

const file = (name) => fs.readFileSync(path.join(process.argv[2], name));
const { jwk, issuer, audience } = JSON.parse(file('issuer.json'));
const keys = createLocalJWKSet({ keys: [jwk] });

const server = https.createServer({ cert: file('server.pem'), key: file('server.key') });
const sockets = new WebSocketServer({
  server,
  path: '/stream',
  verifyClient: async ({ req }, done) => {
    try {
      const token = req.headers.authorization.slice('Bearer '.length);
      await jwtVerify(token, keys, { issuer, audience });
      done(true);
    } catch {
      done(false, 401, 'Unauthorized', { 'WWW-Authenticate': 'Bearer' });
    }
  },
});
sockets.on('connection', (peer) => {
  peer.on('error', () => {});
  peer.on('message', (data, binary) => peer.send(data, { binary }));
});
process.on('SIGTERM', () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(`READY wss://127.0.0.1:${server.address().port}/stream`));
