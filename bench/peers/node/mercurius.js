// mercurius, as its documentation has it, with the just-in-time compiler that it offers: after one execution here.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { resolvers, typeDefs } from './schema.js';
import { context } from './token.js';

const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers, context, jit: 1 });
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
