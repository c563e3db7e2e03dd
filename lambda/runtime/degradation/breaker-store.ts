/** The state of a circuit breaker that all instances share: what is read and written of its items. */
import type { DynamoDbClient, Item } from '../aws/dynamodb.ts';
import { isConditionFailed } from '../aws/dynamodb.ts';
import { breakerPartition, expiryAfter, numberOf, textOf } from './control-keys.ts';

export interface BreakerState {
  readonly state: 'closed' | 'open';
  /** Rises with each change: a write that was meant for an earlier one does not count. */
  readonly generation: number;
  /** Milliseconds since the epoch. Before, nothing is called; after, one probe at a time. */
  readonly openUntil: number;
  /** How often it has opened since it was closed. */
  readonly openings: number;
  /** Until then somebody's probe is under way. */
  readonly probeUntil: number;
  /** An operator's word, which no call changes. */
  readonly forced: 'open' | 'closed' | undefined;
}

export const CLOSED: BreakerState = {
  state: 'closed',
  generation: 0,
  openUntil: 0,
  openings: 0,
  probeUntil: 0,
  forced: undefined,
};

export interface CallCounts {
  readonly calls: number;
  readonly failures: number;
}

export interface BreakerStore {
  read(): Promise<BreakerState>;
  /** Undefined where somebody else has changed the state since `before` was read. */
  open(
    before: BreakerState,
    openUntil: number,
    openings: number,
    now: number,
  ): Promise<BreakerState | undefined>;
  close(before: BreakerState, now: number): Promise<BreakerState | undefined>;
  /** Undefined where another instance probes already, or the state has changed. */
  takeProbe(before: BreakerState, until: number): Promise<BreakerState | undefined>;
  /** Adds to the calls of a bucket, and answers those of all instances. */
  addCalls(bucket: string, counts: CallCounts, now: number): Promise<CallCounts>;
  readCalls(bucket: string): Promise<CallCounts>;
}

/** Seconds. Counts are of use for two windows; DynamoDB deletes within days. */
const COUNTS_KEPT = 3_600;

export function breakerStore(client: DynamoDbClient, dependency: string): BreakerStore {
  const pk = { S: breakerPartition(dependency) };
  const key = { pk, sk: { S: 'state' } };

  /** All changes of the state: only while it is of the generation that the decision was made on. */
  const change = async (
    before: BreakerState,
    update: string,
    values: Item,
  ): Promise<BreakerState | undefined> => {
    const sameGeneration =
      before.generation === 0
        ? '(attribute_not_exists(generation) OR generation = :before)'
        : 'generation = :before';
    try {
      const { Attributes: item } = await client.call('UpdateItem', {
        Key: key,
        UpdateExpression: update,
        ConditionExpression: `${sameGeneration} AND attribute_not_exists(forced)`,
        ExpressionAttributeNames: update.includes('#state') ? { '#state': 'state' } : undefined,
        ExpressionAttributeValues: { ':before': { N: String(before.generation) }, ...values },
        ReturnValues: 'ALL_NEW',
      });
      return stateOf(item);
    } catch (error) {
      if (isConditionFailed(error)) return undefined;
      throw error;
    }
  };

  return {
    async read() {
      const { Item: item } = await client.call('GetItem', { Key: key, ConsistentRead: true });
      return stateOf(item);
    },
    open: (before, openUntil, openings, now) =>
      change(
        before,
        'SET #state = :open, generation = :after, openUntil = :until, openings = :openings, changedAt = :now REMOVE probeUntil',
        {
          ':open': { S: 'open' },
          ':after': { N: String(before.generation + 1) },
          ':until': { N: String(openUntil) },
          ':openings': { N: String(openings) },
          ':now': { N: String(now) },
        },
      ),
    close: (before, now) =>
      change(
        before,
        'SET #state = :closed, generation = :after, openings = :none, openUntil = :none, changedAt = :now REMOVE probeUntil',
        {
          ':closed': { S: 'closed' },
          ':after': { N: String(before.generation + 1) },
          ':none': { N: '0' },
          ':now': { N: String(now) },
        },
      ),
    // A probe is a generation of its own: one of several that take it at once has it, and when it takes too long and
    // another one begins, its result counts no more.
    takeProbe: (before, until) =>
      change(before, 'SET probeUntil = :until, generation = :after', {
        ':until': { N: String(until) },
        ':after': { N: String(before.generation + 1) },
      }),
    async addCalls(bucket, { calls, failures }, now) {
      const { Attributes: item } = await client.call('UpdateItem', {
        Key: { pk, sk: { S: `calls#${bucket}` } },
        UpdateExpression: 'ADD calls :calls, failures :failures SET expiresAt = :expiresAt',
        ExpressionAttributeValues: {
          ':calls': { N: String(calls) },
          ':failures': { N: String(failures) },
          ':expiresAt': expiryAfter(now, COUNTS_KEPT),
        },
        ReturnValues: 'ALL_NEW',
      });
      return countsOf(item);
    },
    async readCalls(bucket) {
      const { Item: item } = await client.call('GetItem', { Key: { pk, sk: { S: `calls#${bucket}` } } });
      return countsOf(item);
    },
  };
}

export function stateOf(item: Item | undefined): BreakerState {
  if (item === undefined) return CLOSED;
  const forced = textOf(item, 'forced');
  return {
    state: textOf(item, 'state') === 'open' ? 'open' : 'closed',
    generation: numberOf(item, 'generation') ?? 0,
    openUntil: numberOf(item, 'openUntil') ?? 0,
    openings: numberOf(item, 'openings') ?? 0,
    probeUntil: numberOf(item, 'probeUntil') ?? 0,
    forced: forced === 'open' || forced === 'closed' ? forced : undefined,
  };
}

function countsOf(item: Item | undefined): CallCounts {
  return { calls: numberOf(item, 'calls') ?? 0, failures: numberOf(item, 'failures') ?? 0 };
}
