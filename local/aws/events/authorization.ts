/**
 * The permissions that each action of EventBridge needs. service-authorization/latest/reference/list_amazoneventbridge.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { passRole } from '../iam/pass-role.ts';
import type { EventsState } from './state.ts';

type Input = Readonly<Record<string, unknown>>;

const RULE_ACTIONS: ReadonlySet<string> = new Set([
  'DeleteRule',
  'DescribeRule',
  'DisableRule',
  'EnableRule',
  'ListTargetsByRule',
  'PutRule',
  'PutTargets',
  'RemoveTargets',
]);
const BUS_ACTIONS: ReadonlySet<string> = new Set([
  'CreateEventBus',
  'DeleteEventBus',
  'DescribeEventBus',
  'UpdateEventBus',
]);
/** Actions on something else that has a name: which member holds it, and what its ARN calls it. */
const NAMED: readonly (readonly [member: string, kind: string, actions: RegExp])[] = [
  ['ArchiveName', 'archive', /Archive$/],
  ['ReplayName', 'replay', /Replay$/],
  ['Name', 'connection', /Connection$/],
  ['Name', 'api-destination', /ApiDestination$/],
];

export function eventsAuthorization(
  context: AwsContext,
  state: EventsState,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  if (action === 'PutEvents') return putEvents(context, state, input);
  const requests = [{ action: `events:${action}`, resourceArn: resourceOf(context, action, input) }];
  const roles = [
    text(input, 'RoleArn'),
    ...entries(input, 'Targets').map((target) => text(target, 'RoleArn')),
  ];
  return [...requests, ...passRole('events.amazonaws.com', roles)];
}

/** One permission for each bus; every entry for it must be allowed. */
function putEvents(context: AwsContext, state: EventsState, input: Input): AuthorizationRequest[] {
  const byBus = new Map<string, Input[]>();
  for (const entry of entries(input, 'Entries')) {
    const arn = busArn(context, text(entry, 'EventBusName'));
    byBus.set(arn, [...(byBus.get(arn) ?? []), entry]);
  }
  return [...byBus].flatMap(([resourceArn, list]) => {
    const resourcePolicy = state.buses.get(resourceArn.split('/').at(-1) ?? '')?.policy;
    return distinct(list).map((conditionKeys) => ({
      action: 'events:PutEvents',
      resourceArn,
      conditionKeys,
      ...(resourcePolicy !== undefined && { resourcePolicy }),
    }));
  });
}

/** The keys of the entries, each set of them once. */
function distinct(list: readonly Input[]): readonly Record<string, string>[] {
  const sets = new Map<string, Record<string, string>>();
  for (const entry of list) {
    const source = text(entry, 'Source') ?? '';
    const detailType = text(entry, 'DetailType') ?? '';
    sets.set(`${source}\n${detailType}`, {
      'events:source': source,
      'events:detail-type': detailType,
      'events:eventBusInvocation': 'false',
    });
  }
  return [...sets.values()];
}

function resourceOf(context: AwsContext, action: string, input: Input): string {
  const prefix = `arn:aws:events:${context.region}:${context.accountId}:`;
  const tagged = text(input, 'ResourceARN');
  if (tagged !== undefined) return tagged;
  if (BUS_ACTIONS.has(action)) return busArn(context, text(input, 'Name'));
  if (RULE_ACTIONS.has(action)) {
    const bus = busArn(context, text(input, 'EventBusName')).split('/').at(-1);
    const rule = text(input, 'Rule') ?? text(input, 'Name') ?? '*';
    return `${prefix}rule/${bus === 'default' ? '' : `${bus}/`}${rule}`;
  }
  for (const [member, kind, actions] of NAMED) {
    const name = text(input, member);
    if (name !== undefined && actions.test(action)) return `${prefix}${kind}/${name}`;
  }
  return '*';
}

function busArn({ region, accountId }: AwsContext, nameOrArn = 'default'): string {
  return nameOrArn.startsWith('arn:')
    ? nameOrArn
    : `arn:aws:events:${region}:${accountId}:event-bus/${nameOrArn}`;
}

function entries(input: Input, member: string): readonly Input[] {
  const value = input[member];
  return Array.isArray(value) ? (value as readonly Input[]) : [];
}

function text(input: Input | null | undefined, member: string): string | undefined {
  const value = input?.[member];
  return typeof value === 'string' ? value : undefined;
}
