/**
 * Waits until a run has nothing left to do: the outbox is drained, every queue but the dead-letter queues is
 * empty, and no function runs. Where only a timer is left, it jumps to it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from './consumers.ts';
import type { LocalRun } from './local-run.ts';

export interface Quiet {
  readonly quiet: boolean;
  /** What was still going on when the time was up. */
  readonly waitingFor: readonly string[];
}

/** Milliseconds between two looks. */
const INTERVAL = 20;
/** Looks in a row that must find nothing to do. */
const QUIET_LOOKS = 5;
/** Looks in a row that must find only timers before the clock jumps. */
const IDLE_LOOKS = 3;
/** The farthest that one jump goes, in milliseconds: the longest visibility timeout. */
const LONGEST_JUMP = 12 * 60 * 60 * 1000;

export async function waitForQuiet(
  run: LocalRun,
  consumers: readonly Consumer[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<Quiet> {
  const deadline = Date.now() + options.timeoutMs;
  let quietLooks = 0;
  let idleLooks = 0;
  for (;;) {
    const { running, waiting } = await look(run, consumers);
    quietLooks = running.length + waiting.length === 0 ? quietLooks + 1 : 0;
    idleLooks = running.length === 0 && waiting.length > 0 ? idleLooks + 1 : 0;
    if (quietLooks >= QUIET_LOOKS) return { quiet: true, waitingFor: [] };
    if (Date.now() > deadline || options.signal?.aborted === true) {
      return { quiet: false, waitingFor: [...running, ...waiting] };
    }
    if (idleLooks >= IDLE_LOOKS) run.clock.skipToNext(LONGEST_JUMP);
    await delay(INTERVAL);
  }
}

/** What runs now, and what only waits for its time. */
async function look(
  run: LocalRun,
  consumers: readonly Consumer[],
): Promise<{ readonly running: string[]; readonly waiting: string[] }> {
  const { lambda, sqs } = {
    lambda: run.aws.context.services.get('lambda'),
    sqs: run.aws.context.services.get('sqs'),
  };
  const running: string[] = [];
  const waiting: string[] = [];
  const busy = lambda.busy();
  if (busy > 0) running.push(`${busy} invocations`);
  for (const { name, queueArn } of consumers) {
    const { visible, inFlight, delayed } = sqs.counts(queueArn);
    // A visible message of a halted group waits for the one in flight before it.
    if (visible > 0 && inFlight === 0) running.push(`${name}: ${visible} visible`);
    else if (visible + inFlight + delayed > 0)
      waiting.push(`${name}: ${visible + inFlight + delayed} to come back`);
  }
  const { rows } = await run.database.query<{ pending: string }>(
    `select count(*) as pending from event_outbox where published_at is null and status <> 'QUARANTINED'`,
  );
  const pending = Number(rows[0]?.pending ?? 0);
  if (pending > 0) waiting.push(`outbox: ${pending} pending`);
  return { running, waiting };
}
