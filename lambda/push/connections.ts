/** Connections come and go. A row is where pushes go to; the oldest of a user gives way to one too many. */
import type { APIGatewayProxyStructuredResultV2, APIGatewayProxyWebsocketEventV2 } from 'aws-lambda';
import type { ReportPush, Session } from './authorize.ts';
import { sessionOf } from './authorize.ts';
import type { ConnectionManagement } from './management.ts';
import { problemMessage } from './problems.ts';
import type { ConnectionRow, PushStore } from './push-table.ts';

export interface Connections {
  readonly store: Pick<PushStore, 'connections' | 'deleteConnection' | 'putConnection'>;
  readonly management: ConnectionManagement;
  /** Of one user at a time. */
  readonly maxConnections: number;
  readonly report: ReportPush;
}

/** What of an event is read, whatever its route. */
export interface ConnectionEvent {
  readonly requestContext: Pick<
    APIGatewayProxyWebsocketEventV2['requestContext'],
    'connectedAt' | 'connectionId'
  > & { readonly authorizer?: unknown };
}

export type ConnectionHandler = (event: ConnectionEvent) => Promise<APIGatewayProxyStructuredResultV2>;

/** Any status but 200 refuses the connection. */
export function connectHandler(connections: () => Connections): ConnectionHandler {
  return async (event) => {
    const session = sessionOf(event.requestContext.authorizer);
    if (session === undefined) return { statusCode: 401 };
    const { store, report, ...rest } = connections();
    try {
      const row = rowOf(event, session);
      await store.putConnection(session, row);
      const stays = await giveWay({ store, report, ...rest }, session, row);
      return { statusCode: stays ? 200 : 429 };
    } catch (error) {
      report('a connection could not be kept', error);
      return { statusCode: 503 };
    }
  };
}

/** Never fails: what it could not delete expires, or is found gone by the next push. */
export function disconnectHandler(
  connections: () => Pick<Connections, 'report' | 'store'>,
): ConnectionHandler {
  return async ({ requestContext: { authorizer, connectionId } }) => {
    const session = sessionOf(authorizer);
    if (session === undefined) return { statusCode: 200 };
    const { store, report } = connections();
    try {
      await store.deleteConnection(session, connectionId);
    } catch (error) {
      report('the row of a closed connection could not be deleted', error);
    }
    return { statusCode: 200 };
  };
}

export function rowOf(
  { requestContext: { connectedAt, connectionId } }: ConnectionEvent,
  { sessionExpiresAt }: Session,
): ConnectionRow {
  return { connectionId, connectedAt, sessionExpiresAt };
}

/**
 * Counted after the own row is there, so that of several that connect at once each sees the others. All of them are put
 * into one order, so that they agree on who stays.
 * @returns false where the new connection is itself among the oldest
 */
async function giveWay(
  { store, management, maxConnections }: Connections,
  session: Session,
  own: ConnectionRow,
): Promise<boolean> {
  const others = (await store.connections(session)).filter(
    ({ connectionId }) => connectionId !== own.connectionId,
  );
  const tooMany = [...others, own].sort(byAge).slice(0, Math.max(0, others.length + 1 - maxConnections));
  await Promise.all(
    tooMany.map(async ({ connectionId }) => {
      // First the row: from now on nothing is pushed there, whatever becomes of the connection.
      await store.deleteConnection(session, connectionId);
      // The own one is not open yet: its answer refuses it.
      if (connectionId === own.connectionId) return;
      await management.post(connectionId, problemMessage('WAYBILL_PUSH_TOO_MANY_CONNECTIONS'));
      await management.close(connectionId);
    }),
  );
  return !tooMany.includes(own);
}

/** The oldest first; of two of the same millisecond everybody has the same one first. */
function byAge(one: ConnectionRow, other: ConnectionRow): number {
  return one.connectedAt - other.connectedAt || (one.connectionId < other.connectionId ? -1 : 1);
}
