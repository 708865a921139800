// SPDX-License-Identifier: Apache-2.0
// usage: graphql-client.mjs URL CA GATEWAY-TOKEN SERVER-TOKEN [once]: a client by npm graphql-ws with its default options, for
// graphql-server.mjs behind the gateway; with "once" it does not try again. Prints "OK", or "CLOSED <code> <reason>" if the server
// ends the connection.
import fs from 'node:fs';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

const [url, authority, gatewayToken, serverToken, once] = process.argv.slice(2);
class Socket extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { ca: fs.readFileSync(authority), headers: { Authorization: `Bearer ${gatewayToken}` } });
  }
}
const client = createClient({
  url,
  webSocketImpl: Socket,
  connectionParams: { Authorization: `Bearer ${serverToken}` },
  ...(once && { retryAttempts: 0 }),
});
const all = async (query) => {
  const results = [];
  for await (const result of client.iterate({ query })) results.push(result.data);
  return results;
};
try {
  const [answer] = await all('{ hello }');
  const counted = await all('subscription { count }');
  if (answer.hello !== 'world' || counted.map((data) => data.count).join() !== '1,2,3') throw new Error(JSON.stringify(counted));
  await client.dispose();
  console.log('OK');
} catch (error) {
  if (error.code === undefined) throw error;
  console.log(`CLOSED ${error.code} ${error.reason}`);
}
process.exit(0);
