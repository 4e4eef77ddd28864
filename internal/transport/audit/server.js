// Starts the built binary, on an empty database if it is told none. It wants POSTERN, the path of that binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { PATH, POSTERN } = process.env;

// start answers where the server is, its process, and how to stop it. Another one that has its address and folder takes over.
export async function start({ at = '127.0.0.1:0', dataDir = mkdtempSync(join(tmpdir(), 'postern-audit-')), ...settings } = {}) {
  assert.ok(POSTERN, 'POSTERN must be the path of the built binary');
  const server = spawn(POSTERN, ['serve', '--addr', at, '--log-format', 'json'], {
    cwd: dataDir,
    env: { PATH, DATA_DIR: dataDir, LIMIT_SIGNUPS_OF_ADDRESS: '0', LIMIT_POSTS_OF_ACCOUNT: '0', ...settings },
  });
  const stop = async () => {
    if (server.exitCode === null && server.kill()) await once(server, 'exit');
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    for await (const line of createInterface({ input: server.stderr })) {
      const { msg, addr, error } = JSON.parse(line);
      assert.notEqual(msg, 'error', error);
      if (msg === 'listening') {
        server.stderr.resume();
        return { origin: `http://${addr}`, addr, dataDir, process: server, stop };
      }
    }
    assert.fail('the server ended before it listened');
  } catch (error) {
    await stop();
    throw error;
  }
}
