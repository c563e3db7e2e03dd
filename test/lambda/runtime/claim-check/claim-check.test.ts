/** Large events by claim check: moved before they are sent, fetched and verified before anything reads them. */
import * as z from 'zod/mini';
import { describe, expect, test } from '@jest/globals';
import { createEnvelope, event } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import {
  CLAIM_CHECK_BYTES,
  claimCheckWith,
  claimKey,
  memoryClaimStore,
} from '../../../../lambda/runtime/claim-check/index.ts';
import type { ClaimStore, MemoryClaimStore } from '../../../../lambda/runtime/claim-check/index.ts';
import { consume, createPublisher, memoryTransport } from '../../../../lambda/runtime/index.ts';
import type { ConsumeOptions, EncodedMessage } from '../../../../lambda/runtime/index.ts';
import { capturedLog, DEAD_LETTER_QUEUE_URL, entriesOf, fakeClient, STANDARD_QUEUE } from '../fixtures.ts';

const ReportWritten = event('ReportWritten', {
  version: '1.0',
  source: 'reports',
  data: z.object({
    reportId: z.string(),
    text: z.string(),
    region: z.object({ country: z.string(), map: z.optional(z.string()) }),
    pages: z.array(z.string()),
  }),
  orderingKey: 'reportId',
});

const LARGE = 'ü'.repeat(CLAIM_CHECK_BYTES / 2);

const report = (reportId: string, text = LARGE, tenantId = 'acme') =>
  createEnvelope(ReportWritten, {
    tenantId,
    data: { reportId, text, region: { country: 'de', map: text }, pages: [text] },
  });

const digestOf = (key: string) => key.split('/').at(-1)!;

async function published(
  envelopes: readonly ReturnType<typeof report>[],
  claimCheck: ClaimStore | 'none' = memoryClaimStore(),
) {
  const transport = memoryTransport();
  const options = claimCheck === 'none' ? {} : { claimCheck: claimCheckWith(claimCheck) };
  const publisher = createPublisher({ contracts: [ReportWritten], transport, ...options });
  const result = await publisher.publishBatch(envelopes);
  return { result, messages: transport.sent };
}

const envelopeIn = ({ body }: EncodedMessage) => JSON.parse(body) as Envelope<Record<string, unknown>>;

interface Received {
  readonly store?: ClaimStore | undefined;
  readonly body?: string;
  readonly receiveCount?: number;
  readonly options?: ConsumeOptions;
}

/** Hands a message to a consumer: what its handler got, and what became of the message. */
async function received(message: EncodedMessage, { store, body, receiveCount = 1, options = {} }: Received) {
  const client = fakeClient();
  const { logger, lines } = capturedLog();
  const handled: Envelope[] = [];
  const answer = await consume(
    ReportWritten,
    (given) => {
      handled.push(given);
    },
    {
      consumer: 'archive',
      deadLetterQueueUrl: DEAD_LETTER_QUEUE_URL,
      client,
      logger,
      random: () => 0.5,
      ...(store !== undefined && { claimCheck: claimCheckWith(store) }),
      ...options,
    },
  )({
    Records: [
      {
        messageId: 'm1',
        receiptHandle: 'r1',
        body: body ?? message.body,
        attributes: { ApproximateReceiveCount: String(receiveCount) },
        messageAttributes: { tenantId: { dataType: 'String', stringValue: message.tenantId } },
        eventSourceARN: STANDARD_QUEUE,
      },
    ],
  });
  const letters = client.calls
    .filter(({ name }) => name === 'SendMessageBatch')
    .flatMap(({ input }) => entriesOf(input))
    .map(({ MessageAttributes, MessageBody }) => ({
      reason: (MessageAttributes as Record<string, { StringValue: string }>)['deadLetterReason']?.StringValue,
      body: String(MessageBody),
    }));
  const backoffs = client.calls
    .filter(({ name }) => name === 'ChangeMessageVisibilityBatch')
    .flatMap(({ input }) => entriesOf(input).map((entry) => entry['VisibilityTimeout']));
  return { handled, failed: answer.batchItemFailures.length, letters, backoffs, lines };
}

describe('the publisher', () => {
  test('above the limit the data moves, and the claim says where it is', async () => {
    const store = memoryClaimStore();
    const envelope = report('r1');
    const { result, messages } = await published([envelope], store);

    expect(result.failed).toEqual([]);
    const [key = ''] = store.objects.keys();
    expect(key).toBe(`claims/acme/ReportWritten/${envelope.eventId}/${digestOf(key)}`);
    expect(JSON.parse(new TextDecoder().decode(store.objects.get(key)))).toEqual(envelope.data);
    const sent = envelopeIn(messages[0]!);
    expect(sent.metadata['claimCheck']).toEqual({
      key,
      bytes: store.objects.get(key)!.byteLength,
      sha256: digestOf(key),
    });
    expect(messages[0]!.body.length).toBeLessThan(2_000);
    expect(messages[0]!.orderingKey).toBe('acme#r1');
  });

  test('short fields stay, so that filters on the data go on to match', async () => {
    const { messages } = await published([report('r1')]);

    expect(envelopeIn(messages[0]!).data).toEqual({ reportId: 'r1', region: { country: 'de' } });
  });

  test('at the limit it goes out whole, a byte above it moves; bytes count, not characters', async () => {
    const overhead = Buffer.byteLength(JSON.stringify(report('r1', '')));
    const fitting = (bytes: number) => {
      const envelope = report('r1', '');
      return { ...envelope, data: { ...envelope.data, text: 'x'.repeat(bytes - overhead) } };
    };
    const store = memoryClaimStore();
    await published([fitting(CLAIM_CHECK_BYTES)], store);
    expect(store.objects.size).toBe(0);
    await published([fitting(CLAIM_CHECK_BYTES + 1)], store);
    expect(store.objects.size).toBe(1);
  });

  test('the same event again is the same object', async () => {
    const store = memoryClaimStore();
    const envelope = report('r1');
    const first = await published([envelope], store);
    const second = await published([envelope], store);

    expect(store.objects.size).toBe(1);
    expect(second.messages[0]!.body).toBe(first.messages[0]!.body);
  });

  test('what could not be stored is not sent, may be retried, and nothing of its key overtakes it', async () => {
    const down: ClaimStore = {
      put: () => Promise.reject(Object.assign(new Error('S3 PUT: SlowDown'), { name: 'SlowDown' })),
      get: () => Promise.resolve(undefined),
    };
    const [small, large, behind, other] = [report('a', ''), report('a'), report('a', ''), report('b', '')];
    const { result, messages } = await published([small, large, behind, other], down);

    expect(messages.map(({ eventId }) => eventId)).toEqual([small.eventId, other.eventId]);
    expect(result.failed).toMatchObject([
      { eventId: large.eventId, code: 'WAYBILL_CLAIM_NOT_STORED', retryable: true },
      { eventId: behind.eventId, code: 'WAYBILL_ORDER_HELD', retryable: true },
    ]);
  });

  test('send() of encoded messages, as the outbox relay calls it, moves them too', async () => {
    const plain = await published([report('r1')], 'none');
    const store = memoryClaimStore();
    const transport = memoryTransport();
    await createPublisher({ contracts: [], transport, claimCheck: claimCheckWith(store) }).send(
      plain.messages,
    );

    expect(store.objects.size).toBe(1);
    expect(envelopeIn(transport.sent[0]!).metadata['claimCheck']).toBeDefined();
  });
});

describe('the consumer', () => {
  const sent = async (store: MemoryClaimStore = memoryClaimStore()) => {
    const envelope = report('r1');
    const { messages } = await published([envelope], store);
    return { envelope, message: messages[0]!, store, key: [...store.objects.keys()][0]! };
  };

  test('gets the event as it was published, without the claim', async () => {
    const { envelope, message, store } = await sent();
    const { handled, failed } = await received(message, { store });

    expect(failed).toBe(0);
    expect(handled).toEqual([envelope]);
  });

  test.each<[string, (store: MemoryClaimStore, key: string) => void, string]>([
    ['gone', (store, key) => store.objects.delete(key), 'WAYBILL_CLAIM_MISSING'],
    [
      'changed, of the same size',
      (store, key) => store.objects.set(key, store.objects.get(key)!.with(20, 0x20)),
      'WAYBILL_CLAIM_TAMPERED',
    ],
    [
      'cut short',
      (store, key) => store.objects.set(key, store.objects.get(key)!.subarray(1)),
      'WAYBILL_CLAIM_TAMPERED',
    ],
  ])(
    'an object that is %s: dead-lettered at the first receive, with the reason',
    async (_name, change, reason) => {
      const { message, store, key } = await sent();
      change(store, key);
      const { handled, failed, letters } = await received(message, { store });

      expect(handled).toEqual([]);
      expect(failed).toBe(0);
      expect(letters.map((letter) => letter.reason)).toEqual([reason]);
      expect(letters[0]!.body).toBe(message.body);
    },
  );

  test.each<[string, (envelope: Envelope, key: string) => unknown]>([
    ['of another tenant', (envelope, key) => key.replace('claims/acme/', `claims/${envelope.tenantId}x/`)],
    ['of another type', (_envelope, key) => key.replace('ReportWritten', 'ReportShredded')],
    ['of another event', (envelope, key) => key.replace(envelope.eventId, '0'.repeat(36))],
    ['anywhere else in the bucket', () => 'job-results/secret.json'],
  ])('a key %s is not fetched', async (_name, change) => {
    const { message, store, key } = await sent();
    const envelope = envelopeIn(message);
    const wrong = String(change(envelope, key));
    store.objects.set(wrong, store.objects.get(key)!);
    const body = JSON.stringify({
      ...envelope,
      metadata: {
        ...envelope.metadata,
        claimCheck: { ...(envelope.metadata['claimCheck'] as object), key: wrong },
      },
    });
    const { handled, letters } = await received(message, { store, body });

    expect(handled).toEqual([]);
    expect(letters.map(({ reason }) => reason)).toEqual(['WAYBILL_CLAIM_MISMATCH']);
  });

  test.each([
    ['no object', 'yes'],
    ['without a digest', { key: 'k', bytes: 1 }],
    ['null', null],
  ])('a claim that is none (%s) is dead-lettered', async (_name, claimCheck) => {
    const { message, store } = await sent();
    const envelope = envelopeIn(message);
    const body = JSON.stringify({ ...envelope, metadata: { ...envelope.metadata, claimCheck } });

    expect((await received(message, { store, body })).letters.map(({ reason }) => reason)).toEqual([
      'WAYBILL_CLAIM_MISMATCH',
    ]);
  });

  test('an error of the store is a failure like any other: retried with backoff, dead-lettered at the last receive', async () => {
    const { message } = await sent();
    const store: ClaimStore = {
      put: () => Promise.resolve(),
      get: () => Promise.reject(Object.assign(new Error('S3 GET: SlowDown'), { name: 'SlowDown' })),
    };
    const options = { maxReceiveCount: 5 };
    const early = await received(message, { store, receiveCount: 3, options });
    expect(early).toMatchObject({ failed: 1, letters: [], backoffs: [4], handled: [] });
    const last = await received(message, { store, receiveCount: 5, options });
    expect(last.letters).toHaveLength(1);
  });

  test('a consumer without a store handles nothing by halves: refused, retried, and the log says what is missing', async () => {
    const { message } = await sent();
    const { handled, failed, letters, lines } = await received(message, {});

    expect({ handled, failed, letters }).toEqual({ handled: [], failed: 1, letters: [] });
    expect(JSON.stringify(lines)).toContain('WAYBILL_CLAIM_CHECK');
  });

  test('an object of another event that somebody put under its key has another digest', async () => {
    const { message, store, key, envelope } = await sent();
    const other = new TextEncoder().encode(JSON.stringify({ ...envelope.data, reportId: 'r2' }));
    store.objects.set(key, other);

    expect((await received(message, { store })).letters[0]?.reason).toBe('WAYBILL_CLAIM_TAMPERED');
    expect(claimKey(envelope, digestOf(key))).toBe(key);
  });
});
