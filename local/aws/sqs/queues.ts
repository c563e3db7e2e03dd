/** The queues of this account and Region: created, found, listed, changed and deleted. */
import { hash, randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import {
  invalidAddress,
  invalidParameter,
  queueDeletedRecently,
  queueDoesNotExist,
  queueNameExists,
} from './errors.ts';
import { optionalText, requiredText, wholeNumber, type Input } from './input.ts';
import { createSqsState, type KeptQueue } from './kept.ts';
import { DELETED_NAME_MILLISECONDS, MAXIMUM_LISTED_QUEUES } from './limits.ts';
import {
  checkAttributes,
  defaultAttributes,
  mergeAttributes,
  settingsOf,
  type QueueAttributes,
} from './queue-attributes.ts';
import { createQueue, type Queue } from './queue.ts';
import { checkDeadLetterQueue } from './redrive.ts';

/** A queue with what the account keeps about it. */
export interface QueueRecord {
  readonly queue: Queue;
  /** In the receipt handles of the queue. */
  readonly token: string;
  readonly url: string;
  attributes: QueueAttributes;
  tags: Readonly<Record<string, string>>;
  modifiedAt: number;
  purgedAt: number | undefined;
}

export interface Queues {
  create(name: string, attributes: Input, tags: Readonly<Record<string, string>>): QueueRecord;
  /** By QueueUrl; only the account and the name in its path count, any host will do. Throws QueueDoesNotExist. */
  byUrl(url: string): QueueRecord;
  byName(name: string): QueueRecord;
  byArn(arn: string): QueueRecord | undefined;
  setAttributes(record: QueueRecord, attributes: Input): void;
  /** Call it after a change of the record's own members. */
  keep(record: QueueRecord): void;
  delete(record: QueueRecord): void;
  all(): readonly QueueRecord[];
  /** Queues whose dead-letter queue is `arn`. */
  sourcesOf(arn: string): readonly QueueRecord[];
}

export function createQueues(context: AwsContext): Queues {
  const { clock, region, accountId } = context;
  const state = createSqsState(context);
  const records = new Map<string, QueueRecord>();
  const deletedAt = new Map<string, number>();

  const arnStem = `arn:aws:sqs:${region}:${accountId}:`;
  const byArn = (arn: string): QueueRecord | undefined => {
    return arn.startsWith(arnStem) ? records.get(arn.slice(arnStem.length)) : undefined;
  };

  const byName = (name: string): QueueRecord => {
    const record = records.get(name);
    if (!record) throw queueDoesNotExist();
    return record;
  };

  const open = (name: string, kept: KeptQueue): QueueRecord => {
    const { token, attributes, tags, createdAt, modifiedAt, purgedAt } = kept;
    const record: QueueRecord = {
      queue: createQueue({
        context,
        name,
        arn: arnStem + name,
        settings: settingsOf(attributes),
        createdAt,
        token,
        content: state.content(token),
        keeper: state.keeper(token),
        findQueue: (wanted) => byArn(wanted)?.queue,
      }),
      token,
      get url() {
        return `${context.endpointUrl}/${accountId}/${name}`;
      },
      attributes,
      tags,
      modifiedAt,
      purgedAt,
    };
    records.set(name, record);
    return record;
  };
  const keep = ({ queue, token, attributes, tags, modifiedAt, purgedAt }: QueueRecord): void => {
    const { name, createdAt } = queue;
    state.queues.put(name, { token, attributes, tags, createdAt, modifiedAt, purgedAt });
  };
  for (const [name, kept] of state.queues.entries()) open(name, kept);

  const checkTarget = (attributes: QueueAttributes, source: { arn: string; fifo: boolean }): void => {
    const { RedrivePolicy: policy } = attributes;
    if (!policy) return;
    const { deadLetterTargetArn } = JSON.parse(policy) as { deadLetterTargetArn: string };
    checkDeadLetterQueue(policy, source, byArn(deadLetterTargetArn)?.queue);
  };

  return {
    create(name, given, tags) {
      const fifo = checkName(name, given);
      const attributes = checkAttributes(given, fifo);
      const existing = records.get(name);
      if (existing) {
        for (const [attribute, value] of Object.entries(attributes)) {
          if (!sameValue(attribute, existing.attributes[attribute] ?? '', value))
            throw queueNameExists(attribute);
        }
        return existing;
      }
      const deleted = deletedAt.get(name);
      if (deleted !== undefined && clock.now() - deleted < DELETED_NAME_MILLISECONDS)
        throw queueDeletedRecently();
      checkTarget(attributes, { arn: arnStem + name, fifo });
      const merged = mergeAttributes(defaultAttributes(fifo), attributes);
      const now = clock.now();
      const kept = { token: randomUUID(), attributes: merged, tags, createdAt: now, modifiedAt: now };
      const record = open(name, kept);
      keep(record);
      deletedAt.delete(name);
      return record;
    },
    byName,
    byArn,
    byUrl(url) {
      const [account, name, ...rest] = pathOf(url).split('/').filter(Boolean);
      if (account === undefined || name === undefined || rest.length > 0) throw invalidAddress(url);
      if (account !== accountId) throw queueDoesNotExist();
      return byName(name);
    },
    setAttributes(record, given) {
      const { queue } = record;
      const change = checkAttributes(given, queue.fifo);
      if ('FifoQueue' in change && !queue.fifo)
        throw invalidParameter('FifoQueue can only be set on creation.');
      checkTarget(change, queue);
      record.attributes = mergeAttributes(record.attributes, change);
      record.modifiedAt = clock.now();
      queue.configure(settingsOf(record.attributes));
      keep(record);
    },
    keep,
    delete(record) {
      const { queue } = record;
      records.delete(queue.name);
      state.queues.delete(queue.name);
      state.forget(record.token);
      queue.discard();
      deletedAt.set(queue.name, clock.now());
      queue.close();
    },
    all: () => [...records.values()],
    sourcesOf: (arn) =>
      [...records.values()].filter(({ queue }) => queue.settings.redrive?.targetArn === arn),
  };
}

/** One page of queue URLs; there is a next page only for callers that set MaxResults. */
export function pageOfQueueUrls(
  records: readonly QueueRecord[],
  input: Input,
): { readonly urls: readonly string[]; readonly nextToken: string | undefined } {
  const maxResults = wholeNumber(input, 'MaxResults', 1, MAXIMUM_LISTED_QUEUES, undefined);
  const token = optionalText(input, 'NextToken');
  if (token !== undefined && maxResults === undefined) {
    throw invalidParameter('MaxResults is a mandatory parameter when you provide a value for NextToken.');
  }
  const after = token === undefined ? '' : Buffer.from(token, 'base64').toString('utf8');
  const sorted = records
    .filter(({ queue }) => queue.name > after)
    .toSorted((a, b) => (a.queue.name < b.queue.name ? -1 : 1));
  const page = sorted.slice(0, maxResults ?? MAXIMUM_LISTED_QUEUES);
  const last = page.at(-1);
  const more = maxResults !== undefined && last !== undefined && sorted.length > page.length;
  return {
    urls: page.map(({ url }) => url),
    nextToken: more ? Buffer.from(last.queue.name).toString('base64') : undefined,
  };
}

/** The queue attributes a caller asks for, live counts included. */
export function shownAttributes(
  { queue, attributes, modifiedAt }: QueueRecord,
  names: readonly string[],
): Record<string, string> {
  const counts = queue.counts();
  const seconds = (milliseconds: number) => String(Math.floor(milliseconds / 1000));
  const all: Record<string, string> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
    CreatedTimestamp: seconds(queue.createdAt),
    LastModifiedTimestamp: seconds(modifiedAt),
    ...attributes,
  };
  if (names.includes('All')) return all;
  const entries = names.map((name) => [name, all[name]] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The queue that a request is about. */
export function requestedQueue(queues: Queues, input: Input): QueueRecord {
  return queues.byUrl(requiredText(input, 'QueueUrl'));
}

/** What AWS shows as SenderId for a caller: an id, not its name. */
export function senderIdOf(callerArn: string): string {
  let id = senderIds.get(callerArn);
  if (id === undefined) {
    id = `AIDA${hash('sha256', callerArn, 'hex').slice(0, 17).toUpperCase()}`;
    if (senderIds.size < MAXIMUM_REMEMBERED_SENDERS) senderIds.set(callerArn, id);
  }
  return id;
}

/** Ids are made of the ARN alone, so they can be shared by all queues. */
const senderIds = new Map<string, string>();
const MAXIMUM_REMEMBERED_SENDERS = 1000;

function checkName(name: string, attributes: Input): boolean {
  const asksForFifo = String(attributes['FifoQueue']) === 'true';
  const hasSuffix = name.endsWith('.fifo');
  if (asksForFifo && !hasSuffix) {
    throw invalidParameter(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.',
    );
  }
  const stem = asksForFifo ? name.slice(0, -'.fifo'.length) : name;
  if (!/^[A-Za-z0-9_-]+$/.test(stem) || name.length > 80) {
    throw invalidParameter(
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    );
  }
  return asksForFifo;
}

function sameValue(attribute: string, existing: string, given: string): boolean {
  if (existing === given) return true;
  if (!['Policy', 'RedrivePolicy', 'RedriveAllowPolicy'].includes(attribute) || existing === '') return false;
  return JSON.stringify(JSON.parse(existing)) === JSON.stringify(JSON.parse(given || 'null'));
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname;
  } catch {
    throw invalidAddress(url);
  }
}
