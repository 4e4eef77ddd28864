// What WebSockets and event streams have in common: how many there may be, a server that stops, readers that are slow.
import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { createClient as createStreams } from 'graphql-sse';
import { createClient as createSocket } from 'graphql-ws';
import WebSocket from 'ws';
import { Author, following, heard, isRefused, test } from './blog.js';
import { start } from './server.js';

test('graphql-ws: the 21st subscription on a socket is refused; it has a place when another leaves', async (t) => {
  const { writer, socket } = await house(t);
  const client = socket();
  const open = new Set(Array.from({ length: 21 }, () => client.iterate(following)));
  const refused = await Promise.race([...open].map((posts) => posts.next().then(
    () => assert.fail('nothing was published'),
    (errors) => isRefused('OPERATION_LIMIT', /^20 subscriptions may be open on a socket$/)(errors) && posts,
  )));
  open.delete(refused);
  const [leaver, ...stayers] = open;
  await leaver.return();
  for (const posts of [client.iterate(following), ...stayers]) await writer.knock(posts);
});

for (const whose of ['an account', 'an address, without an account']) {
  const known = whose === 'an account';

  test(`graphql-ws: the 11th socket of ${whose} is closed by 1013; it has a place when another leaves`, async (t) => {
    const { address, writer, socket } = await house(t);
    const payload = known ? writer.headers : {};
    const open = [];
    for (let i = 0; i < 10; i++) {
      open.push(await dial(t, address));
      await greet(open.at(-1), payload);
    }
    await writer.knock(socket({ connectionParams: known ? {} : writer.headers }).iterate(following));

    const [refused, left] = [event(), event()];
    const late = socket({ connectionParams: payload, retryAttempts: 5, retryWait: () => left.promise, on: { closed: refused.happen } })
      .iterate(following);
    const knocked = writer.knock(late);
    const { code, reason } = await refused.promise;
    assert.deepEqual([code, reason], [1013, '10 connections may be open at a time']);
    open[0].close();
    await once(open[0], 'close');
    left.happen();
    await knocked;
  });

  test(`graphql-sse: the 11th stream of ${whose} is told CONNECTION_LIMIT; it has a place when another leaves`, async (t) => {
    const { writer, streams } = await house(t);
    const client = streams({ headers: known ? writer.headers : {}, retryAttempts: 5, retry: async () => {} });
    const open = Array.from({ length: 10 }, () => client.iterate(following));
    for (const posts of open) await writer.knock(posts);
    const late = client.iterate(following);
    const { value } = await late.next();
    assert.ok(isRefused('CONNECTION_LIMIT', /^10 connections may be open at a time$/)(value.errors));
    await open.pop().return();
    await writer.publishUntil(admitted(late));
  });
}

test('a server that stops says so at once, answers what is asked, and is gone; clients come back to the next', async (t) => {
  const { writer, server, socket, streams } = await house(t);
  const [closed, cut, restarted] = [event(), event(), event()];
  const again = (attempts) => attempts > 0 && restarted.promise; // the first one comes too early
  const told = [];
  const posts = [
    socket({ shouldRetry: () => true, retryAttempts: 5, retryWait: again, on: { closed: closed.happen } }).iterate(following),
    streams({
      retryAttempts: 5,
      retry: (attempts) => {
        cut.happen();
        return again(attempts);
      },
      on: { message: ({ event }) => told.push(event) },
    }).iterate(following),
  ];
  for (const subscription of posts) await writer.knock(subscription);

  const asking = request(`${server.origin}/graphql`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Expect: '100-continue' },
  });
  asking.flushHeaders();
  await once(asking, 'continue'); // the server waits for the rest

  const exited = once(server.process, 'exit');
  server.process.kill('SIGTERM');
  const { code, reason } = await closed.promise;
  assert.deepEqual({ code, reason }, { code: 1001, reason: 'the server shuts down' });
  await cut.promise;
  assert.deepEqual(new Set(told), new Set(['next']));
  asking.end('{"query": "{ __typename }"}');
  const [answer] = await once(asking, 'response');
  assert.deepEqual(await json(answer), { data: { __typename: 'Query' } });
  assert.deepEqual(await exited, [0, null]);

  const next = await start({ at: server.addr, dataDir: server.dataDir });
  t.after(next.stop);
  restarted.happen();
  for (const subscription of posts) await writer.knock(subscription);
  await writer.publish('By the next server');
  for (const subscription of posts) assert.equal(await heard(subscription), 'By the next server');
});

test('a slow reader hinders neither who writes nor who reads, and is told or gone', async (t) => {
  const { address, writer, socket } = await house(t);
  const slow = await dial(t, address);
  await greet(slow);
  slow.send(JSON.stringify({ id: 'slow', type: 'subscribe', payload: following }));
  await writer.publishUntil(once(slow, 'message'));
  slow.pause();

  const posts = socket().iterate(following);
  await writer.knock(posts);
  const long = '\u{1f422}'.repeat(100_000); // what the network holds for the slow one has an end
  for (let i = 0; i < 80; i++) {
    await writer.publish(`Long ${i}`, long);
    assert.equal(await heard(posts), `Long ${i}`);
  }

  const ended = Promise.race([once(slow, 'close'), last(slow, 'slow')]);
  slow.resume();
  const [end] = await ended;
  if (typeof end !== 'number') assert.ok(isRefused('SLOW_SUBSCRIBER')(end.payload));
});

// house is a server of the test's own, somebody who writes there, and clients.
async function house(t) {
  const server = await start();
  t.after(server.stop);
  const address = `ws://${server.addr}/graphql`;
  const closing = (client) => {
    t.after(() => client.dispose());
    return client;
  };
  return {
    server,
    address,
    writer: await Author.signup(server.origin, 'Writer'),
    socket: (options) => closing(createSocket({ url: address, webSocketImpl: WebSocket, retryAttempts: 0, ...options })),
    streams: (options) => closing(createStreams({ url: `${server.origin}/graphql`, retryAttempts: 0, ...options })),
  };
}

// event is something that happens once.
function event() {
  const result = {};
  result.promise = new Promise((resolve) => { result.happen = resolve; });
  return result;
}

async function dial(t, address) {
  const socket = new WebSocket(address, 'graphql-transport-ws');
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

async function greet(socket, payload) {
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  const [message] = await once(socket, 'message');
  assert.equal(JSON.parse(message).type, 'connection_ack');
}

// admitted waits until a subscription has data.
async function admitted(subscription) {
  for await (const { data } of subscription) if (data) return;
}

// last is the message that ends an operation.
async function last(socket, id) {
  for await (const [message] of on(socket, 'message')) {
    const told = JSON.parse(message);
    if (told.id === id && told.type !== 'next') return [told];
  }
}
