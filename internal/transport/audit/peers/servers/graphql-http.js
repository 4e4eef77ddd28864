// graphql-http's own handler, as its README starts it.
import { createServer } from 'node:http';
import { buildSchema } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { resolvers, typeDefs } from './schema.js';

const rootValue = { ...resolvers.Query, greet: (args) => resolvers.Mutation.greet(undefined, args) };
const server = createServer(createHandler({ schema: buildSchema(typeDefs), rootValue }));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/graphql`));
