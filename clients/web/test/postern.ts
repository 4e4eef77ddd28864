// Starts the real binary: POSTERN is its path.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';

/** Runs an empty blog until the test ends, and answers where to ask it. */
export async function start(t: TestContext, ...flags: string[]): Promise<string> {
  const { PATH, POSTERN } = process.env;
  assert.ok(POSTERN, 'POSTERN must be the path of the built binary');
  const dataDir = mkdtempSync(join(tmpdir(), 'postern-web-'));
  const server = spawn(POSTERN, ['serve', '--addr', '127.0.0.1:0', '--log-format', 'json', ...flags], {
    cwd: dataDir,
    env: { PATH, DATA_DIR: dataDir, LIMIT_SIGNUPS_OF_ADDRESS: '0', LIMIT_POSTS_OF_ACCOUNT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit');
    rmSync(dataDir, { recursive: true, force: true });
  });

  for await (const line of createInterface({ input: server.stderr })) {
    const { msg, addr, error } = JSON.parse(line);
    assert.notEqual(msg, 'error', error);
    if (msg === 'listening') {
      server.stderr.resume();
      return `http://${addr}/graphql`;
    }
  }
  throw new Error('the server ended before it listened');
}
