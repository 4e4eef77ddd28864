// Audits Postern and its peers, and writes what comes of it into docs/protocol.md. It wants POSTERN, the path of the built
// binary, and Go, for gqlgen.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serverAudits } from 'graphql-http';

const { PATH, POSTERN } = process.env;
const here = import.meta.dirname;
const document = join(here, '../../../../docs/protocol.md');
const patience = 10_000; // milliseconds that a server may take to start, and to answer

assert.ok(POSTERN, 'POSTERN must be the path of the built binary');
const folder = mkdtempSync(join(tmpdir(), 'postern-peers-'));
try {
  const peers = [
    { name: '**Postern**', version: 'this repository', command: [POSTERN, 'serve', '--addr', '127.0.0.1:0', '--log-format', 'json'] },
    { name: 'gqlgen', version: versionOfGo('github.com/99designs/gqlgen'), command: [buildGo('gqlgen')] },
    { name: 'Apollo Server', version: versionOf('@apollo/server'), command: node('apollo') },
    { name: 'GraphQL Yoga', version: versionOf('graphql-yoga'), command: node('yoga') },
    { name: 'mercurius', version: versionOf('mercurius'), command: node('mercurius') },
    { name: "graphql-http's handler", version: versionOf('graphql-http'), command: node('graphql-http') },
  ];
  for (const peer of peers) peer.results = await audit(peer);
  const tables = [
    `The audits are those of graphql-http ${versionOf('graphql-http')}.`, ...summary(peers), ...failures(peers),
  ].join('\n');
  console.log(tables);
  replace(tables);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function node(server) {
  return [process.execPath, join(here, 'servers', `${server}.js`)];
}

// What `go run` starts does not end with it: hence a binary.
function buildGo(server) {
  const binary = join(folder, server);
  execFileSync('go', ['build', '-o', binary, join(here, 'servers', `${server}.go`)], { cwd: here, stdio: 'inherit' });
  return binary;
}

function versionOfGo(module) {
  const version = execFileSync('go', ['list', '-m', '-f', '{{.Version}}', module], { cwd: here, encoding: 'utf8' });
  return version.trim().replace(/^v/, '');
}

function versionOf(dependency) {
  return JSON.parse(readFileSync(join(here, 'node_modules', dependency, 'package.json'))).version;
}

// audit starts a server, asks it all, and stops it.
async function audit({ name, command: [program, ...args] }) {
  const env = { PATH, NODE_ENV: 'production', DATA_DIR: folder };
  const server = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const url = await address(server);
    await mustAnswer(url);
    const results = [];
    for (const { id, name, fn } of serverAudits({ url, fetchFn: ask })) {
      results.push({ id, name, level: name.split(' ')[0], ok: (await fn()).status === 'ok' });
    }
    return results;
  } catch (error) {
    throw new Error(`${name} could not be audited: ${error.message}`, { cause: error });
  } finally {
    if (server.exitCode === null && server.kill()) await once(server, 'exit');
  }
}

// address is where a server listens: each says it before it says anything else of that kind.
function address(server) {
  let said = '';
  let timer;
  return new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it does not say where it listens: ${said}`)), patience);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    for (const output of [server.stdout, server.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        said += `${line}\n`;
        const found = line.match(/127\.0\.0\.1:\d+/);
        if (found) resolve(`http://${found[0]}/graphql`);
      });
    }
  }).finally(() => clearTimeout(timer));
}

function ask(url, init) {
  return fetch(url, { ...init, signal: AbortSignal.timeout(patience) });
}

// mustAnswer makes sure that the server is set up well: of one that is not, the audits would tell nothing.
async function mustAnswer(url) {
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
  for (const type of ['query', 'mutation']) {
    const response = await ask(url, { method: 'POST', headers, body: JSON.stringify({ query: `${type} { __typename }` }) });
    const text = await response.text();
    assert.match(text, /"__typename":\s*"\w+"/, `it answers ${response.status} to a ${type}: ${text.slice(0, 200)}`);
  }
}

function summary(peers) {
  const levels = ['MUST', 'SHOULD', 'MAY'];
  const passed = (results) => results.filter(({ ok }) => ok).length;
  const of = (results, level) => results.filter((result) => result.level === level);
  const all = peers[0].results;
  return [
    '',
    row('server', 'version', `passed of ${all.length}`, ...levels.map((level) => `${level}, of ${of(all, level).length}`)),
    row(...Array(6).fill('---')),
    ...peers.map(({ name, version, results }) =>
      row(name, version, passed(results), ...levels.map((level) => passed(of(results, level))))),
  ];
}

// failures has a row for each audit that somebody fails, and a column for each server that fails some.
function failures(peers) {
  const failing = peers.filter(({ results }) => results.some(({ ok }) => !ok));
  const rows = peers[0].results.flatMap(({ id, name }, i) => {
    const marks = failing.map(({ results }) => (results[i].ok ? '' : '✗'));
    return marks.some(Boolean) ? [row(`\`${id}\` ${name.replaceAll('*', '\\*')}`, ...marks)] : [];
  });
  return ['', row('failed by', ...failing.map(({ name }) => name)), row(...Array(failing.length + 1).fill('---')), ...rows];
}

function row(...cells) {
  return `| ${cells.join(' | ')} |`;
}

function replace(tables) {
  const text = readFileSync(document, 'utf8');
  const marked = /(<!-- peers -->\n)[^]*(<!-- \/peers -->)/;
  assert.match(text, marked, 'docs/protocol.md has no place for the tables');
  writeFileSync(document, text.replace(marked, (_, start, end) => `${start}${tables}\n${end}`));
}
