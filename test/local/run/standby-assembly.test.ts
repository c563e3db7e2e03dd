import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { writeStandbyAssembly } from '../../../local/run/standby-assembly.ts';

test('keys of several regions are replicas of those in the first, and all else is as it is there', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-standby-'));
  const key = (multiRegion: boolean) => ({
    Type: 'AWS::KMS::Key',
    Properties: { MultiRegion: multiRegion, EnableKeyRotation: true, Description: 'd', KeyPolicy: {} },
    DeletionPolicy: 'Retain',
  });
  const template = { Resources: { Sealing: key(true), Messages: key(false) } };
  try {
    await writeFile(join(directory, 'a.template.json'), JSON.stringify(template));

    await writeStandbyAssembly(directory, `${directory}-standby`, [
      { logicalId: 'Sealing', arn: 'arn:aws:kms:us-east-1:000000000000:key/mrk-1' },
      { logicalId: 'Messages', arn: 'arn:aws:kms:us-east-1:000000000000:key/2' },
    ]);

    const written = JSON.parse(await readFile(join(`${directory}-standby`, 'a.template.json'), 'utf8'));
    expect(written.Resources).toEqual({
      Sealing: {
        Type: 'AWS::KMS::ReplicaKey',
        Properties: {
          Description: 'd',
          KeyPolicy: {},
          PrimaryKeyArn: 'arn:aws:kms:us-east-1:000000000000:key/mrk-1',
        },
        DeletionPolicy: 'Retain',
      },
      Messages: key(false),
    });
  } finally {
    await rm(directory, { recursive: true });
    await rm(`${directory}-standby`, { recursive: true, force: true });
  }
});
