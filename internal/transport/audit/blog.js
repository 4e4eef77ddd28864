// What the tests of clients have in common: somebody who has an account and publishes, and what is asked of the blog.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test as run } from 'node:test';

// test fails if what it waits for does not come: two minutes are for machines that are busy.
export const test = (name, body, options) => run(name, { timeout: 120_000, ...options }, body);

const password = 'violet tractor under the moss';

// knock is the title of posts that are there to be heard, not to be read.
const knock = 'Knock';

export const following = { query: 'subscription Follow { postPublished { title content } }' };
export const viewer = { query: '{ viewer { email } }' };

const publishing = (title, content = '.') => ({
  query: 'mutation Publish($input: CreatePostInput!) { createPost(input: $input) { post { title } errors { message } } }',
  variables: { input: { title, content } },
});

// refusals are operations that are none, each with its code.
export const refusals = [
  ['{', 'GRAPHQL_PARSE_FAILED'],
  ['{ title }', 'GRAPHQL_VALIDATION_FAILED'],
  ['subscription { a: postPublished { id } b: postPublished { id } }', 'GRAPHQL_VALIDATION_FAILED'],
  [`{ ${'a: __typename '.repeat(16)} }`, 'ALIAS_LIMIT'],
  ['{ posts(first: 100) { nodes { author { posts(first: 100) { nodes { title } } } } } }', 'COST_LIMIT'],
];

export class Author {
  static async signup(origin, name) {
    const author = new Author();
    author.origin = origin;
    author.email = `${name.toLowerCase()}@example.org`;
    await author.#become('signup', { email: author.email, password, name });
    return author;
  }

  // headers are those that the author is known by, and the parameters of connection_init.
  get headers() {
    return { Authorization: `Bearer ${this.accessToken}` };
  }

  async login() {
    await this.#become('login', { email: this.email, password });
  }

  async refresh() {
    await this.#become('refreshToken', { refreshToken: this.refreshToken });
  }

  async logout() {
    await this.#ask({ query: 'mutation { logout { endedSessionId } }' }, this.headers);
  }

  async publish(title, content = '.') {
    const { createPost } = await this.#ask(publishing(title, content), this.headers);
    assert.deepEqual(createPost.errors, []);
  }

  // expire has the access token expire when so many seconds are over, which may be less than none.
  expire(seconds, secret) {
    const [head, body] = this.accessToken.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const earlier = claims.exp - Math.floor(Date.now() / 1000) - seconds;
    for (const time of ['exp', 'iat', 'nbf']) claims[time] -= earlier;
    const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    this.accessToken = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  // knock publishes until a subscription hears of it: nobody is told when a subscription begins.
  async knock(subscription) {
    const { value } = await this.publishUntil(subscription.next());
    assert.equal(value?.data?.postPublished.title, knock);
  }

  // publishUntil publishes until something has happened, and answers what.
  async publishUntil(event) {
    let happened = false;
    event.finally(() => { happened = true; }).catch(() => {}); // whoever waits for the event is told
    while (!happened) await this.publish(knock);
    return event;
  }

  async #become(mutation, input) {
    const type = `${mutation[0].toUpperCase()}${mutation.slice(1)}Input!`;
    const fields = 'tokens { accessToken refreshToken } errors { message }';
    const query = `mutation Become($input: ${type}) { ${mutation}(input: $input) { ${fields} } }`;
    const { [mutation]: payload } = await this.#ask({ query, variables: { input } });
    assert.deepEqual(payload.errors, []);
    Object.assign(this, payload.tokens);
  }

  async #ask(operation, headers) {
    const response = await fetch(`${this.origin}/graphql`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(operation),
    });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined);
    return data;
  }
}

// heard is the title of the next post that a subscription has, but for knocks.
export async function heard(subscription) {
  for (;;) {
    const { value } = await subscription.next();
    assert.ok(value?.data, JSON.stringify(value));
    const { title } = value.data.postPublished;
    if (title !== knock) return title;
  }
}

// publish publishes by a client.
export const publish = (client, title) => only(client, publishing(title));

// only is the answer to what has one.
export async function only(client, operation) {
  const answers = [];
  for await (const answer of client.iterate(operation)) answers.push(answer);
  assert.equal(answers.length, 1);
  return answers[0];
}

// isRefused tells whether errors are one, of this code.
export const isRefused = (code, message = /./) => (errors) => {
  assert.deepEqual(errors?.map(({ extensions }) => extensions.code), [code]);
  assert.match(errors[0].message, message);
  return true;
};
