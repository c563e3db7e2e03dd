import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('whoever has seen enough of the output closes it, and nothing is said of that', () => {
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" bin/waybill.mjs explain --json | head -c 1`],
    { encoding: 'utf8' },
  );

  expect({ stdout, stderr }).toEqual({ stdout: '{', stderr: '' });
});
