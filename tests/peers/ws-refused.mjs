// SPDX-License-Identifier: Apache-2.0
// usage: ws-refused.mjs URL CA ORIGIN SUBPROTOCOL...: a client by npm ws as a page in a browser would be one, which is refused.
// Prints what it gets, a line each: "OPEN <subprotocol>", "MESSAGE <text>", "CLOSE <code> <reason>", or "STATUS <code>".
import fs from 'node:fs';
import { WebSocket } from 'ws';

const [url, authority, origin, ...subprotocols] = process.argv.slice(2);
const socket = new WebSocket(url, subprotocols, { ca: fs.readFileSync(authority), origin });
socket.on('unexpected-response', (request, response) => {
  console.log(`STATUS ${response.statusCode}`);
  process.exit(0);
});
socket.on('open', () => console.log(`OPEN ${socket.protocol}`));
socket.on('message', (data) => console.log(`MESSAGE ${data}`));
socket.on('close', (code, reason) => {
  console.log(`CLOSE ${code} ${reason}`);
  process.exit(0);
});
socket.on('error', (error) => {
  console.log(`ERROR ${error.message}`);
  process.exit(1);
});
