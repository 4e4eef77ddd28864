// Runs all audits of graphql-http against the real binary. It wants POSTERN, the path of that binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { serverAudits } from 'graphql-http';

const { PATH, POSTERN } = process.env;
const dataDir = mkdtempSync(join(tmpdir(), 'postern-audit-'));
let server, url;

before(async () => {
  assert.ok(POSTERN, 'POSTERN must be the path of the built binary');
  server = spawn(POSTERN, ['serve', '--addr', '127.0.0.1:0', '--log-format', 'json'], { cwd: dataDir, env: { PATH, DATA_DIR: dataDir } });
  for await (const line of createInterface({ input: server.stderr })) {
    const { msg, addr, error } = JSON.parse(line);
    assert.notEqual(msg, 'error', error);
    if (msg === 'listening') {
      url = `http://${addr}/graphql`;
      break;
    }
  }
  assert.ok(url, 'the server ended before it listened');
  server.stderr.resume();
});

after(async () => {
  if (server?.exitCode === null && server.kill()) await once(server, 'exit');
  rmSync(dataDir, { recursive: true, force: true });
});

const audits = serverAudits({ url: () => url });

test('there are as many audits as there were', () => assert.equal(audits.length, 61));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const { status, reason } = await fn();
    assert.equal(status, 'ok', reason);
  });
}
