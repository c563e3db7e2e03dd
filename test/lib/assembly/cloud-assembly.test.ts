import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { readCloudAssembly } from '../../../lib/assembly/cloud-assembly.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-assembly-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(path: string, content: unknown): Promise<void> {
  const file = join(directory, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, JSON.stringify(content));
}

function stack(templateFile: string, dependencies: readonly string[] = []) {
  return {
    type: 'aws:cloudformation:stack',
    environment: 'aws://111111111111/eu-west-1',
    properties: { templateFile, stackName: templateFile.split('.')[0] },
    dependencies,
  };
}

describe('reading a cloud assembly', () => {
  test('stacks come after the stacks they depend on, nested assemblies included', async () => {
    await write('manifest.json', {
      version: '55.0.0',
      artifacts: {
        First: stack('First.template.json', ['Second', 'assembly-Stage']),
        Second: stack('Second.template.json'),
        'assembly-Stage': { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-Stage' } },
        Tree: { type: 'cdk:tree' },
      },
    });
    await write('First.template.json', {});
    await write('Second.template.json', {});
    await write('assembly-Stage/manifest.json', {
      version: '55.0.0',
      artifacts: { Inner: stack('Inner.template.json') },
    });
    await write('assembly-Stage/Inner.template.json', { Outputs: {} });

    const { stacks, warnings } = readCloudAssembly(directory);

    expect(stacks.map((each) => each.stackName)).toEqual(['Second', 'Inner', 'First']);
    expect(stacks[0]).toMatchObject({ account: '111111111111', region: 'eu-west-1' });
    expect(warnings).toEqual([]);
  });

  test('file assets are found by object key, relative to their own manifest', async () => {
    await write('manifest.json', {
      version: '55.0.0',
      artifacts: {
        'assembly-Stage': { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-Stage' } },
      },
    });
    await write('assembly-Stage/manifest.json', {
      version: '55.0.0',
      artifacts: {
        'Core.assets': { type: 'cdk:asset-manifest', properties: { file: 'Core.assets.json' } },
        Core: stack('Core.template.json', ['Core.assets']),
      },
    });
    await write('assembly-Stage/Core.template.json', {});
    await write('assembly-Stage/Core.assets.json', {
      files: { abc: { source: { path: '../asset.abc' }, destinations: { here: { objectKey: 'abc.zip' } } } },
    });

    const { stacks } = readCloudAssembly(directory);

    expect(stacks[0]?.fileAssets.get('abc.zip')).toBe(join(directory, 'asset.abc'));
  });

  test('an environment-agnostic stack has no account and no region', async () => {
    const agnostic = { ...stack('A.template.json'), environment: 'aws://unknown-account/unknown-region' };
    await write('manifest.json', { version: '55.0.0', artifacts: { A: agnostic } });
    await write('A.template.json', {});

    const { stacks } = readCloudAssembly(directory);

    expect(stacks[0]).toMatchObject({ account: undefined, region: undefined });
  });

  test('a newer schema is read, with a warning', async () => {
    await write('manifest.json', { version: '99.0.0', artifacts: { A: stack('A.template.json') } });
    await write('A.template.json', {});

    expect(readCloudAssembly(directory).warnings[0]).toContain('schema 99.0.0');
  });

  test('a directory without an assembly says to synthesize first', async () => {
    expect(() => readCloudAssembly(directory)).toThrow(
      expect.objectContaining({ code: 'WAYBILL_ASSEMBLY_NOT_FOUND' }),
    );
    expect(() => readCloudAssembly(directory)).toThrow('cdk synth');
  });

  test('stacks that depend on each other are named', async () => {
    await write('manifest.json', {
      version: '55.0.0',
      artifacts: { A: stack('A.template.json', ['B']), B: stack('B.template.json', ['A']) },
    });

    expect(() => readCloudAssembly(directory)).toThrow('A -> B -> A');
  });

  test('a broken template names its file', async () => {
    await write('manifest.json', { version: '55.0.0', artifacts: { A: stack('A.template.json') } });
    await writeFile(join(directory, 'A.template.json'), '{');

    expect(() => readCloudAssembly(directory)).toThrow('A.template.json is no JSON object');
  });
});
