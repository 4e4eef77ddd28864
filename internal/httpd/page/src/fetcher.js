// How GraphiQL reaches the server: operations by POST, subscriptions by WebSocket, both with the Headers of their tab.
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { post, socketUrl } from './http.js';
import { authorizationKey, canRenew, end, isCurrent, learn, renewed } from './session.js';

// The close code for a token that is not good, or not good any more.
const FORBIDDEN = 4403;

export async function fetcher({ query, variables, operationName }, { headers } = {}) {
  const operation = operationIn(query, operationName);
  const params = { query, variables, operationName: operation?.name?.value };
  if (operation?.operation === 'subscription') return watch(params, headers);

  let result = await post(params, headers);
  // A mutation that did something is not repeated: a signup with an old token at hand works, and works only once.
  if (reasonOf(result) === 'TOKEN_EXPIRED' && !(operation?.operation === 'mutation' && hasData(result))) {
    const fresh = await renewed(headers);
    if (fresh) result = await post(params, fresh);
  }
  if (reasonOf(result) === 'SESSION_ENDED' && isCurrent(headers)) end();
  learn(result);
  return result;
}

// Reads the operation from the text that is sent: what GraphiQL believes it to be lags behind a change of tab.
function operationIn(query, name) {
  try {
    const document = parse(query);
    return getOperationAST(document, name) ?? getOperationAST(document);
  } catch {
    return null; // no GraphQL: the server will say where
  }
}

// Reading goes on without a good token, and the reason is beside the data; a guarded field fails with it.
const reasonOf = ({ errors, extensions }) =>
  extensions?.auth?.reason ?? errors?.find((error) => error.extensions?.code === 'UNAUTHENTICATED')?.extensions.reason;

const hasData = ({ data }) => Object.values(data ?? {}).some((value) => value !== null);

// One socket for one subscription: it opens with the tab's own token and closes with the subscription.
function watch(params, headers) {
  let refused = false;
  const client = createClient({
    url: socketUrl,
    connectionParams: async () => {
      if (refused) headers = (await renewed(headers)) ?? headers;
      const key = authorizationKey(headers);
      return headers?.[key] ? { Authorization: headers[key] } : {};
    },
    on: { closed: ({ code }) => { refused = code === FORBIDDEN; } },
    shouldRetry: ({ code }) => code !== FORBIDDEN || canRenew(headers),
  });
  return {
    subscribe: ({ next, error, complete }) => ({
      unsubscribe: client.subscribe(params, { next, complete, error: (cause) => error(readable(cause)) }),
    }),
  };
}

const readable = (cause) =>
  Array.isArray(cause) ? cause : [{ message: cause.message ?? `The connection was closed: ${cause.code} ${cause.reason}` }];
