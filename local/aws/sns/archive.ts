/**
 * The archive of a FIFO topic, and its replay to one subscription. sns/latest/dg/fifo-message-archiving-replay.html
 */
import type { AwsContext } from '../context.ts';
import { invalidParameter } from './errors.ts';
import type { Message, Subscription, Topic } from './model.ts';
import type { SnsState } from './state.ts';

const DAY_MS = 86_400_000;
/** Days that an archive may keep messages. */
const RETENTION_DAYS = { from: 1, to: 365 } as const;

/** The part of an archive that a replay policy asks for, in milliseconds since the epoch, ends included. */
export interface ReplayWindow {
  readonly from: number;
  readonly to: number;
}

/** Refuses an archive policy that SNS refuses. */
export function checkArchivePolicy(text: string): void {
  const { from, to } = RETENTION_DAYS;
  const days = retentionDays(text);
  if (!Number.isInteger(days) || days < from || days > to) {
    throw invalidParameter(`ArchivePolicy: MessageRetentionPeriod must be from ${from} to ${to} days`);
  }
}

/** Keeps a message when its topic has an archive. */
export function archiveMessage(context: AwsContext, state: SnsState, topic: Topic, message: Message): void {
  if (!topic.attributes.has('ArchivePolicy')) return;
  topic.archive.push(message);
  state.saveArchived(topic, message);
  forgetExpired(context, state, topic);
}

/** Changes with the archive policy: what was kept goes when the archive does. */
export function applyArchivePolicy(context: AwsContext, state: SnsState, topic: Topic): void {
  if (!topic.attributes.has('ArchivePolicy')) {
    for (const message of topic.archive.splice(0)) state.forgetArchived(topic, message);
    topic.archivedSince = undefined;
    return;
  }
  topic.archivedSince ??= context.clock.now();
  forgetExpired(context, state, topic);
}

/** The window of a replay policy. Throws what SNS answers to one it refuses; `context` goes before the reason. */
export function readReplayPolicy(
  text: string,
  topic: Topic,
  context: '' | 'Attributes Reason: ' = '',
): ReplayWindow {
  const refuse = (reason: string) => invalidParameter(`${context}ReplayPolicy: ${reason}`);
  if (!topic.attributes.has('ArchivePolicy')) throw refuse('the topic has no archive');
  const policy = parse(text);
  if (!policy) throw refuse('failed to parse JSON.');
  if (policy['PointType'] !== 'Timestamp') throw refuse('PointType must be Timestamp');
  const from = time(policy['StartingPoint']);
  const to = policy['EndingPoint'] === undefined ? Infinity : time(policy['EndingPoint']);
  if (Number.isNaN(from)) throw refuse('StartingPoint must be a time');
  if (Number.isNaN(to) || to < from) throw refuse('EndingPoint must be a time after StartingPoint');
  return { from, to };
}

/** The archived messages of a window, in the order they were published, marked as replayed. */
export function replayedMessages(
  context: AwsContext,
  state: SnsState,
  topic: Topic,
  window: ReplayWindow,
): readonly Message[] {
  forgetExpired(context, state, topic);
  return topic.archive
    .filter(({ timestamp }) => {
      const at = Date.parse(timestamp);
      return at >= window.from && at <= window.to;
    })
    .map((message) => ({ ...message, replayed: true }));
}

/** What GetSubscriptionAttributes says of a subscription's replay. */
export function replayAttributes({ replayStatus }: Subscription): Record<string, string> {
  return replayStatus === undefined ? {} : { ReplayStatus: replayStatus };
}

function forgetExpired(context: AwsContext, state: SnsState, topic: Topic): void {
  const policy = topic.attributes.get('ArchivePolicy');
  if (policy === undefined) return;
  const oldest = context.clock.now() - retentionDays(policy) * DAY_MS;
  const kept = topic.archive.findIndex(({ timestamp }) => Date.parse(timestamp) >= oldest);
  const expired = topic.archive.splice(0, kept < 0 ? topic.archive.length : kept);
  for (const message of expired) state.forgetArchived(topic, message);
}

function retentionDays(policy: string): number {
  const days = parse(policy)?.['MessageRetentionPeriod'];
  return typeof days === 'number' || typeof days === 'string' ? Number(days) : NaN;
}

function time(value: unknown): number {
  return typeof value === 'string' ? Date.parse(value) : NaN;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
