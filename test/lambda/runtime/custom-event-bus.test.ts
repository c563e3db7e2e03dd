import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { decodeCbor, encodeCbor } from '../../../lambda/runtime/aws/cbor.ts';
import { customEventBusClient } from '../../../lambda/runtime/aws/custom-event-bus.ts';
import type { PutEventsAnswer, PutEventsRequest } from '../../../lambda/runtime/aws/custom-event-bus.ts';
import {
  customEventBusTransport,
  isCustomEventBus,
} from '../../../lambda/runtime/transports/custom-event-bus.ts';
import type { EncodedMessage } from '../../../lambda/runtime/types.ts';
import {
  decodeCbor as decodeElsewhere,
  encodeCbor as encodeElsewhere,
} from '../../../local/aws/protocols/cbor.ts';
import { encoded, orderPlaced } from './fixtures.ts';

const BUS = `arn:aws:events:eu-west-1:111122223333:event-busv2/orders/${'a'.repeat(25)}`;
const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' };

const some = (count: number, customer: (index: number) => string): EncodedMessage[] =>
  Array.from({ length: count }, (_, index) => encoded(orderPlaced(`o${index}`, customer(index))));

/** A client that answers each entry, and keeps what it was asked. */
function answering(
  judge: (entry: PutEventsRequest['Entries'][number]) => NonNullable<PutEventsAnswer['Entries']>[number],
) {
  const requests: PutEventsRequest[] = [];
  return {
    requests,
    async putEvents(request: PutEventsRequest) {
      requests.push(request);
      return { Entries: request.Entries.map(judge) };
    },
  };
}

describe('customEventBusTransport', () => {
  test('D8 the group is the ordering key, the deduplication id the eventId', async () => {
    const client = answering(() => ({ SuccessCode: 'PUBLISHED' }));
    const [message] = some(1, () => 'c1');

    expect(await customEventBusTransport({ eventBusArn: BUS, client }).send([message!])).toEqual({
      failed: [],
    });
    expect(client.requests).toEqual([
      {
        EventBusArn: BUS,
        Entries: [
          {
            Source: message!.source,
            DetailType: message!.eventType,
            Detail: message!.body,
            SystemMetadata: { EventGroupId: message!.orderingKey, DeduplicationId: message!.eventId },
          },
        ],
      },
    ]);
  });

  test('D2 a hundred entries a call, of each key one at a time', async () => {
    const client = answering(() => ({ SuccessCode: 'PUBLISHED' }));
    const transport = customEventBusTransport({ eventBusArn: BUS, client, tuning: { concurrency: 1 } });

    await transport.send(some(250, (index) => `c${index % 150}`));

    expect(client.requests.map(({ Entries }) => Entries.length)).toEqual([100, 100, 50]);
    for (const { Entries } of client.requests) {
      const groups = Entries.map(({ SystemMetadata }) => SystemMetadata.EventGroupId);
      expect(new Set(groups).size).toBe(groups.length);
    }
  });

  test('a duplicate is a success', async () => {
    const client = answering(() => ({ SuccessCode: 'DEDUPLICATED' }));

    const sent = customEventBusTransport({ eventBusArn: BUS, client }).send(some(1, () => 'c'));
    expect(await sent).toEqual({ failed: [] });
  });

  test('D1 an entry that is refused holds back its key, and no other; what may pass is tried again', async () => {
    let throttled = 0;
    const messages = some(4, (index) => (index < 2 ? 'c0' : `c${index}`));
    const client = answering(({ SystemMetadata: { DeduplicationId } }) => {
      if (DeduplicationId === messages[0]!.eventId) {
        return { ErrorCode: 'InvalidInputException', ErrorMessage: 'no' };
      }
      if (DeduplicationId === messages[2]!.eventId && throttled++ === 0)
        return { ErrorCode: 'ThrottlingException' };
      return { SuccessCode: 'PUBLISHED' };
    });

    const { failed } = await customEventBusTransport({ eventBusArn: BUS, client }).send(messages);

    expect(failed).toEqual([
      expect.objectContaining({
        eventId: messages[0]!.eventId,
        code: 'InvalidInputException',
        retryable: false,
      }),
      expect.objectContaining({ eventId: messages[1]!.eventId, code: 'WAYBILL_ORDER_HELD', retryable: true }),
    ]);
    expect(throttled).toBe(2);
  });

  test.each([
    [BUS, true],
    ['arn:aws:events:eu-west-1:111122223333:event-bus/orders', false],
    ['arn:aws:sns:eu-west-1:111122223333:event-busv2', false],
    ['orders', false],
  ])('%s', (arn, expected) => {
    expect(isCustomEventBus(arn)).toBe(expected);
  });
});

describe('customEventBusClient', () => {
  let calls: { url: string; headers: Record<string, string>; body: Buffer }[];
  let answers: (Response | Error)[];
  const fetched = globalThis.fetch;
  beforeEach(() => {
    calls = [];
    answers = [];
    globalThis.fetch = (async (url: URL, init: RequestInit) => {
      const body = Buffer.from(init.body as Uint8Array);
      calls.push({ url: String(url), headers: init.headers as Record<string, string>, body });
      const answer = answers.shift() ?? new Response(encodeElsewhere({}, new Set()));
      if (answer instanceof Error) throw answer;
      return answer;
    }) as typeof fetch;
  });
  afterEach(() => {
    globalThis.fetch = fetched;
    jest.useRealTimers();
  });

  const refusing = (status: number, code: string) =>
    new Response(
      encodeElsewhere({ __type: `com.amazonaws.eventbridgev2#${code}`, Message: 'why' }, new Set()),
      {
        status,
      },
    );
  const request: PutEventsRequest = {
    EventBusArn: BUS,
    Entries: [
      {
        Source: 'shop',
        DetailType: 'Paid',
        Detail: '{"n":1}',
        SystemMetadata: { EventGroupId: 'g', DeduplicationId: '1' },
      },
    ],
  };

  test('the request is, to the last byte and the signature, the one that botocore 1.44.5 makes', async () => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 21, 9, 53, 49), doNotFake: ['setTimeout', 'setImmediate'] });
    await customEventBusClient(CREDENTIALS).putEvents(request);

    const [{ url, headers, body }] = calls as [(typeof calls)[number]];
    expect(url).toBe(
      'https://111122223333.eventsv2.eu-west-1.amazonaws.com/service/AWSEventsV2/operation/PutEvents',
    );
    expect(headers).toMatchObject({
      'smithy-protocol': 'rpc-v2-cbor',
      'content-type': 'application/cbor',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-1/events/aws4_request, SignedHeaders=accept;content-type;host;smithy-protocol;x-amz-date, Signature=5a69c101405ed381b9cef7968b02c1b089e95eafe92072e69a050821f946a8c5',
    });
    expect(decodeElsewhere(body)).toEqual(request);
  });

  test('throttling, server errors and broken connections are tried again, three times in all', async () => {
    answers = [refusing(400, 'ThrottlingException'), new TypeError('fetch failed')];
    await customEventBusClient(CREDENTIALS).putEvents(request);
    expect(calls).toHaveLength(3);

    answers = [500, 500, 500].map((status) => refusing(status, 'InternalException'));
    await expect(customEventBusClient(CREDENTIALS).putEvents(request)).rejects.toMatchObject({
      name: 'InternalException',
      message: 'why',
    });
    expect(calls).toHaveLength(6);
  });

  test('a refusal is final', async () => {
    answers = [refusing(403, 'AccessDeniedException')];

    await expect(customEventBusClient(CREDENTIALS).putEvents(request)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(calls).toHaveLength(1);
  });

  test('without credentials nothing is sent; the embedded AWS needs none', async () => {
    await expect(customEventBusClient({}).putEvents(request)).rejects.toThrow(/AWS_ACCESS_KEY_ID/);
    expect(calls).toEqual([]);

    await customEventBusClient({ USE_LOCAL_AWS: '1' }).putEvents(request);
    expect(calls[0]?.url).toMatch(/^http:\/\/127\.0\.0\.1:4566\/service\//);
  });
});

describe('CBOR', () => {
  test.each([
    ['text', 'äöü'.repeat(100)],
    ['counts', [0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296]],
    ['nested', { a: [{ b: 'c' }, []], d: true, e: {} }],
  ])('%s is read by another reader, and back', (_name, value) => {
    expect(decodeElsewhere(encodeCbor(value as never))).toEqual(value);
    expect(decodeCbor(encodeElsewhere(value, new Set()))).toEqual(value);
  });

  test('what an answer may hold besides: negative numbers, floats, tags, unknown lengths', () => {
    expect(
      decodeCbor(Buffer.from('8438 63fb3ff8000000000000c11a00000001f6'.replace(' ', ''), 'hex')),
    ).toEqual([-100, 1.5, 1, undefined]);
    expect(decodeCbor(Buffer.from('bf61619f01ff61627f6161ff62636320ff', 'hex'))).toEqual({
      a: [1],
      b: 'a',
      cc: -1,
    });
    expect(() => decodeCbor(Buffer.from('6361', 'hex'))).toThrow(RangeError);
  });
});
