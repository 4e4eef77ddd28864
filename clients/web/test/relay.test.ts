// What relay-compiler made of src/relay, before the real binary: the queries by which Relay turns pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'graphql';
import type { ConcreteRequest } from 'relay-runtime';
import { publish, signup } from '../src/blog.js';
import { Client } from '../src/client.js';
import AuthorPosts from '../src/relay/__generated__/AuthorPostsPaginationQuery.graphql.js';
import Feed from '../src/relay/__generated__/FeedPaginationQuery.graphql.js';
import Sessions from '../src/relay/__generated__/SessionsPaginationQuery.graphql.js';
import { start } from './postern.js';

test('pages forward and backward', async (t) => {
  const client = new Client(await start(t));
  await signup(client, { email: 'ada@example.org', password: 'violet tractor under the moss', name: 'Ada' });
  const { author } = await publish(client, { title: 'One', content: '1' });
  await publish(client, { title: 'Two', content: '2' });

  const ask = ({ params }: ConcreteRequest, variables: object) => client.ask<any, object>(parse(params.text!), variables);
  const titles = ({ edges }: any) => edges.map(({ node }: any) => node.title);

  const newest = await ask(Feed, { first: 1 });
  assert.deepEqual(titles(newest.posts), ['Two']);
  const next = await ask(Feed, { first: 1, after: newest.posts.pageInfo.endCursor });
  assert.deepEqual(titles(next.posts), ['One']);

  const oldest = await ask(AuthorPosts, { id: author.id, last: 1 });
  assert.deepEqual(titles(oldest.node.posts), ['One']);
  const previous = await ask(AuthorPosts, { id: author.id, last: 1, before: oldest.node.posts.pageInfo.startCursor });
  assert.deepEqual(titles(previous.node.posts), ['Two']);

  const { viewer } = await ask(Sessions, { last: 1 });
  assert.equal(viewer.sessions.edges.length, 1);
  assert.equal(viewer.sessions.pageInfo.hasPreviousPage, false);
});
