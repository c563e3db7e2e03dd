/** Random writes against a trivial model: the same items, the same refusals, and a stream that replays to the same state. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { StreamRecord } from '../../../../local/aws/dynamodb/streams/index.ts';
import { database, type Database, type Json } from './database.ts';

type Write =
  | { readonly kind: 'put'; readonly key: number; readonly value: number; readonly onlyNew: boolean }
  | {
      readonly kind: 'add';
      readonly key: number;
      readonly value: number;
      readonly atLeast: number | undefined;
    }
  | { readonly kind: 'delete'; readonly key: number; readonly onlyExisting: boolean };

const key = fc.integer({ min: 0, max: 5 });
const value = fc.integer({ min: -9, max: 9 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), key, value, onlyNew: fc.boolean() }),
  fc.record({ kind: fc.constant('add' as const), key, value, atLeast: fc.option(value, { nil: undefined }) }),
  fc.record({ kind: fc.constant('delete' as const), key, onlyExisting: fc.boolean() }),
);
const transaction = fc.uniqueArray(write, { minLength: 1, maxLength: 4, selector: ({ key }) => key });

const keyOf = (number: number) => ({ pk: { S: `p${number % 2}` }, sk: { N: String(number) } });

/** A write as a part of TransactWriteItems; the same members make a single call. */
function request(step: Write): Record<string, Json> {
  const table = { TableName: 'orders' };
  const values = (all: Json) => ({ ExpressionAttributeValues: all });
  switch (step.kind) {
    case 'put':
      return {
        Put: {
          ...table,
          Item: { ...keyOf(step.key), v: { N: String(step.value) }, g: { S: `g${step.value}` } },
          ...(step.onlyNew && { ConditionExpression: 'attribute_not_exists(pk)' }),
        },
      };
    case 'add':
      return {
        Update: {
          ...table,
          Key: keyOf(step.key),
          UpdateExpression: 'ADD v :v',
          ...(step.atLeast === undefined
            ? values({ ':v': { N: String(step.value) } })
            : {
                ConditionExpression: 'v >= :least',
                ...values({ ':v': { N: String(step.value) }, ':least': { N: String(step.atLeast) } }),
              }),
        },
      };
    case 'delete':
    default:
      return {
        Delete: {
          ...table,
          Key: keyOf(step.key),
          ...(step.onlyExisting && { ConditionExpression: 'attribute_exists(pk)' }),
        },
      };
  }
}

type Model = Map<number, { readonly v: number; readonly g?: string }>;

/** Applies a write to the model; false when its condition does not hold. */
function model(state: Model, step: Write): boolean {
  const before = state.get(step.key);
  if (step.kind === 'put') {
    if (step.onlyNew && before) return false;
    state.set(step.key, { v: step.value, g: `g${step.value}` });
  } else if (step.kind === 'add') {
    if (step.atLeast !== undefined && !(before && before.v >= step.atLeast)) return false;
    state.set(step.key, { ...before, v: (before?.v ?? 0) + step.value });
  } else {
    if (step.onlyExisting && !before) return false;
    state.delete(step.key);
  }
  return true;
}

async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'done';
  } catch (error) {
    const { code, fields } = error as {
      code: string;
      fields: { CancellationReasons?: readonly { Code: string }[] };
    };
    return `${code} ${fields.CancellationReasons?.map(({ Code }) => Code).join(' ') ?? ''}`.trim();
  }
}

async function checkState(db: Database, state: Model): Promise<void> {
  const expected = (numbers: readonly number[]) =>
    numbers
      .filter((number) => state.has(number))
      .map((number) => {
        const { v, g } = state.get(number) ?? { v: 0 };
        return { ...keyOf(number), v: { N: String(v) }, ...(g !== undefined && { g: { S: g } }) };
      });
  for (const [partition, numbers] of [['p0', [0, 2, 4]] as const, ['p1', [1, 3, 5]] as const]) {
    const { Items } = await db.call('Query', {
      TableName: 'orders',
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: partition } },
    });
    expect(Items).toEqual(expected(numbers));
  }
  const { Items: indexed } = await db.call('Scan', { TableName: 'orders', IndexName: 'byG' });
  const inIndex = [...state.values()].flatMap(({ g }) => (g === undefined ? [] : [g]));
  expect((indexed as { g: { S: string } }[]).map(({ g }) => g.S).sort()).toEqual(inIndex.sort());
}

test('single writes and transactions do what the model does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(write, transaction), { maxLength: 30 }), async (steps) => {
      const db = database();
      await db.table(
        {
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'N' },
            { AttributeName: 'g', AttributeType: 'S' },
          ],
          GlobalSecondaryIndexes: [
            {
              IndexName: 'byG',
              KeySchema: [{ AttributeName: 'g', KeyType: 'HASH' }],
              Projection: { ProjectionType: 'ALL' },
            },
          ],
          StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
        },
        true,
      );
      let state: Model = new Map();
      for (const step of steps) {
        const writes = Array.isArray(step) ? step : [step];
        const next: Model = new Map(state);
        const allowed = writes.map((one) => model(next, one));
        if (allowed.every(Boolean)) state = next;
        if (Array.isArray(step)) {
          const answer = await outcome(db.call('TransactWriteItems', { TransactItems: step.map(request) }));
          const reasons = allowed.map((fine) => (fine ? 'None' : 'ConditionalCheckFailed')).join(' ');
          expect(answer).toBe(allowed.every(Boolean) ? 'done' : `TransactionCanceledException ${reasons}`);
        } else {
          const [[kind, input] = ['', {}]] = Object.entries(request(step));
          const answer = await outcome(db.call(`${kind}Item`, input));
          expect(answer).toBe(allowed[0] ? 'done' : 'ConditionalCheckFailedException');
        }
      }
      await checkState(db, state);
      expect(replayed(db)).toEqual(new Map([...state].map(([number, { v }]) => [String(number), String(v)])));
    }),
    { numRuns: 150 },
  );
});

/** The values by sort key that come of applying every record of the stream in order. */
function replayed({ streams }: Database): Map<string, string> {
  const [arn = ''] = streams.streamArns('orders');
  const [shard] = streams.shards(arn);
  const start = streams.position(arn, shard?.ShardId ?? '', { type: 'TRIM_HORIZON' });
  const { records } = streams.read(arn, shard?.ShardId ?? '', start, Infinity);
  const state = new Map<string, string>();
  for (const { dynamodb, eventName } of records as readonly StreamRecord[]) {
    const sk = dynamodb.Keys['sk']?.N ?? '';
    expect(state.get(sk)).toBe(dynamodb.OldImage?.['v']?.N);
    expect(eventName).toBe(!dynamodb.OldImage ? 'INSERT' : dynamodb.NewImage ? 'MODIFY' : 'REMOVE');
    if (dynamodb.NewImage) state.set(sk, dynamodb.NewImage['v']?.N ?? '');
    else state.delete(sk);
  }
  return new Map([...state].sort(([left], [right]) => Number(left) - Number(right)));
}
