/** The actions on event buses. */
import type { AwsContext } from '../context.ts';
import { alreadyExists, limitExceeded, notFound, validationError } from './errors.ts';
import { checkName, type Input, optionalText, record, requiredText, tagMap, texts } from './input.ts';
import { MAX_BUSES } from './limits.ts';
import type { EventBus, Rule } from './model.ts';
import { page } from './paging.ts';
import { createBus, type EventsState, existingBus } from './state.ts';

export function createEventBus(context: AwsContext, state: EventsState, input: Input) {
  const name = requiredText(input, 'Name');
  checkName(name, 'name', 256, '[/\\.\\-_A-Za-z0-9]+');
  if (name.includes('/'))
    throw validationError("Event bus name starting with '/' or holding it is not valid.");
  if (state.buses.has(name)) throw alreadyExists(`Event bus ${name} already exists.`);
  if (state.buses.size >= MAX_BUSES) throw limitExceeded();
  const bus = createBus(context, name);
  change(bus, input);
  for (const [key, value] of tagMap(input)) bus.tags.set(key, value);
  state.buses.set(name, bus);
  return { EventBusArn: bus.arn, ...settings(bus) };
}

export function updateEventBus(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'Name'));
  change(bus, input);
  return { Arn: bus.arn, Name: bus.name, ...settings(bus) };
}

function change(bus: EventBus, input: Input): void {
  bus.description = optionalText(input, 'Description') ?? bus.description;
  bus.kmsKeyIdentifier = optionalText(input, 'KmsKeyIdentifier') ?? bus.kmsKeyIdentifier;
  bus.deadLetterArn = optionalText(record(input['DeadLetterConfig']), 'Arn') ?? bus.deadLetterArn;
}

function settings(bus: EventBus) {
  return {
    ...(bus.description === undefined ? {} : { Description: bus.description }),
    ...(bus.kmsKeyIdentifier === undefined ? {} : { KmsKeyIdentifier: bus.kmsKeyIdentifier }),
    ...(bus.deadLetterArn === undefined ? {} : { DeadLetterConfig: { Arn: bus.deadLetterArn } }),
  };
}

export function describeEventBus(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'Name'));
  return describe(bus);
}

function describe(bus: EventBus) {
  return {
    Name: bus.name,
    Arn: bus.arn,
    ...settings(bus),
    ...(bus.policy === undefined ? {} : { Policy: bus.policy }),
    CreationTime: bus.createdAt / 1_000,
    LastModifiedTime: bus.createdAt / 1_000,
  };
}

export function listEventBuses(state: EventsState, input: Input) {
  const prefix = optionalText(input, 'NamePrefix') ?? '';
  const all = [...state.buses.values()].filter(({ name }) => name.startsWith(prefix));
  const { items, next } = page(all, input);
  return { EventBuses: items.map(describe), ...next };
}

/** Deletes a bus and its rules. Deleting what is not there is fine. Returns the rules that went with it. */
export function deleteEventBus(state: EventsState, input: Input): readonly Rule[] {
  const name = requiredText(input, 'Name');
  if (name === 'default') throw validationError('Cannot delete event bus default.');
  const rules = [...(state.buses.get(name)?.rules.values() ?? [])];
  state.buses.delete(name);
  return rules;
}

/** A whole policy, or one statement for an account. */
export function putPermission(state: EventsState, input: Input): void {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const policy = optionalText(input, 'Policy');
  if (policy !== undefined) {
    bus.policy = policy;
    return;
  }
  const principal = requiredText(input, 'Principal');
  const sid = requiredText(input, 'StatementId');
  const kept = statements(bus).filter((statement) => statement['Sid'] !== sid);
  const condition = record(input['Condition']);
  kept.push({
    Sid: sid,
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
    Action: requiredText(input, 'Action'),
    Resource: bus.arn,
    ...(typeof condition['Type'] === 'string'
      ? { Condition: { [condition['Type']]: { [String(condition['Key'])]: condition['Value'] } } }
      : {}),
  });
  bus.policy = JSON.stringify({ Version: '2012-10-17', Statement: kept });
}

export function removePermission(state: EventsState, input: Input): void {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  if (input['RemoveAllPermissions'] === true) {
    bus.policy = undefined;
    return;
  }
  if (bus.policy === undefined) throw notFound('EventBus does not have a policy.');
  const all = statements(bus);
  const kept = all.filter((statement) => statement['Sid'] !== optionalText(input, 'StatementId'));
  if (kept.length === all.length) throw notFound('Statement with the provided id does not exist.');
  bus.policy = kept.length === 0 ? undefined : JSON.stringify({ Version: '2012-10-17', Statement: kept });
}

function statements(bus: EventBus): Record<string, unknown>[] {
  if (bus.policy === undefined) return [];
  const { Statement: list } = record(JSON.parse(bus.policy));
  return Array.isArray(list) ? (list as unknown[]).map((one) => ({ ...record(one) })) : [];
}

export function tagResource(state: EventsState, input: Input): void {
  const tags = tagged(state, input);
  for (const [key, value] of tagMap(input)) tags.set(key, value);
}

export function untagResource(state: EventsState, input: Input): void {
  const tags = tagged(state, input);
  for (const key of texts(input, 'TagKeys')) tags.delete(key);
}

export function listTagsForResource(state: EventsState, input: Input) {
  return { Tags: [...tagged(state, input)].map(([Key, Value]) => ({ Key, Value })) };
}

/** The tags of a bus or a rule. */
function tagged(state: EventsState, input: Input): Map<string, string> {
  const arn = requiredText(input, 'ResourceARN');
  const buses = [...state.buses.values()];
  const resource = buses.flatMap((bus) => [bus, ...bus.rules.values()]).find((one) => one.arn === arn);
  if (!resource) throw notFound(`Resource ${arn} does not exist.`);
  return resource.tags;
}
