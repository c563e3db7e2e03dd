/**
 * The table of the push functions: connections and notifications of each user, and the counter that gives cursors.
 * One partition for each user, so that a notification and its cursor are one transaction of one partition.
 */
import { randomUUID } from 'node:crypto';
import type { Attribute, DynamoDbClient, Item } from '../runtime/aws/dynamodb.ts';
import { isConditionFailed, isContention } from '../runtime/aws/dynamodb.ts';

export interface User {
  readonly tenantId: string;
  readonly userId: string;
}

export interface ConnectionRow {
  readonly connectionId: string;
  /** Milliseconds since the epoch. */
  readonly connectedAt: number;
  /** Seconds since the epoch. */
  readonly sessionExpiresAt: number;
}

/** As it was read. */
export interface StoredConnection extends ConnectionRow {
  /** Another one each time that the row is put; rows of earlier releases have none. */
  readonly version?: string;
}

export interface Note {
  /** The event's id. */
  readonly id: string;
  readonly cursor: number;
  readonly eventType: string;
  readonly data: unknown;
}

export type NewNote = Omit<Note, 'cursor'>;

/** What the push functions ask of their table. */
export interface PushStore {
  /** Puts the row, or puts it again. */
  putConnection(user: User, connection: ConnectionRow): Promise<void>;
  deleteConnection(user: User, connectionId: string): Promise<void>;
  /** Deletes a row that nobody has put again since it was read. */
  forgetConnection(user: User, connection: StoredConnection): Promise<void>;
  connections(user: User): Promise<readonly StoredConnection[]>;
  /** The cursor of the newest notification; 0 where there was none yet. */
  newestCursor(user: User): Promise<number>;
  /** The same, and whether the user was erased. */
  counter(user: User): Promise<{ readonly newest: number; readonly isErased: boolean }>;
  /** The cursor that an event was stored with, undefined where it was not. */
  cursorOf(user: User, eventId: string): Promise<number | undefined>;
  /**
   * Stores a notification as the one after `newest`, if it still is the newest and the event is not stored yet.
   * @returns false where somebody else was first, or the user was erased
   */
  append(user: User, note: NewNote, newest: number): Promise<boolean>;
  /** Kept notifications after a cursor, oldest first. Fewer than the limit: there are no more. */
  notesAfter(user: User, cursor: number, limit: number): Promise<readonly Note[]>;
  /**
   * Deletes all that is kept of a user, and keeps a mark: nothing is stored any more. The cursor stays, for what was
   * deleted is to clients what has expired. What fails half way is done by the next call.
   */
  erase(user: User): Promise<void>;
  /** False when the ticket was used before. */
  useTicket(ticketId: string, expiresAt: number): Promise<boolean>;
}

export interface PushTableProps {
  readonly client: DynamoDbClient;
  /** Needed by transactions, which name it in each item. */
  readonly tableName: string;
  /** Days that a notification is kept; asked when one is stored. */
  readonly retentionDays: () => number;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

const DAY = 86_400;
/** Seconds. No connection lasts longer: apigateway-execution-service-websocket-limits-table.html. One hour for clocks. */
const CONNECTION_KEPT = 3 * 3_600;
/** Seconds. As long as an event may come again: 14 days in a queue, its dead-letter queue, and the queue once more. */
const EVENT_KEPT = 43 * DAY;
/** Beginnings of the sort keys of what is kept of a user, besides the counter. */
const PERSONAL = ['CONNECTION#', 'NOTE#', 'EVENT#'];
const DELETED_AT_A_TIME = 25;
/** So that cursors sort as text. */
const CURSOR_DIGITS = 12;

export function pushTable({ client, tableName, retentionDays, now = Date.now }: PushTableProps): PushStore {
  const seconds = (): number => Math.floor(now() / 1000);
  const expiresIn = (duration: number): Attribute => number(seconds() + duration);

  return {
    async putConnection(user, { connectionId, connectedAt, sessionExpiresAt }) {
      await client.call('PutItem', {
        Item: {
          ...key(user, connectionKey(connectionId)),
          connectionId: { S: connectionId },
          connectedAt: number(connectedAt),
          sessionExpiresAt: number(sessionExpiresAt),
          version: { S: randomUUID() },
          expiresAt: expiresIn(CONNECTION_KEPT),
        },
      });
    },

    async deleteConnection(user, connectionId) {
      await client.call('DeleteItem', { Key: key(user, connectionKey(connectionId)) });
    },

    async forgetConnection(user, { connectionId, version }) {
      try {
        await client.call('DeleteItem', {
          Key: key(user, connectionKey(connectionId)),
          ConditionExpression:
            version === undefined ? 'attribute_not_exists(#version)' : '#version = :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ...(version !== undefined && { ExpressionAttributeValues: { ':version': { S: version } } }),
        });
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
      }
    },

    async connections(user) {
      const rows: StoredConnection[] = [];
      let from: Item | undefined;
      do {
        const { Items = [], LastEvaluatedKey } = await client.call('Query', {
          ...startingWith(user, 'CONNECTION#'),
          ...(from !== undefined && { ExclusiveStartKey: from }),
        });
        rows.push(...Items.map(connectionOf));
        from = LastEvaluatedKey;
      } while (from !== undefined);
      return rows;
    },

    newestCursor: async (user) => (await counter(user)).newest,

    counter,

    async erase(user) {
      // First the mark: whoever stores at this moment either is seen below, or fails.
      await client.call('UpdateItem', {
        Key: key(user, 'COUNTER'),
        UpdateExpression: 'SET #cursor = if_not_exists(#cursor, :zero), #erased = :erased',
        ExpressionAttributeNames: { '#cursor': 'cursor', '#erased': 'erased' },
        ExpressionAttributeValues: { ':zero': number(0), ':erased': { BOOL: true } },
      });
      for (const prefix of PERSONAL) await deleteAll(user, prefix);
    },

    async cursorOf(user, eventId) {
      const { Item: item } = await client.call('GetItem', {
        Key: key(user, eventKey(eventId)),
        ConsistentRead: true,
      });
      return item === undefined ? undefined : numberOf(item, 'cursor');
    },

    async append(user, { id, eventType, data }, newest) {
      const retention = retentionDays() * DAY;
      const cursor = number(newest + 1);
      const isNew = 'attribute_not_exists(pk)';
      try {
        await client.call('TransactWriteItems', {
          TransactItems: [
            put(
              {
                ...key(user, eventKey(id)),
                cursor,
                expiresAt: expiresIn(Math.max(EVENT_KEPT, retention)),
              },
              isNew,
            ),
            {
              Update: {
                TableName: tableName,
                Key: key(user, 'COUNTER'),
                UpdateExpression: 'SET #cursor = :cursor',
                ConditionExpression:
                  newest === 0 ? isNew : '#cursor = :newest AND attribute_not_exists(#erased)',
                ExpressionAttributeNames: { '#cursor': 'cursor', ...(newest > 0 && { '#erased': 'erased' }) },
                ExpressionAttributeValues: {
                  ':cursor': cursor,
                  ...(newest > 0 && { ':newest': number(newest) }),
                },
              },
            },
            put(
              {
                ...key(user, noteKey(newest + 1)),
                cursor,
                id: { S: id },
                eventType: { S: eventType },
                data: { S: JSON.stringify(data) },
                expiresAt: expiresIn(retention),
              },
              isNew,
            ),
          ],
        });
        return true;
      } catch (error) {
        // Somebody else stored the event, took the cursor, or is at it.
        if (isContention(error)) return false;
        throw error;
      }
    },

    async notesAfter(user, cursor, limit) {
      const notes: Note[] = [];
      let start: Item | undefined;
      // To the limit or to the end: a page is also cut at 1 MB, and is shorter by what has expired.
      do {
        const { Items = [], LastEvaluatedKey } = await client.call('Query', {
          KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':pk': { S: partition(user) },
            ':from': { S: noteKey(cursor + 1) },
            ':to': { S: `NOTE#${'9'.repeat(CURSOR_DIGITS)}` },
          },
          ConsistentRead: true,
          Limit: limit - notes.length,
          ...(start !== undefined && { ExclusiveStartKey: start }),
        });
        // DynamoDB deletes some days late, and in no order.
        notes.push(...Items.filter((item) => numberOf(item, 'expiresAt') > seconds()).map(noteOf));
        start = LastEvaluatedKey;
      } while (start !== undefined && notes.length < limit);
      return notes;
    },

    async useTicket(ticketId, expiresAt) {
      try {
        await client.call('PutItem', {
          Item: { pk: { S: `TICKET#${ticketId}` }, sk: { S: 'TICKET' }, expiresAt: number(expiresAt) },
          ConditionExpression: 'attribute_not_exists(pk)',
        });
        return true;
      } catch (error) {
        if (isConditionFailed(error)) return false;
        throw error;
      }
    },
  };

  async function counter(user: User) {
    const { Item: item = {} } = await client.call('GetItem', {
      Key: key(user, 'COUNTER'),
      ConsistentRead: true,
    });
    return { newest: numberOf(item, 'cursor'), isErased: item['erased'] !== undefined };
  }

  async function deleteAll(user: User, prefix: string): Promise<void> {
    for (;;) {
      const { Items = [] } = await client.call('Query', {
        ...startingWith(user, prefix),
        ProjectionExpression: 'pk, sk',
        Limit: DELETED_AT_A_TIME,
      });
      if (Items.length === 0) return;
      await Promise.all(Items.map(({ pk, sk }) => client.call('DeleteItem', { Key: { pk, sk } })));
    }
  }

  function put(item: Item, condition: string) {
    return { Put: { TableName: tableName, Item: item, ConditionExpression: condition } };
  }
}

const partition = ({ tenantId, userId }: User): string => `USER#${tenantId}#${userId}`;
const key = (user: User, sk: string) => ({ pk: { S: partition(user) }, sk: { S: sk } });
const connectionKey = (connectionId: string): string => `CONNECTION#${connectionId}`;
const eventKey = (eventId: string): string => `EVENT#${eventId}`;
const noteKey = (cursor: number): string => `NOTE#${String(cursor).padStart(CURSOR_DIGITS, '0')}`;

const startingWith = (user: User, prefix: string) => ({
  KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
  ExpressionAttributeValues: { ':pk': { S: partition(user) }, ':prefix': { S: prefix } },
  ConsistentRead: true,
});

const number = (value: number): Attribute => ({ N: String(value) });

function numberOf(item: Item, name: string): number {
  const value = item[name];
  return value !== undefined && 'N' in value ? Number(value.N) : 0;
}

function textOf(item: Item, name: string): string {
  const value = item[name];
  return value !== undefined && 'S' in value ? value.S : '';
}

function connectionOf(item: Item): StoredConnection {
  const version = textOf(item, 'version');
  return {
    ...(version !== '' && { version }),
    connectionId: textOf(item, 'connectionId'),
    connectedAt: numberOf(item, 'connectedAt'),
    sessionExpiresAt: numberOf(item, 'sessionExpiresAt'),
  };
}

function noteOf(item: Item): Note {
  return {
    id: textOf(item, 'id'),
    cursor: numberOf(item, 'cursor'),
    eventType: textOf(item, 'eventType'),
    data: JSON.parse(textOf(item, 'data')) as unknown,
  };
}
