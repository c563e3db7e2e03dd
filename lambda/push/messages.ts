/**
 * What clients ask for: all they missed, in pages, and a sign of life.
 *
 * The order of the steps is what makes a resume and a push that cross each other lose nothing. Here: first the row of
 * the connection, then the notes are read. The notifier: first the note, then the connections are read. So a note that
 * this reading does not see is pushed to this connection by whoever stored it.
 */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ReportPush, Session } from './authorize.ts';
import { sessionOf } from './authorize.ts';
import type { ConnectionEvent } from './connections.ts';
import { rowOf } from './connections.ts';
import type { ConnectionManagement } from './management.ts';
import { problemMessage } from './problems.ts';
import { LATEST, parseClientMessage } from './protocol.ts';
import { pageOf } from './page.ts';
import type { PushStore } from './push-table.ts';
import type { Resume, ServerMessage } from './protocol.ts';

export interface Resumer {
  readonly store: Pick<PushStore, 'deleteConnection' | 'newestCursor' | 'notesAfter' | 'putConnection'>;
  readonly management: ConnectionManagement;
  readonly now: () => number;
  /**
   * Notifications of one page.
   * @default 50
   */
  readonly pageSize?: number;
}

export interface MessageEvent extends ConnectionEvent {
  readonly body?: string | undefined;
}

export type MessageHandler = (event: MessageEvent) => Promise<APIGatewayProxyStructuredResultV2>;

/** Posted one after the other, in order, within the 29 s that API Gateway waits for a function. */
const PAGE_SIZE = 50;

/** Never fails: API Gateway would tell the client something that is no message of the protocol. */
export function messageHandler(resumer: () => Resumer, report: ReportPush): MessageHandler {
  return async (event) => {
    const session = sessionOf(event.requestContext.authorizer);
    if (session === undefined) return { statusCode: 401 };
    const { connectionId } = event.requestContext;
    try {
      const client = clientOf(resumer(), session, connectionId);
      try {
        await answer(resumer(), client, session, event);
      } catch (error) {
        report('a message of a client could not be answered', error);
        await client.post(problemMessage('WAYBILL_PUSH_UNAVAILABLE'));
      }
    } catch (error) {
      report('a client could not be told that its message failed', error);
    }
    return { statusCode: 200 };
  };
}

interface Client {
  /** False when nothing more can be sent now. */
  post(message: ServerMessage): Promise<boolean>;
}

function clientOf({ store, management }: Resumer, session: Session, connectionId: string): Client {
  return {
    async post(message) {
      const outcome = await management.post(connectionId, message);
      if (outcome === 'gone') await store.deleteConnection(session, connectionId);
      return outcome === 'sent';
    },
  };
}

async function answer(
  resumer: Resumer,
  client: Client,
  session: Session,
  event: MessageEvent,
): Promise<void> {
  const { store, management, now } = resumer;
  const { connectionId } = event.requestContext;
  if (session.sessionExpiresAt * 1000 <= now()) {
    await store.deleteConnection(session, connectionId);
    await client.post({ type: 'expired' });
    await management.close(connectionId);
    return;
  }
  const message = parseClientMessage(event.body ?? '');
  if (message === undefined) {
    await client.post(problemMessage('WAYBILL_PUSH_MESSAGE_INVALID'));
  } else if (message.action === 'ping') {
    await client.post({ type: 'pong', cursor: await store.newestCursor(session) });
  } else {
    // Also where `$connect` put it: a push between that and the end of the handshake found nobody, and deleted it.
    await store.putConnection(session, rowOf(event, session));
    await sendPage(resumer, client, session, message);
  }
}

async function sendPage(
  { store, pageSize = PAGE_SIZE }: Resumer,
  client: Client,
  session: Session,
  { cursor }: Resume,
): Promise<void> {
  // Before the notes: all that it counts are there when they are read, or are kept no longer.
  const newest = await store.newestCursor(session);
  if (cursor === LATEST || cursor >= newest) {
    await client.post({ type: 'caught-up', cursor: newest });
    return;
  }
  const notes = await store.notesAfter(session, cursor, pageSize);
  for (const message of pageOf(notes, cursor, newest, notes.length === pageSize)) {
    if (!(await client.post(message))) return;
  }
}
