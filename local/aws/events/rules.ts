/** The actions on rules, and on their targets. */
import type { AwsContext } from '../context.ts';
import { parseObject, tagMap } from '../json.ts';
import { parseExact } from '../../../lib/matching/index.ts';
import { limitExceeded, validationError } from './errors.ts';
import {
  checkName,
  type Input,
  records,
  optionalText,
  requiredText,
  texts,
  pageOf,
  requiredOneOf,
} from './input.ts';
import { MAX_RULES, MAX_TARGETS } from './limits.ts';
import type { Rule } from './model.ts';
import { readEventPattern, readRuleSchedule } from './rule-input.ts';
import { type EventsState, existingBus, existingRule } from './state.ts';
import { readTarget } from './target-input.ts';

const STATES = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'] as const;

/** Creates or replaces a rule; its targets and tags stay. */
export function putRule(context: AwsContext, state: EventsState, input: Input): Rule {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const name = requiredText(input, 'Name');
  checkName(name, 'name', 64);
  const eventPattern = optionalText(input, 'EventPattern');
  const scheduleExpression = optionalText(input, 'ScheduleExpression') || undefined;
  if (eventPattern === undefined && scheduleExpression === undefined) {
    throw validationError('Parameter(s) EventPattern or ScheduleExpression must be specified.');
  }
  if (scheduleExpression !== undefined && bus.name !== 'default') {
    throw validationError('ScheduleExpression is supported only on the default event bus.');
  }
  const schedule = scheduleExpression === undefined ? undefined : readRuleSchedule(scheduleExpression);
  const ruleState = input['State'] === undefined ? 'ENABLED' : requiredOneOf(input, 'State', STATES);
  const pattern = eventPattern === undefined ? undefined : readEventPattern(eventPattern);

  const existing = bus.rules.get(name);
  if (!existing && bus.rules.size >= MAX_RULES) throw limitExceeded();
  const path = bus.name === 'default' ? name : `${bus.name}/${name}`;
  const rule: Rule = {
    name,
    arn: `arn:aws:events:${context.region}:${context.accountId}:rule/${path}`,
    busName: bus.name,
    targets: existing?.targets ?? new Map(),
    tags: existing?.tags ?? tagMap(input['Tags']),
    eventPattern,
    pattern,
    scheduleExpression,
    schedule,
    scheduledFrom: context.clock.now(),
    state: ruleState,
    enabled: ruleState !== 'DISABLED',
    description: optionalText(input, 'Description'),
    roleArn: optionalText(input, 'RoleArn'),
  };
  bus.rules.set(name, rule);
  state.saveRule(rule);
  return rule;
}

export function describeRule(context: AwsContext, state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = existingRule(bus, requiredText(input, 'Name'));
  return { ...describe(rule), CreatedBy: context.accountId };
}

function describe(rule: Rule) {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventBusName: rule.busName,
    State: rule.state,
    ...(rule.eventPattern === undefined ? {} : { EventPattern: rule.eventPattern }),
    ...(rule.scheduleExpression === undefined ? {} : { ScheduleExpression: rule.scheduleExpression }),
    ...(rule.description === undefined ? {} : { Description: rule.description }),
    ...(rule.roleArn === undefined ? {} : { RoleArn: rule.roleArn }),
  };
}

export function listRules(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const prefix = optionalText(input, 'NamePrefix') ?? '';
  const all = [...bus.rules.values()].filter(({ name }) => name.startsWith(prefix));
  const { items, next } = pageOf(all, input);
  return { Rules: items.map(describe), ...next };
}

export function listRuleNamesByTarget(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const arn = requiredText(input, 'TargetArn');
  const all = [...bus.rules.values()].filter((rule) =>
    [...rule.targets.values()].some((target) => target.Arn === arn),
  );
  const { items, next } = pageOf(all, input);
  return { RuleNames: items.map(({ name }) => name), ...next };
}

/** Deletes a rule without targets; returns it when there was one. */
export function deleteRule(state: EventsState, input: Input): Rule | undefined {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = bus.rules.get(requiredText(input, 'Name'));
  if (!rule) return undefined;
  if (rule.targets.size > 0) throw validationError("Rule can't be deleted since it has targets.");
  bus.rules.delete(rule.name);
  state.deleteRule(rule);
  return rule;
}

export function setRuleEnabled(
  context: AwsContext,
  state: EventsState,
  input: Input,
  enabled: boolean,
): Rule {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = existingRule(bus, requiredText(input, 'Name'));
  rule.enabled = enabled;
  rule.scheduledFrom = context.clock.now();
  rule.state = enabled ? 'ENABLED' : 'DISABLED';
  state.saveRule(rule);
  return rule;
}

export function putTargets(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = existingRule(bus, requiredText(input, 'Rule'));
  const targets = records(input, 'Targets').map(readTarget);
  if (targets.length === 0) throw emptyList('targets');
  const ids = new Set([...rule.targets.keys(), ...targets.map(({ Id }) => Id)]);
  if (ids.size > MAX_TARGETS) throw limitExceeded();
  for (const target of targets) rule.targets.set(target.Id, target);
  state.saveRule(rule);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

function emptyList(member: string) {
  return validationError(
    `1 validation error detected: Value '[]' at '${member}' failed to satisfy constraint: Member must have length greater than or equal to 1`,
  );
}

export function removeTargets(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = existingRule(bus, requiredText(input, 'Rule'));
  const ids = texts(input, 'Ids');
  if (ids.length === 0) throw emptyList('ids');
  for (const id of ids) rule.targets.delete(id);
  state.saveRule(rule);
  return { FailedEntryCount: 0, FailedEntries: [] };
}

export function listTargetsByRule(state: EventsState, input: Input) {
  const bus = existingBus(state, optionalText(input, 'EventBusName'));
  const rule = existingRule(bus, requiredText(input, 'Rule'));
  const { items, next } = pageOf([...rule.targets.values()], input);
  return { Targets: items, ...next };
}

/** Whether a pattern matches an event given as JSON. */
export function testEventPattern(input: Input) {
  const pattern = readEventPattern(requiredText(input, 'EventPattern'));
  const text = requiredText(input, 'Event');
  const event = parseObject(text, parseExact);
  if (!event) throw validationError('Parameter Event is not valid.');
  const missing = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'].filter(
    (member) => !(member in event),
  );
  if (missing.length > 0) {
    throw validationError(`Parameter Event is not valid. Reason: ${missing.join(', ')} must be present.`);
  }
  return { Result: pattern.matches(event) };
}
