/** KMS: rotated material, grants, tags, and what a restart keeps. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { manualClock } from '../../../../local/aws/clock.ts';
import { createAwsContext, rootCaller, type AwsContextOptions } from '../../../../local/aws/context.ts';
import { createKmsService } from '../../../../local/aws/kms/index.ts';
import { openStateStore } from '../../../../local/aws/state/index.ts';

type Output = Record<string, unknown>;

function start(options: AwsContextOptions = {}) {
  const clock = manualClock();
  const context = createAwsContext({ clock, ...options });
  const service = createKmsService(context);
  const call = async (action: string, input: object = {}) =>
    (await service.handle(action, { ...input }, rootCaller(context))) as Output;
  const createKey = async () => ((await call('CreateKey'))['KeyMetadata'] as { KeyId: string }).KeyId;
  return { clock, service, call, createKey };
}

const Plaintext = Buffer.from('seal me').toString('base64');
const DAY = 86_400_000;

test('a rotated key still opens what its earlier material sealed, and seals with the new one', async () => {
  const { call, createKey } = start();
  const KeyId = await createKey();
  const { CiphertextBlob: before } = await call('Encrypt', { KeyId, Plaintext });

  await call('RotateKeyOnDemand', { KeyId });
  const { CiphertextBlob: after } = await call('Encrypt', { KeyId, Plaintext });

  expect(await call('Decrypt', { CiphertextBlob: before })).toMatchObject({ Plaintext });
  expect(await call('Decrypt', { CiphertextBlob: after })).toMatchObject({ Plaintext });
  expect(await call('ListKeyRotations', { KeyId })).toMatchObject({
    Rotations: [{ RotationType: 'ON_DEMAND' }],
  });
});

test('automatic rotation follows the clock, also when nobody looked at the key for long', async () => {
  const { clock, call, createKey } = start();
  const KeyId = await createKey();
  await call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
  const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext });

  await clock.advance(200 * DAY);

  expect(await call('ListKeyRotations', { KeyId })).toMatchObject({
    Rotations: [
      { RotationType: 'AUTOMATIC', RotationDate: (clock.now() - 110 * DAY) / 1000 },
      { RotationType: 'AUTOMATIC', RotationDate: (clock.now() - 20 * DAY) / 1000 },
    ],
  });
  expect(await call('GetKeyRotationStatus', { KeyId })).toMatchObject({
    KeyRotationEnabled: true,
    NextRotationDate: (clock.now() + 70 * DAY) / 1000,
  });
  expect(await call('Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext });

  await call('DisableKeyRotation', { KeyId });
  await clock.advance(200 * DAY);
  expect((await call('ListKeyRotations', { KeyId }))['Rotations']).toHaveLength(2);
});

test('a rotation period outside 90 to 2560 days is refused', async () => {
  const { call, createKey } = start();
  const KeyId = await createKey();

  await expect(call('EnableKeyRotation', { KeyId, RotationPeriodInDays: 89 })).rejects.toMatchObject({
    code: 'ValidationException',
  });
});

test('a grant allows its operations to its principal, under its encryption context alone', async () => {
  const { call, createKey, service } = start();
  const KeyId = await createKey();
  const GranteePrincipal = 'arn:aws:iam::000000000000:role/opener';
  const { GrantId } = await call('CreateGrant', {
    KeyId,
    GranteePrincipal,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextSubset: { tenant: 't1' } },
  });
  const allowed = (principal: string, operation: string, context: Record<string, string>) =>
    service.isGranted(KeyId, principal, operation, context);

  expect(allowed(GranteePrincipal, 'Decrypt', { tenant: 't1', type: 'X' })).toBe(true);
  expect(allowed(GranteePrincipal, 'Decrypt', { tenant: 't2' })).toBe(false);
  expect(allowed(GranteePrincipal, 'Encrypt', { tenant: 't1' })).toBe(false);
  expect(allowed('arn:aws:iam::000000000000:role/other', 'Decrypt', { tenant: 't1' })).toBe(false);

  await call('RevokeGrant', { KeyId, GrantId });
  expect(allowed(GranteePrincipal, 'Decrypt', { tenant: 't1' })).toBe(false);
});

test('EncryptionContextEquals takes no further pairs', async () => {
  const { call, createKey, service } = start();
  const KeyId = await createKey();
  const GranteePrincipal = 'arn:aws:iam::000000000000:role/opener';
  await call('CreateGrant', {
    KeyId,
    GranteePrincipal,
    Operations: ['Decrypt'],
    Constraints: { EncryptionContextEquals: { tenant: 't1' } },
  });

  expect(service.isGranted(KeyId, GranteePrincipal, 'Decrypt', { tenant: 't1' })).toBe(true);
  expect(service.isGranted(KeyId, GranteePrincipal, 'Decrypt', { tenant: 't1', more: 'x' })).toBe(false);
});

test('a named grant made twice is one grant; it is retired by its token', async () => {
  const { call, createKey } = start();
  const KeyId = await createKey();
  const grant = {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::000000000000:root',
    Operations: ['Decrypt'],
    Name: 'n',
  };
  const first = await call('CreateGrant', grant);
  expect(await call('CreateGrant', grant)).toEqual(first);
  expect((await call('ListGrants', { KeyId }))['Grants']).toHaveLength(1);

  await call('RetireGrant', { GrantToken: first['GrantToken'] });

  expect((await call('ListGrants', { KeyId }))['Grants']).toEqual([]);
});

test('an operation that no grant can allow is refused', async () => {
  const { call, createKey } = start();
  const KeyId = await createKey();

  await expect(
    call('CreateGrant', {
      KeyId,
      GranteePrincipal: 'arn:aws:iam::000000000000:root',
      Operations: ['Sign all'],
    }),
  ).rejects.toMatchObject({ code: 'ValidationException' });
});

test('after a restart keys open what they sealed; aliases, tags, policies and grants are there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-kms-'));
  const state = openStateStore(directory);
  const first = start({ state });
  const KeyId = await first.createKey();
  const { CiphertextBlob } = await first.call('Encrypt', { KeyId, Plaintext });
  await first.call('RotateKeyOnDemand', { KeyId });
  await first.call('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: KeyId });
  await first.call('TagResource', { KeyId, Tags: [{ TagKey: 'team', TagValue: 'a' }] });
  await first.call('PutKeyPolicy', { KeyId, Policy: '{"Statement":[]}' });
  await first.call('CreateGrant', {
    KeyId,
    GranteePrincipal: 'arn:aws:iam::000000000000:root',
    Operations: ['Decrypt'],
  });
  state.close();

  const again = openStateStore(directory);
  const second = start({ state: again });
  expect(await second.call('Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext });
  expect(
    await second.call('ListResourceTags', { KeyId: 'alias/mine' }).catch((error: unknown) => error),
  ).toMatchObject({ Tags: [{ TagKey: 'team', TagValue: 'a' }] });
  expect(second.service.keyPolicy('alias/mine')).toBe('{"Statement":[]}');
  expect((await second.call('ListGrants', { KeyId }))['Grants']).toHaveLength(1);
  again.close();
  rmSync(directory, { recursive: true });
});
