/** What a killed run left is removed; what belongs to one that runs, or to nobody, is not. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { removeLeftOverAssemblies } from '../../../local/run/left-over-assemblies.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

test('the folders of processes that are gone are removed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-left-over-'));
  folders.push(folder);
  const { pid: gone } = spawnSync(process.execPath, ['-e', '']);
  const kept = [`cdk.out-${process.pid}-0`, 'cdk.out-mine', 'bundles'];
  for (const name of [...kept, `cdk.out-${gone}-0`, `cdk.out-${gone}-1-standby`]) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'manifest.json'), '{}');
  }

  await removeLeftOverAssemblies(folder);

  expect((await readdir(folder)).toSorted()).toEqual(kept.toSorted());
});

test('where there was no run, there is nothing to remove', async () => {
  await expect(removeLeftOverAssemblies(join(tmpdir(), 'waybill-none', 'none'))).resolves.toBeUndefined();
});
