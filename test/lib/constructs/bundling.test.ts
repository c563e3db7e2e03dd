import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
// It starts its service where it was loaded first: not in a directory that is deleted later.
import 'esbuild';
import { EventFunction, ValidationError } from '../../../lib/constructs/index.ts';

let directory: string;
const home = process.cwd();

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'waybill-bundling-')));
  cpSync(resolve('test/lib/constructs/fixtures'), directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Synthesized {
  /** Asset hash by entry. */
  readonly hashes: Record<string, string>;
  readonly assembly: string;
}

/** A new application, as another run of synth makes it, in the directory of the fixtures. */
function synth(...entries: string[]): Synthesized {
  process.chdir(directory);
  try {
    const app = new App({ analyticsReporting: false, builtinCloudFormationValidation: false });
    const stack = new Stack(app, 'Test');
    const functions = entries.map(
      (entry, index) =>
        new EventFunction(stack, `F${index}`, { entry: `handlers/${entry}.ts`, alarms: 'none' }),
    );
    const template = Template.fromStack(stack);
    const hashes = functions.map((fn, index) => {
      const id = stack.getLogicalId(fn.function.node.defaultChild as never);
      const { Code } = (
        template.findResources('AWS::Lambda::Function')[id] as { Properties: { Code: { S3Key: string } } }
      ).Properties;
      return [entries[index], Code.S3Key.replace('.zip', '')];
    });
    return { hashes: Object.fromEntries(hashes) as Record<string, string>, assembly: app.synth().directory };
  } finally {
    process.chdir(home);
  }
}

const write = (path: string, text: string) => writeFileSync(join(directory, path), text);

test('a change in one handler changes its hash and no other', () => {
  const before = synth('first', 'second').hashes;
  write('handlers/second.ts', "export const handler = async (): Promise<string> => 'changed';\n");
  const after = synth('first', 'second').hashes;

  expect(after['second']).not.toBe(before['second']);
  expect(after['first']).toBe(before['first']);
});

test('a change in a shared file changes the hashes of those who import it', () => {
  const before = synth('first', 'second').hashes;
  write('shared.ts', "export const greeting = 'good day';\n");
  const after = synth('first', 'second').hashes;

  expect(after['first']).not.toBe(before['first']);
  expect(after['second']).toBe(before['second']);
});

test('a new handler changes no other hash', () => {
  const before = synth('first').hashes;
  write('handlers/third.ts', 'export const handler = async (): Promise<void> => {};\n');

  expect(synth('first', 'third').hashes['first']).toBe(before['first']);
});

test('an asset holds one file: the bundle, without a source map', () => {
  const { hashes, assembly } = synth('first');

  expect(readdirSync(join(assembly, `asset.${hashes['first']}`))).toEqual(['index.cjs']);
});

test('all entries of the directory are bundled in one call, which the next run does not repeat', () => {
  synth('first');
  const cache = join(directory, '.waybill', 'bundles');
  const bundles = readdirSync(cache).filter((name) => !name.endsWith('.json'));
  expect(bundles).toHaveLength(1);
  const bundle = join(cache, bundles[0]!);
  expect(readdirSync(bundle)).toEqual(['first', 'second']);

  const made = statSync(join(bundle, 'first', 'index.cjs')).ino;
  synth('first', 'second');
  expect(readdirSync(cache).filter((name) => !name.endsWith('.json'))).toEqual(bundles);
  expect(statSync(join(bundle, 'first', 'index.cjs')).ino).toBe(made);
});

test('a file that does not bundle stops itself and no neighbour', () => {
  write('handlers/broken.ts', "import { nothing } from './nowhere.ts';\nexport const handler = nothing;\n");

  expect(synth('first').hashes['first']).toMatch(/^[0-9a-f]{64}$/);
  let refusal: unknown;
  try {
    synth('broken');
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ValidationError);
  expect((refusal as ValidationError).codes).toEqual(['WAYBILL_BUNDLE_FAILED']);
  expect((refusal as ValidationError).message).toMatch(/broken\.ts.*Could not resolve "\.\/nowhere\.ts"/s);
});

test('a package that is not installed is named, with the command that installs it', () => {
  write(
    'handlers/needy.ts',
    "import '@nobody/has-this/sub';\nimport 'nor-this';\nexport const handler = 1;\n",
  );

  expect(() => synth('needy')).toThrow('run npm install @nobody/has-this nor-this, or correct the import');
});
