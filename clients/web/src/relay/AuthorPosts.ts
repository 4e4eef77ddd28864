// Backward, below a node: what an author wrote, from the oldest post on. `loadPrevious` prepends a page, found by `node(id)`.
import { graphql } from 'relay-runtime';

export const authorPosts = graphql`
  fragment AuthorPosts_user on User
  @refetchable(queryName: "AuthorPostsPaginationQuery")
  @argumentDefinitions(last: { type: "Int", defaultValue: 20 }, before: { type: "String" }) {
    posts(last: $last, before: $before) @connection(key: "AuthorPosts_posts") {
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;
