// SPDX-License-Identifier: Apache-2.0
// A GraphQL server over WebSocket (npm graphql-ws on npm ws), for the link.
//
// Environment: TOKENS (comma-separated tokens that it takes, as "Bearer <token>" in the payload's Authorization). A refused
// one is closed with 4403 by graphql-ws. `query { hello }` answers, `subscription { count }` counts to 3.
// Prints "READY <url>".
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
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/graphql' });
useServer({ schema, onConnect: (context) => taken.has(context.connectionParams?.Authorization) }, server, 200);
process.on('SIGTERM', () => process.exit(0));
server.on('listening', () => console.log(`READY ws://127.0.0.1:${server.address().port}/graphql`));
