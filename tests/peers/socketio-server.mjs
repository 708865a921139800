// SPDX-License-Identifier: Apache-2.0
// A socket.io server (npm socket.io) with its default options: upstream of the gateway.
//
// The event "echo" is acknowledged with its arguments, "user" with what the gateway says of the client, "transport" with how it
// came; "shout" goes to everybody else; "leave" is answered by a disconnect. Prints "READY <url>".
import http from 'node:http';
import { Server } from 'socket.io';

const front = http.createServer((request, response) => {
  response.writeHead(404);
  response.end();
});
const io = new Server(front);
io.on('connection', (socket) => {
  socket.on('echo', (...all) => all.pop()(...all));
  socket.on('user', (answer) => answer(socket.handshake.headers['x-watchword-subject'] ?? ''));
  socket.on('transport', (answer) => answer(socket.conn.transport.name));
  socket.on('shout', (text) => socket.broadcast.emit('shout', text));
  socket.on('leave', () => socket.disconnect(true));
});
process.on('SIGTERM', () => process.exit(0));
front.listen(0, '127.0.0.1', () => console.log(`READY ws://127.0.0.1:${front.address().port}/`));
