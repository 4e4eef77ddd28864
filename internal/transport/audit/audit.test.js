// Runs all audits of graphql-http against the real binary.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { start } from './server.js';

let server;
before(async () => { server = await start(); });
after(() => server?.stop());

const audits = serverAudits({ url: () => `${server.origin}/graphql` });

test('there are as many audits as there were', () => assert.equal(audits.length, 61));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const { status, reason } = await fn();
    assert.equal(status, 'ok', reason);
  });
}
