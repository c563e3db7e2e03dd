/** One simulated browser of the load test: the client of `waybill/browser` itself, on a socket that the test can cut. */
import { WebSocket } from 'ws';
import { createNotificationClient } from '../../../browser/index.ts';
import type { NotificationClient, NotificationState, Ticket } from '../../../browser/index.ts';

/** What one client tells. */
export interface LoadClientState {
  readonly user: number;
  /** All up to this one came, each once and in order. */
  readonly cursor: number;
  /** Notifications that came over the wire and were not handed on: they had come before, or too early. */
  readonly duplicates: number;
  readonly connections: number;
  /** Connected, and nothing is missing as far as it knows. */
  readonly isLive: boolean;
}

export interface LoadClientProps {
  readonly user: number;
  readonly name: string;
  readonly ticket: () => Ticket;
  /** Waits for the turn to connect; what it answers gives the turn back. */
  readonly turn: () => Promise<() => void>;
  /** Told of each notification once: the milliseconds since it was published, and whether it had to be asked for. */
  readonly onNotification: (latency: number, missed: boolean) => void;
}

export interface LoadClient {
  connect(): void;
  /** Cuts the connection without a word: the client finds out and comes back by itself. */
  cut(): void;
  end(): void;
  state(): LoadClientState;
}

/** States in which a turn to connect is over. */
const SETTLED: ReadonlySet<NotificationState> = new Set([
  'live',
  'offline',
  'expired',
  'displaced',
  'closed',
]);

export function createLoadClient({ user, name, ticket, turn, onNotification }: LoadClientProps): LoadClient {
  let kept: number | undefined;
  let received = 0;
  let delivered = 0;
  let connections = 0;
  let socket: WebSocket | undefined;
  let isEnded = false;
  let giveBack: (() => void) | undefined;
  const endTurn = (): void => {
    giveBack?.();
    giveBack = undefined;
  };
  /** @param connect - false when there is nothing to connect any more */
  const inTurn = async (connect: () => boolean): Promise<void> => {
    const done = await turn();
    giveBack = done;
    if (isEnded || !connect()) endTurn();
  };

  const client: NotificationClient = createNotificationClient({
    user: name,
    ticket: async () => ticket(),
    begin: 'oldest',
    // A tab of its own: a user's tabs would share one, and each is counted alone here.
    cursors: {
      load: () => kept,
      save: (cursor) => {
        kept = cursor;
      },
    },
    environment: {
      openSocket: (url) => {
        const mine = new WebSocket(url, { perMessageDeflate: false });
        socket = mine;
        // A refused or cut connection also closes, which is what the client listens to.
        mine.on('error', () => {});
        mine.on('open', () => {
          connections += 1;
        });
        return {
          addEventListener: (type, listener) => {
            if (type !== 'message') mine.on(type, () => listener({}));
            else {
              mine.on('message', (data: Buffer) => {
                const text = data.toString();
                if (text.startsWith('{"type":"notification"')) received += 1;
                listener({ data: text });
              });
            }
          },
          send: (text) => mine.send(text),
          close: (code) => mine.close(code),
        };
      },
      // The one timer that is set while it is offline is the wait before the next try: that try is one of few at a time.
      setTimer: (milliseconds, run) => {
        const timer: Timer = { handle: undefined };
        const retry = (): boolean => {
          if (timer.handle === undefined) return false;
          run();
          return true;
        };
        const due = client.state === 'offline' ? () => void inTurn(retry) : run;
        timer.handle = setTimeout(due, milliseconds);
        return timer;
      },
      clearTimer: (timer) => {
        const set = timer as Timer | undefined;
        clearTimeout(set?.handle);
        if (set !== undefined) set.handle = undefined;
      },
      listen: () => () => {},
    },
  });
  client.onState((state) => {
    if (SETTLED.has(state)) endTurn();
  });
  client.onAny(({ data, missed }) => {
    delivered += 1;
    onNotification(Date.now() - Date.parse((data as { readonly updatedAt: string }).updatedAt), missed);
  });
  return {
    connect: () =>
      void inTurn(() => {
        client.connect();
        return true;
      }),
    cut: () => socket?.terminate(),
    end: () => {
      isEnded = true;
      client.close();
      socket?.terminate();
    },
    state: () => ({
      user,
      cursor: client.cursor ?? 0,
      duplicates: received - delivered,
      connections,
      isLive: client.state === 'live',
    }),
  };
}

interface Timer {
  /** Undefined: it was cleared. */
  handle: ReturnType<typeof setTimeout> | undefined;
}
