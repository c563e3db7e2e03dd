/** The thresholds of the advice, and whether the figures pass them. */
import type { TransportKind } from '../../lib/estimate/transports/index.ts';
import { CommandError } from '../command-error.ts';
import type { Measured } from './measured.ts';

/** Where growth begins to pay, as the issue of this system set them; measure, and set your own. */
export const DEFAULT_THRESHOLDS = {
  'events-per-day': 10_000,
  'many-events-per-day': 100_000,
  'events-per-second': 1_000,
  /** Milliseconds, p99. */
  latency: 100,
  agents: 20,
  regions: 1,
} as const;
export type ThresholdName = keyof typeof DEFAULT_THRESHOLDS;
export type Thresholds = Readonly<Record<ThresholdName, number>>;

/** What no figure tells. Undefined: nobody has said. */
export interface Needs {
  readonly ordering?: boolean | undefined;
  readonly guaranteedDelivery?: boolean | undefined;
  readonly regions?: number | undefined;
}

/** `open`: not measured, or not told. */
export type ThresholdState = 'passed' | 'not passed' | 'open';

export interface ThresholdResult {
  readonly name: ThresholdName | 'ordering' | 'guaranteed-delivery';
  readonly what: string;
  readonly measured: number | boolean | null;
  readonly limit: number | null;
  readonly state: ThresholdState;
  /** What it speaks for where it is passed. */
  readonly speaksFor: TransportKind | 'any';
  /** Why it is open, or what else to know. */
  readonly note?: string;
}

/** @throws CommandError WAYBILL_THRESHOLD_INVALID */
export function thresholdsFrom(given: readonly string[]): Thresholds {
  const thresholds: Record<ThresholdName, number> = { ...DEFAULT_THRESHOLDS };
  for (const one of given) {
    const [name = '', text = ''] = one.split('=', 2);
    const value = Number(text);
    if (!Object.hasOwn(DEFAULT_THRESHOLDS, name) || text.trim() === '' || !(value >= 0)) {
      throw new CommandError('WAYBILL_THRESHOLD_INVALID', `"${one}" is no threshold`, {
        fix: `give NAME=NUMBER with a name of ${Object.keys(DEFAULT_THRESHOLDS).join(', ')}`,
      });
    }
    thresholds[name as ThresholdName] = value;
  }
  if (thresholds['many-events-per-day'] < thresholds['events-per-day']) {
    throw new CommandError(
      'WAYBILL_THRESHOLD_INVALID',
      `many-events-per-day (${thresholds['many-events-per-day']}) is below events-per-day (${thresholds['events-per-day']})`,
      { fix: 'give both, the first at least as high as the second' },
    );
  }
  return thresholds;
}

const WHOLE_DAY = 24;

export function judged(measured: Measured, needs: Needs, thresholds: Thresholds): readonly ThresholdResult[] {
  const above = (
    name: ThresholdName,
    what: string,
    value: number | null,
    speaksFor: TransportKind,
    why = 'not measured',
  ): ThresholdResult => {
    const limit = thresholds[name];
    if (value === null) return { name, what, measured: null, limit, state: 'open', speaksFor, note: why };
    return { name, what, measured: value, limit, state: value > limit ? 'passed' : 'not passed', speaksFor };
  };
  const ofDay = (name: ThresholdName, speaksFor: TransportKind): ThresholdResult => {
    const result = above(name, 'events in the last 24 hours', measured.eventsLastDay, speaksFor);
    const { countedHours } = measured;
    if (result.state !== 'not passed' || (countedHours !== null && countedHours >= WHOLE_DAY)) return result;
    // A count of a part of the day is a lower bound: it can pass a limit, and can't stay below one.
    const part = countedHours === null ? 'hours that are not told' : `${countedHours.toFixed(1)} hours`;
    return { ...result, state: 'open', note: `counted for ${part} of 24 only` };
  };
  const p99 = measured.processingLatency?.p99 ?? null;
  const latency = above('latency', 'append to handling, p99, ms', p99, 'redis');
  return [
    ofDay('events-per-day', 'redis'),
    ofDay('many-events-per-day', 'sns-sqs'),
    busiest(
      above('events-per-second', 'events in the busiest second', measured.busiestSecond, 'sns-sqs'),
      measured,
    ),
    // "Under 100 ms" is what is wanted, so 100 is too much already.
    latency.measured === latency.limit && latency.measured !== null
      ? { ...latency, state: 'passed' }
      : latency,
    above('agents', 'agents', measured.agents, 'sns-sqs'),
    needed(
      'ordering',
      'order of each key',
      needs.ordering,
      'any',
      'all three keep it, SNS/SQS by FIFO topics and queues',
    ),
    needed(
      'guaranteed-delivery',
      'nothing accepted may be lost',
      needs.guaranteedDelivery,
      'any',
      'the record has each event on all three; Redis then has to be MemoryDB or durable ElastiCache',
    ),
    above('regions', 'Regions', needs.regions ?? null, 'sns-sqs', 'not told: give --regions'),
  ];
}

function busiest(result: ThresholdResult, { countedHours }: Measured): ThresholdResult {
  if (result.state !== 'not passed' || (countedHours !== null && countedHours >= WHOLE_DAY)) return result;
  return { ...result, note: 'of the hours that were counted' };
}

function needed(
  name: 'ordering' | 'guaranteed-delivery',
  what: string,
  need: boolean | undefined,
  speaksFor: 'any',
  note: string,
): ThresholdResult {
  if (need === undefined) {
    return {
      name,
      what,
      measured: null,
      limit: null,
      state: 'open',
      speaksFor,
      note: `not told: give --needs ${name}`,
    };
  }
  return { name, what, measured: need, limit: null, state: need ? 'passed' : 'not passed', speaksFor, note };
}
