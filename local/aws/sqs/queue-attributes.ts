/**
 * The attributes of a queue: which exist, what they may hold, and what a queue makes of them.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */
import { invalidAttributeName, invalidAttributeValue, invalidValue } from './errors.ts';
import {
  MAXIMUM_DELAY_SECONDS,
  MAXIMUM_MESSAGE_BYTES,
  MAXIMUM_POLICY_BYTES,
  MAXIMUM_POLICY_STATEMENTS,
  MAXIMUM_RETENTION_SECONDS,
  MAXIMUM_VISIBILITY_SECONDS,
  MAXIMUM_WAIT_SECONDS,
  MINIMUM_MAXIMUM_MESSAGE_BYTES,
  MINIMUM_RETENTION_SECONDS,
} from './limits.ts';
import {
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type RedriveAllowPolicy,
  type RedrivePolicy,
} from './redrive.ts';

/** The attributes of a queue as the API shows them: strings. */
export type QueueAttributes = Readonly<Record<string, string>>;

/** The same, as the queue works with them. */
export interface QueueSettings {
  readonly visibilitySeconds: number;
  readonly delaySeconds: number;
  readonly retentionSeconds: number;
  readonly waitSeconds: number;
  readonly maximumMessageBytes: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: string;
  readonly redrive: RedrivePolicy | undefined;
  readonly redriveAllow: RedriveAllowPolicy;
}

/** What a queue has when nobody says otherwise. */
const DEFAULTS: QueueAttributes = {
  VisibilityTimeout: '30',
  MaximumMessageSize: String(MAXIMUM_MESSAGE_BYTES),
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
};

/** Seconds a data key is reused, on queues with a key of KMS. SetQueueAttributes */
const DEFAULT_KEY_REUSE = '300';

const FIFO_DEFAULTS: QueueAttributes = {
  ...DEFAULTS,
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};

/** A rule gives the reason why a value is refused, or undefined when it is fine. */
type Rule = (value: string) => string | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  VisibilityTimeout: integer(0, MAXIMUM_VISIBILITY_SECONDS),
  MaximumMessageSize: integer(MINIMUM_MAXIMUM_MESSAGE_BYTES, MAXIMUM_MESSAGE_BYTES),
  MessageRetentionPeriod: integer(MINIMUM_RETENTION_SECONDS, MAXIMUM_RETENTION_SECONDS),
  DelaySeconds: integer(0, MAXIMUM_DELAY_SECONDS),
  ReceiveMessageWaitTimeSeconds: integer(0, MAXIMUM_WAIT_SECONDS),
  KmsDataKeyReusePeriodSeconds: integer(60, 86_400),
  SqsManagedSseEnabled: oneOf('true', 'false'),
  KmsMasterKeyId: () => undefined,
  Policy: policyProblem,
  RedrivePolicy: (value) => problemOf(() => parseRedrivePolicy(value)),
  RedriveAllowPolicy: (value) => problemOf(() => parseRedriveAllowPolicy(value)),
};

const FIFO_RULES: Readonly<Record<string, Rule>> = {
  FifoQueue: oneOf('true'),
  ContentBasedDeduplication: oneOf('true', 'false'),
  DeduplicationScope: oneOf('queue', 'messageGroup'),
  FifoThroughputLimit: oneOf('perQueue', 'perMessageGroupId'),
};

/** Refused with the code of a parameter, not with that of an attribute. */
const REDRIVE_ATTRIBUTES: readonly string[] = ['RedrivePolicy', 'RedriveAllowPolicy'];

/** Attributes a caller may ask for and not set. */
const READ_ONLY_ATTRIBUTES: readonly string[] = [
  'QueueArn',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
];

/** Every attribute GetQueueAttributes knows. */
export function isAttributeName(name: string): boolean {
  return ruleOf(name) !== undefined || READ_ONLY_ATTRIBUTES.includes(name);
}

function ruleOf(name: string): Rule | undefined {
  if (Object.hasOwn(RULES, name)) return RULES[name];
  return Object.hasOwn(FIFO_RULES, name) ? FIFO_RULES[name] : undefined;
}

export function defaultAttributes(fifo: boolean): QueueAttributes {
  return fifo ? FIFO_DEFAULTS : DEFAULTS;
}

/**
 * Checks attributes a caller sets. An empty value takes an optional attribute away. Throws
 * `InvalidAttributeName` or `InvalidAttributeValue`.
 */
export function checkAttributes(given: Readonly<Record<string, unknown>>, fifo: boolean): QueueAttributes {
  const checked: Record<string, string> = {};
  for (const [name, raw] of Object.entries(given)) {
    if (raw === undefined || raw === null) continue;
    const rule = ruleOf(name);
    if (!rule || (!fifo && Object.hasOwn(FIFO_RULES, name))) throw invalidAttributeName(name);
    const value = typeof raw === 'string' ? raw : JSON.stringify(raw);
    const problem = value === '' && isOptional(name) ? undefined : rule(value);
    if (problem !== undefined) {
      throw REDRIVE_ATTRIBUTES.includes(name)
        ? invalidValue(name, value, problem)
        : invalidAttributeValue(name, problem);
    }
    checked[name] = value;
  }
  if (checked['KmsMasterKeyId'] && checked['SqsManagedSseEnabled'] === 'true') {
    throw invalidAttributeValue(
      'SqsManagedSseEnabled',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  return checked;
}

/** Refuses what goes wrong between attributes, once a change is merged. */
function checkTogether(attributes: QueueAttributes): void {
  if (
    attributes['FifoThroughputLimit'] === 'perMessageGroupId' &&
    attributes['DeduplicationScope'] !== 'messageGroup'
  ) {
    throw invalidAttributeValue(
      'FifoThroughputLimit',
      'perMessageGroupId is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
}

/** The attributes after a change: what is set to the empty string is gone. Throws `InvalidAttributeValue`. */
export function mergeAttributes(current: QueueAttributes, change: QueueAttributes): QueueAttributes {
  const merged: Record<string, string> = { ...current, ...change };
  for (const [name, value] of Object.entries(merged)) if (value === '') delete merged[name];
  // A customer key and the service's own key exclude each other; the one set last wins.
  if (change['KmsMasterKeyId']) merged['SqsManagedSseEnabled'] = 'false';
  else if (change['SqsManagedSseEnabled'] === 'true') delete merged['KmsMasterKeyId'];
  if (merged['KmsMasterKeyId']) merged['KmsDataKeyReusePeriodSeconds'] ??= DEFAULT_KEY_REUSE;
  else delete merged['KmsDataKeyReusePeriodSeconds'];
  checkTogether(merged);
  return merged;
}

export function settingsOf(attributes: QueueAttributes): QueueSettings {
  const number = (name: string) => Number(attributes[name] ?? FIFO_DEFAULTS[name]);
  const redrive = attributes['RedrivePolicy'];
  const allow = attributes['RedriveAllowPolicy'];
  return {
    visibilitySeconds: number('VisibilityTimeout'),
    delaySeconds: number('DelaySeconds'),
    retentionSeconds: number('MessageRetentionPeriod'),
    waitSeconds: number('ReceiveMessageWaitTimeSeconds'),
    maximumMessageBytes: number('MaximumMessageSize'),
    contentBasedDeduplication: attributes['ContentBasedDeduplication'] === 'true',
    deduplicationScope: attributes['DeduplicationScope'] ?? 'queue',
    redrive: redrive === undefined ? undefined : parseRedrivePolicy(redrive),
    redriveAllow: allow === undefined ? { permission: 'allowAll' } : parseRedriveAllowPolicy(allow),
  };
}

function isOptional(name: string): boolean {
  return !(name in FIFO_DEFAULTS);
}

function integer(minimum: number, maximum: number): Rule {
  return (value) =>
    /^\d+$/.test(value) && Number(value) >= minimum && Number(value) <= maximum
      ? undefined
      : `Must be an integer from ${minimum} to ${maximum}.`;
}

function oneOf(...allowed: readonly string[]): Rule {
  return (value) => (allowed.includes(value) ? undefined : `Must be ${allowed.join(' or ')}.`);
}

function policyProblem(value: string): string | undefined {
  if (Buffer.byteLength(value) > MAXIMUM_POLICY_BYTES)
    return `A policy has at most ${MAXIMUM_POLICY_BYTES} bytes.`;
  let policy: unknown;
  try {
    policy = JSON.parse(value);
  } catch {
    return 'The policy is not valid JSON.';
  }
  if (!isObject(policy)) return 'The policy is not a JSON object.';
  const statements = Array.isArray(policy['Statement']) ? policy['Statement'] : [policy['Statement']];
  if (!statements.every(isStatement)) {
    return 'A policy needs statements, each with an Effect of Allow or Deny, a Principal and an Action.';
  }
  return statements.length > MAXIMUM_POLICY_STATEMENTS
    ? `A policy has at most ${MAXIMUM_POLICY_STATEMENTS} statements.`
    : undefined;
}

function isStatement(value: unknown): boolean {
  return (
    isObject(value) &&
    (value['Effect'] === 'Allow' || value['Effect'] === 'Deny') &&
    ('Principal' in value || 'NotPrincipal' in value) &&
    ('Action' in value || 'NotAction' in value)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function problemOf(parse: () => unknown): string | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
