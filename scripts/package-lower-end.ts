/**
 * Installs the packed file with the lowest versions that its peer ranges allow: synthesizes, type-checks and tests
 * one example with them, compiles and starts the other, of NestJS. `npm run package:lower-end`. Needs the registry.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOME_QUEUE_URL, START_NEST_APPLICATION, STOPPED } from './nest-application.ts';
import { sharedPackedFile } from './packed-file.ts';

/** What the example uses. cdk-nag, and so its `bin`, needs a newer CDK; the packages of the local run have ends of their own. */
const PEERS = [
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/client-sns',
  '@aws-sdk/client-sqs',
  'aws-cdk-lib',
  'constructs',
  'esbuild',
  'zod',
] as const;

const NEST_PEERS = [
  '@aws-sdk/client-sqs',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/websockets',
  'zod',
] as const;

/** Asked for by the example, not by the package. The adapter takes the version of its siblings, and brings its own `ws`. */
const NEST_ADAPTER = '@nestjs/platform-ws';
const NODE_TYPES = '@types/node@24';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const { version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  peerDependencies: Record<string, string>;
};
const directory = mkdtempSync(join(tmpdir(), 'waybill-lower-end-'));
try {
  const file = sharedPackedFile() ?? pack();

  const app = example('import-into-existing-app', /node_modules|cdk\.out|\.tgz$|package\.json$|\/bin$/);
  install(app, file, PEERS.map(lowest));
  run(app, compiler);
  run(app, 'test/every-construct.ts');
  run(app, '--test', 'test/**/*.test.ts');

  const nest = example('nestjs-notifications', /node_modules|\/dist$|package\.json$/);
  const adapter = `${NEST_ADAPTER}@${lowestOf(peerDependencies['@nestjs/websockets'] ?? '')}`;
  install(nest, file, [...NEST_PEERS.map(lowest), adapter]);
  run(nest, compiler);
  const said = execFileSync(
    process.execPath,
    ['--input-type=module', '-e', START_NEST_APPLICATION, SOME_QUEUE_URL],
    { cwd: nest, encoding: 'utf8' },
  );
  if (!said.includes(STOPPED)) throw new Error(`the NestJS example did not start:\n${said}`);

  process.stdout.write('the lower end works\n');
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function pack(): string {
  execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: root, stdio: 'inherit' });
  return join(directory, `waybill-${version}.tgz`);
}

function example(name: string, leftOut: RegExp): string {
  const place = join(directory, name);
  cpSync(join(root, 'examples', name), place, { recursive: true, filter: (path) => !leftOut.test(path) });
  return place;
}

function install(place: string, file: string, packages: readonly string[]): void {
  writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module" }\n');
  execFileSync('npm', ['install', '--silent', '--prefer-offline', file, NODE_TYPES, ...packages], {
    cwd: place,
    stdio: 'inherit',
  });
  process.stdout.write(`${packages.join(', ')}\n`);
}

function lowest(name: string): string {
  return `${name}@${lowestOf(peerDependencies[name] ?? '')}`;
}

function lowestOf(range: string): string {
  const found = /\d+\.\d+\.\d+[\w.-]*/.exec(range)?.[0];
  if (found === undefined) throw new Error(`no lowest version in '${range}'`);
  return found;
}

function run(place: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, args, { cwd: place, stdio: 'inherit' });
}
