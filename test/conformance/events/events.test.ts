/** PutEvents: what is taken, what is refused, and the event that comes out. */
import { PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, bus, eventOf, GUIDE } from './rules.ts';

const behaviour = behavioursOf('events');
const PUT = `${API}/API_PutEvents.html`;
const entry = (more: Partial<PutEventsRequestEntry> = {}): PutEventsRequestEntry => ({
  Source: 'shop',
  DetailType: 'OrderPlaced',
  Detail: '{}',
  ...more,
});
const put = (aws: Conformance, ...Entries: PutEventsRequestEntry[]) =>
  aws.events.send(new PutEventsCommand({ Entries }));

behaviour('an event has an id', PUT, async (aws) => {
  const { Entries, FailedEntryCount } = await put(aws, entry());

  expect(FailedEntryCount).toBe(0);
  expect(Entries?.[0]?.EventId).toMatch(/^[0-9a-f-]{36}$/);
});

behaviour(
  'a target gets the event with all its members',
  `${GUIDE}/eb-events-structure.html`,
  async (aws) => {
    const shop = await bus(aws);
    const queue = await (await shop.rule()).queue();
    const id = await shop.put(
      { n: 1 },
      { Resources: ['arn:aws:s3:::x'], Time: new Date('2026-01-21T12:00:00Z') },
    );

    const [message] = await queue.receive(1);
    expect(eventOf(message)).toEqual({
      version: '0',
      id,
      'detail-type': 'OrderPlaced',
      source: 'shop',
      account: await aws.accountId(),
      time: '2026-01-21T12:00:00Z',
      region: aws.region,
      resources: ['arn:aws:s3:::x'],
      detail: { n: 1 },
    });
  },
);

behaviour('numbers of the detail arrive as they were spelt', `${GUIDE}/eb-events.html`, async (aws) => {
  const shop = await bus(aws);
  const queue = await (await shop.rule()).queue();
  await shop.put('{"big":12345678901234567890,"price":1.50}');

  const [message] = await queue.receive(1);
  expect(message?.Body).toContain('"big":12345678901234567890');
  expect(message?.Body).toContain('"price":1.50');
});

const badEntries: readonly (readonly [why: string, more: Partial<PutEventsRequestEntry>, code: string])[] = [
  ['without a source', { Source: undefined }, 'InvalidArgument'],
  ['with an empty source', { Source: '' }, 'InvalidArgument'],
  ['without a detail type', { DetailType: undefined }, 'InvalidArgument'],
  ['without a detail', { Detail: undefined }, 'InvalidArgument'],
  ['whose detail is no JSON', { Detail: 'nonsense' }, 'MalformedDetail'],
  ['whose detail is a list', { Detail: '[]' }, 'MalformedDetail'],
  ['whose source is of AWS', { Source: 'aws.ec2' }, 'NotAuthorizedForSourceException'],
];
for (const [why, more, code] of badEntries) {
  behaviour(`an entry ${why} fails with ${code}, the others do not`, PUT, async (aws) => {
    const { Entries, FailedEntryCount } = await put(aws, entry(), entry(more));

    expect(FailedEntryCount).toBe(1);
    expect(Entries?.[0]?.EventId).toBeDefined();
    expect(Entries?.[1]).toMatchObject({ ErrorCode: code });
    expect(Entries?.[1]?.EventId).toBeUndefined();
  });
}

behaviour('a call without entries is refused', PUT, async (aws) => {
  await refused(put(aws), 'ValidationException');
});

behaviour('a call with eleven entries is refused', PUT, async (aws) => {
  await refused(put(aws, ...Array.from({ length: 11 }, () => entry())), 'ValidationException');
});

/** 1 MiB since January 2026. */
const LIMIT = 1_048_576;
/** A detail that makes an entry of so many bytes. */
const detailFor = (bytes: number, more = 0) => {
  const empty = JSON.stringify({ x: '' }).length;
  return JSON.stringify({ x: 'x'.repeat(bytes - more - 'shop'.length - 'OrderPlaced'.length - empty) });
};

behaviour('entries of exactly the limit are taken', `${GUIDE}/eb-putevents.html`, async (aws) => {
  expect((await put(aws, entry({ Detail: detailFor(LIMIT) }))).FailedEntryCount).toBe(0);
});

behaviour('one byte more is refused', `${GUIDE}/eb-putevents.html`, async (aws) => {
  await refused(put(aws, entry({ Detail: detailFor(LIMIT + 1) })), 'ValidationException');
});

behaviour('a time counts 14 bytes', `${GUIDE}/eb-putevents.html`, async (aws) => {
  const Time = new Date('2026-01-21T12:00:00Z');

  expect((await put(aws, entry({ Time, Detail: detailFor(LIMIT, 14) }))).FailedEntryCount).toBe(0);
  await refused(put(aws, entry({ Time, Detail: detailFor(LIMIT + 1, 14) })), 'ValidationException');
});

behaviour('resources count, and bytes, not characters', `${GUIDE}/eb-putevents.html`, async (aws) => {
  const Resources = ['é'];

  expect((await put(aws, entry({ Resources, Detail: detailFor(LIMIT, 2) }))).FailedEntryCount).toBe(0);
  await refused(put(aws, entry({ Resources, Detail: detailFor(LIMIT + 1, 2) })), 'ValidationException');
});

behaviour('an event for the default bus needs no bus name', PUT, async (aws) => {
  expect((await put(aws, entry({ EventBusName: undefined }))).FailedEntryCount).toBe(0);
  expect((await put(aws, entry({ EventBusName: 'default' }))).FailedEntryCount).toBe(0);
});

behaviour('a bus may be named by its ARN', PUT, async (aws) => {
  const shop = await bus(aws);
  const queue = await (await shop.rule()).queue();
  await shop.put({}, { EventBusName: shop.arn });

  expect(await queue.receive(1)).toHaveLength(1);
});

behaviour('the time of an event is in whole seconds', `${GUIDE}/eb-events-structure.html`, async (aws) => {
  const shop = await bus(aws);
  const queue = await (await shop.rule()).queue();
  await shop.put();

  const [message] = await queue.receive(1);
  expect(eventOf(message).time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});

behaviour('an unknown action is refused', `${API}/CommonErrors.html`, async (aws) => {
  const answer = await aws.request({ service: 'events', target: 'AWSEvents.Fly', json: {} });

  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(String(answer.json()['__type'])).toContain('UnknownOperationException');
});
