/** The outcome of a jobs run: one JSON object, and everything that makes it a failure. */
import { MOVED_BY_SQS } from '../../run/dead-letters.ts';
import type { Observed } from '../../run/systems/system.ts';
import type { JobRow, JobsMeasure } from './measure.ts';
import { NOISY_TENANT, STATUS_OF_FATE } from './plan.ts';
import type { SeenJob, TakenJob } from './workload.ts';

export interface JobsOutcome extends Observed, JobsMeasure {
  /** The jobs that the API took. */
  readonly taken: readonly TakenJob[];
  /** Each as its owner sees it at the end. */
  readonly seen: ReadonlyMap<string, SeenJob | undefined>;
  /** Ends that functions have written, as they counted them themselves. */
  readonly endsWritten: number;
  readonly setbacks: readonly string[];
  readonly unexpectedAnswers: Readonly<Record<string, number>>;
  /** Bad requests that were refused as they should be. */
  readonly refused: number;
  /** Jobs that were at work when all workers were killed; undefined where none was. */
  readonly killedAtWork: number | undefined;
  /** Requests that were sent again because SQS had dead-lettered them before their job had ended. */
  readonly redriven: number;
  /** Messages that nobody can read, on purpose: that many dead letters more. */
  readonly unreadable: number;
}

/** Milliseconds from when the API took the job to its end. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

const ENDS = ['succeeded', 'failed', 'cancelled', 'timed-out'] as const;
const isEnd = (status: string): boolean => (ENDS as readonly string[]).includes(status);
/** The reasons why a message of a job may be dead-lettered: a model that answered nonsense. */
const POISON_REASON = 'PERMANENT_ERROR';
const UNREADABLE_REASON = 'WAYBILL_ENVELOPE_NOT_JSON';

export function jobsReport(outcome: JobsOutcome): object {
  const { rows, taken, deadLetters, denials, alarms, retried, seconds } = outcome;
  const sum = (of: (row: JobRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    jobs: {
      accepted: taken.length,
      ...Object.fromEntries(ENDS.map((end) => [end, rows.filter(({ status }) => status === end).length])),
      open: rows.filter(({ status }) => !isEnd(status)).length,
      lost: lostJobs(outcome).length,
      endedTwice: endedTwice(outcome),
    },
    attempts: sum(({ attempt }) => attempt),
    retries: sum(({ attempt }) => Math.max(0, attempt - 1)),
    modelFailures: sum(({ failures }) => failures),
    duplicates: sum(({ duplicates }) => duplicates),
    cancellations: {
      asked: taken.filter(({ cancelAnswer }) => cancelAnswer !== undefined).length,
      tooLate: taken.filter(({ cancelAnswer }) => cancelAnswer === 409).length,
    },
    killedAtWork: outcome.killedAtWork ?? 0,
    interrupted: interruptedOf(rows),
    refused: outcome.refused,
    placesLeft: Object.values(outcome.running).reduce((total, count) => total + count, 0),
    redriven: outcome.redriven,
    retried,
    deadLettered: deadLetters.length,
    denied: denials.reduce((total, { times }) => total + times, 0),
    alarms: alarms.map(({ name }) => name),
    latencyMs: latencyOf(answered(outcome)),
    fairness: fairnessOf(outcome),
    seconds,
  };
}

/**
 * How long those wait who ask for little, beside one who asks for most: far below 1 where the queue is fair, 1 where all
 * wait alike.
 */
export function fairnessOf(outcome: Pick<JobsOutcome, 'rows' | 'taken'>): {
  readonly noisy: Latency | null;
  readonly quiet: Latency | null;
  readonly ratio: number | null;
} {
  const rows = answered(outcome);
  const noisy = latencyOf(rows.filter(({ tenantId }) => tenantId === NOISY_TENANT));
  const quiet = latencyOf(rows.filter(({ tenantId }) => tenantId !== NOISY_TENANT));
  const ratio =
    noisy === null || quiet === null || noisy.p50 === 0
      ? null
      : Math.round((100 * quiet.p50) / noisy.p50) / 100;
  return { noisy, quiet, ratio };
}

/** Of jobs that simply ran: others wait on purpose. */
function answered({ rows, taken }: Pick<JobsOutcome, 'rows' | 'taken'>): readonly JobRow[] {
  const plain = new Set(taken.filter(({ fate }) => fate === 'answered').map(({ jobId }) => jobId));
  return rows.filter(({ jobId }) => plain.has(jobId));
}

/** Nearest rank. Null of none. */
function latencyOf(rows: readonly JobRow[]): Latency | null {
  const sorted = rows
    .flatMap(({ createdAt, endedAt }) => (endedAt === undefined ? [] : [endedAt - createdAt]))
    .toSorted((left, right) => left - right);
  if (sorted.length === 0) return null;
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50: at(0.5), p99: at(0.99), count: sorted.length };
}

export function jobsSummary(outcome: JobsOutcome): string {
  const { rows, taken, seconds, killedAtWork } = outcome;
  const ended = ENDS.flatMap((end) => {
    const count = rows.filter(({ status }) => status === end).length;
    return count === 0 ? [] : [`${count} ${end}`];
  });
  const retries = rows.reduce((total, { attempt }) => total + Math.max(0, attempt - 1), 0);
  const duplicates = rows.reduce((total, row) => total + row.duplicates, 0);
  const latency = latencyOf(answered(outcome));
  const { ratio } = fairnessOf(outcome);
  return [
    `${taken.length} jobs: ${ended.join(', ')}`,
    `${retries} tried again, ${duplicates} duplicates`,
    ...(killedAtWork === undefined
      ? []
      : [`killed with ${killedAtWork} jobs at work, ${interruptedOf(rows)} attempts interrupted`]),
    `${outcome.deadLetters.length} dead-lettered`,
    `${seconds.toFixed(1)} s`,
    ...(latency === null
      ? []
      : [`accepted to ended p50 ${latency.p50.toFixed(0)} ms, p99 ${latency.p99.toFixed(0)} ms`]),
    ...(ratio === null ? [] : [`quiet tenants wait ${ratio} of the noisy one`]),
  ].join('; ');
}

/** Every reason why the run is not a success, in words; empty when it is one. */
export function jobsFailures(outcome: JobsOutcome): string[] {
  const { taken, rows, denials, waitingFor, running, unexpectedAnswers } = outcome;
  const byId = new Map(rows.map((row) => [row.jobId, row]));
  const failures = [
    ...denials.map(
      ({ principal, action, resourceArn, times }) =>
        `${principal} was denied ${action} on ${resourceArn}, ${times} times`,
    ),
    ...(waitingFor.length > 0 ? [`not quiet in time, still waiting for ${waitingFor.join(', ')}`] : []),
    ...(taken.length === 0 ? ['no job was taken'] : []),
    ...lostJobs(outcome).map(({ jobId }) => `job ${jobId} was taken by the API and is in no row`),
    ...taken.flatMap((job) => jobFailures(job, byId.get(job.jobId), outcome)),
    ...outcome.setbacks,
    ...Object.entries(running)
      .filter(([, count]) => count !== 0)
      .map(([tenantId, count]) => `${tenantId} has ${count} places taken, and nothing runs`),
    ...Object.entries(unexpectedAnswers).map(
      ([answer, count]) => `the API answered what the workload did not expect, ${count} times: ${answer}`,
    ),
    ...deadLetterFailures(outcome),
  ];
  if (outcome.killedAtWork === 0) failures.push('no job was at work when the workers were to be killed');
  const twice = endedTwice(outcome);
  if (twice > 0) failures.push(`${twice} ends were written over others`);
  const known = new Set(taken.map(({ jobId }) => jobId));
  const foreign = rows.filter(({ jobId }) => !known.has(jobId));
  if (foreign.length > 0) {
    failures.push(`${foreign.length} jobs are in rows that nobody asked for, such as ${foreign[0]!.jobId}`);
  }
  return failures;
}

/** Attempts that neither ended nor failed: their worker died. Of the jobs' last attempts one has ended. */
function interruptedOf(rows: readonly JobRow[]): number {
  return rows.reduce((total, { attempt, failures }) => total + Math.max(0, attempt - 1 - failures), 0);
}

function lostJobs({ taken, rows }: Pick<JobsOutcome, 'taken' | 'rows'>): readonly TakenJob[] {
  const known = new Set(rows.map(({ jobId }) => jobId));
  return taken.filter(({ jobId }) => !known.has(jobId));
}

/** Functions count each end that they write. A killed one may have counted less, never more than there are jobs. */
function endedTwice({ endsWritten, rows }: Pick<JobsOutcome, 'endsWritten' | 'rows'>): number {
  return Math.max(0, endsWritten - rows.filter(({ status }) => isEnd(status)).length);
}

function jobFailures(job: TakenJob, row: JobRow | undefined, { seen }: JobsOutcome): string[] {
  if (row === undefined) return [];
  const failures: string[] = [];
  const shown = seen.get(job.jobId);
  if (shown?.status !== row.status) {
    failures.push(`job ${job.jobId} is ${row.status}, and its owner is told ${shown?.status ?? 'nothing'}`);
  }
  if (!isEnd(row.status)) return [...failures, `job ${job.jobId} has not ended: it is ${row.status}`];
  if (row.open) failures.push(`job ${job.jobId} has ended, and is among those that have not`);
  // Too late to cancel: it ended as it would have.
  const wanted =
    job.cancelAnswer === 409 && row.status === 'succeeded' ? 'succeeded' : STATUS_OF_FATE[job.fate];
  if (row.status !== wanted) {
    const why = row.errorCode === undefined ? '' : ` (${row.errorCode})`;
    failures.push(
      `job ${job.jobId} (${job.fate}) should have ended as ${wanted}, and is ${row.status}${why}`,
    );
  }
  if ((row.status === 'succeeded') !== row.hasResult) {
    failures.push(`job ${job.jobId} is ${row.status}, and has ${row.hasResult ? 'a' : 'no'} result`);
  }
  if (job.fate === 'retried' && row.status === 'succeeded' && row.attempt < 2) {
    failures.push(`job ${job.jobId} should have been tried again, and was not`);
  }
  if (job.fate === 'repeated' && row.duplicates === 0) {
    failures.push(`job ${job.jobId} was sent twice, and no duplicate was counted`);
  }
  return failures;
}

/**
 * One for each job with a poisoned answer, one for each unreadable message, and none besides, but for what SQS has moved by
 * itself in a chaos run: three receives are soon over where workers are killed, acknowledgements fail and messages come
 * twice. That each of these jobs has ended all the same is judged job by job.
 */
function deadLetterFailures({ deadLetters, taken, unreadable, killedAtWork }: JobsOutcome): string[] {
  const poisoned = taken.filter(({ fate }) => fate === 'poison').length;
  const of = (reason: string) => deadLetters.filter((letter) => letter.reason === reason);
  const failures: string[] = [];
  const eventIds = new Set(of(POISON_REASON).map(({ eventId }) => eventId));
  if (eventIds.size !== poisoned) {
    failures.push(
      `${poisoned} jobs had an answer that is none, and ${eventIds.size} messages were kept for it`,
    );
  }
  if (of(UNREADABLE_REASON).length < unreadable) {
    failures.push(`${unreadable} messages can not be read, and ${of(UNREADABLE_REASON).length} were kept`);
  }
  const isChaos = killedAtWork !== undefined;
  for (const { consumer, reason, eventId } of deadLetters) {
    if (reason === POISON_REASON || reason === UNREADABLE_REASON) continue;
    if (reason === MOVED_BY_SQS && (isChaos || eventIds.has(eventId))) continue;
    failures.push(`${consumer} has a dead letter that nobody provoked: ${reason} ${eventId ?? ''}`);
  }
  return failures;
}
