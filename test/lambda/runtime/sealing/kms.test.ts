/** Data keys from the KMS of the embedded AWS, and a consumer that opens what it may. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import * as z from 'zod/mini';
import { consume, createSealer, isSealed, kmsDataKeys } from '../../../../lambda/runtime/index.ts';
import type { SqsBatchResponse } from '../../../../lambda/runtime/index.ts';
import { createEnvelope, event } from '../../../../lib/contracts/index.ts';
import { startAws } from '../../../../local/testing/index.ts';
import type { TestAws } from '../../../../local/testing/index.ts';

const Registered = event('Registered', {
  version: '1.0',
  source: 'customers',
  data: z.object({ id: z.string(), email: z.string() }),
  pii: ['email'],
});
const EMAIL = 'ada@example.com';

let aws: TestAws;
let environment: Record<string, string>;
beforeAll(async () => {
  aws = await startAws();
  const { KeyMetadata } = await new KMSClient(aws.clientConfig).send(new CreateKeyCommand({}));
  environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: aws.clientConfig.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    WAYBILL_SEALING_KEY_ARN: KeyMetadata!.Arn!,
  };
});
afterAll(() => aws.stop());

const sealerOf = (more: Record<string, string> = {}) =>
  createSealer({ dataKeys: kmsDataKeys({ environment: { ...environment, ...more } }) });
const registered = (tenantId = 'acme') =>
  createEnvelope(Registered, { tenantId, data: { id: '1', email: EMAIL } });

async function received(body: string, options: Parameters<typeof consume>[2]) {
  const seen: string[] = [];
  const lines: string[] = [];
  const { createLogger } = await import('../../../../lambda/runtime/index.ts');
  const handler = consume(Registered, (one) => void seen.push(one.data.email), {
    consumer: 'reader',
    logger: createLogger({ write: (line) => void lines.push(line) }),
    ...options,
  });
  const attributes = { ApproximateReceiveCount: '1' };
  const response: SqsBatchResponse = await handler({
    Records: [{ messageId: 'm-1', receiptHandle: 'r', body, attributes }],
  });
  return { seen, lines: lines.join('\n'), failures: response.batchItemFailures };
}

describe('D13 with KMS', () => {
  test('one process seals, another opens; one data key serves many events of a tenant', async () => {
    const writer = sealerOf();
    const sealed = await Promise.all([registered(), registered()].map((one) => writer.seal(Registered, one)));
    expect(sealed[0]!.metadata['sealing']).toEqual(sealed[1]!.metadata['sealing']);
    const other = await writer.seal(Registered, registered('globex'));
    expect(other.metadata['sealing']).not.toEqual(sealed[0]!.metadata['sealing']);

    const reader = sealerOf();
    for (const one of [...sealed, other]) expect((await reader.open(one)).data.email).toBe(EMAIL);
  });

  test('a consumer with a sealer reads; one without handles the event with its fields sealed', async () => {
    const body = JSON.stringify(await sealerOf().seal(Registered, registered()));
    expect(body).not.toContain(EMAIL);
    expect((await received(body, { sealer: sealerOf() })).seen).toEqual([EMAIL]);
    const without = await received(body, {});
    expect(without.seen.map(isSealed)).toEqual([true]);
    expect(without.failures).toEqual([]);
  });

  test('what was tampered with is unreadable; a key that can not be used now is worth a retry', async () => {
    const sealed = await sealerOf().seal(Registered, registered());
    const moved = await received(JSON.stringify({ ...sealed, eventId: registered().eventId }), {
      sealer: sealerOf(),
    });
    expect(moved.lines).toContain('WAYBILL_SEAL_BROKEN');
    const refused = await received(JSON.stringify(sealed), {
      sealer: sealerOf({ WAYBILL_OPENS: 'SomethingElse' }),
    });
    expect(refused.failures).toEqual([{ itemIdentifier: 'm-1' }]);
    expect(refused.lines).toContain('WAYBILL_SEALING_NOT_GRANTED');
    for (const { lines } of [moved, refused]) expect(lines).not.toContain(EMAIL);
  });

  test('a key that KMS does not know gives an error that names key, action and grant', async () => {
    const arn = environment['WAYBILL_SEALING_KEY_ARN']!.replace(/.{4}$/, '0000');
    const sealing = sealerOf({ WAYBILL_SEALING_KEY_ARN: arn }).seal(Registered, registered());
    await expect(sealing).rejects.toMatchObject({ code: 'WAYBILL_SEALING_KEY_UNUSABLE' });
    await expect(sealing).rejects.toThrow(/kms:GenerateDataKey with .*NotFoundException.*grants\.seal/);
  });
});
