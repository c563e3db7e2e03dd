/** All that one EventBridge holds. */
import type { AwsContext } from '../context.ts';
import { notFound } from './errors.ts';
import type { Archive, EventBus, Replay, Rule } from './model.ts';

export interface EventsState {
  readonly buses: Map<string, EventBus>;
  readonly archives: Map<string, Archive>;
  readonly replays: Map<string, Replay>;
}

/** With the bus that every account has. */
export function createEventsState(context: AwsContext): EventsState {
  const bus = createBus(context, 'default');
  return { buses: new Map([[bus.name, bus]]), archives: new Map(), replays: new Map() };
}

export function createBus(context: AwsContext, name: string): EventBus {
  return {
    name,
    arn: `arn:aws:events:${context.region}:${context.accountId}:event-bus/${name}`,
    createdAt: context.clock.now(),
    rules: new Map(),
    tags: new Map(),
    description: undefined,
    policy: undefined,
    kmsKeyIdentifier: undefined,
    deadLetterArn: undefined,
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

function busName(nameOrArn = 'default'): string {
  return nameOrArn.startsWith('arn:') ? (nameOrArn.split('event-bus/')[1] ?? nameOrArn) : nameOrArn;
}
