// SPDX-License-Identifier: Apache-2.0
// A plain WebSocket echo server (npm ws): upstream of the gateway, peer of the link.
//
// Environment: PORT (0 = any), HOST (127.0.0.1), BEARER (when set, the upgrade needs exactly this bearer token),
// PROTOCOL (subprotocol to choose when the client offers it; else ws does what it does by default), TLS_CERT and TLS_KEY (PEM files, for wss),
// CLIENT_CA (with TLS_CERT: PEM of the authority whose certificate each client needs),
// ECHO_HEADERS=1 (the first message is the JSON of the upgrade's path and headers), LIFE_MS (a bearer token is good for so
// long after it was first seen: then its connections are closed with 1008, and it is refused). "stats" is answered by
// {"open","most","closes":{code:count}}.
// DEFLATE=1 (permessage-deflate with what the client offers; a text "extensions" is answered by those agreed on).
// Prints "READY <url>". A text message "close <code> <reason>" is answered by that close.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { WebSocketServer } from 'ws';

const host = process.env.HOST ?? '127.0.0.1';
const tls = process.env.TLS_CERT
  ? { cert: fs.readFileSync(process.env.TLS_CERT), key: fs.readFileSync(process.env.TLS_KEY) } : null;
if (process.env.CLIENT_CA) {
  tls.ca = fs.readFileSync(process.env.CLIENT_CA);
  tls.requestCert = true; // and whoever has none is turned away
}
const front = tls ? https.createServer(tls) : http.createServer();
const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: 64 * 1024 * 1024,
  perMessageDeflate: process.env.DEFLATE === '1' ? { threshold: 0 } : false,
  ...(process.env.PROTOCOL && {
    handleProtocols: (offered) => (offered.has(process.env.PROTOCOL) ? process.env.PROTOCOL : false),
  }),
});

const firstSeen = new Map();
const lifeLeft = (token) => {
  if (!firstSeen.has(token)) firstSeen.set(token, Date.now());
  return firstSeen.get(token) + Number(process.env.LIFE_MS) - Date.now();
};
const stats = { open: 0, most: 0, closes: {} };

front.on('request', (request, response) => {
  response.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade' });
  response.end();
});
front.on('upgrade', (request, socket, head) => {
  const token = request.headers.authorization ?? '';
  const left = process.env.LIFE_MS ? lifeLeft(token) : null;
  const isWrong = process.env.BEARER && token !== `Bearer ${process.env.BEARER}`;
  if (isWrong || (left !== null && (left <= 0 || !token.startsWith('Bearer ')))) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (peer) => {
    peer.on('error', () => {});
    stats.most = Math.max(stats.most, ++stats.open);
    const cut = left === null ? null : setTimeout(() => peer.close(1008, 'token ended'), left);
    peer.on('close', (code) => {
      clearTimeout(cut);
      stats.open -= 1;
      stats.closes[code] = (stats.closes[code] ?? 0) + 1;
    });
    if (process.env.ECHO_HEADERS === '1') {
      peer.send(JSON.stringify({
        path: request.url,
        headers: request.headers,
        ...(process.env.CLIENT_CA && { client: socket.getPeerCertificate().serialNumber }),
      }));
    }
    peer.on('message', (data, isBinary) => {
      const order = isBinary ? null : /^close (\d{4})(?: (.*))?$/.exec(data.toString());
      if (process.env.DEFLATE === '1' && data.toString() === 'extensions') peer.send(peer.extensions);
      else if (order) peer.close(Number(order[1]), order[2] ?? '');
      else if (!isBinary && process.env.LIFE_MS && data.toString() === 'stats') peer.send(JSON.stringify(stats));
      else peer.send(data, { binary: isBinary });
    });
  });
});
process.on('SIGTERM', () => process.exit(0));
front.listen(Number(process.env.PORT ?? 0), host, () => {
  console.log(`READY ${tls ? 'wss' : 'ws'}://${host}:${front.address().port}/`);
});
