/** The push table on the embedded DynamoDB: cursors without holes, also when many write at once, and what expires. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createNotifier } from '../../../lambda/push/notifier.ts';
import { pushTable } from '../../../lambda/push/push-table.ts';
import type { PushStore } from '../../../lambda/push/push-table.ts';
import { dynamoDbClient } from '../../../lambda/runtime/aws/dynamodb.ts';
import { rootCaller, startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';
import { connection, memoryPush, SILENT } from './memory-push.ts';

const TABLE = 'push';
const DAY = 86_400_000;

let aws: EmbeddedAws;
let time: number;
let store: PushStore;
let users = 0;
/** A new one for each test. */
let user: { readonly tenantId: string; readonly userId: string };

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  const dynamodb = new DynamoDBClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await dynamodb.send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  dynamodb.destroy();
});
afterAll(async () => {
  await aws.close();
});
beforeEach(() => {
  time = Date.parse('2026-03-01T12:00:00Z');
  users += 1;
  user = { tenantId: 'tenant-1', userId: `usr_${users}` };
  store = pushTable({
    client: dynamoDbClient(TABLE, {
      AWS_ENDPOINT_URL: aws.endpointUrl,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    }),
    tableName: TABLE,
    retentionDays: () => 7,
    now: () => time,
  });
});

const note = (id: string) => ({ id, eventType: 'GenerationComplete', data: { id } });

describe('cursors', () => {
  test('are 1, 2, 3 for each user, and the notes are read in their order', async () => {
    for (let newest = 0; newest < 12; newest += 1) {
      expect(await store.append(user, note(`e-${newest + 1}`), newest)).toBe(true);
    }

    expect(await store.newestCursor(user)).toBe(12);
    expect((await store.notesAfter(user, 8, 3)).map(({ cursor, data }) => [cursor, data])).toEqual([
      [9, { id: 'e-9' }],
      [10, { id: 'e-10' }],
      [11, { id: 'e-11' }],
    ]);
    expect(await store.newestCursor({ ...user, tenantId: 'tenant-2' })).toBe(0);
    expect(await store.notesAfter({ ...user, tenantId: 'tenant-2' }, 0, 50)).toEqual([]);
  });

  test('an event or a cursor that is there already is refused, and nothing of it is written', async () => {
    await store.append(user, note('e-1'), 0);

    expect(await store.append(user, note('e-1'), 1)).toBe(false);
    expect(await store.append(user, note('e-2'), 0)).toBe(false);

    expect([await store.newestCursor(user), await store.cursorOf(user, 'e-2')]).toEqual([1, undefined]);
  });

  test('of twenty notifiers at once, each event with two of them, have no hole and no double', async () => {
    const notifier = createNotifier({ store, management: memoryPush().management, now: () => time });
    const ids = Array.from({ length: 20 }, (_, index) => `e-${index % 10}`);

    const results = await Promise.all(
      ids.map(async (id) => [
        id,
        (await again(() => notifier.notify({ ...user, ...note(id) }, { logger: SILENT })))!.cursor,
      ]),
    );

    const byEvent = new Map(results as [string, number][]);
    expect([...byEvent.values()].sort((one, other) => one - other)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(results.every(([id, cursor]) => byEvent.get(id as string) === cursor)).toBe(true);
    expect((await store.notesAfter(user, 0, 50)).map(({ cursor }) => cursor)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });
});

/** As the queue does with an event that failed. */
async function again<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

describe('what expires', () => {
  test('a note is kept for the days of retention and then not given, though DynamoDB has not deleted it', async () => {
    await store.append(user, note('e-1'), 0);
    time += 6 * DAY;
    await store.append(user, note('e-2'), 1);
    time += 2 * DAY;

    expect((await store.notesAfter(user, 0, 50)).map(({ cursor }) => cursor)).toEqual([2]);
    // The event is remembered for longer: it may still come again.
    expect(await store.cursorOf(user, 'e-1')).toBe(1);
  });
});

describe('erasing', () => {
  /** All that is there of the user, as text. */
  const kept = async (): Promise<string> => {
    const { Items } = (await aws.services.dynamodb.handle(
      'Scan',
      { TableName: TABLE, ConsistentRead: true },
      rootCaller(aws.context),
    )) as { readonly Items: readonly { readonly pk: { readonly S: string } }[] };
    return JSON.stringify(Items.filter(({ pk }) => pk.S.includes(`#${user.userId}`)));
  };

  test('leaves the counter alone, nothing is stored any more, and other users keep theirs', async () => {
    const other = { ...user, userId: `${user.userId}-other` };
    for (let newest = 0; newest < 30; newest += 1) await store.append(user, note(`e-${newest}`), newest);
    await store.append(other, note('e-1'), 0);
    await store.putConnection(user, connection('a='));

    await store.erase(user);
    await store.erase(user);

    expect(await store.counter(user)).toEqual({ newest: 30, isErased: true });
    expect([await store.notesAfter(user, 0, 50), await store.connections(user)]).toEqual([[], []]);
    expect(await store.cursorOf(user, 'e-0')).toBeUndefined();
    expect(await store.append(user, note('e-31'), 30)).toBe(false);
    expect(await store.append(user, note('e-0'), 30)).toBe(false);
    const all = JSON.parse(await kept()) as readonly { readonly sk: { readonly S: string } }[];
    expect(all.filter(({ sk }) => sk.S !== 'COUNTER')).toHaveLength(2);
    expect(await store.notesAfter(other, 0, 50)).toHaveLength(1);
  });

  test('of somebody of whom nothing is kept stays: what comes later is not stored', async () => {
    await store.erase(user);

    expect(await store.append(user, note('e-1'), 0)).toBe(false);
    expect(await store.counter(user)).toEqual({ newest: 0, isErased: true });
  });
});

describe('connections and tickets', () => {
  test('a row is put, put again and deleted', async () => {
    const row = connection('a=', { connectedAt: 7, sessionExpiresAt: 9 });

    await store.putConnection(user, row);
    await store.putConnection(user, row);
    await store.putConnection(user, connection('b='));
    expect(await store.connections(user)).toEqual(
      [row, connection('b=')].map((one) => ({ ...one, version: expect.any(String) })),
    );

    await store.deleteConnection(user, 'a=');
    await store.deleteConnection(user, 'a=');
    expect(await store.connections(user)).toMatchObject([connection('b=')]);
  });

  test('a row is forgotten as it was read: one that was put again since then stays', async () => {
    await store.putConnection(user, connection('a='));
    const [read] = await store.connections(user);
    await store.putConnection(user, connection('a='));

    await store.forgetConnection(user, read!);
    const [again] = await store.connections(user);
    expect(again).toMatchObject(connection('a='));

    // A row of an earlier release, as it were.
    await store.forgetConnection(user, connection('a='));
    expect(await store.connections(user)).toHaveLength(1);
    await store.forgetConnection(user, again!);
    await store.forgetConnection(user, again!);
    expect(await store.connections(user)).toEqual([]);
  });

  test('a ticket is used once, also by two at a time', async () => {
    const used = await Promise.all([1, 2, 3].map(() => store.useTicket(`jti-${users}`, time / 1000 + 60)));

    expect(used.filter(Boolean)).toHaveLength(1);
  });
});
