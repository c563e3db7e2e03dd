/**
 * W21: what is declared to be consumed arrives.
 *
 * | | W21 | W21A |
 * |---|---|---|
 * | the topology says that a function consumes a queue, and no mapping joins them, or it is switched off | found | |
 * | an event that it consumes gets through no deployed subscription, rule or subscriber to the queue | found | |
 * | the same, and a pipe, a forwarded or imported topic or bus feeds the queue | not known | |
 * | a reader of a stream or Kafka topic without its mapping, or of an event that nobody publishes there | found | |
 * | a schedule that the topology says invokes something is gone or switched off | found | |
 * | a rule of a replica, or a relay, declared to stand by, that is switched off | | |
 * | a rule with a pattern, or a mapping, that is switched off, otherwise | | found |
 * | a mapping of a dead-letter queue that is switched off: it is kept to redrive by hand | | |
 * | a mapping of a queue to which nothing delivers, whose policy lets nobody in and no role may send | | found |
 * | the same, of a queue that the topology knows: it is only for hints, such as a relay's nudges | | |
 *
 * A filter that stops every event is W20. Dead-letter queues are fed by those who fail.
 */
import { decide, deliveriesOf } from '../access/index.ts';
import { isUnknown } from '../assembly/index.ts';
import type { EventSourceMapping, Messaging, Resource } from '../assembly/index.ts';
import type { ConsumesEdge, ReadsEdge, TopologyEvent } from '../topology/index.ts';
import { declaredEventsOf, passesRule, passesSubscriber, passesSubscription } from './declared-events.ts';
import type { DeclaredEvents, Passage } from './declared-events.ts';
import { deadLetterArns } from './failing-hops.ts';
import type { Finding, Guard } from './guard.ts';

const SOURCE = 'docs/topology.md';

export const unreachedConsumer: Guard = {
  id: 'W21',
  title: 'A consumer does not get what it is declared to consume',
  explanation:
    'Everything is deployed and healthy, and the handler is never called: nothing fails, so no alarm fires, and the messages are not kept for later.',
  source: SOURCE,
  level: 'error',
  check(messaging) {
    const declared = declaredEventsOf(messaging.assembly);
    if (declared === undefined) return [];
    return [
      ...declared.topology.edges.flatMap((edge) =>
        edge.kind === 'consumes'
          ? unreached(messaging, declared, edge)
          : edge.kind === 'reads'
            ? unread(messaging, declared, edge)
            : [],
      ),
      ...silentSchedules(messaging, declared),
    ];
  },
};

function unreached(messaging: Messaging, declared: DeclaredEvents, edge: ConsumesEdge): Finding[] {
  const queue = declared.resourceOf(edge.from);
  const fn = declared.resourceOf(edge.to);
  if (queue === undefined || fn === undefined) return [];
  const mapping = messaging.mappings.find(
    ({ eventSourceArn, functionArn }) => eventSourceArn === queue.arn && functionArn === fn.arn,
  );
  const findings: Finding[] = [];
  if (mapping === undefined) {
    findings.push({
      resource: fn,
      property: 'AWS::Lambda::EventSourceMapping',
      received: `none for ${queue.constructPath}`,
      allowed: `one: ${edge.consumer} is declared to consume the queue`,
      fix: 'keep the mapping that the consumer makes, or take the consumer out as a whole',
    });
  } else if (!mapping.enabled && edge.standby !== true) {
    findings.push(switchedOff(mapping.resource, 'Enabled', 'false'));
  }

  const stopped = edge.events.filter((name) => !arrives(messaging, declared, queue, name));
  if (stopped.length > 0) {
    findings.push({
      resource: queue,
      property: 'subscriptions and rules',
      received: `no path for ${stopped.join(', ')}`,
      allowed: `a path for every event that ${edge.consumer} consumes`,
      fix: 'look for a subscription or rule that is missing, goes elsewhere, is switched off, or whose filter leaves the event out',
    });
  }
  return findings;
}

/** What reads a stream, a Kafka topic or a broker's queue: its mapping is there, and somebody publishes what it takes. */
function unread(messaging: Messaging, declared: DeclaredEvents, edge: ReadsEdge): Finding[] {
  const fn = declared.resourceOf(edge.to);
  if (fn === undefined) return [];
  const via = declared.resourceOf(edge.via);
  const mapping = messaging.mappings.find(
    ({ resource, functionArn }) => resource === via && functionArn === fn.arn,
  );
  if (mapping === undefined) {
    return [
      {
        resource: fn,
        property: 'AWS::Lambda::EventSourceMapping',
        received: `none for ${edge.from}`,
        allowed: `one: ${edge.consumer} is declared to read it`,
        fix: 'keep the mapping that the consumer makes, or take the consumer out as a whole',
      },
    ];
  }
  if (!mapping.enabled) return [switchedOff(mapping.resource, 'Enabled', 'false')];
  if (edge.retry === true) return [];
  const published = declared.publishedTo(declared.resourceOf(edge.from)?.arn ?? '') ?? [];
  const stopped = edge.events.filter((name) => !published.some((event) => event.name === name));
  if (stopped.length === 0) return [];
  return [
    {
      resource: mapping.resource,
      property: 'EventSourceArn',
      received: `nobody who publishes ${stopped.join(', ')} to ${edge.from}`,
      allowed: `a publisher of every event that ${edge.consumer} reads`,
      fix: 'give the stream or topic in publishesTo to who publishes the event',
    },
  ];
}

function arrives(messaging: Messaging, declared: DeclaredEvents, queue: Resource, name: string): boolean {
  const event = declared.topology.events.find((each) => each.name === name);
  // Not of these templates' contracts.
  if (event === undefined) return true;
  if (messaging.pipes.some(({ targetArn }) => targetArn === queue.arn)) return true;
  if (isSentDirectly(declared, queue, name)) return true;
  const fed = new Set(deliveriesOf(messaging).map(({ toArn }) => toArn));
  const isPublished = (originArn: string) => {
    const published = fed.has(originArn) ? undefined : declared.publishedTo(originArn);
    return published === undefined || published.includes(event);
  };
  return pathsTo(messaging, declared, queue).some(
    (path) => isPublished(path.originArn) && path.passes(event) !== 'stopped',
  );
}

function isSentDirectly(declared: DeclaredEvents, queue: Resource, name: string): boolean {
  const nodeId = declared.nodeIdOf(queue);
  return declared.topology.edges.some(
    (edge) => edge.kind === 'publishes' && edge.to === nodeId && edge.events.includes(name),
  );
}

interface DeployedPath {
  readonly originArn: string;
  passes(event: TopologyEvent): Passage;
}

function pathsTo(messaging: Messaging, declared: DeclaredEvents, { arn }: Resource): DeployedPath[] {
  return [
    ...messaging.subscriptions
      .filter(({ endpoint }) => endpoint === arn || isUnknown(endpoint))
      .map((subscription) => ({
        originArn: subscription.topicArn,
        passes: (event: TopologyEvent) => passesSubscription(subscription, event),
      })),
    ...messaging.rules
      .filter(({ targets }) => targets.some((target) => target.arn === arn))
      .map((rule) => ({
        originArn: rule.busArn,
        passes: (event: TopologyEvent) =>
          passesRule(standsBy(declared, rule.resource) ? { ...rule, enabled: true } : rule, event),
      })),
    ...messaging.subscribers
      .filter(({ targetArn }) => targetArn === arn)
      .map((subscriber) => ({
        originArn: subscriber.busArn,
        passes: (event: TopologyEvent) => passesSubscriber(subscriber, event),
      })),
  ];
}

/** A rule of a replica, which an operator switches on when the other Region fails. */
function standsBy(declared: DeclaredEvents, rule: Resource): boolean {
  return declared.topology.edges.some(
    (edge) => edge.kind === 'routes' && edge.standby === true && declared.resourceOf(edge.via) === rule,
  );
}

/** The mapping of a relay's nudges where the Region stands by. */
function mappingStandsBy(declared: DeclaredEvents, { eventSourceArn }: EventSourceMapping): boolean {
  return declared.topology.edges.some(
    (edge) =>
      edge.kind === 'consumes' &&
      edge.standby === true &&
      declared.resourceOf(edge.from)?.arn === eventSourceArn,
  );
}

function silentSchedules(messaging: Messaging, declared: DeclaredEvents): Finding[] {
  return declared.topology.edges.flatMap((edge) => {
    if (edge.kind !== 'invokes') return [];
    const target = declared.resourceOf(edge.to);
    if (target === undefined) return [];
    const node = declared.topology.nodes.find(({ id }) => id === edge.from);
    // A schedule without a resource of its own is somebody else's.
    if (node === undefined || node.logicalId === null) return [];
    const resource = declared.resourceOf(edge.from);
    const schedule = messaging.schedules.find((each) => each.resource === resource);
    const rule = messaging.rules.find((each) => each.resource === resource);
    if ((schedule ?? rule)?.enabled === false && edge.standby !== true)
      return [switchedOff(resource!, 'State', 'DISABLED')];
    const targets =
      schedule === undefined ? (rule?.targets ?? []).map(({ arn }) => arn) : [schedule.targetArn];
    if (targets.some((arn) => isUnknown(arn) || messaging.assembly.find(arn) === target)) return [];
    return [
      {
        resource: target,
        property: 'AWS::Scheduler::Schedule',
        received: resource === undefined ? 'none' : `${resource.constructPath}, which invokes something else`,
        allowed: `the schedule ${edge.from}, which is declared to invoke it`,
        fix: 'keep the schedule: it is the guarantee, where a nudge is only a hint',
      },
    ];
  });
}

function switchedOff(resource: Resource, property: string, received: string): Finding {
  return {
    resource,
    property,
    received,
    allowed: 'switched on',
    fix: 'switch it on, or acknowledge that nothing gets through for now: a rule drops what it does not deliver, a queue keeps it until its retention ends',
  };
}

export const unfedConsumer: Guard = {
  id: 'W21A',
  title: 'A consumer is switched off, or nothing in this assembly feeds it',
  explanation:
    'A rule that is switched off drops its events without a trace. A queue that nobody may send to is read for ever and for nothing. It may be meant, or be fed by somebody outside, so the guard warns.',
  source: SOURCE,
  level: 'warning',
  check(messaging) {
    const deadLetters = deadLetterArns(messaging);
    const declared = declaredEventsOf(messaging.assembly);
    const known = new Set(unreachedConsumer.check(messaging).map(({ resource }) => resource));
    const off = [
      ...messaging.rules
        .filter(({ enabled, eventPattern }) => !enabled && eventPattern !== undefined)
        .filter(({ resource }) => declared === undefined || !standsBy(declared, resource))
        .map(({ resource }) => switchedOff(resource, 'State', 'DISABLED')),
      ...messaging.mappings
        .filter(({ enabled, eventSourceArn = '' }) => !enabled && !deadLetters.has(eventSourceArn))
        .filter((mapping) => declared === undefined || !mappingStandsBy(declared, mapping))
        .map(({ resource }) => switchedOff(resource, 'Enabled', 'false')),
    ];
    return [...off, ...unfedQueues(messaging)].filter(({ resource }) => !known.has(resource));
  },
};

function unfedQueues(messaging: Messaging): Finding[] {
  const deadLetters = deadLetterArns(messaging);
  const fed = new Set([
    ...deliveriesOf(messaging).map(({ toArn }) => toArn),
    ...messaging.subscribers.map(({ targetArn }) => targetArn),
  ]);
  const consumed = new Set(messaging.mappings.map(({ eventSourceArn }) => eventSourceArn));
  const declared = declaredEventsOf(messaging.assembly);
  return messaging.queues
    .filter(({ arn, policies, resource }) => {
      if (declared?.nodeIdOf(resource) !== undefined) return false;
      if (!consumed.has(arn) || deadLetters.has(arn) || fed.has(arn)) return false;
      const letsSomebodyIn = policies.some(({ statements }) =>
        statements.some(({ Effect: effect }) => effect === 'Allow'),
      );
      return !letsSomebodyIn && !messaging.roles.some((role) => maySend(messaging, role, arn));
    })
    .map(({ resource }) => ({
      resource,
      property: 'QueuePolicy',
      received: 'nobody in this assembly who sends to it',
      allowed: 'a subscription, rule, schedule, pipe, or a role that may sqs:SendMessage',
      fix: 'subscribe the queue, or grant its producer sqs:SendMessage',
    }));
}

function maySend(messaging: Messaging, role: Messaging['roles'][number], resourceArn: string): boolean {
  const { verdict } = decide(messaging, {
    actor: { kind: 'role', role },
    action: 'sqs:SendMessage',
    resourceArn,
  });
  return verdict !== 'denied';
}
