// Apollo Server, as its documentation starts it for all who need no web framework. NODE_ENV=production, a bounded cache and
// the cache of parsed documents are its advice for production, the latter two its defaults.
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { resolvers, typeDefs } from './schema.js';
import { context } from './token.js';

const server = new ApolloServer({ typeDefs, resolvers, cache: 'bounded' });
await startStandaloneServer(server, {
  listen: { host: '127.0.0.1', port: Number(process.env.PORT) },
  context: async ({ req }) => context(req),
});
