// SPDX-License-Identifier: Apache-2.0
// Speaks Centrifugo's JSON protocol as its documentation describes it, on npm ws. It is not Centrifugo, which no package
// registry that the tests use has: it shows that our client follows the description, no more.
//
// Environment: TOKENS (comma-separated tokens that it takes), TTL (seconds). An unknown token is error 109. Pings every
// 100 ms and closes with 3012 when the last one was not answered. `publish` comes back as a push, batched with its reply.
// Prints "READY <url>".
import { WebSocketServer } from 'ws';

const taken = new Set((process.env.TOKENS ?? '').split(','));
const ttl = Number(process.env.TTL ?? 60);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });

server.on('connection', (peer) => {
  let connected = false;
  let waitsForPong = false;
  let refreshes = 0;
  const send = (...replies) => peer.send(replies.map((reply) => JSON.stringify(reply)).join('\n'));
  const timer = setInterval(() => {
    if (!connected) return;
    if (waitsForPong) {
      peer.close(3012, 'no pong');
      return;
    }
    waitsForPong = true;
    send({});
  }, 100);
  peer.on('close', () => clearInterval(timer));
  peer.on('error', () => {});
  const obey = (command) => {
    if (Object.keys(command).length === 0) {
      waitsForPong = false;
    } else if (command.connect || command.refresh) {
      const name = command.connect ? 'connect' : 'refresh';
      if (!taken.has(command[name].token)) {
        send({ id: command.id, error: { code: 109, message: 'token expired' } });
        return;
      }
      if (command.refresh) refreshes += 1;
      connected = true;
      send({ id: command.id, [name]: { client: 'c', version: 'x', expires: true, ttl, ping: 25, pong: true } });
    } else if (!connected) {
      peer.close(3501, 'bad request');
    } else {
      send({ id: command.id, publish: {} },
        { push: { channel: command.publish.channel, pub: { data: command.publish.data, refreshes } } });
    }
  };
  peer.on('message', (data) => data.toString().split('\n').filter(Boolean).forEach((line) => obey(JSON.parse(line))));
});
process.on('SIGTERM', () => process.exit(0));
server.on('listening', () => console.log(`READY ws://127.0.0.1:${server.address().port}/`));
