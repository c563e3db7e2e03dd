/** The actions on event buses. */
import type { AwsContext } from '../context.ts';
import { tagMap } from '../json.ts';
import { alreadyExists, limitExceeded, notFound, policyTooLong, validationError } from './errors.ts';
import { checkName, type Input, optionalText, record, requiredText, texts, pageOf } from './input.ts';
import { MAX_BUSES, MAX_POLICY_LENGTH, MAX_TAGS } from './limits.ts';
import type { EventBus, Rule } from './model.ts';
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
  for (const [key, value] of tagMap(input['Tags'])) bus.tags.set(key, value);
  state.buses.set(name, bus);
  state.saveBus(bus);
  return { EventBusArn: bus.arn, ...settings(bus) };
}

export function updateEventBus(context: AwsContext, state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'Name'));
  change(bus, input);
  saveChanged(context, state, bus);
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
    LastModifiedTime: bus.modifiedAt / 1_000,
  };
}

export function listEventBuses(state: EventsState, input: Input) {
  const prefix = optionalText(input, 'NamePrefix') ?? '';
  const all = [...state.buses.values()].filter(({ name }) => name.startsWith(prefix));
  const { items, next } = pageOf(all, input);
  return { EventBuses: items.map(describe), ...next };
}

function saveChanged(context: AwsContext, state: EventsState, bus: EventBus): void {
  bus.modifiedAt = context.clock.now();
  state.saveBus(bus);
}

/** Deletes a bus without rules. Deleting what is not there is fine. */
export function deleteEventBus(state: EventsState, input: Input): void {
  const name = requiredText(input, 'Name');
  if (name === 'default') throw validationError('Cannot delete event bus default.');
  const bus = state.buses.get(name);
  if (!bus) return;
  if (bus.rules.size > 0) throw validationError(`Event bus ${name} can't be deleted since it has rules.`);
  state.buses.delete(name);
  state.deleteBus(bus);
}

/** A whole policy, or one statement for an account. API_PutPermission.html */
export function putPermission(context: AwsContext, state: EventsState, input: Input): void {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const text = optionalText(input, 'Policy');
  const policy = text === undefined ? JSON.stringify(withStatement(bus, input)) : checkedPolicy(text);
  if (policy.length > MAX_POLICY_LENGTH) throw policyTooLong();
  bus.policy = policy;
  saveChanged(context, state, bus);
}

function checkedPolicy(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'Statement' in parsed) return text;
  } catch {
    // Answered like a document that is no policy.
  }
  throw validationError('This policy contains invalid Json');
}

function withStatement(bus: EventBus, input: Input) {
  const principal = requiredText(input, 'Principal');
  const sid = requiredText(input, 'StatementId');
  const action = requiredText(input, 'Action');
  checkName(sid, 'statementId', 64, '[a-zA-Z0-9-_]+');
  if (!/^(\d{12}|\*)$/.test(principal)) {
    throw validationError(
      `1 validation error detected: Value '${principal}' at 'principal' failed to satisfy constraint: Member must satisfy regular expression pattern: (\\d{12}|\\*)`,
    );
  }
  if (action !== 'events:PutEvents') {
    throw validationError("Provided value in parameter 'action' is not supported.");
  }
  const kept = statements(bus).filter((statement) => statement['Sid'] !== sid);
  const condition = record(input['Condition']);
  kept.push({
    Sid: sid,
    Effect: 'Allow',
    Principal: principal === '*' ? '*' : { AWS: `arn:aws:iam::${principal}:root` },
    Action: action,
    Resource: bus.arn,
    ...(typeof condition['Type'] === 'string'
      ? { Condition: { [condition['Type']]: { [String(condition['Key'])]: condition['Value'] } } }
      : {}),
  });
  return { Version: '2012-10-17', Statement: kept };
}

export function removePermission(context: AwsContext, state: EventsState, input: Input): void {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  if (input['RemoveAllPermissions'] === true) {
    bus.policy = undefined;
    saveChanged(context, state, bus);
    return;
  }
  if (bus.policy === undefined) throw notFound('EventBus does not have a policy.');
  const all = statements(bus);
  const kept = all.filter((statement) => statement['Sid'] !== optionalText(input, 'StatementId'));
  if (kept.length === all.length) throw notFound('Statement with the provided id does not exist.');
  bus.policy = kept.length === 0 ? undefined : JSON.stringify({ Version: '2012-10-17', Statement: kept });
  saveChanged(context, state, bus);
}

function statements(bus: EventBus): Record<string, unknown>[] {
  if (bus.policy === undefined) return [];
  const { Statement: list } = record(JSON.parse(bus.policy));
  return Array.isArray(list) ? (list as unknown[]).map((one) => ({ ...record(one) })) : [];
}

export function tagResource(state: EventsState, input: Input): void {
  const resource = tagged(state, input);
  const merged = new Map([...resource.tags, ...tagMap(input['Tags'])]);
  if (merged.size > MAX_TAGS) throw limitExceeded();
  for (const [key, value] of merged) resource.tags.set(key, value);
  saveTagged(state, resource);
}

export function untagResource(state: EventsState, input: Input): void {
  const resource = tagged(state, input);
  for (const key of texts(input, 'TagKeys')) resource.tags.delete(key);
  saveTagged(state, resource);
}

export function listTagsForResource(state: EventsState, input: Input) {
  return { Tags: [...tagged(state, input).tags].map(([Key, Value]) => ({ Key, Value })) };
}

/** What bears tags: a bus or a rule. */
function tagged(state: EventsState, input: Input): EventBus | Rule {
  const arn = requiredText(input, 'ResourceARN');
  const buses = [...state.buses.values()];
  const resource = buses.flatMap((bus) => [bus, ...bus.rules.values()]).find((one) => one.arn === arn);
  if (resource) return resource;
  const [, rule] = /:rule\/(.+)$/.exec(arn) ?? [];
  throw notFound(
    rule === undefined
      ? `Event bus ${arn.split('/').at(-1)} does not exist.`
      : `Rule ${rule} does not exist on EventBus default.`,
  );
}

function saveTagged(state: EventsState, resource: EventBus | Rule): void {
  if ('targets' in resource) state.saveRule(resource);
  else state.saveBus(resource);
}
