/** `waybill cost` end to end, in a repository of its own with an application that is one file. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const WAYBILL = resolve('bin/waybill.ts');
let directory: string;

/** Writes a cloud assembly with so many secrets, as a CDK app would; no CDK is loaded, so that it is quick. */
const APPLICATION = `
import { mkdirSync, writeFileSync } from 'node:fs';
import { secrets } from './secrets.mjs';
const out = process.env.CDK_OUTDIR;
mkdirSync(out, { recursive: true });
const Resources = Object.fromEntries(Array.from({ length: secrets }, (_, index) => ['S' + index, { Type: 'AWS::SecretsManager::Secret', Properties: {} }]));
writeFileSync(out + '/Shop.template.json', JSON.stringify({ Resources }));
writeFileSync(out + '/manifest.json', JSON.stringify({ version: '55.0.0', artifacts: { Shop: { type: 'aws:cloudformation:stack', environment: 'aws://111111111111/eu-west-1', properties: { templateFile: 'Shop.template.json', stackName: 'shop' } } } }));
`;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-cost-test-'));
  git('init', '--quiet', '--initial-branch=main');
  write('cdk.json', JSON.stringify({ app: 'node app.mjs', context: {} }));
  write('app.mjs', APPLICATION);
  commit('broken', 'export const secrets = 1; throw new Error("not yet");');
  commit('two', 'export const secrets = 2;');
  commit('three', 'export const secrets = 3;');
  write('secrets.mjs', 'export const secrets = 5;');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), text);
}

function commit(tag: string, secrets: string): void {
  write('secrets.mjs', secrets);
  git('add', '.');
  git('-c', 'user.name=Test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '-m', tag);
  git('tag', tag);
}

function git(...parameters: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', parameters, { cwd: directory, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${parameters.join(' ')}: ${stderr}`);
  return stdout.trim();
}

function cost(...options: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [WAYBILL, 'cost', ...options], {
    cwd: directory,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Work trees that git knows of, and folders left over in the temporary one by this process's children. */
function leftOver(): readonly string[] {
  return git('worktree', 'list', '--porcelain')
    .split('\n')
    .filter((line) => line.startsWith('worktree ') && !line.endsWith(directory.split('/').at(-1)!));
}

describe('waybill cost', () => {
  test('prints the table of the working tree', () => {
    const { status, stdout, stderr } = cost('--env', 'shop');

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/total +2\.00 +2\.00/);
    expect(stdout).toMatch(/^Cost a month in US dollars, eu-west-1 at prices of us-east-1, load/);
    expect(stdout).toContain('there is no price list for eu-west-1 here');
  });

  test('--compare with a revision: what the change costs, and nothing is left behind', () => {
    const { status, stdout } = cost('--env', 'shop', '--compare', 'two', '--json');

    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      comparedWith: expect.stringMatching(/^two \([0-9a-f]{10}\)$/),
      before: { idle: expect.closeTo(0.8, 6) },
      after: { idle: expect.closeTo(2, 6) },
      difference: { idle: expect.closeTo(1.2, 6), load: expect.closeTo(1.2, 6) },
      changes: [{ constructPath: 'shop/S2' }, { constructPath: 'shop/S3' }, { constructPath: 'shop/S4' }],
    });
    expect(leftOver()).toEqual([]);
    expect(git('status', '--porcelain')).toBe('M secrets.mjs');
  });

  test('--compare with a cdk.out directory', () => {
    mkdirSync(join(directory, 'cdk.out'), { recursive: true });
    const synth = spawnSync(process.execPath, ['app.mjs'], {
      cwd: directory,
      env: { ...process.env, CDK_OUTDIR: join(directory, 'cdk.out') },
    });
    expect(synth.status).toBe(0);

    const { status, stdout } = cost('--env', 'shop', '--compare', 'cdk.out');

    rmSync(join(directory, 'cdk.out'), { recursive: true });
    expect(status).toBe(0);
    expect(stdout).toContain('the working tree against cdk.out');
    expect(stdout).toContain('Nothing changes.');
  });

  test.each([
    [
      'an unknown revision',
      ['--compare', 'no-such-branch'],
      1,
      'WAYBILL_REVISION_UNKNOWN',
      '"no-such-branch" is neither',
    ],
    [
      'what looks like an option of git',
      ['--compare=--all'],
      1,
      'WAYBILL_REVISION_UNKNOWN',
      '"--all" is neither',
    ],
    [
      'a revision that does not synthesize',
      ['--compare', 'broken'],
      1,
      'WAYBILL_REVISION_NOT_SYNTHESIZED',
      'not yet',
    ],
    ['a Region that is none', ['--region', 'Mars'], 1, 'WAYBILL_REGION_INVALID', '"Mars" is no Region'],
  ])('%s: code, reason, exit code, nothing left behind', (_what, options, exitCode, code, reason) => {
    const { status, stdout, stderr } = cost('--env', 'shop', ...options);

    expect({ status, stdout }).toEqual({ status: exitCode, stdout: '' });
    expect(stderr).toContain(`Code: ${code}`);
    expect(stderr).toContain(reason);
    expect(leftOver()).toEqual([]);
  });

  test('an option that is none: the usage, exit code 2', () => {
    expect(cost('--regoin', 'eu-west-1').status).toBe(2);
  });

  test('outside a repository: says so', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'waybill-cost-elsewhere-'));
    const { status, stderr } = spawnSync(process.execPath, [WAYBILL, 'cost', '--compare', 'main'], {
      cwd: elsewhere,
      encoding: 'utf8',
      env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
    });
    rmSync(elsewhere, { recursive: true });

    expect(status).toBe(1);
    expect(stderr).toContain('Code: WAYBILL_GIT_MISSING');
  });

  test('interrupted while the other revision is synthesized: the work tree is taken away, exit code 130', async () => {
    commit('slow', 'export const secrets = 1; await new Promise((done) => setTimeout(done, 60_000));');
    write('secrets.mjs', 'export const secrets = 5;');
    const child = spawn(process.execPath, [WAYBILL, 'cost', '--env', 'shop', '--compare', 'slow'], {
      cwd: directory,
      stdio: 'ignore',
    });
    while (leftOver().length === 0) await new Promise((done) => setTimeout(done, 50));
    // The application runs when its folder for the assembly is there; a moment more, and it waits.
    await new Promise((done) => setTimeout(done, 500));

    child.kill('SIGINT');
    const [exitCode] = (await once(child, 'exit')) as [number | null];

    expect(exitCode).toBe(130);
    expect(leftOver()).toEqual([]);
  });

  test('our own application: every system, every hop, as one JSON object', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [WAYBILL, 'cost', '--json', '--region', 'eu-west-1'],
      {
        encoding: 'utf8',
      },
    );

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const found = JSON.parse(stdout) as {
      schemaVersion: string;
      environment: string;
      region: string;
      total: { idle: number; load: number };
      systems: { name: string }[];
      owners: { name: string }[];
      unpriced: string[];
      verdicts: { severity: string }[];
    };
    expect(found).toMatchObject({
      schemaVersion: '1.1',
      environment: 'prod',
      region: 'eu-west-1',
      // Writes that a global database replicates, and the claim checks of the jobs system.
      unpriced: ['AWS::RDS::GlobalCluster', 'AWS::S3::Bucket'],
    });
    expect(found.systems.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['core', 'commerce', 'data', 'foundation', 'network']),
    );
    expect(found.owners.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['audit-trail', 'webhook-delivery', 'relay', 'adapters']),
    );
    expect(found.total.idle).toBeGreaterThan(300);
    expect(found.total.load).toBeGreaterThan(found.total.idle);
    expect(found.verdicts.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
