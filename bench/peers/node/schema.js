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

// The context has the account that asks, as `subject`.
export const resolvers = {
  Query: {
    posts: async (_, { first, after }) => ({ nodes: await blog.posts(first ?? 20, after) }),
    post: (_, { by }) => blog.post(by.id),
    viewer: (_, __, { subject }) => blog.viewer(subject),
  },
  Post: {
    content: (post) => post.content ?? blog.contentOf(post.id),
  },
  Mutation: {
    createPost: async (_, { input }, { subject }) => ({ post: await blog.createPost(subject, input), errors: [] }),
  },
};
