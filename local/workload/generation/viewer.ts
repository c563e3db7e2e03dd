/** One browser tab of a user: the client of `waybill/browser` on a socket that the run can cut, and all that it told. */
import { WebSocket } from 'ws';
import { createNotificationClient } from '../../../browser/index.ts';
import type { Notification, NotificationClient, Ticket } from '../../../browser/index.ts';

/** A notification as the application was told of it. */
export interface Shown {
  readonly cursor: number;
  readonly id: string;
  readonly generationId: string;
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Viewer {
  readonly name: string;
  readonly user: number;
  readonly shown: readonly Shown[];
  /** Cursors that the server said it keeps no longer. */
  readonly gaps: readonly string[];
  /** Notifications that came over the wire, those that came again among them. */
  readonly received: () => number;
  /** How often a connection was opened. */
  readonly connections: () => number;
  readonly cursor: () => number;
  readonly isLive: () => boolean;
  connect(): void;
  /** As by closing the lid: the client knows of it, and comes back only when it is told to. */
  leave(): void;
  /** Cuts the connection without a word: the client finds out and comes back by itself. */
  cut(): void;
}

export interface ViewerProps {
  readonly name: string;
  readonly user: number;
  readonly ticket: () => Promise<Ticket>;
}

export function createViewer({ name, user, ticket }: ViewerProps): Viewer {
  const shown: Shown[] = [];
  const gaps: string[] = [];
  let kept: number | undefined;
  let received = 0;
  let opened = 0;
  let socket: WebSocket | undefined;
  const client: NotificationClient = createNotificationClient({
    user: name,
    ticket,
    begin: 'oldest',
    // A tab of its own: a user's tabs would share one, and each is judged alone here.
    cursors: {
      load: () => kept,
      save: (cursor) => {
        kept = cursor;
      },
    },
    environment: {
      openSocket: (url) => {
        const mine = new WebSocket(url);
        socket = mine;
        opened += 1;
        // A refused or cut connection also closes, which is what the client listens to.
        mine.on('error', () => {});
        mine.on('message', (data: Buffer) => {
          if (data.toString().startsWith('{"type":"notification"')) received += 1;
        });
        return {
          addEventListener: (type, listener) => {
            if (type === 'message') mine.on('message', (data: Buffer) => listener({ data: data.toString() }));
            else mine.on(type, () => listener({}));
          },
          send: (text) => mine.send(text),
          close: (code) => mine.close(code),
        };
      },
    },
  });
  client.onAny(({ cursor, id, data }: Notification) => {
    const { generationId, status } = data as { readonly generationId: string; readonly status: string };
    shown.push({ cursor, id, generationId, status, at: Date.now() });
  });
  client.onGap(({ from, to }) => void gaps.push(`${from} to ${to}`));
  return {
    name,
    user,
    shown,
    gaps,
    received: () => received,
    connections: () => opened,
    cursor: () => client.cursor ?? 0,
    isLive: () => client.state === 'live',
    connect: () => client.connect(),
    leave: () => client.close(),
    cut: () => socket?.terminate(),
  };
}
