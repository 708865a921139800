// SPDX-License-Identifier: Apache-2.0
// usage: socketio-client.mjs URL CA TOKEN: two clients by npm socket.io-client, which begin with HTTP long polling and go over
// to WebSocket, as they do by default. Uses socketio-server.mjs behind URL in every way it can, and prints "OK".
import fs from 'node:fs';
import { once } from 'node:events';
import { io } from 'socket.io-client';

const [url, authority, token] = process.argv.slice(2);
const fail = (what) => { console.error(what); process.exit(1); };
const connect = async () => {
  const socket = io(url, { ca: fs.readFileSync(authority), extraHeaders: { Authorization: `Bearer ${token}` } });
  socket.on('connect_error', (error) => fail(`connect_error ${error.message} ${JSON.stringify(error.context ?? '')}`));
  await once(socket, 'connect');
  return socket;
};
const socket = await connect();
if (socket.io.engine.transport.name === 'polling') await once(socket.io.engine, 'upgrade');
const ask = (...all) => socket.timeout(10000).emitWithAck(...all);
if (await ask('transport') !== 'websocket') fail('the server still polls');
if (await ask('user') === '') fail('nobody told the server who it is');
for (const size of [0, 1, 1000, 60000]) {
  const text = '\u00e9\u20ac\ud83d\ude00'.repeat(size).slice(0, size);
  if (await ask('echo', text) !== text) fail(`${size} characters came back as others`);
  const bytes = Buffer.alloc(size, 0x1e);
  if (!bytes.equals(await ask('echo', bytes))) fail(`${size} bytes came back as others`);
}
const many = await Promise.all(Array.from({ length: 500 }, (_, i) => ask('echo', i)));
if (many.some((value, i) => value !== i)) fail('answers are mixed up');

const other = await connect();
if (other.io.engine.transport.name === 'polling') await once(other.io.engine, 'upgrade');
const heard = once(other, 'shout');
socket.emit('shout', 'hello all');
if ((await heard)[0] !== 'hello all') fail('another shout');

// It comes back by itself when the engine's connection breaks, and then polls first again.
const again = once(socket, 'connect');
socket.io.engine.close();
await again;
if (await ask('echo', 'back') !== 'back') fail('nothing comes back');
const gone = once(socket, 'disconnect');
socket.emit('leave');
if ((await gone)[0] !== 'io server disconnect') fail('another end');
other.close();
console.log('OK');
process.exit(0);
