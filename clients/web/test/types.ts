// What must not compile. Each case has one fault: a line that the compiler takes after all is an error itself (TS2578).
import { Client } from '../src/client.js';
import {
  CreatePostDocument, DeletePostDocument, FeedDocument, NodeDocument, PostPublishedDocument, ReadPostDocument, SignupDocument,
  UpdatePostDocument, ViewerDocument,
} from '../src/generated/graphql.js';

/** Never called: it is the compiler who reads it. */
export async function wrong(client: Client): Promise<void> {
  // @ts-expect-error no variables at all, though one is required
  await client.ask(FeedDocument);
  // @ts-expect-error a required variable is missing
  await client.ask(FeedDocument, { after: 'cursor' });
  // @ts-expect-error a variable of another type
  await client.ask(FeedDocument, { first: '20' });
  // @ts-expect-error null for a variable that cannot be null
  await client.ask(FeedDocument, { first: null });
  // @ts-expect-error a variable that the document does not have
  await client.ask(FeedDocument, { first: 20, last: 20 });
  // @ts-expect-error variables for a document that has none
  await client.ask(ViewerDocument, { id: 'user_1' });
  // @ts-expect-error a required field of an input is missing
  await client.ask(CreatePostDocument, { input: { title: 'Hello' } });
  // @ts-expect-error a field that the input does not have
  await client.ask(CreatePostDocument, { input: { title: 'Hello', content: 'World', author: 'Ada' } });
  // @ts-expect-error null for a field that cannot be null
  await client.ask(SignupDocument, { input: { email: 'a@example.org', password: 'violet tractor', name: null } });
  // @ts-expect-error a field of another type
  await client.ask(UpdatePostDocument, { input: { postId: 'post_1', expectedVersion: '1' } });
  // @ts-expect-error two keys of an input that takes one
  await client.ask(ReadPostDocument, { by: { id: 'post_1', slug: 'hello' } });
  // @ts-expect-error none of them
  await client.ask(ReadPostDocument, { by: {} });
  // @ts-expect-error null for the one
  await client.ask(ReadPostDocument, { by: { slug: null } });
  // @ts-expect-error a moment is text
  await client.ask(FeedDocument, { first: 20, filter: { createdSince: new Date() } });
  // @ts-expect-error an input where an id is wanted
  await client.ask(DeletePostDocument, { input: { postId: { id: 'post_1' } } });
  // @ts-expect-error a subscription's variable of another type
  await client.ask(PostPublishedDocument, { authorId: 1 });

  const { posts } = await client.ask(FeedDocument, { first: 20 });
  // @ts-expect-error a field that was not selected
  posts.totalCount;
  // @ts-expect-error a field of a post that a list does not select
  posts.edges[0]?.node.content;
  // @ts-expect-error a cursor may be null: an empty page has none
  posts.pageInfo.endCursor.length;

  const { post } = await client.ask(ReadPostDocument, { by: { slug: 'hello' } });
  // @ts-expect-error there may be no such post
  post.title;
  // @ts-expect-error a number is no text
  post?.version.toUpperCase();

  const { viewer } = await client.ask(ViewerDocument);
  // @ts-expect-error a role that is none
  viewer?.role === 'WRITER';

  const { node } = await client.ask(NodeDocument, { id: 'post_1' });
  // @ts-expect-error a node has a title only if it is a post
  node?.title;
  // @ts-expect-error a type that is no node
  node?.__typename === 'Viewer';

  const { updatePost } = await client.ask(UpdatePostDocument, { input: { postId: 'post_1' } });
  for (const problem of updatePost?.errors ?? []) {
    // @ts-expect-error only a conflict tells what the post is now
    problem.current;
    // @ts-expect-error an error that is none
    if (problem.__typename === 'LostError') return;
  }
}
