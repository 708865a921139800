// SPDX-License-Identifier: Apache-2.0
// A GraphQL server over WebSocket (npm graphql-ws on npm ws), for the link.
//
// Environment: TOKENS (comma-separated tokens that it takes, as "Bearer <token>" in the payload's Authorization). A refused
// one is closed with 4403 by graphql-ws. TLS_CERT and TLS_KEY (PEM files, for wss). `query { hello }` answers, `subscription { count }` counts to 3.
// Prints "READY <url>".
import fs from 'node:fs';
import https from 'node:https';
import { GraphQLObjectType, GraphQLSchema, GraphQLString, GraphQLInt } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const taken = new Set((process.env.TOKENS ?? '').split(',').map((token) => `Bearer ${token}`));
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { hello: { type: GraphQLString, resolve: () => 'world' } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      count: {
        type: GraphQLInt,
        subscribe: async function* count() {
          for (let i = 1; i <= 3; i += 1) yield { count: i };
        },
      },
    },
  }),
});
const isSecure = Boolean(process.env.TLS_CERT);
const front = isSecure ? https.createServer({ cert: fs.readFileSync(process.env.TLS_CERT), key: fs.readFileSync(process.env.TLS_KEY) }) : null;
const place = isSecure ? { server: front } : { host: '127.0.0.1', port: 0 };
const server = new WebSocketServer({ ...place, path: '/graphql' });
useServer({ schema, onConnect: (context) => taken.has(context.connectionParams?.Authorization) }, server, 200);
process.on('SIGTERM', () => process.exit(0));
server.on('listening', () => console.log(`READY ${isSecure ? 'wss' : 'ws'}://127.0.0.1:${server.address().port}/graphql`));
front?.listen(0, '127.0.0.1');
