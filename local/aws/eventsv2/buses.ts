/** Buses: the actions on them, their policies and tags. */
import type { AwsContext } from '../context.ts';
import { serviceCaller } from '../context.ts';
import { isRecord, parseObject } from '../json.ts';
import { keyUse } from '../iam/key-use.ts';
import {
  alreadyExists,
  invalidInput,
  inUse,
  limitExceeded,
  notFound,
  policyTooLong,
  publicPolicy,
} from './errors.ts';
import {
  type Input,
  optionalText,
  pageOf,
  record,
  requiredName,
  requiredText,
  tagsOf,
  wholeNumber,
} from './input.ts';
import { MAX_BUSES, MAX_POLICY_BYTES, RETENTION_DAYS } from './limits.ts';
import type { CustomEventBus } from './model.ts';
import { type EventsV2State, existingBus } from './state.ts';

export const SERVICE_PRINCIPAL = 'events.amazonaws.com';
/** eb-custom-bus-encryption.html: what the service does with the key of a bus on its own behalf. */
const SERVICE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
const DAY_MS = 86_400_000;

export function createEventBus(context: AwsContext, state: EventsV2State, input: Input) {
  const name = requiredName(input);
  const taken = [...state.buses.values()].some((bus) => bus.name === name);
  if (taken) throw alreadyExists(`Event bus ${name} already exists.`);
  if (state.buses.size >= MAX_BUSES) {
    throw limitExceeded(`The account has ${MAX_BUSES} event buses, which is its quota.`);
  }
  const now = context.clock.now();
  const bus: CustomEventBus = {
    name,
    arn: state.newArn('event-busv2', name),
    createdAt: now,
    modifiedAt: now,
    description: optionalText(input, 'Description'),
    retentionDays: retentionOf(input) ?? RETENTION_DAYS.default,
    kmsKeyArn: undefined,
    policy: undefined,
    tags: tagsOf(input),
    lastSequence: 0,
    events: [],
  };
  bus.kmsKeyArn = usableKey(context, bus, input);
  state.buses.set(bus.arn, bus);
  state.saveBus(bus);
  return summaryOf(context, bus);
}

export function updateEventBus(context: AwsContext, state: EventsV2State, input: Input) {
  const bus = existingBus(state, requiredText(input, 'EventBusArn'));
  if (input['EncryptionConfiguration'] !== undefined) bus.kmsKeyArn = usableKey(context, bus, input);
  bus.description = optionalText(input, 'Description') ?? bus.description;
  bus.retentionDays = retentionOf(input) ?? bus.retentionDays;
  bus.modifiedAt = context.clock.now();
  state.saveBus(bus);
  return summaryOf(context, bus);
}

export function describeEventBus(context: AwsContext, state: EventsV2State, input: Input) {
  return summaryOf(context, existingBus(state, requiredText(input, 'EventBusArn')));
}

export function listEventBuses(context: AwsContext, state: EventsV2State, input: Input) {
  const { items, next } = pageOf([...state.buses.values()], input);
  const EventBuses = items.map((bus) => ({
    Name: bus.name,
    EventBusArn: bus.arn,
    ...(bus.description === undefined ? {} : { Description: bus.description }),
    ...times(bus),
    State: 'ACTIVE',
    EventBusAccountId: context.accountId,
  }));
  return { EventBuses, ...next };
}

export function deleteEventBus(state: EventsV2State, input: Input) {
  const bus = existingBus(state, requiredText(input, 'EventBusArn'));
  if ([...state.subscribers.values()].some(({ busArn }) => busArn === bus.arn)) {
    throw inUse(`Event bus ${bus.arn} has subscribers: delete them first.`);
  }
  state.deleteBus(bus);
  return {};
}

export function putResourcePolicy(state: EventsV2State, input: Input) {
  const bus = existingBus(state, requiredText(input, 'ResourceArn'));
  const policy = requiredText(input, 'PolicyDocument');
  if (Buffer.byteLength(policy) > MAX_POLICY_BYTES) throw policyTooLong();
  const document = parseObject(policy);
  if (!document) throw invalidInput('PolicyDocument is not a JSON object.');
  if (isPublic(document)) throw publicPolicy();
  bus.policy = policy;
  state.saveBus(bus);
  return { ResourceArn: bus.arn, PolicyName: 'default', RevisionId: revisionOf(policy) };
}

export function getResourcePolicy(state: EventsV2State, input: Input) {
  const { arn, policy } = existingBus(state, requiredText(input, 'ResourceArn'));
  if (policy === undefined) throw notFound(`Event bus ${arn} has no policy named default.`);
  return { ResourceArn: arn, PolicyDocument: policy, PolicyName: 'default', RevisionId: revisionOf(policy) };
}

export function deleteResourcePolicy(state: EventsV2State, input: Input) {
  const bus = existingBus(state, requiredText(input, 'ResourceArn'));
  bus.policy = undefined;
  state.saveBus(bus);
  return {};
}

/** When the oldest events that are still there came in: what is older than the retention is forgotten. */
export function retentionStart(context: AwsContext, bus: CustomEventBus): number {
  return Math.max(bus.createdAt, context.clock.now() - bus.retentionDays * DAY_MS);
}

function summaryOf(context: AwsContext, bus: CustomEventBus) {
  return {
    EventBusArn: bus.arn,
    Name: bus.name,
    ...(bus.description === undefined ? {} : { Description: bus.description }),
    ...(bus.kmsKeyArn === undefined ? {} : { EncryptionConfiguration: { KmsKeyIdentifier: bus.kmsKeyArn } }),
    StorageConfiguration: {
      RetentionPeriodInDays: bus.retentionDays,
      RetentionWindowStartTime: retentionStart(context, bus) / 1_000,
    },
    State: 'ACTIVE',
    ...times(bus),
  };
}

const times = ({ createdAt, modifiedAt }: CustomEventBus) => ({
  CreationTime: createdAt / 1_000,
  LastModifiedTime: modifiedAt / 1_000,
});

function retentionOf(input: Input): number | undefined {
  const { min, max } = RETENTION_DAYS;
  return wholeNumber(record(input['StorageConfiguration']), 'RetentionPeriodInDays', min, max, undefined);
}

/**
 * The key, if the service may use it for this bus. In AWS the bus of one that it may not use settles in
 * CREATE_FAILED, which CloudFormation reports; here the call itself fails.
 */
function usableKey(context: AwsContext, bus: CustomEventBus, input: Input): string | undefined {
  const reference = optionalText(record(input['EncryptionConfiguration']), 'KmsKeyIdentifier');
  if (reference === undefined) return undefined;
  const key = context.services.find('kms')?.findKey(reference);
  if (!key) throw invalidInput(`The key ${reference} does not exist.`);
  const requests = keyUse(context, 'events', key.arn, SERVICE_KEY_ACTIONS, encryptionContext(bus.arn));
  context.authorizer?.authorize('kms', serviceCaller(context, SERVICE_PRINCIPAL, bus.arn), requests);
  return key.arn;
}

export function encryptionContext(busArn: string): Readonly<Record<string, string>> {
  return { 'aws:events:event-busv2:arn': busArn };
}

/** A wildcard principal that no condition narrows. */
function isPublic(document: Readonly<Record<string, unknown>>): boolean {
  const statements = [document['Statement']].flat();
  return statements.some((statement) => {
    if (!isRecord(statement) || statement['Effect'] !== 'Allow' || statement['Condition'] !== undefined) {
      return false;
    }
    const principal = statement['Principal'];
    const named = isRecord(principal) ? Object.values(principal).flat() : [principal];
    return named.includes('*');
  });
}

/** The same document is the same revision here. */
function revisionOf(policy: string): string {
  return Buffer.from(policy).toString('base64url').slice(0, 32);
}
