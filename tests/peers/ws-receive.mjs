// SPDX-License-Identifier: Apache-2.0
// usage: ws-receive.mjs URL CA MESSAGES: prints how many messages a second the npm package ws receives.
import fs from 'node:fs';
import { WebSocket } from 'ws';

const [url, authority, count] = process.argv.slice(2);
const warmUp = 2000;
const wanted = Number(count);
const socket = new WebSocket(url, { ca: fs.readFileSync(authority), perMessageDeflate: false });
let seen = 0;
let start = 0n;
socket.on('message', (data) => {
  data.toString();
  seen += 1;
  if (seen === warmUp) start = process.hrtime.bigint();
  if (seen === warmUp + wanted) {
    console.log(wanted * 1e9 / Number(process.hrtime.bigint() - start));
    process.exit(0);
  }
});
socket.on('error', (error) => { console.error(error.message); process.exit(1); });
