/** KMS with the real SDK: keys, aliases, envelope encryption, the bound encryption context, key states. */
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { manualClock, startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';

const clock = manualClock();
let aws: EmbeddedAws;
let kms: KMSClient;
beforeAll(async () => {
  aws = await startEmbeddedAws({ clock });
  kms = new KMSClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 1,
  });
});
afterAll(async () => {
  kms.destroy();
  await aws.close();
});

async function createKey() {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'a test' }));
  return { id: KeyMetadata?.KeyId ?? '', arn: KeyMetadata?.Arn ?? '' };
}

const plaintext = Buffer.from('seal me');

describe('encryption', () => {
  test('D13: what was encrypted comes back with the same encryption context, in any order, and no other', async () => {
    const { id, arn } = await createKey();
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: id, Plaintext: plaintext, EncryptionContext: { tenant: 't1', type: 'X' } }),
    );
    const decrypt = (EncryptionContext?: Record<string, string>) =>
      kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));

    const { Plaintext, KeyId } = await decrypt({ type: 'X', tenant: 't1' });

    expect(Buffer.from(Plaintext ?? [])).toEqual(plaintext);
    expect(KeyId).toBe(arn);
    const others: (Record<string, string> | undefined)[] = [
      { tenant: 't2', type: 'X' },
      { tenant: 't1' },
      undefined,
    ];
    for (const wrong of others) {
      await expect(decrypt(wrong)).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    }
  });

  test('a changed ciphertext, and something that is none, are InvalidCiphertextException', async () => {
    const { id } = await createKey();
    const { CiphertextBlob = new Uint8Array() } = await kms.send(
      new EncryptCommand({ KeyId: id, Plaintext: plaintext }),
    );
    const changed = Uint8Array.from(CiphertextBlob);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;

    for (const blob of [changed, Buffer.from('nonsense')]) {
      await expect(kms.send(new DecryptCommand({ CiphertextBlob: blob }))).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    }
  });

  test('a data key comes in the clear and sealed, and the sealed one opens to the clear one', async () => {
    const { id } = await createKey();
    const EncryptionContext = { tenant: 't1' };

    const key = await kms.send(
      new GenerateDataKeyCommand({ KeyId: id, KeySpec: 'AES_256', EncryptionContext }),
    );
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: key.CiphertextBlob, EncryptionContext }),
    );
    const sealedOnly = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: id, NumberOfBytes: 24 }),
    );

    expect(key.Plaintext).toHaveLength(32);
    expect(opened.Plaintext).toEqual(key.Plaintext);
    expect(sealedOnly).not.toHaveProperty('Plaintext');
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId: id }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  test('ReEncrypt moves a ciphertext to another key and context; naming the wrong key is IncorrectKeyException', async () => {
    const first = await createKey();
    const second = await createKey();
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: first.id, Plaintext: plaintext }));

    const moved = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob,
        DestinationKeyId: second.id,
        DestinationEncryptionContext: { a: 'b' },
      }),
    );
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { a: 'b' } }),
    );

    expect(opened.KeyId).toBe(second.arn);
    await expect(kms.send(new DecryptCommand({ CiphertextBlob, KeyId: second.id }))).rejects.toMatchObject({
      name: 'IncorrectKeyException',
    });
  });

  test('Encrypt takes 4,096 bytes and not one more', async () => {
    const { id } = await createKey();

    await kms.send(new EncryptCommand({ KeyId: id, Plaintext: Buffer.alloc(4096) }));

    await expect(
      kms.send(new EncryptCommand({ KeyId: id, Plaintext: Buffer.alloc(4097) })),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('keys and aliases', () => {
  test('a key is found by id, ARN, alias and alias ARN', async () => {
    const { id, arn } = await createKey();
    const AliasName = `alias/${id}`;
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: id }));

    for (const KeyId of [id, arn, AliasName, `arn:aws:kms:us-east-1:000000000000:${AliasName}`]) {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      expect(KeyMetadata).toMatchObject({ KeyId: id, Arn: arn, Enabled: true, KeyState: 'Enabled' });
    }
  });

  test('an alias can be listed, moved and deleted; creating it twice fails', async () => {
    const first = await createKey();
    const second = await createKey();
    const AliasName = `alias/moving-${first.id}`;
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: first.id }));

    await expect(
      kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: first.id })),
    ).rejects.toMatchObject({
      name: 'AlreadyExistsException',
    });
    await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second.id }));
    const { Aliases } = await kms.send(new ListAliasesCommand({ KeyId: second.id }));
    await kms.send(new DeleteAliasCommand({ AliasName }));

    expect(Aliases).toEqual([expect.objectContaining({ AliasName, TargetKeyId: second.id })]);
    await expect(kms.send(new DescribeKeyCommand({ KeyId: AliasName }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  test("a service's own key exists as soon as it is asked for", async () => {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/sqs' }));

    expect(KeyMetadata?.KeyManager).toBe('AWS');
  });

  test('lists are paged', async () => {
    for (let index = 0; index < 3; index++) await createKey();

    const first = await kms.send(new ListKeysCommand({ Limit: 2 }));
    const second = await kms.send(new ListKeysCommand({ Limit: 2, Marker: first.NextMarker }));

    expect(first.Truncated).toBe(true);
    expect(first.Keys).toHaveLength(2);
    expect(second.Keys?.[0]?.KeyId).not.toBe(first.Keys?.[0]?.KeyId);
  });

  test('the key policy is kept as it was given', async () => {
    const { id } = await createKey();
    const root =
      '{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "kms:*", "Resource": "*"}';
    const Policy = `{"Version": "2012-10-17", "Statement": [${root}]}`;

    await kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy }));

    expect((await kms.send(new GetKeyPolicyCommand({ KeyId: id }))).Policy).toBe(Policy);
    expect(aws.services.kms.keyPolicy(id)).toBe(Policy);
    await expect(kms.send(new PutKeyPolicyCommand({ KeyId: id, Policy: '{' }))).rejects.toMatchObject({
      name: 'MalformedPolicyDocumentException',
    });
  });
});

describe('key states', () => {
  test('a disabled key encrypts nothing until it is enabled', async () => {
    const { id } = await createKey();
    const encrypt = () => kms.send(new EncryptCommand({ KeyId: id, Plaintext: plaintext }));

    await kms.send(new DisableKeyCommand({ KeyId: id }));
    await expect(encrypt()).rejects.toMatchObject({ name: 'DisabledException' });
    await kms.send(new EnableKeyCommand({ KeyId: id }));

    await expect(encrypt()).resolves.toBeDefined();
  });

  test('a key pending deletion can be kept, and is gone when its time has come', async () => {
    const kept = await createKey();
    const gone = await createKey();
    for (const KeyId of [kept.id, gone.id]) {
      await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    }

    await expect(
      kms.send(new EncryptCommand({ KeyId: kept.id, Plaintext: plaintext })),
    ).rejects.toMatchObject({ name: 'KMSInvalidStateException' });
    await kms.send(new CancelKeyDeletionCommand({ KeyId: kept.id }));
    await clock.advance(7 * 86_400_000);

    expect((await kms.send(new DescribeKeyCommand({ KeyId: kept.id }))).KeyMetadata?.KeyState).toBe(
      'Disabled',
    );
    await expect(kms.send(new DescribeKeyCommand({ KeyId: gone.id }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });
});
