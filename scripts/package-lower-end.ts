/**
 * Installs the packed file with the lowest versions that its peer ranges allow, and synthesizes, type-checks and
 * tests the example with them: `npm run package:lower-end`. Needs the registry.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const root = fileURLToPath(new URL('..', import.meta.url));
const { version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  peerDependencies: Record<string, string>;
};
const directory = mkdtempSync(join(tmpdir(), 'waybill-lower-end-'));
try {
  cpSync(join(root, 'examples/import-into-existing-app'), directory, {
    recursive: true,
    filter: (path) => !/node_modules|cdk\.out|\.tgz$|package\.json$|\/bin$/.test(path),
  });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: root, stdio: 'inherit' });
  const packages = PEERS.map((name) => `${name}@${lowestOf(peerDependencies[name] ?? '')}`);
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }\n');
  run('npm', [
    'install',
    '--silent',
    '--prefer-offline',
    `./waybill-${version}.tgz`,
    '@types/node@24',
    ...packages,
  ]);
  process.stdout.write(`${packages.join(', ')}\n`);

  const compiler = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  run(process.execPath, [compiler]);
  run(process.execPath, ['test/every-construct.ts']);
  run(process.execPath, ['--test', 'test/**/*.test.ts']);
  process.stdout.write('the lower end works\n');
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function lowestOf(range: string): string {
  const lowest = /\d+\.\d+\.\d+[\w.-]*/.exec(range)?.[0];
  if (lowest === undefined) throw new Error(`no lowest version in '${range}'`);
  return lowest;
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: directory, stdio: 'inherit' });
}
