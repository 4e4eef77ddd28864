// Connects graphql-ws to the real binary, and breaks its protocol in each way that there is a code for.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { Author, following, heard, isRefused, only, publish, refusals, test, viewer } from './blog.js';
import { start } from './server.js';

const secret = randomBytes(32).toString('hex');
const protocol = 'graphql-transport-ws';

let server, url, writer;
before(async () => {
  server = await start({ JWT_SECRET: secret });
  url = `ws://${server.addr}/graphql`;
  writer = await Author.signup(server.origin, 'Writer');
});
after(() => server?.stop());

for (const lazy of [true, false]) {
  test(`graphql-ws, ${lazy ? '' : 'not '}lazy: a query, a mutation and a subscription`, async (t) => {
    let opened = 0;
    const client = connect(t, { lazy, connectionParams: writer.headers, on: { opened: () => { opened += 1; } } });
    const posts = client.iterate(following);
    await writer.knock(posts);
    assert.deepEqual(await only(client, viewer), { data: { viewer: { email: writer.email } } });
    const answer = await publish(client, 'Over a socket');
    assert.deepEqual(answer, { data: { createPost: { post: { title: 'Over a socket' }, errors: [] } } });
    assert.equal(await heard(posts), 'Over a socket');
    assert.equal(opened, 1);
  });
}

test('graphql-ws: posts arrive in order, each once', async (t) => {
  const client = connect(t, { connectionParams: writer.headers });
  const posts = client.iterate(following);
  await writer.knock(posts);
  const titles = Array.from({ length: 30 }, (_, i) => `Number ${i}`);
  for (const [i, title] of titles.entries()) await (i % 2 ? publish(client, title) : writer.publish(title));
  for (const title of titles) assert.equal(await heard(posts), title);
});

test('graphql-ws: who unsubscribes hears no more', async (t) => {
  const told = [];
  const client = connect(t, { generateID: ({ extensions }) => extensions.id, on: { message: (message) => told.push(message) } });
  const subscribe = (id) => client.iterate({ ...following, extensions: { id } });
  const [leaver, stayer] = [subscribe('leaver'), subscribe('stayer')];
  await writer.knock(leaver);
  await writer.knock(stayer);
  await leaver.return();
  await only(client, { query: '{ __typename }', extensions: { id: 'query' } }); // whose answer comes after the end was read
  told.length = 0;
  await writer.publish('To who stays');
  assert.equal(await heard(stayer), 'To who stays');
  assert.deepEqual(new Set(told.map(({ id }) => id)), new Set(['stayer']));
});

test('graphql-ws: many operations at once, each with its own answer', async (t) => {
  const client = connect(t, { connectionParams: writer.headers });
  const posts = client.iterate(following);
  await writer.knock(posts);
  const titles = Array.from({ length: 50 }, (_, i) => `At once ${i}`);
  const answers = titles.flatMap((title, i) => [
    publish(client, title).then(({ data }) => assert.equal(data.createPost.post.title, title)),
    only(client, { query: `{ a${i}: __typename }` }).then(({ data }) => assert.deepEqual(data, { [`a${i}`]: 'Query' })),
  ]);
  await Promise.all(answers);
  const found = [];
  while (found.length < titles.length) found.push(await heard(posts));
  assert.deepEqual(found.sort(), titles.sort());
});

test('graphql-ws: what is no operation is an error, and the socket stays', async (t) => {
  const closed = [];
  const client = connect(t, { on: { closed: (event) => closed.push(event) } });
  await writer.knock(client.iterate(following));
  for (const [query, code] of refusals) {
    await assert.rejects(only(client, { query }), isRefused(code), query);
  }
  const { data, errors } = await publish(client, 'By nobody');
  assert.equal(data.createPost, null);
  assert.ok(isRefused('UNAUTHENTICATED')(errors));
  assert.deepEqual(closed, []);
});

test('graphql-ws: a header of the handshake tells who it is, as connectionParams do', async (t) => {
  class Authorized extends WebSocket {
    constructor(address, protocols) { super(address, protocols, { headers: writer.headers }); }
  }
  const known = { data: { viewer: { email: writer.email } } };
  assert.deepEqual(await only(connect(t, { webSocketImpl: Authorized }), viewer), known);
  assert.deepEqual(await only(connect(t, { connectionParams: writer.headers }), viewer), known);
  assert.deepEqual(await only(connect(t), viewer), { data: { viewer: null } });
});

for (const [reason, spoil] of [
  ['TOKEN_INVALID', (author) => { author.accessToken = `${author.accessToken}x`; }],
  ['TOKEN_EXPIRED', (author) => author.expire(-60, secret)],
]) {
  test(`graphql-ws: 4403 ${reason}, and the client comes in with a fresh token`, async (t) => {
    const author = await Author.signup(server.origin, reason.replace('_', ''));
    spoil(author);
    const { client, closed } = returning(t, author, () => author.refresh());
    assert.deepEqual(await only(client, viewer), { data: { viewer: { email: author.email } } });
    assert.equal(closed[0], `4403 ${reason}`);
  });
}

for (const [what, reason, end, renew] of [
  ['expiry', 'TOKEN_EXPIRED', () => {}, (author) => author.refresh()],
  ['log-out elsewhere', 'SESSION_ENDED', (author) => author.logout(), (author) => author.login()],
]) {
  test(`graphql-ws: ${what} closes by 4403 ${reason}, and the client comes back`, async (t) => {
    const author = await Author.signup(server.origin, what.replace(' ', '.'));
    if (reason === 'TOKEN_EXPIRED') author.expire(2, secret);
    const { client, closed, left } = returning(t, author, () => renew(author));
    const posts = client.iterate(following);
    await writer.knock(posts);
    await end(author);
    await left;
    await writer.knock(posts);
    assert.deepEqual(await only(client, viewer), { data: { viewer: { email: author.email } } });
    await writer.publish('After the return');
    assert.equal(await heard(posts), 'After the return');
    assert.deepEqual(closed, [`4403 ${reason}`]);
  });
}

const init = { type: 'connection_init' };
const subscribe = { id: '1', type: 'subscribe', payload: following };
const long = 1 << 20;

// 4408 takes ten seconds: socket_test.go has it in a bubble of fake time.
for (const [what, messages, code, reason] of [
  ['no JSON', [init, '{'], 4400, /JSON/],
  ['an unknown type', [init, { type: 'start' }], 4400, /type/],
  ['no id', [init, { ...subscribe, id: '' }], 4400, /id/],
  ['a binary message', [init, Buffer.from('{}')], 4400, /text/],
  ['no object of parameters', [{ ...init, payload: [] }], 4400, /object/],
  ['an operation before connection_init', [subscribe], 4401, /^Unauthorized$/],
  ['a token that never was one', [{ ...init, payload: { Authorization: 'Bearer nonsense' } }], 4403, /^TOKEN_INVALID$/],
  ['an id that is in use', [init, subscribe, subscribe], 4409, /^Subscriber for 1 already exists$/],
  ['connection_init twice', [init, init], 4429, /^Too many initialisation requests$/],
  ['a message that is too long', [init, { type: 'ping', payload: { x: 'x'.repeat(long) } }], 1009, /1048576 bytes/],
]) {
  test(`close code ${code}: ${what}`, async (t) => {
    const socket = new WebSocket(url, protocol);
    t.after(() => socket.terminate());
    await once(socket, 'open');
    for (const message of messages) socket.send(message === '{' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
    const [closed, why] = await once(socket, 'close');
    assert.equal(closed, code);
    assert.match(why.toString(), reason);
  });
}

for (const [what, protocols, headers, status] of [
  ['without a subprotocol', [], {}, 400],
  ['with the subprotocol of subscriptions-transport-ws', ['graphql-ws'], {}, 400],
  ['by a page of another origin', [protocol], { Origin: 'https://elsewhere.example' }, 403],
]) {
  test(`a handshake ${what} is refused`, async () => {
    const socket = new WebSocket(url, protocols, { headers });
    socket.on('open', () => assert.fail('it was let in'));
    const [request, response] = await once(socket, 'unexpected-response');
    request.destroy();
    assert.equal(response.statusCode, status);
  });
}

test('a handshake by a page of the same origin is accepted', async (t) => {
  const socket = new WebSocket(url, ['other', protocol], { headers: { Origin: server.origin } });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  assert.equal(socket.protocol, protocol);
});

function connect(t, options) {
  const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, onNonLazyError: assert.fail, ...options });
  t.after(() => client.dispose());
  return client;
}

// returning is a client that comes back after 4403 when its credentials are renewed; closed tells how it was, and left when.
function returning(t, author, renew) {
  const closed = [];
  let leave;
  const left = new Promise((resolve) => { leave = resolve; });
  const client = connect(t, {
    connectionParams: async () => {
      if (closed.length > 0) await renew();
      return author.headers;
    },
    retryAttempts: 1,
    retryWait: async () => {},
    on: {
      closed: ({ code, reason }) => {
        closed.push(`${code} ${reason}`);
        leave();
      },
    },
  });
  return { client, closed, left };
}
