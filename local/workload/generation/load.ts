/**
 * The load test of the generation system: thousands of simulated browsers in child processes, notifications while all are
 * connected, while all are cut off, and when all are back. In the end each has everything, or the run says what not.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CATCH_UP_MS, HEARTBEAT_MS, HEARTBEAT_PONG_MS } from '../../../browser/notifications/client.ts';
import { GenerationComplete } from '../../../catalog/generation/index.ts';
import { createEnvelope, orderingKeyOf } from '../../../lib/contracts/index.ts';
import { rootCaller } from '../../aws/index.ts';
import type { LocalRun } from '../../run/local-run.ts';
import { webSocketUrlOf } from '../../run/systems/generation.ts';
import { sampleTenantId } from '../tenants.ts';
import type { LoadCommand, LoadProcessReport } from './load-process.ts';

export interface PushLoadOptions {
  /** @default 5000 */
  readonly clients?: number;
  readonly signal: AbortSignal;
  readonly note?: (text: string) => void;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

export interface PushLoadReport {
  readonly clients: number;
  readonly users: number;
  /** Seconds until all were connected and had seen what there was, at first and after all were cut off. */
  readonly connectSeconds: number;
  readonly reconnectSeconds: number;
  readonly connections: number;
  /** Notifications that were published, and what the clients should have and did receive of them. */
  readonly published: number;
  readonly expected: number;
  readonly delivered: number;
  readonly duplicates: number;
  /** From publishing to the topic to the browser, while all are connected. */
  readonly liveMs: Latency | null;
  /** Of these, pushes that did not arrive and that clients asked for, after the next one or after a ping. */
  readonly liveAskedFor: number;
  /** The same of what came while they were cut off: that includes the time of connecting again. */
  readonly resumedMs: Latency | null;
  /** Of all children together, and of the process with the embedded AWS. */
  readonly clientMegabytes: number;
  readonly runMegabytes: number;
  readonly lost: number;
  /** Of the machine, the one-minute average before the test. */
  readonly machineLoad: number;
}

const DEFAULT_CLIENTS = 5_000;
/** Tabs of each user. */
const TABS = 5;
const CLIENTS_OF_A_PROCESS = 1_250;
/** Of each process: what two cores answer without a handshake timing out. */
const CONNECTING = 6;
/** Users that are told something while all are connected, in each of two phases. */
const TOLD_LIVE = 200;
/** Notifications a second: below what two cores take, so that the delay is the system's and not a queue's. */
const PER_SECOND = 10;
const BATCH = 10;
const LOOK = 1_000;
/** Milliseconds that nothing may come before the run gives up: longer than a client takes to find out what it lacks. */
const STALLED = HEARTBEAT_MS + HEARTBEAT_PONG_MS + CATCH_UP_MS;
const MEGABYTE = 1_048_576;

/** @returns `lost` is what makes the run a failure */
export async function runLoad(run: LocalRun, options: PushLoadOptions): Promise<PushLoadReport> {
  const { clients: count = DEFAULT_CLIENTS, signal, note = () => {} } = options;
  const machineLoad = loadavg()[0]!;
  await run.warm;
  const users = Math.ceil(count / TABS);
  const cursors = Array.from({ length: users }, () => 0);
  const children = await startClients(run, count, users);
  try {
    const all = (): Promise<readonly LoadProcessReport[]> => Promise.all(children.map(reportOf));
    const watch = (what: string) => settled(all, cursors, { what, note, signal });
    const first = await watch('connecting');
    note(`${count} clients of ${users} users are connected after ${first.seconds.toFixed(1)} s`);

    const sampled = Math.min(users, TOLD_LIVE);
    let published = await publish(run, cursors, sampled, PER_SECOND, signal);
    const live = await watch('live');

    for (const child of children) send(child, { type: 'cut' });
    published += await publish(run, cursors, users, Infinity, signal);
    const resumed = await watch('connecting again');
    note(`all are back after ${resumed.seconds.toFixed(1)} s`);

    published += await publish(run, cursors, sampled, PER_SECOND, signal);
    const again = await watch('live again');

    const states = again.reports.flatMap((report) => report.clients);
    const expected = states.reduce((sum, { user }) => sum + cursors[user]!, 0);
    const delivered = states.reduce((sum, { cursor }) => sum + cursor, 0);
    return {
      clients: states.length,
      users,
      connectSeconds: first.seconds,
      reconnectSeconds: resumed.seconds,
      connections: states.reduce((sum, { connections }) => sum + connections, 0),
      published,
      expected,
      delivered,
      duplicates: states.reduce((sum, { duplicates }) => sum + duplicates, 0),
      liveMs: latencyOf([...live.latencies, ...again.latencies]),
      liveAskedFor: live.missed + again.missed,
      resumedMs: latencyOf(resumed.latencies),
      clientMegabytes: Math.round(
        again.reports.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / MEGABYTE,
      ),
      runMegabytes: Math.round(process.memoryUsage().rss / MEGABYTE),
      lost: states.reduce((sum, { user, cursor }) => sum + Math.abs(cursors[user]! - cursor), 0),
      machineLoad,
    };
  } finally {
    for (const child of children) if (child.connected) send(child, { type: 'end' });
  }
}

async function startClients(run: LocalRun, count: number, users: number): Promise<readonly ChildProcess[]> {
  const url = webSocketUrlOf(run);
  const ticketSecret = await run.secretValue('TicketSecret');
  const clients = Array.from({ length: count }, (_, index) => ({
    user: index % users,
    ...userAt(index % users),
  }));
  const children: ChildProcess[] = [];
  for (let from = 0; from < count; from += CLIENTS_OF_A_PROCESS) {
    const child = fork(fileURLToPath(new URL('load-process.ts', import.meta.url)), { stdio: 'inherit' });
    child.setMaxListeners(0);
    send(child, {
      type: 'start',
      url,
      ticketSecret,
      clients: clients.slice(from, from + CLIENTS_OF_A_PROCESS),
      connecting: CONNECTING,
    });
    children.push(child);
  }
  return children;
}

const userAt = (user: number) => ({ tenantId: sampleTenantId(user % 3), userId: `usr_load_${user}` });

/** One that is gone is noticed by the next report. */
function send(child: ChildProcess, command: LoadCommand): void {
  child.send(command, () => {});
}

async function reportOf(child: ChildProcess): Promise<LoadProcessReport> {
  const isOver = new AbortController();
  const { signal } = isOver;
  const gone = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a process with simulated browsers ended with code ${String(code)}`);
  });
  try {
    const answered = once(child, 'message', { signal });
    send(child, { type: 'report' });
    const [report] = (await Promise.race([answered, gone])) as [LoadProcessReport];
    return report;
  } finally {
    isOver.abort();
  }
}

/** Tells the first users one thing more, each. Straight to the topic: what makes the events is not under test here. */
async function publish(
  run: LocalRun,
  cursors: number[],
  users: number,
  perSecond: number,
  signal: AbortSignal,
): Promise<number> {
  const topic = run.deployed
    .find('AWS::SNS::Topic')
    .find(({ physicalId }) => physicalId.endsWith('generation-complete.fifo'));
  for (let from = 0; from < users && !signal.aborted; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, users - from) }, (_, index) => entryOf(from + index));
    const answer = (await run.aws.services.sns.handle(
      'PublishBatch',
      { TopicArn: topic?.physicalId, PublishBatchRequestEntries: batch },
      rootCaller(run.aws.context),
    )) as { readonly Failed?: readonly unknown[] };
    if ((answer.Failed ?? []).length > 0)
      throw new Error('the topic refused a notification of the load test');
    for (let index = 0; index < batch.length; index += 1) cursors[from + index]! += 1;
    if (Number.isFinite(perSecond)) await delay((batch.length / perSecond) * 1000);
  }
  return users;
}

function entryOf(user: number): object {
  const { tenantId, userId } = userAt(user);
  const at = new Date().toISOString();
  const envelope = createEnvelope(GenerationComplete, {
    tenantId,
    data: {
      generationId: `gen_load_${user}`,
      userId,
      prompt: 'A load test',
      status: 'COMPLETE',
      imageUrl: 'https://images.example.com/load.png',
      imageHeight: 768,
      imageWidth: 1024,
      coreModel: 'load',
      createdAt: at,
      updatedAt: at,
    },
  });
  const attributes = { eventType: envelope.eventType, eventVersion: '1.0', tenantId, priority: 'normal' };
  return {
    Id: String(user),
    Message: JSON.stringify(envelope),
    MessageGroupId: orderingKeyOf(GenerationComplete, envelope),
    MessageDeduplicationId: envelope.eventId,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  };
}

interface Settled {
  readonly seconds: number;
  readonly reports: readonly LoadProcessReport[];
  readonly latencies: readonly number[];
  readonly missed: number;
}

/** Until every client is connected and has everything, or nothing moves any more. */
async function settled(
  all: () => Promise<readonly LoadProcessReport[]>,
  cursors: readonly number[],
  {
    what,
    note,
    signal,
  }: { readonly what: string; readonly note: (text: string) => void; readonly signal: AbortSignal },
): Promise<Settled> {
  const startedAt = Date.now();
  const latencies: number[] = [];
  let missed = 0;
  let movedAt = Date.now();
  let best = -1;
  let noted = 0;
  for (;;) {
    const reports = await all();
    for (const report of reports) {
      latencies.push(...report.latencies);
      missed += report.missed;
    }
    const states = reports.flatMap((report) => report.clients);
    const ready = states.filter(({ user, cursor, isLive }) => isLive && cursor === cursors[user]).length;
    const progress = ready + states.reduce((sum, { cursor, connections }) => sum + cursor + connections, 0);
    if (progress > best) movedAt = Date.now();
    best = Math.max(best, progress);
    const seconds = (Date.now() - startedAt) / 1000;
    if (ready === states.length || signal.aborted || Date.now() - movedAt > STALLED)
      return { seconds, reports, latencies, missed };
    if (seconds - noted > 10) {
      noted = seconds;
      note(`${what}: ${ready} of ${states.length} clients have everything`);
    }
    await delay(LOOK);
  }
}

function latencyOf(values: readonly number[]): Latency | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1)!, count: sorted.length };
}
