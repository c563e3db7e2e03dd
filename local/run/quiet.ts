/**
 * Waits until a run has nothing left to do: the outbox is drained, every queue but the dead-letter queues is
 * empty, and no function runs. Where only a timer is left, it jumps to it. A region that was left is not waited for: its
 * database takes no writes, so nothing comes of what its queues still hold.
 */
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { SqsService } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';
import type { LocalRun } from './local-run.ts';
import type { Activity } from './systems/system.ts';

export interface Quiet {
  readonly quiet: boolean;
  /** What was still going on when the time was up. */
  readonly waitingFor: readonly string[];
}

export interface QuietOptions {
  /** Milliseconds after which it is given up. */
  readonly timeoutMs: number;
  /**
   * What has been done so far. The time begins anew whenever it has grown: a busy machine needs longer, a run that
   * stands still does not.
   * @default - the time runs from the start
   */
  readonly progress?: () => number;
  /**
   * Milliseconds without a change after which readers of streams are taken to wait for a timer, such as that of a retry,
   * or for another reader, such as one of a region that was lost.
   * @default 10000
   */
  readonly readersStandStillMs?: number;
  readonly signal?: AbortSignal;
  /**
   * What goes on, or waits, besides queues and functions.
   * @default - the rows of the outbox that are not published
   */
  readonly activity?: () => Promise<Activity>;
}

/** Milliseconds between two looks. */
const INTERVAL = 20;
/** Looks in a row that must find nothing to do. */
const QUIET_LOOKS = 5;
/** Looks in a row that must find only timers before the clock jumps. */
const IDLE_LOOKS = 3;
const READERS_STAND_STILL_MS = 10_000;
/** The outbox, which these jumps do not look at, is looked at after so many. */
const MAX_JUMPS_IN_A_ROW = 50;
/** The farthest that one jump goes, in milliseconds: the longest visibility timeout. */
const LONGEST_JUMP = 12 * 60 * 60 * 1000;

export async function waitForQuiet(
  run: LocalRun,
  all: readonly Consumer[],
  options: QuietOptions,
): Promise<Quiet> {
  const consumers = all.filter(({ queueArn }) => queueArn.split(':')[3] === run.aws.context.region);
  const {
    activity = async () => ({ running: [], waiting: await pendingInOutbox(run) }),
    progress = () => 0,
    timeoutMs,
    readersStandStillMs = READERS_STAND_STILL_MS,
  } = options;
  let done = progress();
  let deadline = Date.now() + timeoutMs;
  let quietLooks = 0;
  let idleLooks = 0;
  let leftToRead = '';
  let leftSince = Date.now();
  for (;;) {
    const { running, waiting, reading } = await look(run, consumers, activity);
    if (reading.join() !== leftToRead) [leftToRead, leftSince] = [reading.join(), Date.now()];
    (Date.now() - leftSince < readersStandStillMs ? running : waiting).push(...reading);
    quietLooks = running.length + waiting.length === 0 ? quietLooks + 1 : 0;
    idleLooks = running.length === 0 && waiting.length > 0 ? idleLooks + 1 : 0;
    if (quietLooks >= QUIET_LOOKS) return { quiet: true, waitingFor: [] };
    if (progress() > done) {
      done = progress();
      deadline = Date.now() + timeoutMs;
    }
    if (Date.now() > deadline || options.signal?.aborted === true) {
      return { quiet: false, waitingFor: [...running, ...waiting] };
    }
    if (idleLooks >= IDLE_LOOKS) await jump(run, consumers);
    await delay(INTERVAL);
  }
}

/** Jumps from timer to timer until something can be done: most of them only end a poller's wait. */
async function jump(run: LocalRun, consumers: readonly Consumer[]): Promise<void> {
  for (let jumps = 0; jumps < MAX_JUMPS_IN_A_ROW; jumps++) {
    if (!run.clock.skipToNext(LONGEST_JUMP)) return;
    await setImmediate();
    if (run.aws.services.lambda.busy() > 0) return;
    if (consumers.some(({ queueArn }) => canBeReceived(countsOf(run, queueArn)))) return;
  }
}

function countsOf(run: LocalRun, queueArn: string): ReturnType<SqsService['counts']> {
  return run.aws.services.sqs.counts(queueArn);
}

/** A visible message of a halted group waits for the one in flight before it. */
function canBeReceived({
  visible,
  inFlight,
}: {
  readonly visible: number;
  readonly inFlight: number;
}): boolean {
  return visible > 0 && inFlight === 0;
}

/** What runs now, and what only waits for its time. */
async function look(
  run: LocalRun,
  consumers: readonly Consumer[],
  activity: () => Promise<Activity>,
): Promise<{ running: string[]; waiting: string[]; reading: readonly string[] }> {
  const running: string[] = [];
  const waiting: string[] = [];
  const { lambda } = run.aws.services;
  const busy = lambda.busy();
  const retried = lambda.waiting();
  if (busy > 0) running.push(`${busy} invocations`);
  if (retried > 0) waiting.push(`${retried} asynchronous events to be retried`);
  for (const { name, queueArn } of consumers) {
    const counts = countsOf(run, queueArn);
    const left = counts.visible + counts.inFlight + counts.delayed;
    if (canBeReceived(counts)) running.push(`${name}: ${counts.visible} visible`);
    else if (left > 0) waiting.push(`${name}: ${left} to come back`);
  }
  const more = await activity();
  return {
    running: [...running, ...more.running],
    waiting: [...waiting, ...more.waiting],
    reading: more.reading ?? [],
  };
}

/**
 * What of an outbox is neither published nor set aside: nothing, or one line.
 * @param schema the PostgreSQL schema that holds the outbox
 */
export async function pendingInOutbox(
  run: Pick<LocalRun, 'database'>,
  schema = 'public',
): Promise<readonly string[]> {
  const { rows } = await run.database.query<{ pending: string }>(
    `select count(*) as pending from ${schema}.event_outbox where published_at is null and status <> 'QUARANTINED'`,
  );
  const pending = Number(rows[0]?.pending ?? 0);
  return pending > 0 ? [`outbox: ${pending} pending`] : [];
}
