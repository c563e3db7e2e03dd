/**
 * The embedded EventBridge (Classic): buses, rules, targets, archives and replays, in process and over JSON 1.1.
 */
import { randomUUID } from 'node:crypto';

import { type AwsContext, type AwsService, type ServiceProtocols } from '../context.ts';
import { actionNamed } from '../actions.ts';
import { AwsError } from '../errors.ts';
import { flattenEvent } from '../../../lib/matching/index.ts';
import { createScheduleTimers } from '../schedules/index.ts';
import { createApiDestinations } from './api-destinations.ts';
import * as archives from './archives.ts';
import { eventsAuthorization } from './authorization.ts';
import * as buses from './buses.ts';
import { createConnections } from './connections.ts';
import { notFound } from './errors.ts';
import { createHttpTargets } from './http-target.ts';
import type { Input } from './input.ts';
import { MAX_BUS_HOPS } from './limits.ts';
import type { BusEvent, EventBus, Rule } from './model.ts';
import { acceptEvents, eventTime, type PutEventsOutput } from './put-events.ts';
import * as replays from './replays.ts';
import * as rules from './rules.ts';
import { createEventsState, findBus, findTarget } from './state.ts';
import { placeOfArn } from '../regions.ts';
import { createTargetCall, type ForwardEvent } from './target-call.ts';
import { createTargetDelivery } from './target-delivery.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly events: EventsService;
  }
}

/** EventBridge as other code in this process uses it: `handle`, and what is called most by its name. */
export interface EventsService extends AwsService {
  readonly name: 'events';
  createEventBus(input: Input): { EventBusArn: string };
  putRule(input: Input): { RuleArn: string };
  putTargets(input: Input): void;
  /** Takes an event that a rule, of this region or another one, sends to a bus. */
  forward: ForwardEvent;
  putEvents(input: Input): Promise<PutEventsOutput>;
  /** What is there, for the console and for assertions. Not to be changed. */
  buses(): readonly EventBus[];
  /** Deliveries that have not ended: 0 when everything put has arrived or was given up. */
  busy(): number;
  close(): void;
}

const PROTOCOLS: ServiceProtocols = { json: { version: '1.1', targetPrefix: 'AWSEvents' } };

export function createEventsService(context: AwsContext): EventsService {
  const state = createEventsState(context);
  const timers = createScheduleTimers(context.clock);
  const connections = createConnections(context);
  const destinations = createApiDestinations(context, connections);
  const http = createHttpTargets(context, destinations, connections);

  const forward: ForwardEvent = (busArn, event, hops, caller) => {
    const place = placeOfArn(context, busArn);
    if (place !== context) return place.services.get('events').forward(busArn, event, hops, caller);
    if (hops > MAX_BUS_HOPS) {
      throw new AwsError(
        'ThirdBusHop',
        "EventBridge can't route an event that came from a bus to a third bus",
      );
    }
    const bus = findBus(state, busArn);
    if (!bus) throw notFound(`Event bus ${busArn} does not exist.`);
    const input = {
      Entries: [{ EventBusName: busArn, Source: event.source, DetailType: event['detail-type'] }],
    };
    const needed = context.authorizer && service.authorization?.('PutEvents', input);
    if (needed) context.authorizer?.authorize('events', caller, needed);
    void route(bus, event, hops);
  };
  const delivery = createTargetDelivery(context, createTargetCall(context, http, forward));

  /** Every rule of the bus that the event matches gets it, or those of `ruleArns` alone. */
  const route = (
    bus: EventBus,
    event: BusEvent,
    hops: number,
    ruleArns: readonly string[] = [],
  ): Promise<unknown> => {
    archives.archiveEvent(context, state, bus, event);
    const fields = flattenEvent({ ...event });
    const started: Promise<unknown>[] = [];
    for (const rule of bus.rules.values()) {
      if (!rule.enabled || !rule.pattern?.matches(fields)) continue;
      if (ruleArns.length > 0 && !ruleArns.includes(rule.arn)) continue;
      started.push(send(rule, event, hops));
    }
    return Promise.all(started);
  };

  const send = (rule: Rule, event: BusEvent, hops: number): Promise<unknown> => {
    context.events.emit({ kind: 'matched', service: 'events', resourceArn: rule.arn, messageId: event.id });
    return delivery.deliver(rule, event, hops);
  };

  const putEvents = async (input: Input, fromService = false): Promise<PutEventsOutput> => {
    const { output, accepted } = acceptEvents(context, state, input, fromService);
    countPut(context, output);
    const started = accepted.map(({ bus, event }) => {
      if (!bus) return Promise.resolve();
      context.events.emit({
        kind: 'published',
        service: 'events',
        resourceArn: bus.arn,
        messageId: event.id,
      });
      return route(bus, event, 0);
    });
    // A caller finds its events at the targets when the call returns, as long as nothing holds them up.
    await Promise.race([Promise.all(started), new Promise((resolve) => setImmediate(resolve))]);
    delivery.save();
    return output;
  };

  const putRule = (input: Input) => {
    const rule = rules.putRule(context, state, input);
    arm(rule);
    return { RuleArn: rule.arn };
  };

  const arm = (rule: Rule): void => {
    const { schedule, scheduledFrom } = rule;
    if (!schedule || !rule.enabled) {
      timers.stop(rule.arn);
      return;
    }
    timers.start(
      rule.arn,
      (after) => schedule.next(after, scheduledFrom),
      (due) => {
        void send(rule, scheduledEvent(context, rule, due), 0);
        delivery.save();
      },
    );
  };

  const deleteRule = (input: Input): void => {
    const rule = rules.deleteRule(state, input);
    if (rule) timers.stop(rule.arn);
  };

  const replayRun: replays.ReplayRun = {
    timers,
    put(busArn, event, ruleArns) {
      const bus = findBus(state, busArn);
      if (bus) void route(bus, event, 0, ruleArns);
      delivery.save();
    },
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    CreateEventBus: (input) => buses.createEventBus(context, state, input),
    UpdateEventBus: (input) => buses.updateEventBus(context, state, input),
    DescribeEventBus: (input) => buses.describeEventBus(state, input),
    ListEventBuses: (input) => buses.listEventBuses(state, input),
    DeleteEventBus: (input) => buses.deleteEventBus(state, input),
    PutPermission: (input) => buses.putPermission(context, state, input),
    RemovePermission: (input) => buses.removePermission(context, state, input),
    TagResource: (input) => buses.tagResource(state, input),
    UntagResource: (input) => buses.untagResource(state, input),
    ListTagsForResource: (input) => buses.listTagsForResource(state, input),
    PutRule: putRule,
    DescribeRule: (input) => rules.describeRule(context, state, input),
    ListRules: (input) => rules.listRules(state, input),
    ListRuleNamesByTarget: (input) => rules.listRuleNamesByTarget(state, input),
    DeleteRule: deleteRule,
    EnableRule: (input) => arm(rules.setRuleEnabled(context, state, input, true)),
    DisableRule: (input) => arm(rules.setRuleEnabled(context, state, input, false)),
    PutTargets: (input) => rules.putTargets(state, input),
    RemoveTargets: (input) => rules.removeTargets(state, input),
    ListTargetsByRule: (input) => rules.listTargetsByRule(state, input),
    TestEventPattern: rules.testEventPattern,
    PutEvents: putEvents,
    CreateArchive: (input) => archives.createArchive(context, state, input),
    UpdateArchive: (input) => archives.updateArchive(state, input),
    DescribeArchive: (input) => archives.describeArchive(context, state, input),
    ListArchives: (input) => archives.listArchives(context, state, input),
    DeleteArchive: (input) => archives.deleteArchive(state, input),
    StartReplay: (input) => replays.startReplay(context, state, input, replayRun),
    CancelReplay: (input) => replays.cancelReplay(state, input),
    DescribeReplay: (input) => replays.describeReplay(state, input),
    ListReplays: (input) => replays.listReplays(state, input),
    ...connections.actions,
    ...destinations.actions,
  };

  const service: EventsService = {
    name: 'events',
    forward,
    protocols: PROTOCOLS,
    authorization: (action, input) => eventsAuthorization(context, state, action, input),
    async handle(action, input, caller) {
      if (action === 'PutEvents') return putEvents(input, caller?.service !== undefined);
      return actionNamed(actions, 'EventBridge', action)(input);
    },
    createEventBus: (input) => buses.createEventBus(context, state, input),
    putRule,
    putTargets: (input) => void rules.putTargets(state, input),
    putEvents,
    buses: () => [...state.buses.values()],
    busy: () => delivery.pending(),
    close() {
      timers.close();
      delivery.close();
    },
  };

  // What an earlier process kept. The services it delivers to are made after this one.
  for (const bus of state.buses.values()) for (const rule of bus.rules.values()) arm(rule);
  replays.resumeReplays(context, state, replayRun);
  setImmediate(() => delivery.resume((ruleArn, targetId) => findTarget(state, ruleArn, targetId)));
  return service;
}

/** Metrics without dimensions. eventbridge/latest/userguide/eb-monitoring.html */
function countPut(context: AwsContext, { Entries, FailedEntryCount }: PutEventsOutput): void {
  const put = (name: string, value: number) =>
    context.metrics.put({ namespace: 'AWS/Events', name, dimensions: {}, value });
  put('PutEventsApproximateCallCount', 1);
  put('PutEventsApproximateSuccessCount', 1);
  put('PutEventsEntriesCount', Entries.length);
  put('PutEventsFailedEntriesCount', FailedEntryCount);
}

/** The event of a rule with a schedule. eventbridge/latest/userguide/eb-create-rule-schedule.html */
function scheduledEvent(context: AwsContext, rule: Rule, due: number): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: context.accountId,
    time: eventTime(due),
    region: context.region,
    resources: [rule.arn],
    detail: {},
  };
}
