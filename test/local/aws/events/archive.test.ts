/** Archives and replays. */
import { afterEach, describe, expect, test } from '@jest/globals';

import { createHarness, type Harness, queueArn, refusal, START } from './harness.ts';

const BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
const ARCHIVE = 'arn:aws:events:us-east-1:000000000000:archive/all';
const MINUTE = 60_000;

const open: Harness[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function setUp(archive: Record<string, unknown> = {}) {
  const h = createHarness();
  open.push(h);
  await h.createQueues('q', 'other');
  await h.call('CreateArchive', { ArchiveName: 'all', EventSourceArn: BUS, ...archive });
  return h;
}

const replay = (from: number, to: number, more: Record<string, unknown> = {}) => ({
  ReplayName: 'again',
  EventSourceArn: ARCHIVE,
  EventStartTime: from / 1_000,
  EventEndTime: to / 1_000,
  Destination: { Arn: BUS },
  ...more,
});

describe('archives', () => {
  test('keep what matches their pattern, as long as they retain it', async () => {
    const h = await setUp({ EventPattern: '{"detail":{"keep":[true]}}', RetentionDays: 1 });

    await h.put({ keep: true });
    await h.put({ keep: false });
    expect(await h.call('DescribeArchive', { ArchiveName: 'all' })).toMatchObject({
      ArchiveArn: ARCHIVE,
      EventCount: 1,
      RetentionDays: 1,
      State: 'ENABLED',
    });
    await h.clock.advance(24 * 60 * MINUTE + 1);

    expect(await h.call('DescribeArchive', { ArchiveName: 'all' })).toMatchObject({ EventCount: 0 });
  });
});

describe('replays', () => {
  test('put the events of the window on the bus again, marked, and are not archived', async () => {
    const h = await setUp();
    for (const n of [1, 2, 3]) {
      await h.put({ n });
      await h.clock.advance(MINUTE);
    }
    h.rule({ Arn: queueArn('q') });

    const started = await h.call('StartReplay', replay(START + MINUTE, START + 2 * MINUTE));
    expect(started).toMatchObject({ State: 'STARTING' });
    await h.clock.advance(1);

    expect(h.bodies('q')).toMatchObject([
      { detail: { n: 2 }, 'replay-name': 'again', time: '2026-01-21T12:01:00Z' },
    ]);
    expect(await h.call('DescribeReplay', { ReplayName: 'again' })).toMatchObject({
      State: 'COMPLETED',
      EventLastReplayedTime: (START + MINUTE) / 1_000,
    });
    expect(await h.call('DescribeArchive', { ArchiveName: 'all' })).toMatchObject({ EventCount: 3 });
  });

  test('can be for named rules alone', async () => {
    const h = await setUp();
    await h.put({ n: 1 });
    const { RuleArn } = h.rule({ Arn: queueArn('q') });
    h.rule({ Arn: queueArn('other') });

    const Destination = { Arn: BUS, FilterArns: [RuleArn] };
    await h.call('StartReplay', replay(START, START + MINUTE, { Destination }));
    await h.clock.advance(1);

    expect(h.bodies('q')).toHaveLength(1);
    expect(h.bodies('other')).toEqual([]);
  });

  test('can be cancelled', async () => {
    const h = await setUp();
    await h.put();
    h.rule({ Arn: queueArn('q') });

    await h.call('StartReplay', replay(START, START + MINUTE));
    expect(await h.call('CancelReplay', { ReplayName: 'again' })).toMatchObject({ State: 'CANCELLING' });
    await h.clock.advance(1);

    expect(h.bodies('q')).toEqual([]);
    expect(await h.call('ListReplays', { State: 'CANCELLED' })).toMatchObject({
      Replays: [{ ReplayName: 'again' }],
    });
  });

  test('are refused with the words of AWS', async () => {
    const h = await setUp();
    const start = (more: Record<string, unknown>) =>
      refusal(() => h.call('StartReplay', replay(START, START + 1_000, more)));

    expect(await start({ EventSourceArn: `${ARCHIVE}x` })).toEqual([
      'ValidationException',
      'Parameter EventSourceArn is not valid. Reason: Archive allx does not exist.',
    ]);
    expect(await start({ Destination: { Arn: `${BUS}x` } })).toEqual([
      'ValidationException',
      'Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.',
    ]);
    expect(await start({ EventEndTime: START / 1_000 })).toEqual([
      'ValidationException',
      'Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.',
    ]);
    await h.call('StartReplay', replay(START, START + 1_000));
    expect(await start({})).toEqual(['ResourceAlreadyExistsException', 'Replay again already exists.']);
  });
});
