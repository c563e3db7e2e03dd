/** The packed file, installed by an application that knows nothing of this repository: examples/import-into-existing-app. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SOME_QUEUE_URL, START_NEST_APPLICATION, STOPPED } from '../../scripts/nest-application.ts';
import { install, link, node, pack } from './packed.ts';
import type { Packed } from './packed.ts';

const root = process.cwd();
const EXAMPLE = 'examples/import-into-existing-app';
/** The packages that it imports; no bundler, no database client, no compiler. */
const PEERS = ['aws-cdk-lib', 'cdk-nag', 'constructs', 'zod'];
const TOOLS = [
  'esbuild',
  'typescript',
  '@types/node',
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/client-sns',
  '@aws-sdk/client-sqs',
];

/** Applications of ours. The client of the jobs system brings that system's events and settings, and nothing else of it. */
const OURS = [
  /^(test|examples|bench)\//,
  /^catalog\/(?!jobs\/)/,
  /^lambda\/(core|commerce|generation|handlers)\//,
  /^lambda\/jobs\/(?!client\/|errors\.|settings\.)/,
  /^lib\/(openapi|stacks)\//,
  /^local\/run\/systems\/(?!core\.|index\.|system\.)/,
  /^local\/workload\/(commerce|generation|jobs)\//,
];

let packed: Packed;
let directory: string;
let app: string;
let alone: string;

beforeAll(() => {
  packed = pack(root);
  directory = mkdtempSync(join(tmpdir(), 'waybill-app-'));
  app = join(directory, 'app');
  cpSync(EXAMPLE, app, { recursive: true, filter: (path) => !/node_modules|cdk\.out|\.tgz$/.test(path) });
  install(packed.tarball, app, root, PEERS);
  alone = join(directory, 'alone');
  mkdirSync(alone);
  writeFileSync(join(alone, 'package.json'), '{ "type": "module" }');
  install(packed.tarball, alone, root, ['commander']);
});

afterAll(() => {
  packed.remove();
  rmSync(directory, { recursive: true });
});

const files = (): string[] =>
  readdirSync(join(alone, 'node_modules/waybill'), { recursive: true, encoding: 'utf8' });
const contentOf = (file: string): string => readFileSync(join(alone, 'node_modules/waybill', file), 'utf8');

describe('the file', () => {
  test('every source map leads to a source that is in the package', () => {
    const maps = files().filter((file) => file.endsWith('.map') && !file.startsWith('dist/bin/'));
    const missing = maps.flatMap((file) => {
      const { sources, sourceRoot } = JSON.parse(contentOf(file)) as {
        sources: string[];
        sourceRoot?: string;
      };
      return sources
        .map((source) => resolve(alone, 'node_modules/waybill', dirname(file), sourceRoot ?? '', source))
        .filter((source) => !existsSync(source));
    });

    expect(maps.length).toBeGreaterThan(500);
    expect(missing).toEqual([]);
  });

  test('holds no path of the machine that packed it, no test and no application of ours', () => {
    const text = files().filter((file) => /\.(c?js|ts|map|json)$/.test(file));

    expect(text.filter((file) => contentOf(file).includes(root))).toEqual([]);
    expect(text.filter((file) => OURS.some((pattern) => pattern.test(file.replace(/^dist\//, ''))))).toEqual(
      [],
    );
    expect(text).toContain('dist/bundles/outbox-relay/index.cjs');
  });
});

describe('with nothing else installed', () => {
  test.each(['waybill/browser', 'waybill/contracts', 'waybill/nestjs', 'waybill/runtime'])(
    '%s can be imported',
    (entry) => {
      const { status, output } = node(alone, '--input-type=module', '-e', `await import('${entry}')`);

      expect(output).toBe('');
      expect(status).toBe(0);
    },
  );

  test.each([
    ['WaybillModule.forRoot()', '@nestjs/core'],
    ["WaybillNotificationsModule.forRoot({ path: '/push' })", '@nestjs/common'],
  ])('%s says that it needs %s, and how to get it', (call, needed) => {
    const source = `import * as nest from 'waybill/nestjs';
      const { WaybillModule, WaybillNotificationsModule } = nest;
      ${call}.catch((error) => console.log(error.message));`;
    const { output } = node(alone, '--input-type=module', '-e', source);

    expect(output).toContain(`needs the package '${needed}', which is not installed: npm install ${needed}`);
  });

  test('the command line starts the embedded AWS', async () => {
    const child = spawn(
      process.execPath,
      ['node_modules/waybill/bin/waybill.mjs', 'aws', '--port', '0', '--json'],
      { cwd: alone, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    child.kill('SIGTERM');
    await once(child, 'exit');

    expect(JSON.parse(line.toString())).toMatchObject({
      endpointUrl: expect.stringContaining('http://127.0.0.1:'),
    });
  });

  test.each([
    ['start', 'pg'],
    ['contracts check', 'zod'],
  ])('waybill %s says that it needs %s, and how to get it', (command, needed) => {
    const { status, output } = node(alone, 'node_modules/waybill/bin/waybill.mjs', ...command.split(' '));

    expect(output).toContain(`this needs the package '${needed}', which is not installed`);
    expect(output).toContain(`npm install --save-dev ${needed}`);
    expect(status).toBe(1);
  });
});

test.each(['commerce', 'generation', 'jobs'])(
  'waybill start --system %s says that the package has no such system',
  (system) => {
    const { status, output } = node(
      alone,
      'node_modules/waybill/bin/waybill.mjs',
      'start',
      '--system',
      system,
    );

    expect(output).toContain(`the package does not have the system '${system}'`);
    expect(output).toContain('give --system core');
    expect(output).toContain('WAYBILL_SYSTEM_NOT_PACKAGED');
    expect(status).toBe(1);
  },
);

describe('in a NestJS application', () => {
  let nest: string;

  beforeAll(() => {
    nest = join(directory, 'nest');
    cpSync('examples/nestjs-notifications', nest, { recursive: true });
    install(packed.tarball, nest, root, [
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/platform-ws',
      '@nestjs/websockets',
      '@aws-sdk/client-sqs',
      '@types/node',
      'reflect-metadata',
      'rxjs',
      'typescript',
      'zod',
    ]);
  });

  test('it compiles, with legacy decorators, and is started: what it lacks is said by name', () => {
    const compiled = node(nest, join(root, 'node_modules/typescript/bin/tsc'));
    expect(compiled).toEqual({ status: 0, output: '' });

    const run = (...queueUrl: string[]) =>
      node(nest, '--input-type=module', '-e', START_NEST_APPLICATION, ...queueUrl);

    expect(run().output).toContain("WAYBILL_NEST_QUEUE_URL_MISSING: consumer 'gallery' has no `queueUrl`");
    const { status, output } = run(SOME_QUEUE_URL);
    expect(output).toContain(STOPPED);
    expect(status).toBe(0);
  });
});

describe('in an application that exists', () => {
  test('a stack with the outbox relay is synthesized where no bundler is installed', () => {
    writeFileSync(
      join(app, 'orders-only.ts'),
      `import { App } from 'aws-cdk-lib';
import { ExistingStack } from './lib/existing-stack.ts';
import { OrdersStack } from './lib/orders-stack.ts';
const app = new App({ outdir: 'cdk.out-orders' });
new OrdersStack(app, 'Orders', { accounting: new ExistingStack(app, 'Existing').accounting });
app.synth();
`,
    );
    const { status, output } = node(app, 'orders-only.ts');
    rmSync(join(app, 'orders-only.ts'));

    expect(output).toBe('');
    expect(status).toBe(0);
    const assets = readdirSync(join(app, 'cdk.out-orders')).filter((name) => name.startsWith('asset.'));
    const handlers = assets.map((asset) =>
      readFileSync(join(app, 'cdk.out-orders', asset, 'index.cjs'), 'utf8'),
    );
    expect(handlers).toEqual([contentOf('dist/bundles/outbox-relay/index.cjs')]);
  });

  test('a handler of its own without a bundler: the synth says what to install', () => {
    const { status, output } = node(app, 'bin/app.ts');

    expect(status).toBe(1);
    expect(output).toContain('[Fulfilment/Packing/Handler] WAYBILL_BUNDLER_MISSING');
    expect(output).toContain('npm install --save-dev esbuild');
  });

  describe('with its tools', () => {
    beforeAll(() => link(app, root, TOOLS));

    test.each([
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ])(
      'it type-checks with module %s and resolution %s',
      (module, resolution) => {
        const compiler = join(root, 'node_modules/typescript/bin/tsc');
        const { output } = node(app, compiler, '--module', module, '--moduleResolution', resolution);

        expect(output).toBe('');
      },
      60_000,
    );

    test('waybill/nag looks at the whole application, and warns of what its old stack lacks', () => {
      const { status, output } = node(app, 'bin/app.ts');

      if (status !== 0) throw new Error(output);
      expect(output).toContain('[Existing/DeadLetters]');
      expect(output).toContain('(WAYBILL_D14A)');
    });

    test('its own tests pass: events are delivered to the new consumer and the old queue, and proven to be', () => {
      const { status, output } = node(app, '--test', 'test/**/*.test.ts');

      if (status !== 0) throw new Error(output);
      expect(output).toMatch(/pass [1-9]/);
    });
  });
});
