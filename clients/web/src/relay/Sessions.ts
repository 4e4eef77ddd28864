// Backward, below the viewer, who is no node: where the account is logged in.
import { graphql } from 'relay-runtime';

export const sessions = graphql`
  fragment Sessions_query on Query
  @refetchable(queryName: "SessionsPaginationQuery")
  @argumentDefinitions(last: { type: "Int", defaultValue: 20 }, before: { type: "String" }) {
    viewer {
      sessions(last: $last, before: $before) @connection(key: "Sessions_sessions") {
        edges {
          node {
            id
            userAgent
          }
        }
      }
    }
  }
`;
