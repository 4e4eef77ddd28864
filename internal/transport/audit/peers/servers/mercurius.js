// mercurius, as https://mercurius.dev/#/?id=quick-start starts it.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { resolvers, typeDefs } from './schema.js';

const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers });
console.log(`${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql`);
