/**
 * W11: what is published goes somewhere.
 *
 * | publisher | | W11 | W11A |
 * |---|---|---|---|
 * | a function's WAYBILL_PUBLISH_ROUTES | names a target that the topology knows no edge to | found | |
 * | the same | names an event, or a source of it, that nothing declares | found | |
 * | events declared to be published to a classic bus | no rule of the assembly takes one, and nothing archives it | | found |
 * | a pipe or schedule with a source and detail type of its own, to a bus of the assembly | the same | | found |
 * | a topic without subscribers | is what topics are for | | |
 * | code that publishes to a bus or topic by a name of its own | not known | | |
 *
 * PutEvents answers with success for an event that no rule matches:
 * eventbridge/latest/APIReference/API_PutEvents.html; iac-anchors of this project, yulin EventBridge docs.
 */
import { isUnknown } from '../assembly/index.ts';
import type { LambdaFunction, Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { TopologyEvent } from '../topology/index.ts';
import { declaredEventsOf, passesRule } from './declared-events.ts';
import type { DeclaredEvents } from './declared-events.ts';
import type { Finding, Guard } from './guard.ts';

const SOURCE = 'eventbridge/latest/APIReference/API_PutEvents.html';
const ROUTES = 'WAYBILL_PUBLISH_ROUTES';

export const undeclaredDestination: Guard = {
  id: 'W11',
  title: 'An event is published to a place, or under a name, that nothing declares',
  explanation:
    'SNS and EventBridge take what nobody listens to, and say that all is well. An event under a name that no filter knows is gone the moment it is published.',
  source: SOURCE,
  level: 'error',
  check(messaging) {
    const declared = declaredEventsOf(messaging.assembly);
    if (declared === undefined) return [];
    return messaging.functions.flatMap((fn) =>
      routesOf(fn).flatMap((route) => [
        ...wrongTarget(fn, route, declared),
        ...wrongEvents(fn, route, declared),
      ]),
    );
  },
};

interface Route {
  readonly source: string;
  readonly target: string;
  readonly events: readonly string[];
}

function routesOf({ environment }: LambdaFunction): readonly Route[] {
  const { [ROUTES]: text } = environment;
  if (text === undefined) return [];
  try {
    const routes: unknown = JSON.parse(text);
    return (Array.isArray(routes) ? (routes as unknown[]) : []).filter(isRoute);
  } catch {
    return [];
  }
}

function isRoute(value: unknown): value is Route {
  return (
    isRecord(value) &&
    typeof value['source'] === 'string' &&
    typeof value['target'] === 'string' &&
    Array.isArray(value['events'])
  );
}

function wrongTarget({ resource }: LambdaFunction, { target }: Route, declared: DeclaredEvents): Finding[] {
  const nodeId = declared.nodeIdOf(resource);
  const destinations = declared.topology.edges
    .filter((edge) => edge.kind === 'publishes' && edge.from === nodeId)
    .map(({ to }) => declared.resourceOf(to));
  // A destination that is not in these templates may be the target.
  if (nodeId === undefined || destinations.includes(undefined) || isUnknown(target)) return [];
  if (destinations.some((destination) => destination?.arn === target)) return [];
  return [
    finding(
      resource,
      `the target ${target}`,
      `one of ${destinations.map((each) => each?.constructPath).join(', ') || 'none'}, to which the topology has an edge`,
      'give the function the topic or bus in publishesTo, rather than a name',
    ),
  ];
}

function wrongEvents({ resource }: LambdaFunction, route: Route, declared: DeclaredEvents): Finding[] {
  const known = new Map(declared.topology.events.map((event) => [event.name, event]));
  return route.events.flatMap((name) => {
    const event = known.get(name);
    if (event?.source === route.source) return [];
    return [
      finding(
        resource,
        `${name} of ${route.source}`,
        event === undefined ? 'an event of the catalogue' : `${name} of ${event.source}`,
        'publish events by their contract, in publishesTo',
      ),
    ];
  });
}

function finding(resource: Resource, received: string, allowed: string, fix: string): Finding {
  return { resource, property: `Environment.Variables.${ROUTES}`, received, allowed, fix };
}

export const eventTakenByNoRule: Guard = {
  id: 'W11A',
  title: 'No rule takes an event that is published to a bus',
  explanation:
    'EventBridge takes an event that no rule matches, says that all is well, and drops it. Without an archive it cannot be had back. The guard sees the rules of this assembly alone, so it warns.',
  source: SOURCE,
  level: 'warning',
  check: (messaging) => [...declaredButNotTaken(messaging), ...fixedButNotTaken(messaging)],
};

function declaredButNotTaken(messaging: Messaging): Finding[] {
  const declared = declaredEventsOf(messaging.assembly);
  return messaging.buses.flatMap(({ arn, resource }) => {
    if (isKept(messaging, arn)) return [];
    return (declared?.publishedTo(arn) ?? [])
      .filter((event) => !isTaken(messaging, arn, event))
      .map((event) => notTaken(resource, `${event.name} of ${event.source}`, 'rules'));
  });
}

/** A pipe or a schedule whose target says under which source and detail type it puts its events. */
function fixedButNotTaken(messaging: Messaging): Finding[] {
  const ofPipes = messaging.pipes.map(({ resource, targetArn, targetParameters }) => ({
    resource,
    targetArn,
    parameters: targetParameters['EventBridgeEventBusParameters'],
  }));
  const ofSchedules = messaging.schedules.map(({ resource, targetArn }) => {
    const { Target: target } = resource.properties;
    return {
      resource,
      targetArn,
      parameters: isRecord(target) ? target['EventBridgeParameters'] : undefined,
    };
  });
  return [...ofPipes, ...ofSchedules].flatMap(({ resource, targetArn, parameters }) => {
    const { Source: source, DetailType: name } = isRecord(parameters) ? parameters : {};
    if (typeof source !== 'string' || typeof name !== 'string' || isUnknown(source) || isUnknown(name))
      return [];
    if (messaging.bus(targetArn) === undefined || isKept(messaging, targetArn)) return [];
    // A path is filled in by the pipe.
    if (source.startsWith('$.') || name.startsWith('$.')) return [];
    const isMatched = messaging.rules.some(
      ({ busArn, enabled, eventPattern }) =>
        busArn === targetArn && enabled && mayMatch(eventPattern, { source, 'detail-type': name }),
    );
    return isMatched ? [] : [notTaken(resource, `${name} of ${source}`, 'Source, DetailType')];
  });
}

function isKept({ archives }: Messaging, busArn: string): boolean {
  return archives.some(({ sourceArn }) => sourceArn === busArn);
}

function isTaken({ rules }: Messaging, arn: string, event: TopologyEvent): boolean {
  return rules.some((rule) => rule.busArn === arn && passesRule(rule, event) !== 'stopped');
}

/** Whether the pattern lets a source and a detail type through, whatever the rest of the event. */
function mayMatch(
  pattern: Readonly<Record<string, unknown>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean {
  if (pattern === undefined) return false;
  return Object.entries(wanted).every(([key, value]) => {
    const { [key]: allowed } = pattern;
    if (!Array.isArray(allowed)) return true;
    return (allowed as unknown[]).some(
      (each) => typeof each !== 'string' || each === value || isUnknown(each),
    );
  });
}

function notTaken(resource: Resource, received: string, property: string): Finding {
  return {
    resource,
    property,
    received: `${received}, which no rule of its bus takes`,
    allowed: 'a rule that matches it, or an archive of the bus',
    fix: 'add a consumer or an archive, or correct the source and detail type: EventBridge drops what no rule matches',
  };
}
