// What all servers of JavaScript execute. The audits ask for little more than __typename, of a query and of a mutation.
export const typeDefs = `
  type Query {
    greeting: String!
  }
  type Mutation {
    greet(name: String!): String!
  }
`;

export const resolvers = {
  Query: { greeting: () => 'Hello!' },
  Mutation: { greet: (_, { name }) => `Hello, ${name}!` },
};
