/** What a deployed function that pushes runs on, made from its environment at first use. */
import type { ReportFailure } from '../http/http-handler.ts';
import { dynamoDbClient } from '../runtime/aws/dynamodb.ts';
import { createLogger, describeError } from '../runtime/logger.ts';
import { numberSetting, setting } from '../service/setting.ts';
import { signingSecret } from '../service/signing-secret.ts';
import type { ReportPush, TicketVerifier } from './authorize.ts';
import type { Connections } from './connections.ts';
import { connectionManagement } from './management.ts';
import type { ConnectionManagement } from './management.ts';
import type { Resumer } from './messages.ts';
import { createNotifier } from './notifier.ts';
import type { Notifier } from './notifier.ts';
import { pushTable } from './push-table.ts';
import type { PushStore } from './push-table.ts';
import type { TicketIssuer } from './ticket-routes.ts';

const logger = createLogger();
const now = (): number => Date.now();

/** Names, codes and places; nothing of the message. */
export const reportPush: ReportPush = (what, error) => {
  logger.error(what, { error: describeError(error) });
};

export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};

const ticketSecret = signingSecret('TICKET_SECRET_ARN');

const store = keptOnce((): PushStore => {
  const tableName = setting('PUSH_TABLE_NAME');
  return pushTable({
    client: dynamoDbClient(tableName),
    tableName,
    retentionDays: () => numberSetting('PUSH_RETENTION_DAYS'),
  });
});

const management = keptOnce((): ConnectionManagement =>
  connectionManagement({ url: setting('WEB_SOCKET_MANAGEMENT_URL') }),
);

export const ticketIssuer: TicketIssuer = {
  secret: ticketSecret,
  webSocketUrl: () => setting('WEB_SOCKET_URL'),
  now,
};

export const ticketVerifier = (): TicketVerifier => ({ secret: ticketSecret, store: store(), now });

export const connections = (): Connections => ({
  store: store(),
  management: management(),
  maxConnections: numberSetting('PUSH_MAX_CONNECTIONS_PER_USER'),
  report: reportPush,
});

/** For `$disconnect`, which asks the management API for nothing. */
export const disconnections = () => ({ store: store(), report: reportPush });

export const resumer = (): Resumer => ({ store: store(), management: management(), now });

export const notifier: () => Notifier = keptOnce(() =>
  createNotifier({ store: store(), management: management(), now }),
);

function keptOnce<Value>(make: () => Value): () => Value {
  let kept: Value | undefined;
  return () => (kept ??= make());
}
