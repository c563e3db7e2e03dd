/** Notifications in the DynamoDB table of the push functions, so that several processes, and functions, share them. */
import { pageOf } from '../../lambda/push/page.ts';
import { storeNote } from '../../lambda/push/notifier.ts';
import { pushTable } from '../../lambda/push/push-table.ts';
import { dynamoDbClient } from '../../lambda/runtime/aws/dynamodb.ts';
import type { Gap, NotificationMessage } from '../../lambda/push/protocol.ts';
import type { NotificationStore } from './store.ts';

export interface DynamoDbNotificationStoreProps {
  /** Keys `pk` and `sk`, both text; `expiresAt` is its time to live. */
  readonly tableName: string;
  /**
   * Days that a notification is kept.
   * @default 7
   */
  readonly retentionDays?: number;
}

const DEFAULT_RETENTION_DAYS = 7;

/** @example dynamoDbNotificationStore({ tableName: process.env.PUSH_TABLE_NAME }) */
export function dynamoDbNotificationStore(props: DynamoDbNotificationStoreProps): NotificationStore {
  const { tableName, retentionDays = DEFAULT_RETENTION_DAYS } = props;
  const client = dynamoDbClient(tableName);
  const table = pushTable({ client, tableName, retentionDays: () => retentionDays });

  return {
    append: (user, notification) => storeNote(table, user, notification),
    async readAfter(user, cursor, limit) {
      // Before the notes: all that it counts are there when they are read, or are kept no longer.
      const newest = await table.newestCursor(user);
      const notes = await table.notesAfter(user, cursor, limit);
      const hasMore = notes.length === limit;
      const messages = pageOf(notes, cursor, newest, hasMore).filter(
        (message): message is NotificationMessage | Gap =>
          message.type === 'notification' || message.type === 'gap',
      );
      return { messages, hasMore };
    },
    newest: (user) => table.newestCursor(user),
    useTicket: (ticketId, expiresAt) => table.useTicket(ticketId, expiresAt),
  };
}
