/** A browser for the notification client: timers that a test moves, sockets that it holds the other end of. */
import type { ClientMessage, ServerMessage } from '../../../lambda/push/protocol.ts';
import type { Environment, PageListeners, Socket } from '../../../browser/index.ts';

export interface FakeBrowser {
  readonly environment: Environment;
  /** All that were opened, the last at the end. */
  readonly sockets: readonly FakeSocket[];
  /** What listeners of the application threw. */
  readonly reported: readonly unknown[];
  readonly page: PageListeners;
  readonly timers: () => number;
  /** Runs what is due within the time, in order. */
  advance(milliseconds: number): Promise<void>;
  readonly now: () => number;
  /** @default 0.5 each time */
  random: () => number;
  listening: boolean;
}

export interface FakeSocket {
  readonly url: URL;
  readonly sent: ClientMessage[];
  state: 'connecting' | 'open' | 'closed';
  onSend: (message: ClientMessage) => void;
  accept(): void;
  tell(message: ServerMessage | string): void;
  /** As `tell`, of a socket that closes: what was on its way still arrives. */
  tellLate(message: ServerMessage): void;
  /** From the other end. */
  cut(): void;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Lets promises settle. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
};

export function fakeBrowser(onOpen: (socket: FakeSocket) => void = () => {}): FakeBrowser {
  const timers = new Map<number, Timer>();
  const sockets: FakeSocket[] = [];
  const reported: unknown[] = [];
  let now = 0;
  let lastTimer = 0;
  const page: { current: PageListeners } = {
    current: { online: () => {}, offline: () => {}, visible: () => {} },
  };
  const browser: FakeBrowser = {
    environment: {
      openSocket: (url) => {
        const { socket, fake } = createSocket(url);
        sockets.push(fake);
        onOpen(fake);
        return socket;
      },
      setTimer: (milliseconds, run) => {
        lastTimer += 1;
        timers.set(lastTimer, { at: now + milliseconds, run });
        return lastTimer;
      },
      clearTimer: (timer) => void timers.delete(timer as number),
      random: () => browser.random(),
      listen: (listeners) => {
        page.current = listeners;
        browser.listening = true;
        return () => {
          browser.listening = false;
        };
      },
      report: (error) => void reported.push(error),
    },
    sockets,
    reported,
    get page() {
      return page.current;
    },
    timers: () => timers.size,
    advance: async (milliseconds) => {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, { at }]) => at <= end);
        const [next] = due.toSorted(([a, { at: atA }], [b, { at: atB }]) => atA - atB || a - b);
        if (next === undefined) break;
        const [id, { at, run }] = next;
        now = Math.max(now, at);
        timers.delete(id);
        run();
        await settle();
      }
      now = end;
    },
    now: () => now,
    random: () => 0.5,
    listening: false,
  };
  return browser;
}

function createSocket(url: string): { socket: Socket; fake: FakeSocket } {
  const listeners: Record<'open' | 'message' | 'close', ((event: { data?: unknown }) => void)[]> = {
    open: [],
    message: [],
    close: [],
  };
  const emit = (type: keyof typeof listeners, data?: unknown): void => {
    for (const listener of listeners[type]) listener({ data });
  };
  const fake: FakeSocket = {
    url: new URL(url),
    sent: [],
    state: 'connecting',
    onSend: () => {},
    accept: () => {
      if (fake.state !== 'connecting') return;
      fake.state = 'open';
      emit('open');
    },
    tell: (message) => {
      if (fake.state === 'open') {
        emit('message', typeof message === 'string' ? message : JSON.stringify(message));
      }
    },
    tellLate: (message) => emit('message', JSON.stringify(message)),
    cut: () => {
      if (fake.state === 'closed') return;
      fake.state = 'closed';
      emit('close');
    },
  };
  const socket: Socket = {
    addEventListener: (type, listener) => void listeners[type].push(listener),
    send: (text) => {
      if (fake.state !== 'open') throw new Error('the socket is not open');
      const message = JSON.parse(text) as ClientMessage;
      fake.sent.push(message);
      fake.onSend(message);
    },
    close: () => {
      fake.state = 'closed';
    },
  };
  return { socket, fake };
}
