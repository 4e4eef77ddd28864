// What all servers here execute: the part of Postern's schema that is measured, so that all are asked the same and answer the same.
// A post comes with its author by a join, so that nothing is looked up for each.
import * as blog from './blog.js';

export const typeDefs = `
  type Query {
    posts(first: Int, after: String): PostConnection!
    post(by: PostLookup!): Post
    viewer: Viewer!
  }
  type Mutation {
    createPost(input: CreatePostInput!): CreatePostPayload!
  }
  input PostLookup {
    id: ID
  }
  input CreatePostInput {
    title: String!
    content: String!
  }
  type PostConnection {
    nodes: [Post!]!
  }
  type Post {
    id: ID!
    title: String!
    content: String!
    createdAt: String!
    author: User!
  }
  type User {
    id: ID!
    name: String!
  }
  type Viewer {
    user: User!
    email: String!
  }
  type CreatePostPayload {
    post: Post
    errors: [UserError!]!
  }
  type UserError {
    message: String!
  }
`;

// Whether the content of posts is selected anywhere below a field; found out once for each document.
const found = new WeakMap();
function asksForContent({ fieldNodes, fragments }) {
  if (!found.has(fieldNodes[0])) found.set(fieldNodes[0], fieldNodes.some((node) => selects(node, fragments)));
  return found.get(fieldNodes[0]);
}

function selects({ selectionSet }, fragments) {
  return selectionSet?.selections.some((s) => (
    s.kind === 'FragmentSpread' ? selects(fragments[s.name.value], fragments) : s.name?.value === 'content' || selects(s, fragments)
  )) ?? false;
}

// The context has the account that asks, as `subject`.
export const resolvers = {
  Query: {
    posts: async (_, { first, after }, __, info) => ({ nodes: await blog.posts(first ?? 20, after, asksForContent(info)) }),
    post: (_, { by }) => blog.post(by.id),
    viewer: (_, __, { subject }) => blog.viewer(subject),
  },
  Mutation: {
    createPost: async (_, { input }, { subject }) => ({ post: await blog.createPost(subject, input), errors: [] }),
  },
};
