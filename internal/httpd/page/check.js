// Builds the page anew, from its sources and its lock file alone, and compares the result with the committed dist.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const page = import.meta.dirname;
const copy = mkdtempSync(join(tmpdir(), 'postern-page-'));
try {
  cpSync(page, copy, { recursive: true, filter: (path) => !['node_modules', 'dist'].includes(basename(path)) });
  for (const args of [['ci', '--prefer-offline'], ['run', 'build']]) {
    execFileSync('npm', args, { cwd: copy, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  const committed = contents(join(page, 'dist'));
  const built = contents(join(copy, 'dist'));
  const names = [...new Set([...committed.keys(), ...built.keys()])].sort();
  const different = names.filter((name) => !committed.has(name) || !built.get(name)?.equals(committed.get(name)));
  if (different.length > 0) {
    console.error(`page: dist is not what the sources make (${different.join(', ')}): run npm ci && npm run build, and commit dist`);
    process.exitCode = 1;
  } else {
    console.log(`page: dist is what the sources make (${names.length} files)`);
  }
} finally {
  rmSync(copy, { recursive: true });
}

// The content is compared, not the gzip around it: from one Node to the next, zlib packs the same bytes differently.
function contents(dist) {
  const names = readdirSync(dist, { recursive: true }).filter((name) => statSync(join(dist, name)).isFile());
  return new Map(names.map((name) => [name, gunzipSync(readFileSync(join(dist, name)))]));
}
