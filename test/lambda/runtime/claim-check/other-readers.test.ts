/** Every reader opens a claim, sealed data too: streams, the memory bus, consumers with a sealer. */
import * as z from 'zod/mini';
import { expect, test } from '@jest/globals';
import { createEnvelope, decode, event, parseEnvelope } from '../../../../lib/contracts/index.ts';
import { readEvent } from '../../../../lambda/runtime/consumer/read-event.ts';
import { claimCheckWith, memoryClaimStore } from '../../../../lambda/runtime/claim-check/index.ts';
import {
  consumeStream,
  createPublisher,
  createSealer,
  isSealed,
  memoryTransport,
} from '../../../../lambda/runtime/index.ts';
import type { Handler } from '../../../../lambda/runtime/index.ts';
import { capturedLog } from '../fixtures.ts';

const NoteTaken = event('NoteTaken', {
  version: '1.0',
  source: 'notes',
  data: z.object({ noteId: z.string(), text: z.string(), author: z.string() }),
  pii: ['text', 'author'],
});
const TEXT = 'n'.repeat(300_000);
const note = () =>
  createEnvelope(NoteTaken, { tenantId: 'acme', data: { noteId: 'n1', text: TEXT, author: 'Lovelace' } });

async function published(sealer?: ReturnType<typeof createSealer>) {
  const store = memoryClaimStore();
  const claimCheck = claimCheckWith(store);
  const transport = memoryTransport();
  await createPublisher({
    contracts: [NoteTaken],
    transport,
    claimCheck,
    ...(sealer !== undefined && { sealer }),
  }).publish(note());
  return { store, claimCheck, body: transport.sent[0]!.body };
}

test('sealed before it leaves, and opened after it was fetched', async () => {
  const plaintext = Buffer.alloc(32, 7);
  const sealer = createSealer({
    dataKeys: { current: async () => ({ plaintext, wrapped: 'wrapped' }), unwrap: async () => plaintext },
  });
  const { store, claimCheck, body } = await published(sealer);
  const [object = new Uint8Array()] = store.objects.values();
  const stored = JSON.parse(new TextDecoder().decode(object)) as { text: unknown; author: unknown };
  expect(isSealed(stored.text)).toBe(true);
  expect(body).not.toContain('Lovelace');

  const read = (opens: typeof sealer | undefined) =>
    readEvent([NoteTaken], { messageId: 'm', receiptHandle: 'r', body, attributes: {} }, opens, claimCheck);
  expect((await read(sealer)).data).toEqual(note().data);
  expect(isSealed((await read(undefined)).data.text)).toBe(true);
});

test('a stream', async () => {
  const { claimCheck, body } = await published();
  const seen: string[] = [];
  const { logger } = capturedLog();
  const handler: Handler<typeof NoteTaken> = ({ data }) => void seen.push(data.text);
  await consumeStream(NoteTaken, handler, { consumer: 'c', logger, claimCheck })({
    Records: [
      {
        eventID: 'shardId-0:1',
        eventSourceARN: 'arn:aws:kinesis:eu-west-1:1:stream/s',
        kinesis: {
          sequenceNumber: '1',
          partitionKey: 'acme',
          data: Buffer.from(body).toString('base64'),
          approximateArrivalTimestamp: 1,
        },
      },
    ],
  } as never);

  expect(seen).toEqual([TEXT]);
});

test('who decodes an envelope by hand is told that this is not all of it', async () => {
  const { body } = await published();

  expect(() => decode([NoteTaken], parseEnvelope(body))).toThrow(
    expect.objectContaining({ code: 'WAYBILL_EVENT_DATA_ELSEWHERE' }),
  );
});
