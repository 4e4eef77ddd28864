// What src/ promises, before the real binary: once by the text of documents, once by their hashes alone.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { edit, feed, login, publish, read, refresh, Refused, signup } from '../src/blog.js';
import { Client, hashOf, RequestError } from '../src/client.js';
import { ActivityDocument, DeletePostDocument, FeedDocument, NodeDocument, ViewerDocument } from '../src/generated/graphql.js';
import { start } from './postern.js';

const documents = join(import.meta.dirname, '../../src/generated/persisted-documents.json');
const onlyPersisted = ['--persisted-documents', documents, '--only-persisted'];

test('by the text of documents', async (t) => {
  await blog(new Client(await start(t)));
});

test('by their hashes alone', async (t) => {
  await blog(new Client(await start(t, ...onlyPersisted), { persisted: true }));
});

test('no document but those of the file', async (t) => {
  const url = await start(t, ...onlyPersisted);
  const ask = async (body: object) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, variables: { first: 1 } }),
    });
    const { data, errors } = await answer.json() as { data?: object; errors?: { extensions: { code: string } }[] };
    return data ?? errors?.[0]?.extensions.code;
  };
  const hash = hashOf(FeedDocument);
  const persistedQuery = { version: 1, sha256Hash: hash.replace('sha256:', '') };
  const other = { query: 'query Other { __typename }' };

  const answer = await ask({ documentId: hash });
  assert.deepEqual(Object.keys(answer as object), ['__typename', 'posts']);
  assert.deepEqual(await ask({ extensions: { persistedQuery } }), answer, "Apollo's spelling");
  assert.equal(await ask(other), 'PERSISTED_QUERY_REQUIRED');
  assert.equal(await ask({ ...other, documentId: hash }), 'PERSISTED_QUERY_REQUIRED');
  assert.equal(await ask({ documentId: `sha256:${'0'.repeat(64)}` }), 'PERSISTED_QUERY_REQUIRED');
});

async function blog(client: Client): Promise<void> {
  const ada = { email: 'ada@example.org', password: 'violet tractor under the moss', name: 'Ada' };
  await assert.rejects(publish(client, { title: 'Too early', content: '' }), isRefusedAs('UNAUTHENTICATED'));

  await signup(client, ada);
  await assert.rejects(signup(client, ada), isProblem('TakenError'));
  await assert.rejects(login(client, ada.email, 'a wrong password'), isProblem('InvalidCredentialsError'));
  await refresh(client, await login(client, ada.email, ada.password));
  const { viewer } = await client.ask(ViewerDocument);
  assert.equal(viewer?.user.handle, 'ada');
  const activity = (await client.ask(ActivityDocument, { first: 2 })).viewer?.activity;
  assert.deepEqual(activity?.nodes.map(({ kind }) => kind), ['LOGGED_IN', 'LOGIN_FAILED']);
  assert.equal(activity.pageInfo.hasNextPage, true);

  for (const title of ['One', 'Two', 'Three']) await publish(client, { title, content: `*${title}*` });
  await assert.rejects(publish(client, { title: '', content: '' }), isProblem('ValidationError'));
  assert.deepEqual(await titles(client), ['Three', 'Two', 'One']);

  const post = await read(client, 'two');
  assert.ok(post);
  assert.equal(post.content, '*Two*');
  const first = await edit(client, post, { title: 'Two and a half' });
  assert.ok('saved' in first);
  assert.equal(first.saved.version, 2);
  const second = await edit(client, post, { title: 'Two thirds' });
  assert.ok('conflict' in second, 'an edit was lost');
  assert.equal(second.conflict.title, 'Two and a half');

  const { node } = await client.ask(NodeDocument, { id: post.id });
  assert.ok(node?.__typename === 'Post');
  assert.equal(node.title, 'Two and a half');
  const { deletePost } = await client.ask(DeletePostDocument, { input: { postId: post.id } });
  assert.equal(deletePost?.deletedPostId, post.id);
  assert.deepEqual(await titles(client), ['Three', 'One']);
  assert.equal(await read(client, 'two'), null);
}

/** Reads the feed in pages of one, so that there are some. */
async function titles(client: Client): Promise<string[]> {
  const titles = [];
  for await (const { title } of feed(client, {}, 1)) titles.push(title);
  return titles;
}

function isRefusedAs(code: string) {
  return (error: unknown) => error instanceof RequestError && error.code === code;
}

function isProblem(type: Refused['problems'][number]['__typename']) {
  return (error: unknown) => error instanceof Refused && error.problems[0]?.__typename === type;
}
