/** `waybill start`: the local environment in the embedded AWS, fed with the sample workload, watched live. */
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import { liveView } from '../../local/console/live-view.ts';
import type { LiveSnapshot, LiveView } from '../../local/console/live-view.ts';
import { raisedAlarms } from '../../local/run/alarms.ts';
import { injectChaos, injectedFaults } from '../../local/run/chaos.ts';
import { consumersOf } from '../../local/run/consumers.ts';
import type { Consumer } from '../../local/run/consumers.ts';
import { describeChanges } from '../../local/run/changes.ts';
import { deadLettersOf, watchCutOffs } from '../../local/run/dead-letters.ts';
import { startLocalRun } from '../../local/run/local-run.ts';
import type { LocalRun } from '../../local/run/local-run.ts';
import { noticesOf } from '../../local/run/notices.ts';
import { waitForQuiet } from '../../local/run/quiet.ts';
import { failuresOf, reportOf } from '../../local/run/report.ts';
import { tally } from '../../local/run/tally.ts';
import type { Tally } from '../../local/run/tally.ts';
import { watchSources } from '../../local/run/watch.ts';
import type { SourceWatch } from '../../local/run/watch.ts';
import { createWorkload, measure } from '../../local/workload/index.ts';
import { describeError, EXIT } from '../command-error.ts';

export interface StartOptions {
  readonly port: number;
  readonly env: string;
  readonly once?: boolean;
  readonly events?: number;
  readonly chaos?: boolean;
  readonly seed: number;
  readonly workload: boolean;
  readonly watch: boolean;
  readonly json?: boolean;
}

/** Webhooks of one `--once` run, unless told otherwise. */
const DEFAULT_EVENTS = 500;
/** Webhooks per second: brisk, and below what two cores take, so that delays are the system's and not a queue's. */
const FEED_RATE = 40;
/** Webhooks per second while it is only watched. */
const WATCHED_RATE = 8;
const REDRAW_INTERVAL_MS = 200;
const QUIET_TIMEOUT_MS = 120_000;
/** Alarms are evaluated each minute: what lies in a dead-letter queue has raised its alarm after so long. */
const ALARM_PERIOD_MS = 60_000;
/** Share of webhook deliveries that the tenants' receivers refuse in a chaos run. */
const RECEIVER_FAILURE_RATE = 0.05;
const LOG_FILE = '.waybill/local-run.log';
const RELAY = 'Relay';
const TOKEN_SECRET = 'Token';
const POISONED_CONSUMER = 'webhook-delivery';

export async function start(options: StartOptions): Promise<void> {
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
    port: options.once === true ? 0 : options.port,
    seed: options.seed,
    logFile: LOG_FILE,
  });
  try {
    const consumers = consumersOf(run.topology, run.deployed);
    process.stderr.write(banner(run, consumers, Date.now() - startedAt));
    const counts = tally(run.aws.context, consumers);
    if (options.once === true) await feedOnce(run, consumers, counts, options, interrupted.signal);
    else await watch(run, counts, options, interrupted.signal);
  } finally {
    await run.stop();
  }
  if (interrupted.signal.aborted && options.once === true) process.exitCode = EXIT.interrupted;
}

async function feedOnce(
  run: LocalRun,
  consumers: readonly Consumer[],
  counts: Tally,
  options: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  // A cold start is no part of what a run of the system costs.
  await run.warm;
  const startedAt = Date.now();
  const chaos = options.chaos === true;
  const workload = await createWorkload({
    apiUrl: run.apiUrl,
    tokenSecret: await run.secretValue(TOKEN_SECRET),
    seed: options.seed,
    poison: chaos,
    receiverFailureRate: chaos ? RECEIVER_FAILURE_RATE : 0,
    signal,
  });
  const view = liveView(process.stderr);
  const notices = noticesOf(run);
  const cutOffs = watchCutOffs(run.aws.context);
  const drawing = setInterval(() => {
    for (const notice of notices()) view.note(notice);
    view.show(snapshot(run, consumers, counts));
  }, REDRAW_INTERVAL_MS);
  try {
    if (chaos) injectChaos(run, RELAY);
    const fed = await workload.run({ events: options.events ?? DEFAULT_EVENTS, perSecond: FEED_RATE });
    const { waitingFor } = await waitForQuiet(run, consumers, { timeoutMs: QUIET_TIMEOUT_MS, signal });
    if (signal.aborted) return;
    await run.clock.advance(ALARM_PERIOD_MS);
    const outcome = {
      measured: await measure(run.database, run.topology),
      deadLetters: deadLettersOf(run.aws.context, consumers, cutOffs),
      denials: run.denials(),
      alarms: raisedAlarms(run.aws.context, consumers),
      retried: counts.retried(),
      seconds: (Date.now() - startedAt) / 1000,
      waitingFor,
      unexpectedAnswers: fed.webhooks.unexpected,
      poisoned: chaos ? [POISONED_CONSUMER] : [],
    };
    for (const notice of notices()) view.note(notice);
    view.show(snapshot(run, consumers, counts));
    const report = reportOf(outcome);
    const failures = failuresOf(outcome);
    if (chaos) process.stderr.write(`faults: ${JSON.stringify(injectedFaults(run))}\n`);
    for (const { consumer, reason, eventId, cutOff } of outcome.deadLetters) {
      const crashed = cutOff ? ' (its last receive crashed)' : '';
      process.stderr.write(`dead letter: ${consumer} ${reason}${crashed} ${eventId ?? 'not an envelope'}\n`);
    }
    for (const { shortName, reason } of outcome.alarms)
      process.stderr.write(`in ALARM: ${shortName}: ${reason}\n`);
    for (const failure of failures) process.stderr.write(`${styleText('red', 'failed')}: ${failure}\n`);
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : summary(report, failures));
    if (failures.length > 0) process.exitCode = EXIT.failed;
  } finally {
    clearInterval(drawing);
    view.close();
    await workload.close();
  }
}

async function watch(
  run: LocalRun,
  counts: Tally,
  options: StartOptions,
  signal: AbortSignal,
): Promise<void> {
  const workload = options.workload
    ? await createWorkload({
        apiUrl: run.apiUrl,
        tokenSecret: await run.secretValue(TOKEN_SECRET),
        seed: options.seed,
        signal,
      })
    : undefined;
  if (options.chaos === true) injectChaos(run, RELAY);
  const view = liveView(process.stderr);
  const notices = noticesOf(run);
  const current = { consumers: consumersOf(run.topology, run.deployed) };
  const sources = options.watch ? followSources(run, view, counts, current) : undefined;
  const feeding = workload?.run({ events: Infinity, perSecond: WATCHED_RATE });
  try {
    while (!signal.aborted) {
      for (const notice of notices()) view.note(notice);
      view.show(snapshot(run, current.consumers, counts));
      await Promise.race([
        delay(REDRAW_INTERVAL_MS, undefined, { signal }).catch(() => {}),
        // A workload that fails ends the run with its error; one that ends does not.
        ...(feeding === undefined ? [] : [feeding.then(() => new Promise<never>(() => {}))]),
      ]);
    }
    await Promise.all([feeding, sources?.close()]);
    view.close();
    process.stderr.write('\nstopping: what runs is finished first\n');
    await waitForQuiet(run, current.consumers, { timeoutMs: 3_000 });
    view.show(snapshot(run, current.consumers, counts));
  } finally {
    await sources?.close();
    await workload?.close();
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
      current.consumers = consumersOf(run.topology, run.deployed);
      counts.follow(current.consumers);
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      view.note(`${styleText('green', describeChanges(changes))} (${seconds} s)`);
    } catch (error) {
      view.note(
        `${styleText('red', 'not updated')}, the run goes on as it was\n${describeError(error).trimEnd()}`,
      );
    }
  });
}

function snapshot(run: LocalRun, consumers: readonly Consumer[], counts: Tally): LiveSnapshot {
  const sqs = run.aws.context.services.get('sqs');
  return {
    published: counts.published(),
    alarms: raisedAlarms(run.aws.context, consumers).map(({ shortName }) => shortName),
    consumers: consumers
      .filter(({ carriesEvents }) => carriesEvents)
      .map(({ name, queueArn, deadLetterQueueArn }) => {
        const { visible, inFlight, delayed } = sqs.counts(queueArn);
        const { done, retried } = counts.consumers.get(name) ?? { done: 0, retried: 0 };
        const deadLetters = deadLetterQueueArn === undefined ? 0 : sqs.counts(deadLetterQueueArn).visible;
        return { name, done, waiting: visible + delayed, inFlight, retried, deadLetters };
      }),
  };
}

function banner(run: LocalRun, consumers: readonly Consumer[], milliseconds: number): string {
  const { stacks, resources, notRun, inert } = run.deployed;
  const functions = run.aws.context.services.get('lambda').listFunctions().length;
  const topics = run.deployed.find('AWS::SNS::Topic').length;
  const queues = run.deployed.find('AWS::SQS::Queue').length;
  const byReason = Map.groupBy(inert, ({ reason }) => reason);
  return [
    `${styleText('bold', 'Waybill')}  ready in ${(milliseconds / 1000).toFixed(1)} s`,
    `  environment  ${run.environment}, ${stacks.length} stacks, ${resources.length} resources`,
    `  endpoint     ${run.aws.endpointUrl}   (AWS_ENDPOINT_URL for the CLI and any SDK)`,
    `  API          ${run.apiUrl}`,
    `  database     PostgreSQL on port ${new URL(run.databaseUrl).port}`,
    `  logs         ${LOG_FILE}`,
    `  running      ${topics} topics, ${queues} queues, ${functions} functions, ${consumers.filter(({ carriesEvents }) => carriesEvents).length} consumers`,
    ...notRun.map(
      ({ type, logicalId, reason }) =>
        `  ${styleText('yellow', 'not run')}      ${type} ${logicalId}: ${reason}`,
    ),
    ...[...byReason].map(([reason, left]) => `  left out     ${countTypes(left)}: ${reason}`),
    '',
    '',
  ].join('\n');
}

function countTypes(resources: readonly { readonly type: string }[]): string {
  return [...Map.groupBy(resources, ({ type }) => type.replace('AWS::', ''))]
    .map(([type, group]) => `${group.length} ${type}`)
    .join(', ');
}

function summary(report: ReturnType<typeof reportOf>, failures: readonly string[]): string {
  const { published, retried, deadLettered, lost, latencyMs, seconds } = report;
  const latency =
    latencyMs === null ? '' : `, commit to handler p50 ${latencyMs.p50} ms, p99 ${latencyMs.p99} ms`;
  return (
    `${failures.length === 0 ? styleText('green', 'ok') : styleText('red', 'failed')}: ` +
    `${published} published, ${retried} retried, ${deadLettered} dead-lettered, ${lost} lost, ${seconds.toFixed(1)} s${latency}\n`
  );
}
