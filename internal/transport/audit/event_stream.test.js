// Connects graphql-sse, in its mode of distinct connections, to the real binary.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { createClient } from 'graphql-sse';
import { Author, following, heard, isRefused, only, publish, refusals, test, viewer } from './blog.js';
import { start } from './server.js';

let server, url, writer;
before(async () => {
  server = await start();
  url = `${server.origin}/graphql`;
  writer = await Author.signup(server.origin, 'Writer');
});
after(() => server?.stop());

test('graphql-sse: a query, a mutation and a subscription', async (t) => {
  const client = connect(t, { headers: writer.headers });
  const posts = client.iterate(following);
  await writer.knock(posts);
  assert.deepEqual(await only(client, viewer), { data: { viewer: { email: writer.email } } });
  const answer = await publish(client, 'As an event');
  assert.deepEqual(answer, { data: { createPost: { post: { title: 'As an event' }, errors: [] } } });
  assert.equal(await heard(posts), 'As an event');
  assert.deepEqual(await only(connect(t), viewer), { data: { viewer: null } });
});

test('graphql-sse: posts arrive in order, each once', async (t) => {
  const client = connect(t, { headers: writer.headers });
  const posts = client.iterate(following);
  await writer.knock(posts);
  const titles = Array.from({ length: 30 }, (_, i) => `Number ${i}`);
  for (const [i, title] of titles.entries()) await (i % 2 ? publish(client, title) : writer.publish(title));
  for (const title of titles) assert.equal(await heard(posts), title);
});

test('graphql-sse: what is no operation is told by one event, which is the last', async (t) => {
  const client = connect(t);
  for (const [query, code] of refusals) {
    const { data, errors } = await only(client, { query });
    assert.equal(data, undefined);
    assert.ok(isRefused(code)(errors), query);
  }
  const { data, errors } = await publish(client, 'By nobody');
  assert.equal(data.createPost, null);
  assert.ok(isRefused('UNAUTHENTICATED')(errors));
});

test('graphql-sse: a token that never was one is refused, and the client comes in with a fresh one', async (t) => {
  const author = await Author.signup(server.origin, 'Invalid');
  author.accessToken += 'x';
  const { client, told } = returning(t, author, () => author.refresh());
  const posts = client.iterate(following);
  const { value: { data, errors } } = await posts.next();
  assert.equal(data, undefined);
  assert.equal(errors[0].extensions.reason, 'TOKEN_INVALID');
  await writer.knock(posts);
  assert.ok(!told.includes('complete'));
});

test('graphql-sse: log-out elsewhere is the last that a stream tells, and the client comes back', async (t) => {
  const author = await Author.signup(server.origin, 'Leaving');
  const { client, told } = returning(t, author, () => author.login());
  const posts = client.iterate(following);
  await writer.knock(posts);
  await author.logout();
  let last;
  do last = (await posts.next()).value; while (last.data); // it may have been knocked more than once
  assert.equal(last.data, undefined);
  assert.equal(last.errors[0].extensions.code, 'UNAUTHENTICATED');
  assert.equal(last.errors[0].extensions.reason, 'SESSION_ENDED');
  await writer.knock(posts);
  await writer.publish('After the return');
  assert.equal(await heard(posts), 'After the return');
  assert.ok(!told.includes('complete'));
});

function connect(t, options) {
  const client = createClient({ url, singleConnection: false, retryAttempts: 0, ...options });
  t.after(() => client.dispose());
  return client;
}

// returning is a client that comes back after UNAUTHENTICATED when its credentials are renewed; told has its events.
function returning(t, author, renew) {
  const told = [];
  let stale = false;
  const client = connect(t, {
    headers: async () => {
      if (stale) await renew();
      stale = false;
      return author.headers;
    },
    retryAttempts: 1,
    retry: async () => {},
    on: {
      message: ({ event, data }) => {
        told.push(event);
        stale = data?.errors?.[0].extensions.code === 'UNAUTHENTICATED';
      },
    },
  });
  return { client, told };
}
