/** The permissions that each action needs. eventbridge/latest/userguide/eb-custom-bus-access-actions.html */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { DECRYPTING, keyUse } from '../iam/key-use.ts';
import { passRole } from '../iam/pass-role.ts';
import { encryptionContext } from './buses.ts';
import type { EventsV2State } from './state.ts';

type Input = Readonly<Record<string, unknown>>;

/** What creating a bus checks on its key, with the caller's credentials. */
const CREATING = [
  'kms:Decrypt',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

export function eventsV2Authorization(
  context: AwsContext,
  state: EventsV2State,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const iamAction = `events:${action}`;
  const own = (kind: string) =>
    `arn:aws:events:${context.region}:${context.accountId}:${kind}/${text(input, 'Name') ?? '*'}/*`;
  if (action.startsWith('List') && action !== 'ListResourcePolicies' && action !== 'ListTagsForResource') {
    return [{ action: iamAction, resourceArn: '*' }];
  }
  if (action === 'CreateEventBus') {
    const arn = own('event-busv2');
    const key = text(member(input, 'EncryptionConfiguration'), 'KmsKeyIdentifier');
    return [
      { action: iamAction, resourceArn: arn },
      ...keyUse(context, 'events', key, CREATING, encryptionContext(arn)),
    ];
  }
  const busArn = text(input, 'EventBusArn');
  if (action === 'PutEvents' || action === 'PutRawEvents') {
    const onBus = requestOn(state, iamAction, busArn ?? '*');
    const keys = action === 'PutEvents' ? distinctEntries(input) : [{}];
    return [...keys.map((conditionKeys) => ({ ...onBus, conditionKeys })), ...busKey(context, state, busArn)];
  }
  const role = passRole('events.amazonaws.com', [text(member(input, 'InvokeConfiguration'), 'RoleArn')]);
  if (action === 'CreateSubscriber') {
    return [
      {
        ...requestOn(state, iamAction, busArn ?? '*'),
        conditionKeys: { 'events:ContentFilterPresent': String(hasContentFilter(input)) },
      },
      { action: iamAction, resourceArn: own('subscriber') },
      ...role,
      ...busKey(context, state, busArn),
    ];
  }
  const subscriberArn = text(input, 'SubscriberArn');
  if (subscriberArn !== undefined) {
    const key = busKey(context, state, state.subscribers.get(subscriberArn)?.busArn);
    const onSubscriber = { action: iamAction, resourceArn: subscriberArn };
    return action === 'UpdateSubscriber' ? [onSubscriber, ...role, ...key] : [onSubscriber];
  }
  const resource = busArn ?? text(input, 'ResourceArn') ?? '*';
  return [requestOn(state, iamAction, resource)];
}

function requestOn(state: EventsV2State, action: string, resourceArn: string): AuthorizationRequest {
  const resourcePolicy = state.buses.get(resourceArn)?.policy;
  return { action, resourceArn, ...(resourcePolicy !== undefined && { resourcePolicy }) };
}

/** "A producer that cannot read the bus's events back cannot write them either." */
function busKey(
  context: AwsContext,
  state: EventsV2State,
  busArn: string | undefined,
): readonly AuthorizationRequest[] {
  const bus = state.buses.get(busArn ?? '');
  return bus ? keyUse(context, 'events', bus.kmsKeyArn, DECRYPTING, encryptionContext(bus.arn)) : [];
}

/** One check for each entry; entries that look alike to policies are one. */
function distinctEntries(input: Input): readonly Record<string, string>[] {
  const sets = new Map<string, Record<string, string>>();
  const entries = Array.isArray(input['Entries']) ? (input['Entries'] as readonly Input[]) : [];
  for (const entry of entries) {
    const source = text(entry, 'Source') ?? '';
    const detailType = text(entry, 'DetailType') ?? '';
    sets.set(`${source}\n${detailType}`, { 'events:source': source, 'events:detail-type': detailType });
  }
  return [...sets.values()];
}

function hasContentFilter(input: Input): boolean {
  const filters = member(input, 'FilterConfiguration')?.['Filters'];
  return Array.isArray(filters) && filters.some((filter: Input) => filter['Scope'] === 'DATA');
}

function member(input: Input, name: string): Input | undefined {
  const value = input[name];
  return typeof value === 'object' && value !== null ? (value as Input) : undefined;
}

function text(input: Input | null | undefined, name: string): string | undefined {
  const value = input?.[name];
  return typeof value === 'string' ? value : undefined;
}
