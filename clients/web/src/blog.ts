// What a front end of a blog does, by the documents that are made of ../../operations.
import type { Client } from './client.js';
import {
  CreatePostDocument, type CreatePostInput, FeedDocument, type FeedQuery, LoginDocument, type PostDetailsFragment,
  type PostFilter, type PostTeaserFragment, type ProblemFragment, ReadPostDocument, RefreshTokenDocument, SignupDocument,
  type SignupInput, type TokensFragment, UpdatePostDocument, type UpdatePostInput,
} from './generated/graphql.js';

/** Why a mutation did nothing: one sentence for each thing that is wrong. */
export class Refused extends Error {
  readonly problems: readonly ProblemFragment[];

  constructor(problems: readonly ProblemFragment[]) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
  }
}

/** What a mutation made; it throws why there is nothing. */
function made<T>(value: T | null | undefined, problems: readonly ProblemFragment[] = []): T {
  if (problems.length > 0 || value == null) throw new Refused(problems);
  return value;
}

export async function signup(client: Client, input: SignupInput): Promise<TokensFragment> {
  const { signup } = await client.ask(SignupDocument, { input });
  return remember(client, made(signup?.tokens, signup?.errors));
}

export async function login(client: Client, email: string, password: string): Promise<TokensFragment> {
  const { login } = await client.ask(LoginDocument, { input: { email, password } });
  return remember(client, made(login?.tokens, login?.errors));
}

export async function refresh(client: Client, { refreshToken: last }: TokensFragment): Promise<TokensFragment> {
  const { refreshToken } = await client.ask(RefreshTokenDocument, { input: { refreshToken: last } });
  return remember(client, made(refreshToken?.tokens, refreshToken?.errors));
}

function remember(client: Client, tokens: TokensFragment): TokensFragment {
  client.accessToken = tokens.accessToken;
  return tokens;
}

/** The posts, newest first, page by page as they are wanted. */
export async function* feed(client: Client, filter?: PostFilter, first = 20): AsyncGenerator<PostTeaserFragment> {
  for (let after: string | null = null; ;) {
    const { posts }: FeedQuery = await client.ask(FeedDocument, { first, after, filter });
    for (const { node } of posts.edges) yield node;
    if (!posts.pageInfo.hasNextPage) return;
    after = posts.pageInfo.endCursor;
  }
}

export async function read(client: Client, slug: string): Promise<PostDetailsFragment | null> {
  const { post } = await client.ask(ReadPostDocument, { by: { slug } });
  return post;
}

export async function publish(client: Client, input: CreatePostInput): Promise<PostDetailsFragment> {
  const { createPost } = await client.ask(CreatePostDocument, { input });
  return made(createPost?.post, createPost?.errors);
}

/** An edit that was saved; or the post as somebody else has changed it meanwhile, to be looked at before it is tried again. */
export type Edit = { saved: PostDetailsFragment } | { conflict: PostDetailsFragment };

export async function edit(
  client: Client, { id, version }: PostDetailsFragment, changes: Omit<UpdatePostInput, 'postId' | 'expectedVersion'>,
): Promise<Edit> {
  const { updatePost } = await client.ask(UpdatePostDocument, { input: { ...changes, postId: id, expectedVersion: version } });
  for (const problem of updatePost?.errors ?? []) {
    if (problem.__typename === 'ConflictError') return { conflict: problem.current };
  }
  return { saved: made(updatePost?.post, updatePost?.errors) };
}
