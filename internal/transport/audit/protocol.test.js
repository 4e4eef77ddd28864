// Holds docs/protocol.md to what the real binary does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { serverAudits } from 'graphql-http';
import { start } from './server.js';

const text = readFileSync(join(import.meta.dirname, '../../../docs/protocol.md'), 'utf8');

let server;
before(async () => { server = await start(); });
after(() => server?.stop());

const examples = [...text.matchAll(/^```sh\n([^]*?)^```\n+^```(json|text)\n([^]*?)^```/gm)];

test('there are examples, each with its answer', () => {
  assert.ok(examples.length > 5);
  assert.equal(examples.length, text.match(/^```sh$/gm).length);
});

for (const { index, 1: script, 2: kind, 3: answer } of examples) {
  const heading = text.slice(0, index).match(/^#+ .*$/gm).at(-1);
  test(`${heading}: ${script.split('\n')[0]}`, async () => {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script.replaceAll('http://127.0.0.1:8080', server.origin)]);
    if (kind === 'json') assert.deepEqual(JSON.parse(stdout), JSON.parse(answer));
    else assert.equal(stdout, answer);
  });
}

test('the table of limits has what the server tells', async () => {
  const ask = async (query) => {
    const response = await fetch(`${server.origin}/graphql?query=${encodeURIComponent(query)}`);
    return (await response.json()).data;
  };
  const { __type: { fields } } = await ask('{ __type(name: "Limits") { fields { name } } }');
  const { limits } = await ask(`{ limits { ${fields.map(({ name }) => name).join(' ')} } }`);
  for (const [name, value] of Object.entries(limits)) {
    const setting = `LIMIT_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
    const row = `| \`${setting}\` | ${value}${name === 'time' ? 's' : ''} |`;
    assert.ok(text.includes(row), `docs/protocol.md has no row ${row}`);
  }
});

test('the comparison says of Postern what the audits do', () => {
  const row = text.match(/^\| \*\*Postern\*\* \|.*$/m)?.[0] ?? '';
  const [passed] = row.match(/(?<=\| )\d+(?= \|)/g) ?? [];
  assert.equal(Number(passed), serverAudits({ url: '' }).length, 'run make peers');
});
