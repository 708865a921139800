// SPDX-License-Identifier: Apache-2.0
// usage: ws-deflate.mjs URL CA TOKEN: the npm package ws with compression against an echo server that has it; prints "OK".
import fs from 'node:fs';
import { once } from 'node:events';
import { WebSocket } from 'ws';

const [url, authority, token] = process.argv.slice(2);
const socket = new WebSocket(url, {
  ca: fs.readFileSync(authority), headers: { Authorization: `Bearer ${token}` }, perMessageDeflate: { threshold: 0 },
});
const fail = (what) => { console.error(what); process.exit(1); };
socket.on('error', (error) => fail(error.message));
await once(socket, 'open');
if (!socket.extensions.includes('permessage-deflate')) fail(`agreed on: "${socket.extensions}"`);
for (const size of [0, 1, 63, 64, 1000, 60000]) {
  const text = JSON.stringify({ order: size, what: '\u00e9\u20ac\ud83d\ude00' }).repeat(1 + size / 40).slice(0, size).replace(/[\ud800-\udbff]$/, 'x');
  for (let i = 0; i < 3; i += 1) {
    const echo = once(socket, 'message');
    socket.send(text);
    const [back] = await echo;
    if (back.toString() !== text) fail(`${size} characters came back as others`);
  }
}
const closed = once(socket, 'close');
socket.close(1000);
await closed;
console.log('OK');
