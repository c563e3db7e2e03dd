/** `waybill start`: the local environment in the embedded AWS, fed with a system's sample workload, watched live. */
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import { liveView, rowsSeen } from '../../local/console/live-view.ts';
import type { LiveSnapshot, LiveView } from '../../local/console/live-view.ts';
import { raisedAlarms } from '../../local/run/alarms.ts';
import type { BrokerChoice } from '../../local/run/brokers.ts';
import { injectedFaults } from '../../local/run/chaos.ts';
import { consumersOf } from '../../local/run/consumers.ts';
import type { Consumer } from '../../local/run/consumers.ts';
import { describeChanges } from '../../local/run/changes.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { noticesOf } from '../../local/run/notices.ts';
import { runOnce } from '../../local/run/once.ts';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { SYSTEM_NAMES, systemNamed } from '../../local/run/systems/index.ts';
import type { RunnableSystem } from '../../local/run/systems/index.ts';
import { tally } from '../../local/run/tally.ts';
import type { Tally } from '../../local/run/tally.ts';
import { watchSources } from '../../local/run/watch.ts';
import type { SourceWatch } from '../../local/run/watch.ts';
import { CommandError, describeError, EXIT } from '../command-error.ts';
import { banner } from './start-banner.ts';

export interface StartOptions {
  readonly port: number;
  readonly env: string;
  readonly system: string;
  readonly once?: boolean;
  readonly events?: number;
  readonly orders?: number;
  readonly generations?: number;
  /** Of the load test of the generation system. */
  readonly clients?: number;
  readonly jobs?: number;
  /** What the consumers of the agents system get their events by. */
  readonly transport?: string;
  /** Transports with colons between: the consumers move from one to the next. */
  readonly migrate?: string;
  readonly chaos?: boolean;
  /** Runs the load test instead of the workload. */
  readonly load?: boolean;
  /** Of each phase of the load test. */
  readonly seconds?: number;
  /** @default - auto while it is watched, embedded with `once` */
  readonly brokers?: BrokerChoice;
  readonly seed: number;
  readonly workload: boolean;
  readonly watch: boolean;
  readonly json?: boolean;
}

/** Options that say how many of what a system counts. */
const UNITS = ['events', 'orders', 'jobs', 'generations'] as const;
const REDRAW_INTERVAL_MS = 200;
/** Of each phase. */
const LOAD_SECONDS = 20;
const LOG_FILE = '.waybill/local-run.log';

/** What the run and its view share. */
interface Watched {
  readonly run: LocalRun;
  readonly system: RunnableSystem;
  readonly counts: Tally;
  readonly options: StartOptions;
  readonly route: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** @throws CommandError for a system that there is not, or a count of something that it has none of */
export async function start(options: StartOptions): Promise<void> {
  const system = await systemOf(options);
  const route = routeOf(system, options);
  const reports = options.once === true || options.load === true;
  const startedAt = Date.now();
  const interrupted = new AbortController();
  const interrupt = (): void => interrupted.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  // The terminal was closed: nothing can be written to it any more, and everything is still to be stopped.
  process.once('SIGHUP', () => {
    process.stderr.on('error', () => {});
    interrupt();
  });

  // A run that reports and ends takes any free port, so that two of them can run at once.
  const run = await startLocalRun({
    directory: process.cwd(),
    environment: options.env,
    systems: [system.name],
    ...(route !== undefined && { context: system.contextOf?.(route) ?? {} }),
    // A chaos run loses a region half way; a watched one keeps its own.
    ...(options.once === true &&
      options.chaos === true &&
      system.standbyRegion !== undefined && { standbyRegion: system.standbyRegion }),
    // A run that is judged is the same on every machine; a second region would be two more brokers.
    brokers: system.hasBrokers ? (options.brokers ?? (reports ? 'embedded' : 'auto')) : 'embedded',
    port: reports ? 0 : options.port,
    seed: options.seed,
    logFile: LOG_FILE,
  });
  let page: Awaited<ReturnType<NonNullable<RunnableSystem['openPage']>>> | undefined;
  let lost: Error | undefined;
  void run.databaseLost.then((error) => {
    lost = error;
    interrupted.abort();
  });
  try {
    const consumers = consumersNow(run);
    page = reports ? undefined : await system.openPage?.(run);
    process.stderr.write(
      banner({ run, system, consumers, logFile: LOG_FILE, startedAt, pageUrl: page?.url }),
    );
    const contexts = run.regions.map(({ region }) => region.aws.context);
    const counts = tally(contexts, consumersInAll(run));
    const watched = { run, system, counts, options, route, signal: interrupted.signal };
    if (options.load === true) await loadTest(watched);
    else if (options.once === true) await feedOnce(watched);
    else await watch(watched);
    if (lost !== undefined) throw lost;
  } catch (error) {
    // What failed for want of the database says less than that it is gone.
    if (lost !== undefined) throw lost;
    // Ctrl-C before everything was there: what was being asked for then is cut off, and that is no error.
    if (!(interrupted.signal.aborted && error instanceof Error && error.name === 'AbortError')) throw error;
  } finally {
    await page?.stop();
    await run.stop();
  }
  if (interrupted.signal.aborted && options.once === true) process.exitCode = EXIT.interrupted;
}

async function systemOf(options: StartOptions): Promise<RunnableSystem> {
  const system = await systemNamed(options.system);
  if (system === undefined) {
    throw new CommandError('WAYBILL_SYSTEM_UNKNOWN', `there is no system '${options.system}'`, {
      fix: `give one of ${SYSTEM_NAMES.join(', ')}, for example --system ${SYSTEM_NAMES[0]}`,
    });
  }
  if (options.brokers !== undefined && !system.hasBrokers) {
    throw new CommandError(
      'WAYBILL_SYSTEM_UNIT',
      `the system '${system.name}' has no Kafka and no RabbitMQ`,
      {
        fix: 'leave out --brokers, or give --system commerce',
      },
    );
  }
  if (options.load === true && !Object.hasOwn(LOAD_TESTS, system.name)) {
    throw new CommandError('WAYBILL_SYSTEM_UNIT', `the system '${system.name}' has no load test`, {
      fix: 'give --system commerce or --system generation, or run the benches: npm run bench -- outbox',
    });
  }
  checkReports(options);
  const foreign = UNITS.find((unit) => options[unit] !== undefined && unit !== system.unit);
  if (foreign !== undefined) {
    throw new CommandError('WAYBILL_SYSTEM_UNIT', `the system '${system.name}' has no --${foreign}`, {
      fix: `say how many with --${system.unit}`,
    });
  }
  return system;
}

/**
 * Of `--transport` or `--migrate`; undefined where neither was given.
 * @throws CommandError WAYBILL_SYSTEM_UNIT, WAYBILL_START_ROUTE
 */
function routeOf(
  { name, transports }: RunnableSystem,
  { transport, migrate }: StartOptions,
): readonly string[] | undefined {
  if (transport === undefined && migrate === undefined) return undefined;
  const option = migrate === undefined ? '--transport' : '--migrate';
  if (transports === undefined) {
    throw new CommandError('WAYBILL_SYSTEM_UNIT', `the system '${name}' has no ${option}`, {
      fix: 'leave it out, or give --system agents',
    });
  }
  const example = `for example --transport ${transports[0]} or --migrate ${transports.join(':')}`;
  const route = migrate === undefined ? [transport!] : migrate.split(':');
  const unknown = route.find((one) => !transports.includes(one));
  const reasons = [
    ...(transport !== undefined && migrate !== undefined
      ? ['--transport and --migrate exclude each other']
      : []),
    ...(unknown === undefined ? [] : [`there is no transport '${unknown}'`]),
    ...(migrate !== undefined && route.length < 2 ? ['--migrate names where to start and where to go'] : []),
    ...(route.some((one, index) => one === route[index + 1])
      ? ['--migrate goes nowhere from one to the same']
      : []),
  ];
  if (reasons.length === 0) return route;
  throw new CommandError('WAYBILL_START_ROUTE', reasons.join('; '), {
    fix: `give of ${transports.join(', ')}, ${example}`,
  });
}

/** A watched run goes on until it is interrupted: it has no report, and no end that a count could mean. */
function checkReports(options: StartOptions): void {
  if (options.once === true || options.load === true) return;
  const meant = options.json === true ? 'json' : UNITS.find((unit) => options[unit] !== undefined);
  if (meant === undefined) return;
  throw new CommandError(
    'WAYBILL_START_NEVER_REPORTS',
    `--${meant} says nothing to a run that is watched: it goes on until it is interrupted, and reports nothing`,
    { fix: 'give --once besides, or leave it out to watch the run' },
  );
}

async function feedOnce(watched: Watched): Promise<void> {
  const { run, system, counts, options, route, signal } = watched;
  const view = liveView(process.stderr);
  const notices = noticesOf(run);
  const draw = (): void => {
    for (const notice of notices()) view.note(notice);
    view.show(snapshot(run, system, consumersNow(run), counts));
  };
  const drawing = setInterval(draw, REDRAW_INTERVAL_MS);
  try {
    const given = options[system.unit as (typeof UNITS)[number]];
    const judged = await runOnce(run, system, {
      counts,
      seed: options.seed,
      chaos: options.chaos === true,
      count: given ?? system.defaultCount,
      route,
      signal,
      note: (text) => view.note(text),
    });
    if (judged === undefined) return;
    draw();
    const { report, summary, failures, deadLetters, alarms } = judged;
    if (options.chaos === true) process.stderr.write(`faults: ${JSON.stringify(injectedFaults(run))}\n`);
    for (const { consumer, reason, eventId, cutOff } of deadLetters) {
      const crashed = cutOff ? ' (its last receive crashed)' : '';
      process.stderr.write(`dead letter: ${consumer} ${reason}${crashed} ${eventId ?? 'not an envelope'}\n`);
    }
    for (const { shortName, reason } of alarms) process.stderr.write(`in ALARM: ${shortName}: ${reason}\n`);
    for (const failure of failures) process.stderr.write(`${styleText('red', 'failed')}: ${failure}\n`);
    const verdict = failures.length === 0 ? styleText('green', 'ok') : styleText('red', 'failed');
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : `${verdict}: ${summary}\n`);
    if (failures.length > 0) process.exitCode = EXIT.failed;
  } finally {
    clearInterval(drawing);
    view.close();
  }
}

/** Names, so that the package does not take our application along. */
const LOAD_TESTS: Readonly<Record<string, string>> = {
  commerce: '../../local/run/load.ts',
  generation: '../../local/workload/generation/load.ts',
};

type RunLoad = (
  run: LocalRun,
  options: {
    readonly seconds: number;
    readonly clients?: number;
    readonly signal: AbortSignal;
    readonly note: (text: string) => void;
  },
) => Promise<{ readonly lost: number }>;

async function loadTest({ run, system, options, signal }: Watched): Promise<void> {
  const { runLoad } = (await import(LOAD_TESTS[system.name]!)) as { runLoad: RunLoad };
  const seconds = options.seconds ?? LOAD_SECONDS;
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const report = await runLoad(run, {
    seconds,
    signal,
    note,
    ...(options.clients !== undefined && { clients: options.clients }),
  });
  if (signal.aborted) return;
  process.stdout.write(
    options.json === true ? `${JSON.stringify(report)}\n` : `${JSON.stringify(report, undefined, 2)}\n`,
  );
  if (report.lost > 0) {
    process.stderr.write(
      `${styleText('red', 'failed')}: ${report.lost} effects or notifications are missing\n`,
    );
    process.exitCode = EXIT.failed;
  }
}

async function watch({ run, system, counts, options, route, signal }: Watched): Promise<void> {
  const feed = options.workload
    ? await system.createFeed(run, { seed: options.seed, chaos: false, route, signal })
    : undefined;
  if (options.chaos === true) system.injectChaos(run);
  const view = liveView(process.stderr);
  const notices = noticesOf(run);
  const current = { consumers: consumersNow(run) };
  const sources = options.watch ? followSources(run, view, counts, current) : undefined;
  const feeding = feed?.run({ count: Infinity, perSecond: system.watchedRate });
  try {
    while (!signal.aborted) {
      for (const notice of notices()) view.note(notice);
      view.show(snapshot(run, system, current.consumers, counts));
      await Promise.race([
        delay(REDRAW_INTERVAL_MS, undefined, { signal }).catch(() => {}),
        // A workload that fails ends the run with its error; one that ends does not.
        ...(feeding === undefined ? [] : [feeding.then(() => new Promise<never>(() => {}))]),
      ]);
    }
    await Promise.all([feeding, sources?.close()]);
    view.close();
    process.stderr.write('\nstopping: what runs is finished first\n');
    await waitForQuiet(run, current.consumers, { timeoutMs: 3_000, activity: () => system.activity(run) });
    view.show(snapshot(run, system, current.consumers, counts));
  } finally {
    await sources?.close();
    await feed?.close();
  }
}

/** Deploys again what changed in the sources. Whatever comes of it, the run goes on, and the view says what it was. */
function followSources(
  run: LocalRun,
  view: LiveView,
  counts: Tally,
  current: { consumers: readonly Consumer[] },
): SourceWatch {
  return watchSources(process.cwd(), async () => {
    const startedAt = Date.now();
    try {
      const changes = await run.update();
      current.consumers = consumersNow(run);
      counts.follow(consumersInAll(run));
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      view.note(`${styleText('green', describeChanges(changes))} (${seconds} s)`);
    } catch (error) {
      view.note(
        `${styleText('red', 'not updated')}, the run goes on as it was\n${describeError(error).trimEnd()}`,
      );
    }
  });
}

/** Of the region that works now. */
function consumersNow(run: LocalRun): readonly Consumer[] {
  return consumersOf(run.topology, run.deployed, run.aws.context.region);
}

function consumersInAll(run: LocalRun): readonly Consumer[] {
  return run.regions.flatMap(({ region, deployed }) =>
    consumersOf(run.topology, deployed.assembly, region.name),
  );
}

function snapshot(
  run: LocalRun,
  system: RunnableSystem,
  consumers: readonly Consumer[],
  counts: Tally,
): LiveSnapshot {
  const sqs = run.aws.context.services.get('sqs');
  const queued = consumers
    .filter(({ carriesEvents }) => carriesEvents)
    .map(({ name, queueArn, deadLetterQueueArn }) => {
      const { visible, inFlight, delayed } = sqs.counts(queueArn);
      const { done, retried } = counts.consumers.get(name) ?? { done: 0, retried: 0 };
      const deadLetters = deadLetterQueueArn === undefined ? 0 : sqs.counts(deadLetterQueueArn).visible;
      return { name, done, waiting: visible + delayed, inFlight, retried, deadLetters };
    });
  const seen = system.seen?.(run);
  return {
    published: seen?.published ?? counts.published(),
    alarms: raisedAlarms(run.aws.context, consumers).map(({ shortName }) => shortName),
    consumers: seen === undefined ? queued : rowsSeen(seen, queued),
  };
}
