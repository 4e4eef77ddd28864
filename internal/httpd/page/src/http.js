const url = new URL('/graphql', location.href);

export const socketUrl = Object.assign(new URL(url), { protocol: url.protocol.replace('http', 'ws') }).href;

// Answers with a GraphQL result, whatever happens: what went wrong on the way is an entry of its errors.
export async function post(params, headers) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(params),
    });
    const text = await response.text();
    if (/json/.test(response.headers.get('content-type'))) return JSON.parse(text);
    return failure(`The server answered ${response.status} ${response.statusText}: ${text}`);
  } catch (error) {
    return failure(`The server does not answer: ${error.message}`);
  }
}

export const failure = (message) => ({ errors: [{ message }] });
