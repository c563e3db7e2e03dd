/** All that one EventBridge holds, and what of it outlives the process. */
import type { AwsContext } from '../context.ts';
import { parseExact } from '../../../lib/matching/index.ts';
import { notFound } from './errors.ts';
import type { Archive, ArchivedEvent, BusEvent, EventBus, Replay, Rule, Target } from './model.ts';
import { readEventPattern, readRuleSchedule } from './rule-input.ts';

export interface EventsState {
  readonly buses: Map<string, EventBus>;
  readonly archives: Map<string, Archive>;
  readonly replays: Map<string, Replay>;
  /** Each is to be called after every change of what it names. */
  saveBus(bus: EventBus): void;
  deleteBus(bus: EventBus): void;
  saveRule(rule: Rule): void;
  deleteRule(rule: Rule): void;
  saveArchive(archive: Archive): void;
  deleteArchive(archive: Archive): void;
  saveArchived(archive: Archive, event: ArchivedEvent): void;
  forgetArchived(archive: Archive, events: readonly ArchivedEvent[]): void;
  saveReplay(replay: Replay): void;
}

interface KeptBus extends Omit<EventBus, 'rules' | 'tags'> {
  readonly tags: Readonly<Record<string, string>>;
}

interface KeptRule extends Omit<Rule, 'targets' | 'tags' | 'pattern' | 'schedule'> {
  readonly targets: readonly Target[];
  readonly tags: Readonly<Record<string, string>>;
}

type KeptArchive = Omit<Archive, 'events' | 'pattern'>;

/** The event as text: numbers keep the spelling they came with. */
interface KeptEvent {
  readonly archive: string;
  readonly at: number;
  readonly text: string;
}

/** With the bus that every account has, and what an earlier process kept. */
export function createEventsState(context: AwsContext): EventsState {
  const kept = collections(context);
  const bus = createBus(context, 'default');
  const state: EventsState = {
    buses: new Map([[bus.name, bus]]),
    archives: new Map(),
    replays: new Map(),
    saveBus(changed) {
      const { rules: _rules, ...record } = changed;
      kept.buses.put(changed.name, { ...record, tags: Object.fromEntries(changed.tags) });
    },
    deleteBus: ({ name }) => kept.buses.delete(name),
    saveRule(rule) {
      const { pattern: _pattern, schedule: _schedule, ...record } = rule;
      const targets = [...rule.targets.values()];
      kept.rules.put(rule.arn, { ...record, targets, tags: Object.fromEntries(rule.tags) });
    },
    deleteRule: ({ arn }) => kept.rules.delete(arn),
    saveArchive(archive) {
      const { events: _events, pattern: _pattern, ...record } = archive;
      kept.archives.put(archive.name, record);
    },
    deleteArchive(archive) {
      kept.archives.delete(archive.name);
      state.forgetArchived(archive, archive.events);
    },
    saveArchived(archive, { at, event }) {
      if (!context.state.persistent) return;
      kept.events.put(eventKey(archive, event), { archive: archive.name, at, text: JSON.stringify(event) });
    },
    forgetArchived(archive, events) {
      for (const { event } of events) kept.events.delete(eventKey(archive, event));
    },
    saveReplay: (replay) => kept.replays.put(replay.name, replay),
  };
  restore(state, kept);
  return state;
}

function collections({ state }: AwsContext) {
  return {
    buses: state.collection<KeptBus>('events.buses'),
    rules: state.collection<KeptRule>('events.rules'),
    archives: state.collection<KeptArchive>('events.archives'),
    events: state.collection<KeptEvent>('events.archived'),
    replays: state.collection<Replay>('events.replays'),
  };
}

function restore(state: EventsState, kept: ReturnType<typeof collections>): void {
  for (const [name, record] of kept.buses.entries()) {
    state.buses.set(name, { ...NO_SETTINGS, ...record, rules: new Map(), tags: mapOf(record.tags) });
  }
  for (const [, record] of kept.rules.entries()) {
    const { eventPattern, scheduleExpression } = record;
    state.buses.get(record.busName)?.rules.set(record.name, {
      ...record,
      targets: new Map(record.targets.map((target) => [target.Id, target])),
      tags: mapOf(record.tags),
      eventPattern,
      pattern: eventPattern === undefined ? undefined : readEventPattern(eventPattern),
      scheduleExpression,
      schedule: scheduleExpression === undefined ? undefined : readRuleSchedule(scheduleExpression),
      description: record.description,
      roleArn: record.roleArn,
    });
  }
  for (const [name, record] of kept.archives.entries()) {
    const { eventPattern } = record;
    const pattern = eventPattern === undefined ? undefined : readEventPattern(eventPattern);
    state.archives.set(name, { ...NO_SETTINGS, ...record, eventPattern, pattern, events: [] });
  }
  for (const [, { archive, at, text }] of kept.events.entries()) {
    const event = parseExact(text) as BusEvent;
    state.archives.get(archive)?.events.push({ at, event, bytes: Buffer.byteLength(text) });
  }
  for (const [name, replay] of kept.replays.entries()) state.replays.set(name, replay);
}

/** Members that JSON leaves out when they are undefined. */
const NO_SETTINGS = {
  description: undefined,
  policy: undefined,
  kmsKeyIdentifier: undefined,
  deadLetterArn: undefined,
};

function eventKey(archive: Archive, event: BusEvent): string {
  return `${archive.name}/${event.id}`;
}

function mapOf(record: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(Object.entries(record));
}

export function createBus(context: AwsContext, name: string): EventBus {
  return {
    name,
    arn: `arn:aws:events:${context.region}:${context.accountId}:event-bus/${name}`,
    createdAt: context.clock.now(),
    modifiedAt: context.clock.now(),
    rules: new Map(),
    tags: new Map(),
    ...NO_SETTINGS,
  };
}

/** A bus by name or ARN; `default` when absent. */
export function findBus(state: EventsState, nameOrArn: string | undefined): EventBus | undefined {
  return state.buses.get(busName(nameOrArn));
}

export function existingBus(state: EventsState, nameOrArn: string | undefined): EventBus {
  const bus = findBus(state, nameOrArn);
  if (!bus) throw notFound(`Event bus ${busName(nameOrArn)} does not exist.`);
  return bus;
}

export function existingRule(bus: EventBus, name: string): Rule {
  const rule = bus.rules.get(name);
  if (!rule) throw notFound(`Rule ${name} does not exist on EventBus ${bus.name}.`);
  return rule;
}

/** The rule and the target of an earlier delivery, when both are still there. */
export function findTarget(
  state: EventsState,
  ruleArn: string,
  targetId: string,
): readonly [Rule, Target] | undefined {
  for (const bus of state.buses.values()) {
    for (const rule of bus.rules.values()) {
      const target = rule.arn === ruleArn ? rule.targets.get(targetId) : undefined;
      if (target) return [rule, target];
    }
  }
  return undefined;
}

function busName(nameOrArn = 'default'): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split('event-bus/')[1] ?? nameOrArn) : nameOrArn;
}
