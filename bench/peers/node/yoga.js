// GraphQL Yoga, as its documentation has it: parsed and validated documents are kept by default, and GraphiQL is for development.
// Its authors' plug-in for graphql-jit is left out: with it, twice as much is spent on a request here.
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { resolvers, typeDefs } from './schema.js';
import { context } from './token.js';

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: ({ req }) => context(req),
  graphiql: false,
  logging: false,
});
createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1');
