// Forward, at the root: the feed, from the newest post on. `loadNext` appends a page.
import { graphql } from 'relay-runtime';

export const feed = graphql`
  fragment Feed_query on Query
  @refetchable(queryName: "FeedPaginationQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    posts(first: $first, after: $after) @connection(key: "Feed_posts") {
      edges {
        node {
          id
          title
        }
      }
    }
  }
`;
