/**
 * Notifications over WebSocket, each once and in order, across lost connections, sleep, several tabs and expired
 * sessions. {@link createNotificationClient} is all that an application needs of it.
 */
import { isUnanswered, parseServerMessage } from '../../lambda/push/protocol.ts';
import type { ClientMessage, NotificationMessage, PushProblem } from '../../lambda/push/protocol.ts';
import { backoffMs } from '../backoff.ts';
import { localStorageCursors } from './cursor-store.ts';
import { browserEnvironment } from './environment.ts';
import type { Environment, Socket } from './environment.ts';
import { begin, receive, sequenceFrom } from './sequence.ts';
import type { Sequence, Step } from './sequence.ts';
import type {
  Notification,
  NotificationClient,
  NotificationClientOptions,
  NotificationState,
  Unsubscribe,
} from './types.ts';

/** Between two tries to connect. */
export const RECONNECT = { baseMs: 500, capMs: 30_000 } as const;
/** A connection that lived this long was no failure: the next wait is short again. */
export const STABLE_MS = 30_000;
/**
 * The longest wait for the first ping after the connection opened or a notification came; each next one takes twice as
 * long. What follows soon is the likeliest to come, and a push of it that was lost is found by the next ping.
 */
export const FIRST_HEARTBEAT_MS = 30_000;
/** The most. API Gateway closes what was idle for 10 minutes (quota "Idle Connection Timeout" of WebSocket APIs). */
export const HEARTBEAT_MS = 4 * 60_000;
/** For the answer to a heartbeat's ping. Nobody looks. */
export const HEARTBEAT_PONG_MS = 30_000;
/** The same when somebody does; it may have to start a function first. */
export const PONG_MS = 15_000;
/** The same when the browser says that the network is gone, which it sometimes says of one that is not. */
export const OFFLINE_PONG_MS = 4000;
/** For a ticket and an open connection. */
export const CONNECT_MS = 30_000;
/** Without any message while something is still owed. */
export const CATCH_UP_MS = 30_000;
/**
 * API Gateway ends each connection after 2 hours (quota "Connection duration for WebSocket API"). We come first, at a
 * random time in the ten minutes before, so that pages opened together do not come back together.
 */
export const LIFETIME_MS = 2 * 3_600_000 - 60_000;
const LIFETIME_SPREAD_MS = 9 * 60_000;
/** Ids of the last notifications, against one that comes again under another cursor. */
const REMEMBERED_IDS = 500;

type TimerName = 'connect' | 'retry' | 'heartbeat' | 'pong' | 'catchUp' | 'again' | 'stable' | 'lifetime';

export function createNotificationClient<Events extends object = Record<string, unknown>>(
  options: NotificationClientOptions,
): NotificationClient<Events> {
  const environment: Environment = { ...browserEnvironment(), ...options.environment };
  const cursors = options.cursors ?? localStorageCursors(options.user);
  const timers = new Map<TimerName, unknown>();
  const typed = new Map<string, Set<(data: never, notification: never) => void>>();
  const listeners = {
    any: new Set<(notification: Notification) => void>(),
    state: new Set<(state: NotificationState) => void>(),
    gap: new Set<(gap: { readonly from: number; readonly to: number }) => void>(),
    problem: new Set<(problem: unknown) => void>(),
  };
  const seen = new Set<string>();

  let state: NotificationState = 'closed';
  let sequence: Sequence | undefined;
  let socket: Socket | undefined;
  let unlisten: Unsubscribe | undefined;
  /** Which connection, or try, is the present one: what an earlier one still brings is not heard. */
  let turn = 0;
  let failures = 0;
  /** A session that was renewed and ended at once is not renewed again. */
  let renewed = false;

  function tell<Value>(to: ReadonlySet<(value: Value) => void>, value: Value): void {
    for (const listener of to) guarded(() => listener(value));
  }

  function guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      environment.report(error);
    }
  }

  function enter(next: NotificationState): void {
    if (state === next) return;
    state = next;
    tell(listeners.state, next);
  }

  function stopTimer(name: TimerName): void {
    environment.clearTimer(timers.get(name));
    timers.delete(name);
  }

  function startTimer(name: TimerName, milliseconds: number, run: () => void): void {
    stopTimer(name);
    const timer = environment.setTimer(milliseconds, () => {
      timers.delete(name);
      run();
    });
    timers.set(name, timer);
  }

  /** Forgets the connection and everything that waits for it. */
  function drop(): void {
    turn += 1;
    for (const name of timers.keys()) stopTimer(name);
    const old = socket;
    socket = undefined;
    if (old === undefined) return;
    try {
      old.close(1000);
    } catch {
      // It is gone already.
    }
  }

  function lost(): void {
    drop();
    enter('offline');
    if (state !== 'offline') return;
    startTimer('retry', backoffMs(RECONNECT, failures, environment.random), open);
    failures += 1;
  }

  function open(): void {
    drop();
    const mine = turn;
    const current = (): boolean => mine === turn;
    enter('connecting');
    if (!current()) return;
    startTimer('connect', CONNECT_MS, lost);
    void prepare().then(
      (url) => {
        if (!current()) return;
        try {
          listenTo(environment.openSocket(url), current);
        } catch (error) {
          tell(listeners.problem, error);
          if (current()) lost();
        }
      },
      (error: unknown) => {
        if (!current()) return;
        if (isUnauthorised(error)) return expire();
        tell(listeners.problem, error);
        if (current()) lost();
      },
    );
  }

  async function prepare(): Promise<string> {
    if (sequence === undefined) {
      const kept = await stored();
      sequence ??= sequenceFrom(kept);
    }
    const { ticket, url } = await options.ticket();
    const address = new URL(url);
    address.searchParams.set('ticket', ticket);
    return address.href;
  }

  /** A store that fails is one that kept nothing. */
  async function stored(): Promise<number | undefined> {
    try {
      return await cursors.load();
    } catch (error) {
      environment.report(error);
      return undefined;
    }
  }

  function listenTo(opened: Socket, current: () => boolean): void {
    socket = opened;
    opened.addEventListener('close', () => current() && lost());
    opened.addEventListener('open', () => {
      if (!current()) return;
      stopTimer('connect');
      startTimer('stable', STABLE_MS, () => {
        failures = 0;
        renewed = false;
      });
      startTimer('lifetime', LIFETIME_MS - Math.floor(environment.random() * LIFETIME_SPREAD_MS), open);
      beat();
      follow(begin(sequence ?? sequenceFrom(undefined), options.begin === 'oldest' ? 0 : 'latest'), current);
    });
    opened.addEventListener('message', ({ data }) => {
      if (!current()) return;
      const text = String(data);
      const message = parseServerMessage(text);
      if (message === undefined) return isUnanswered(text) ? unanswered() : undefined;
      stopTimer('pong');
      if (message.type === 'expired') return expire();
      if (message.type === 'error') return refused(message.problem, current);
      if (sequence === undefined) return;
      // It still answers: what is owed may take its time.
      if (timers.has('catchUp')) startTimer('catchUp', CATCH_UP_MS, lost);
      follow(receive(sequence, message), current);
    });
  }

  function refused(problem: PushProblem, current: () => boolean): void {
    tell(listeners.problem, problem);
    if (!current()) return;
    if (problem.code === 'WAYBILL_PUSH_TOO_MANY_CONNECTIONS') {
      drop();
      enter('displaced');
    } else if (problem.code === 'WAYBILL_PUSH_UNAVAILABLE') {
      askAgain();
    }
  }

  /** The connection is there; what was behind it is not, or is too busy. */
  function unanswered(): void {
    stopTimer('pong');
    askAgain();
  }

  function askAgain(): void {
    if (sequence?.asked === undefined) return;
    startTimer('again', backoffMs(RECONNECT, failures, environment.random), () => {
      const asked = sequence?.asked;
      // The answer came after all.
      if (asked === undefined) return;
      startTimer('catchUp', CATCH_UP_MS, lost);
      send({ action: 'resume', cursor: asked });
    });
    failures += 1;
  }

  /** Does what the sequence says. A listener may end the connection; nothing is sent then. */
  function follow(step: Step, current: () => boolean): void {
    const missed = sequence?.asked !== undefined;
    const before = sequence?.position;
    sequence = step.sequence;
    if (step.deliver !== undefined) {
      deliver(step.deliver, missed);
      if (current()) beat();
    }
    if (step.gap !== undefined) tell(listeners.gap, step.gap);
    const { position } = step.sequence;
    if (position !== undefined && (position !== before || step.restarted === true)) {
      guarded(() => cursors.save(position, step.restarted === true));
    }
    if (!current()) return;
    if (step.resume !== undefined) {
      startTimer('catchUp', CATCH_UP_MS, lost);
      enter('catching-up');
      if (current()) send({ action: 'resume', cursor: step.resume });
    } else if (step.live === true) {
      stopTimer('catchUp');
      enter('live');
    }
  }

  function deliver(message: NotificationMessage, missed: boolean): void {
    if (seen.has(message.id)) return;
    seen.add(message.id);
    for (const id of seen) {
      if (seen.size <= REMEMBERED_IDS) break;
      seen.delete(id);
    }
    const { id, cursor, eventType, data } = message;
    const notification: Notification = { id, cursor, eventType, data, missed };
    for (const listener of typed.get(eventType) ?? []) {
      guarded(() => listener(data as never, notification as never));
    }
    tell(listeners.any, notification);
  }

  /** First after half the time to all of it, so that pages that came back together do not ask together. */
  function beat(milliseconds = (FIRST_HEARTBEAT_MS * (1 + environment.random())) / 2): void {
    startTimer('heartbeat', milliseconds, () => {
      beat(Math.min(2 * milliseconds, HEARTBEAT_MS));
      // The first two without an answer are no lost connection: a server that is too busy for them, as when all have come
      // back at once, is too busy for a new connection, too.
      if (milliseconds >= 2 * FIRST_HEARTBEAT_MS) probe(HEARTBEAT_PONG_MS);
      else send({ action: 'ping' });
    });
  }

  /** Whether the other end is still there: after sleep, or a change of networks, no close event says so. */
  function probe(milliseconds = PONG_MS): void {
    if (state !== 'live' && state !== 'catching-up') return;
    startTimer('pong', milliseconds, lost);
    send({ action: 'ping' });
  }

  function send(message: ClientMessage): void {
    try {
      socket?.send(JSON.stringify(message));
    } catch {
      // It is closing: its close event, or a deadline, follows.
    }
  }

  function expire(): void {
    drop();
    const mine = turn;
    enter('expired');
    if (options.renewSession === undefined || renewed || mine !== turn) return;
    renewed = true;
    void Promise.resolve()
      .then(options.renewSession)
      .then(
        () => mine === turn && open(),
        (error: unknown) => {
          if (mine !== turn) return;
          tell(listeners.problem, error);
          if (isUnauthorised(error) || mine !== turn) return;
          // It could not be asked for, which is not a refusal.
          renewed = false;
          lost();
        },
      );
  }

  /** The network is there again, or somebody looks: what waits, waits no longer. */
  function back(): void {
    if (state !== 'offline') return probe();
    failures = 0;
    open();
  }

  function visible(): void {
    if (state === 'displaced') open();
    else back();
  }

  const subscribe = <Listener>(to: Set<Listener>, listener: Listener): Unsubscribe => {
    to.add(listener);
    return () => void to.delete(listener);
  };

  return {
    get state() {
      return state;
    },
    get cursor() {
      return sequence?.position;
    },
    connect: () => {
      if (state !== 'closed' && state !== 'expired' && state !== 'displaced') return;
      unlisten ??= environment.listen({ online: back, offline: () => probe(OFFLINE_PONG_MS), visible });
      failures = 0;
      renewed = false;
      open();
    },
    close: () => {
      drop();
      unlisten?.();
      unlisten = undefined;
      enter('closed');
    },
    on: (eventType, listener) => {
      const to = typed.get(eventType) ?? new Set();
      typed.set(eventType, to);
      return subscribe(to, listener as (data: never, notification: never) => void);
    },
    onAny: (listener) => subscribe(listeners.any, listener),
    onState: (listener) => subscribe(listeners.state, listener),
    onGap: (listener) => subscribe(listeners.gap, listener),
    onProblem: (listener) => subscribe(listeners.problem, listener),
  };
}

/**
 * 401 is ours, and API Gateway's for a request without a token. A token that has expired gets its own 403, which is no
 * problem document; a 403 of ours has a code and says that the role is not enough.
 */
function isUnauthorised(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { status, code } = error as { readonly status?: unknown; readonly code?: unknown };
  return status === 401 || (status === 403 && code === 'HTTP_403');
}
