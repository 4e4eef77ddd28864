// Drives the page in a real browser, served by the real binary. It wants POSTERN, the path of that binary; CHROMIUM, the
// path of a browser, if it is not the usual one; and SCREENSHOT, where to put a picture of the page, if one is wanted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { examples } from './src/examples.js';

const { CHROMIUM = '/usr/bin/chromium', PATH, POSTERN, SCREENSHOT } = process.env;
const ada = JSON.parse(examples[0].variables).input;
const secret = randomBytes(32).toString('hex');
const dataDir = mkdtempSync(join(tmpdir(), 'postern-page-'));

let server, origin, browser, page;
let log = '';
const requests = []; // every address that the page asked for
const complaints = []; // every error and warning of the browser, refusals of the content security policy among them

before(async () => {
  assert.ok(POSTERN, 'POSTERN must be the path of the built binary');
  const port = await freePort();
  origin = `http://127.0.0.1:${port}`;
  server = spawn(POSTERN, ['serve', '--addr', `127.0.0.1:${port}`], {
    cwd: dataDir,
    env: { PATH, HOME: dataDir, DATA_DIR: dataDir, JWT_SECRET: secret, LIMIT_SIGNUPS_OF_ADDRESS: '0', LIMIT_POSTS_OF_ACCOUNT: '0' },
  });
  server.on('error', (error) => { log += error.message; });
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => { log += chunk; });
  await ready();

  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--disable-background-networking', '--disable-component-update', '--disable-default-apps', '--disable-quic',
      '--disable-sync', '--no-first-run', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  page.setDefaultTimeout(10_000);
  page.on('request', (request) => requests.push(request.url()));
  page.on('websocket', (socket) => requests.push(socket.url()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} (${message.location().url})`);
  });
});

after(async () => {
  await browser?.close();
  if (server?.exitCode === null && server.kill()) await once(server, 'exit');
  rmSync(dataDir, { recursive: true, force: true });
});

step('the page opens, under a strict content security policy', async () => {
  const response = await page.goto(origin);
  const policy = response.headers()['content-security-policy'];
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /script-src[^;]*unsafe|https?:|\*/);
  assert.equal(await page.title(), 'Postern');
  await shows('.graphiql-logo', 'Postern');
  await shows('.graphiql-query-editor', 'mutation SignUp');
  await shows('.graphiql-editor-tool', ada.email);
});

step('a query runs', async () => {
  await run('Posts');
  await shows('.result-window', '"totalCount": 0');
});

step('the documentation opens', async () => {
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await shows('.graphiql-plugin', 'Postern: a blog whose reading side is open');
  await page.locator('.graphiql-plugin').getByText('Mutation', { exact: true }).click();
  await page.locator('.graphiql-plugin').getByText('createPost', { exact: true }).click();
  await shows('.graphiql-plugin', 'Publishes a post in your name.');
  await page.getByRole('button', { name: 'Hide Documentation Explorer' }).click();
});

step('a guarded field says what is missing', async () => {
  await run('CreatePost');
  await shows('.result-window', 'UNAUTHENTICATED');
});

step('sign up, log in, write, read: by the tabs alone', async () => {
  await run('SignUp');
  await shows('.result-window', '"accessToken"');
  await shows('.notice', 'Logged in');
  await run('LogIn');
  await shows('.result-window', '"accessToken"');
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await open('CreatePost');
  await shows('.graphiql-editor-tool', '"Authorization": "Bearer ');
  await run('CreatePost');
  await shows('.result-window', '"title": "Hello from the back gate"');
  await run('Posts');
  await shows('.result-window', '"totalCount": 1');
  await run('Viewer');
  await shows('.result-window', `"email": "${ada.email}"`);
});

step('a token stays away where it was taken away, until the next log-in', async () => {
  await setText('request-headers.json', '{}');
  // GraphiQL takes an edit into its tab a moment later, and has it in its history then.
  for (let runs = 1; (await lastHeaders()) !== '{}'; runs++) {
    assert.ok(runs < 100, 'the headers were not taken');
    await execute();
  }
  await shows('.result-window', '"viewer": null');
  await open('Posts');
  await shows('.graphiql-editor-tool', 'Bearer ');
  await run('Viewer');
  await shows('.result-window', '"viewer": null');
  await run('LogIn');
  await shows('.result-window', '"accessToken"');
  await run('Viewer');
  await shows('.result-window', `"email": "${ada.email}"`);
});

step('a new tab and a reload keep the session; neither tokens nor passwords are kept for longer', async () => {
  await page.getByRole('button', { name: 'New tab' }).click();
  await shows('.graphiql-editor-tool', 'Bearer ');
  await page.reload();
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await shows('.graphiql-editor-tool', 'Bearer ');
  await run('Viewer');
  await shows('.result-window', `"email": "${ada.email}"`);
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  for (const secret of ['Bearer', 'Token"', ada.password]) assert.ok(!kept.includes(secret), `localStorage has ${secret}`);
});

if (SCREENSHOT) {
  step('it sits for a picture', async () => {
    const token = await accessToken();
    for (const title of ['Why every castle needs a small door', 'Notes on oiling a hinge', 'Who goes there?']) {
      await ask(examples[2].query, { input: { title, content: '.' } }, token);
    }
    await open('Posts');
    await setText('variables.json', '{\n  "first": 3\n}');
    await execute();
    await shows('.result-window', 'Who goes there?');
    await page.getByRole('button', { name: 'Variables', exact: true }).click();
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement.blur());
    await page.waitForFunction(() => !document.querySelector('.scrollbar.visible'));
    await page.screenshot({ path: SCREENSHOT, animations: 'disabled' });
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    assert.ok(statSync(SCREENSHOT).size < 200_000, 'the picture is too big');
  });
}

step('an expired token is renewed once, however many requests find it expired', async () => {
  const old = await expire();
  const sent = [];
  let refused = 0;
  let release;
  const bothRefused = new Promise((resolve) => { release = resolve; });
  await page.route('**/graphql', async (route) => {
    const { query } = route.request().postDataJSON();
    sent.push(query);
    if (query.includes('refreshToken(')) await bothRefused;
    const response = await route.fetch();
    const isRefusal = (await response.text()).includes('TOKEN_EXPIRED');
    await route.fulfill({ response });
    if (isRefusal && ++refused === 2) release();
  });

  await page.getByRole('button', { name: 'Re-fetch GraphQL schema' }).click();
  await run('Viewer');
  await shows('.result-window', `"email": "${ada.email}"`);
  await shows('.notice', 'renewed');
  // The retried introspection may be on its way still: taken from its handler, it would go on by itself, and be handled twice.
  await page.unrouteAll({ behavior: 'wait' });

  assert.equal(sent.filter((query) => query.includes('refreshToken(')).length, 1);
  assert.equal(sent.filter((query) => query.includes('query Viewer')).length, 2);
  assert.notEqual((await headers()).Authorization, old);
});

step('a subscription shows a post as it is published', async () => {
  const socket = page.waitForEvent('websocket');
  await open('PostPublished');
  await page.getByRole('button', { name: 'Execute query' }).click();
  await socket;
  await publishUntil('Seen arriving');
  const closed = (await socket).waitForEvent('close');
  await page.getByRole('button', { name: 'Stop query' }).click();
  await closed;
});

step('a subscription refused for its token comes back with a fresh one', async () => {
  const { Authorization: old } = await headers();
  const shown = [];
  await page.routeWebSocket('**/graphql', (socket) => {
    const wire = socket.connectToServer();
    socket.onMessage((message) => {
      const { type, payload } = JSON.parse(message);
      if (type === 'connection_init' && shown.push(payload.Authorization) === 1) {
        wire.close();
        socket.close({ code: 4403, reason: 'Forbidden' });
      } else {
        wire.send(message);
      }
    });
  });
  await page.getByRole('button', { name: 'Execute query' }).click();
  await publishUntil('Seen again');
  await page.getByRole('button', { name: 'Stop query' }).click();
  assert.notEqual((await headers()).Authorization, old);
  assert.deepEqual(shown, [old, (await headers()).Authorization]);
});

step('it is dark where dark is asked for, and follows the system', async () => {
  await looks('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await looks('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await looks('light');
  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  await page.keyboard.press('Escape');
  await looks('dark');
});

step('logging out takes the token away', async () => {
  await page.getByRole('button', { name: 'New tab' }).click();
  await setText('operation.graphql', 'mutation Out { bye: logout { endedSessionId } }');
  await execute();
  await shows('.notice', 'Logged out');
  assert.deepEqual(await headers(), {});
});

step('no request left the origin, and the browser never complained', async () => {
  const own = [origin, origin.replace('http', 'ws'), 'data:', `blob:${origin}`];
  assert.deepEqual(requests.filter((url) => !own.some((prefix) => url.startsWith(prefix))), []);
  assert.ok(requests.some((url) => url.startsWith('ws:')));
  assert.deepEqual(complaints, []);
});

function step(name, run) {
  test(name, async () => {
    try {
      await run();
    } catch (error) {
      const picture = join(tmpdir(), 'postern-page-failure.png');
      await page.screenshot({ path: picture });
      console.error(`The page: ${picture}\nThe browser's complaints: ${complaints.join('\n')}\nThe server's log:\n${log}`);
      throw error;
    }
  });
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

async function ready() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const response = await fetch(`${origin}/readyz`).catch(() => null);
    if (response?.ok) return;
    assert.equal(server.exitCode, null, `the server ended: ${log}`);
    await pause(50);
  }
  assert.fail(`the server did not become ready: ${log}`);
}

async function ask(query, variables, token) {
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const result = await response.json();
  assert.equal(result.errors, undefined);
  return result.data;
}

async function accessToken() {
  const { login } = await ask(examples[1].query, { input: { email: ada.email, password: ada.password } });
  return login.tokens.accessToken;
}

// Nobody is told when the server begins to listen for the page, so posts are published until one arrives there.
async function publishUntil(title) {
  const token = await accessToken();
  for (let posts = 1; posts <= 10; posts++) {
    await ask(examples[2].query, { input: { title, content: '.' } }, token);
    if (await shows('.result-window', `"title": "${title}"`, 1000).then(() => true, () => false)) return;
  }
  assert.fail('no post arrived');
}

// Puts a token into the page that differs from its own only in being of an hour ago.
async function expire() {
  const session = JSON.parse(await page.evaluate(() => sessionStorage.getItem('postern:session')));
  const [head, body] = session.accessToken.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url'));
  for (const time of ['exp', 'iat', 'nbf']) claims[time] -= 3600;
  const signed = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  session.accessToken = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  await page.evaluate((text) => sessionStorage.setItem('postern:session', text), JSON.stringify(session));
  await page.reload();
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await shows('.graphiql-editor-tool', 'Bearer ');
  return `Bearer ${session.accessToken}`;
}

const shows = (selector, text, timeout) => page.locator(selector).filter({ hasText: text }).first().waitFor({ timeout });

async function open(tab) {
  await page.getByTitle(tab, { exact: true }).click();
  await shows('.graphiql-query-editor', ` ${tab}`);
}

async function execute() {
  const answer = page.waitForResponse('**/graphql');
  await page.getByRole('button', { name: 'Execute query' }).click();
  await answer;
}

async function run(tab) {
  await open(tab);
  await execute();
}

const looks = (theme) =>
  page.waitForFunction((wanted) => {
    const background = getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor;
    const isDark = background.match(/\d+/g).every((channel) => channel < 128);
    const isEditorDark = document.querySelector('.graphiql-query-editor .monaco-editor').matches('.vs-dark');
    return isDark === isEditorDark && isDark === (wanted === 'dark');
  }, theme);

// GraphiQL leaves Monaco at __MONACO; each editor has its text in a model named like a file.
const setText = (file, text) =>
  page.evaluate(([name, value]) => {
    globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith(name)).setValue(value);
  }, [file, text]);

const headers = () =>
  page.evaluate(() => {
    const model = globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith('request-headers.json'));
    return JSON.parse(model.getValue() || '{}');
  });

const lastHeaders = () =>
  page.evaluate(() => JSON.parse(sessionStorage.getItem('postern:graphiql:queries')).queries.at(-1).headers);
