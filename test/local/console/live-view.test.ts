import { expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { liveView, rowsSeen } from '../../../local/console/live-view.ts';
import type { LiveSnapshot } from '../../../local/console/live-view.ts';

const row = { name: 'audit-trail', done: 0, waiting: 3, inFlight: 1, retried: 2, deadLetters: 0 };
const snapshot = (done: number, deadLetters = 0): LiveSnapshot => ({
  published: done,
  consumers: [{ ...row, done, deadLetters }],
  alarms: [],
});

function screen(isTTY: boolean): { written: string[]; output: NodeJS.WriteStream; clock: { now: number } } {
  const written: string[] = [];
  const output = { isTTY, columns: 140, write: (text: string) => written.push(text) };
  return { written, output: output as unknown as NodeJS.WriteStream, clock: { now: 0 } };
}

test('on a terminal the table is drawn again in place, with the rate of the last second', () => {
  const { written, output, clock } = screen(true);
  const view = liveView(output, () => clock.now);

  view.show(snapshot(0));
  clock.now = 1000;
  view.show(snapshot(40, 2));

  expect(written[0]).not.toContain('\u001B[3A');
  expect(written[1]).toContain('\u001B[3A');
  expect(stripVTControlCharacters(written[1]!)).toMatch(
    /published 40 .*\n.*dead\naudit-trail +40 +40 +3 +1 +2 +2/,
  );
});

test('after close the next table is drawn below what was written since', () => {
  const { written, output, clock } = screen(true);
  const view = liveView(output, () => clock.now);

  view.show(snapshot(1));
  view.close();
  view.show(snapshot(2));

  expect(written[1]).not.toContain('\u001B[3A');
});

test('a note takes the place of the table, which is drawn again below it', () => {
  const { written, output, clock } = screen(true);
  const view = liveView(output, () => clock.now);

  view.show(snapshot(1));
  view.note('denied: a call');
  view.show(snapshot(2));

  expect(written[1]).toBe('\u001B[3A\u001B[Jdenied: a call\n');
  expect(written[2]).not.toContain('\u001B[3A');
});

test('elsewhere it is a plain line every five seconds, without control characters', () => {
  const { written, output, clock } = screen(false);
  const view = liveView(output, () => clock.now);

  view.show(snapshot(1));
  clock.now = 5000;
  view.show(snapshot(7, 1));

  expect(written).toEqual(['published 7 | audit-trail 7 (4 waiting, 1 dead)\n']);
});

test('alarms in ALARM have a line of their own, which stays when they end', () => {
  const { written, output, clock } = screen(true);
  const view = liveView(output, () => clock.now);

  view.show(snapshot(1));
  view.show({ ...snapshot(1), alarms: ['dead-letters', 'age'] });
  view.show(snapshot(1));

  expect(stripVTControlCharacters(written[0]!)).not.toMatch(/ALARM/);
  expect(stripVTControlCharacters(written[1]!)).toContain('in ALARM: dead-letters, age');
  expect(stripVTControlCharacters(written[2]!)).toContain('no alarm is in ALARM');
});

test('the table fits a terminal of 80 columns: a wrapped line would spoil the redrawing', () => {
  const { written, output } = screen(true);
  const view = liveView(Object.assign(output, { columns: 80 }), () => 0);

  view.show(snapshot(1, 3));

  const lengths = written
    .flatMap((text) => text.split('\n'))
    .map((line) => stripVTControlCharacters(line).length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(80);
});

test('a consumer that is not behind a queue has its own counts; one that is has besides what only its queue knows', () => {
  const queued = { name: 'roadmap', done: 1, waiting: 9, inFlight: 2, retried: 3, deadLetters: 1 };
  const counts = { done: 5, waiting: 7, deadLetters: 4 };

  expect(
    rowsSeen(
      {
        published: 12,
        consumers: [
          { ...counts, name: 'roadmap', transport: 'sns-sqs' },
          { ...counts, name: 'sentiment', transport: 'postgres' },
        ],
      },
      [queued, { ...queued, name: 'roadmap-shadow' }],
    ),
  ).toEqual([
    { name: 'roadmap sns-sqs', done: 5, waiting: 5, inFlight: 2, retried: 3, deadLetters: 5 },
    { name: 'sentiment postgres', done: 5, waiting: 7, inFlight: 0, retried: 0, deadLetters: 4 },
  ]);
});

test('before a consumer was seen there is nothing behind the count', () => {
  const { written, output, clock } = screen(false);
  const view = liveView(output, () => clock.now);

  clock.now = 5000;
  view.show({ published: 0, consumers: [], alarms: [] });

  expect(written).toEqual(['published 0\n']);
});
