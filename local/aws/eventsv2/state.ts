/** All that one Custom Event Bus service holds, and what of it outlives the process. */
import { createHash } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { notFound } from './errors.ts';
import { readFilters } from './filters.ts';
import type { CustomEventBus, StoredEvent, Subscriber, SubscriberSettings } from './model.ts';

export interface EventsV2State {
  /** By ARN. */
  readonly buses: Map<string, CustomEventBus>;
  /** By ARN. */
  readonly subscribers: Map<string, Subscriber>;
  /** Each is to be called after every change of what it names. */
  saveBus(bus: CustomEventBus): void;
  deleteBus(bus: CustomEventBus): void;
  saveSubscriber(subscriber: Subscriber): void;
  savePosition(subscriber: Subscriber): void;
  deleteSubscriber(subscriber: Subscriber): void;
  saveEvent(bus: CustomEventBus, event: StoredEvent): void;
  forgetEvents(bus: CustomEventBus, events: readonly StoredEvent[]): void;
  /** An ARN that ends in an id of 25 characters, the same in every run for the same names in the same order. */
  newArn(kind: 'event-busv2' | 'subscriber', name: string): string;
}

type KeptBus = Omit<CustomEventBus, 'events'>;
type KeptSubscriber = Omit<Subscriber, 'settings' | 'position'> & {
  readonly settings: Omit<SubscriberSettings, 'filters'> & {
    readonly filters: readonly { readonly Scope: string; readonly Pattern: string }[];
  };
};
interface KeptEvent extends StoredEvent {
  readonly busArn: string;
}

export function createState(context: AwsContext): EventsV2State {
  const kept = {
    buses: context.state.collection<KeptBus>('eventsv2.buses'),
    subscribers: context.state.collection<KeptSubscriber>('eventsv2.subscribers'),
    positions: context.state.collection<number>('eventsv2.positions'),
    events: context.state.collection<KeptEvent>('eventsv2.events'),
    made: context.state.collection<number>('eventsv2.made'),
  };
  const made = new Map(kept.made.entries());
  const { persistent } = context.state;
  const state: EventsV2State = {
    buses: new Map(),
    subscribers: new Map(),
    saveBus({ events: _events, ...bus }) {
      kept.buses.put(bus.arn, bus);
    },
    deleteBus(bus) {
      state.buses.delete(bus.arn);
      kept.buses.delete(bus.arn);
      state.forgetEvents(bus, bus.events);
    },
    saveSubscriber({ position: _position, settings, ...subscriber }) {
      const filters = settings.filters.map(({ scope, text }) => ({ Scope: scope, Pattern: text }));
      kept.subscribers.put(subscriber.arn, { ...subscriber, settings: { ...settings, filters } });
    },
    savePosition({ arn, position }) {
      if (persistent) kept.positions.put(arn, position);
    },
    deleteSubscriber({ arn }) {
      state.subscribers.delete(arn);
      kept.subscribers.delete(arn);
      kept.positions.delete(arn);
    },
    saveEvent({ arn }, event) {
      if (persistent) kept.events.put(eventKey(arn, event), { ...event, busArn: arn });
    },
    forgetEvents({ arn }, events) {
      if (persistent) for (const event of events) kept.events.delete(eventKey(arn, event));
    },
    newArn(kind, name) {
      const count = (made.get(`${kind}/${name}`) ?? 0) + 1;
      made.set(`${kind}/${name}`, count);
      kept.made.put(`${kind}/${name}`, count);
      const { region, accountId } = context;
      const id = identifier([region, accountId, kind, name, count].join('/'));
      return `arn:aws:events:${region}:${accountId}:${kind}/${name}/${id}`;
    },
  };
  for (const [arn, bus] of kept.buses.entries()) state.buses.set(arn, { ...NO_SETTINGS, ...bus, events: [] });
  for (const [, { busArn, ...event }] of kept.events.entries()) {
    state.buses.get(busArn)?.events.push({ ...NO_IDS, ...event });
  }
  const positions = new Map(kept.positions.entries());
  for (const [arn, subscriber] of kept.subscribers.entries()) {
    const { filters, ...settings } = subscriber.settings;
    state.subscribers.set(arn, {
      ...subscriber,
      endPoint: subscriber.endPoint,
      pointInTime: subscriber.pointInTime,
      settings: {
        ...settings,
        description: settings.description,
        onFailureArn: settings.onFailureArn,
        filters: filters.length === 0 ? [] : readFilters({ Filters: filters }),
      },
      position: positions.get(arn) ?? state.buses.get(subscriber.busArn)?.lastSequence ?? 0,
    });
  }
  return state;
}

/** Members that JSON leaves out when they are undefined. */
const NO_SETTINGS = { description: undefined, kmsKeyArn: undefined, policy: undefined };
const NO_IDS = { groupId: undefined, deduplicationId: undefined };

const eventKey = (busArn: string, { sequence }: StoredEvent): string => `${busArn}/${sequence}`;

const ID_LENGTH = 25;

function identifier(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex');
  return BigInt(`0x${digest}`).toString(36).padStart(ID_LENGTH, '0').slice(0, ID_LENGTH);
}

export function existingBus(state: EventsV2State, arn: string): CustomEventBus {
  const bus = state.buses.get(arn);
  if (!bus) throw notFound(`Event bus ${arn} does not exist.`);
  return bus;
}

export function existingSubscriber(state: EventsV2State, arn: string): Subscriber {
  const subscriber = state.subscribers.get(arn);
  if (!subscriber) throw notFound(`Subscriber ${arn} does not exist.`);
  return subscriber;
}

/** The events of a bus, in the order in which they came, from the one after this sequence number. */
export function eventsAfter({ events }: CustomEventBus, sequence: number): readonly StoredEvent[] {
  const first = events[0]?.sequence ?? 0;
  return events.slice(Math.max(0, sequence + 1 - first));
}
