/** One `--once` run of a system: feed it, wait for quiet, let the alarms see what is left, judge it. */
import type { RaisedAlarm } from './alarms.ts';
import { raisedAlarms } from './alarms.ts';
import type { AwsContext } from '../aws/index.ts';
import { consumersOfRun } from './consumers.ts';
import type { Consumer } from './consumers.ts';
import { deadLettersOf, watchCutOffs } from './dead-letters.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { LocalRun } from './local-run.ts';
import { waitForQuiet } from './quiet.ts';
import type { Judgement, RunnableSystem } from './systems/system.ts';
import type { Tally } from './tally.ts';

export interface OnceOptions {
  readonly counts: Tally;
  readonly seed: number;
  readonly chaos: boolean;
  /** How many of what the system counts. */
  readonly count: number;
  /** Transports between which the consumers move. @default - they stay where the environment has them */
  readonly route?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly note?: (text: string) => void;
}

export interface JudgedRun extends Judgement {
  readonly deadLetters: readonly DeadLetter[];
  readonly alarms: readonly RaisedAlarm[];
}

/** Alarms are evaluated each minute: what lies in a dead-letter queue has raised its alarm after so long. */
const ALARM_PERIOD_MS = 60_000;

/** Undefined when the signal ended it. */
export async function runOnce(
  run: LocalRun,
  system: RunnableSystem,
  options: OnceOptions,
): Promise<JudgedRun | undefined> {
  const { counts, seed, chaos, signal, note } = options;
  // A cold start is no part of what a run of the system costs.
  await run.warm;
  const contexts = run.regions.map(({ region }) => region.aws.context);
  const startedAt = Date.now();
  const feed = await system.createFeed(run, {
    seed,
    chaos,
    signal,
    route: options.route,
    ...(note && { note }),
  });
  const cutOffs = watchCutOffs(...contexts);
  try {
    if (chaos) system.injectChaos(run);
    await feed.run({ count: options.count, perSecond: system.feedRate });
    const consumers = consumersOfRun(run);
    const { waitingFor } = await waitForQuiet(run, consumers, {
      timeoutMs: system.quietTimeoutMs,
      progress: () => counts.done() + (system.progress?.(run) ?? 0),
      signal,
      activity: () => system.activity(run),
    });
    if (signal.aborted) return undefined;
    await run.clock.advance(ALARM_PERIOD_MS);
    const observed = {
      consumers,
      deadLetters: contexts.flatMap((context) =>
        deadLettersOf(context, ofRegion(consumers, context), cutOffs),
      ),
      denials: run.denials(),
      alarms: contexts.flatMap((context) => raisedAlarms(context, ofRegion(consumers, context))),
      retried: counts.retried(),
      seconds: (Date.now() - startedAt) / 1000,
      waitingFor,
    };
    return { ...(await feed.judge(observed)), deadLetters: observed.deadLetters, alarms: observed.alarms };
  } finally {
    await feed.close();
  }
}

function ofRegion(consumers: readonly Consumer[], { region }: AwsContext): readonly Consumer[] {
  return consumers.filter(({ queueArn }) => queueArn.split(':')[3] === region);
}
