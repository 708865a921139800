// SPDX-License-Identifier: Apache-2.0
// usage: ws-client.mjs URL CA: a client by the npm package ws that uses an echo server in every way it can, and prints "OK".
import fs from 'node:fs';
import { once } from 'node:events';
import { WebSocket } from 'ws';

const [url, authority] = process.argv.slice(2);
const socket = new WebSocket(url, { ca: fs.readFileSync(authority) }); // it offers permessage-deflate
const fail = (what) => { console.error(what); process.exit(1); };
socket.on('error', (error) => fail(error.message));
await once(socket, 'open');
if (socket.extensions !== '') fail(`an extension was agreed on: ${socket.extensions}`);

const expect = async (data, isBinary, send) => {
  const echo = once(socket, 'message');
  send();
  const [back, wasBinary] = await echo;
  if (wasBinary !== isBinary || !back.equals(Buffer.from(data))) fail(`${data.length} bytes came back as ${back.length} others`);
};
for (const size of [0, 1, 125, 126, 127, 65535, 65536, 1000003]) {
  const text = '\u00e9\u20ac\ud83d\ude00a'.repeat(Math.ceil(size / 10)).slice(0, size).replace(/[\ud800-\udbff]$/, 'x');
  await expect(text, false, () => socket.send(text));
  const binary = Buffer.alloc(size, 0xa5);
  await expect(binary, true, () => socket.send(binary));
}
await expect('in three pieces', false, () => {
  socket.send('in ', { fin: false });
  socket.ping('between');
  socket.send('three ', { fin: false });
  socket.send('pieces', { fin: true });
});
const pong = once(socket, 'pong');
socket.ping('payload');
const [payload] = await pong;
if (payload.toString() !== 'payload' && payload.toString() !== 'between') fail(`pong ${payload}`);

let seen = 0;
const all = new Promise((resolve) => socket.on('message', () => { seen += 1; if (seen === 2000) resolve(); }));
for (let i = 0; i < 2000; i += 1) socket.send(`${i} ${'x'.repeat(i)}`);
await all;

const closed = once(socket, 'close');
socket.close(4321, 'good bye');
const [code] = await closed;
if (code !== 4321) fail(`closed with ${code}`);
console.log('OK');
