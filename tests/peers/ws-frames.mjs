// SPDX-License-Identifier: Apache-2.0
// What the npm package ws makes of frames. Standard input: a line a stream, "client|server <limit> <hex> <hex> ...", the
// pieces in which it comes; role is the reader's. Standard output: a line a stream, its events joined by ";".
import { createInterface } from 'node:readline';
import { Receiver } from 'ws';

const hex = (data) => Buffer.from(data).toString('hex');

async function read(role, limit, pieces) {
  const events = [];
  const receiver = new Receiver({ isServer: role === 'server', maxPayload: Number(limit), allowSynchronousEvents: true });
  receiver.on('message', (data, isBinary) => events.push(`${isBinary ? 'binary' : 'text'} ${hex(data)}`));
  receiver.on('ping', (data) => events.push(`ping ${hex(data)}`));
  receiver.on('pong', (data) => events.push(`pong ${hex(data)}`));
  receiver.on('conclude', (code, reason) => events.push(`close ${code} ${hex(reason)}`));
  let failed = false;
  receiver.on('error', (error) => {
    failed = true;
    const status = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code');
    events.push(`fault ${error[status]}`);
  });
  for (const piece of pieces) {
    if (failed || receiver.destroyed) break;
    await new Promise((done) => { receiver.write(Buffer.from(piece, 'hex'), done); });
  }
  // Events may come a turn later.
  await new Promise((done) => { setImmediate(done); });
  return events.map((event) => event.trim()).join(';');
}

for await (const line of createInterface({ input: process.stdin })) {
  const [role, limit, ...pieces] = line.split(' ');
  console.log(await read(role, limit, pieces));
}
