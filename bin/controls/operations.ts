/** What an operator does to the controls: each change with who, when and why, in the table beside it. */
import { isConditionFailed } from '../../lambda/runtime/aws/dynamodb.ts';
import type { Item } from '../../lambda/runtime/aws/dynamodb.ts';
import { stateOf } from '../../lambda/runtime/degradation/breaker-store.ts';
import type { BreakerState } from '../../lambda/runtime/degradation/breaker-store.ts';
import {
  AUDIT,
  breakerPartition,
  consumerSwitch,
  consumerTenantSwitch,
  expiryAfter,
  numberOf,
  parkedPartition,
  parkedPrefix,
  SWITCHES,
  tenantSwitch,
  textOf,
} from '../../lambda/runtime/degradation/control-keys.ts';
import type { Operator } from './clients.ts';
import { enableMappings } from './consumers.ts';
import type { ControlledConsumer } from './consumers.ts';

/** What is switched: a consumer, a tenant for all consumers, or a tenant for one. */
export interface Target {
  readonly consumer?: string | undefined;
  readonly tenant?: string | undefined;
}

export interface SwitchView {
  readonly target: string;
  readonly state: string;
  readonly by: string;
  readonly at: string;
  readonly why: string;
}

/** Seconds: the audit's items are kept for a year. */
const AUDIT_KEPT = 366 * 86_400;

export function switchName({ consumer, tenant }: Target): string {
  if (tenant === undefined) return consumerSwitch(consumer ?? '');
  return consumer === undefined ? tenantSwitch(tenant) : consumerTenantSwitch(consumer, tenant);
}

export async function setSwitch(
  operator: Operator,
  target: Target,
  state: 'paused' | 'draining' | undefined,
  why: string,
): Promise<void> {
  const name = switchName(target);
  const key = { pk: { S: SWITCHES }, sk: { S: name } };
  if (state === undefined) await operator.table.call('DeleteItem', { Key: key });
  else {
    await operator.table.call('PutItem', {
      Item: {
        ...key,
        state: { S: state },
        by: { S: operator.who },
        at: { S: new Date(operator.clock.now()).toISOString() },
        why: { S: why },
      },
    });
  }
  await audit(operator, `${name} ${state ?? 'on'}`, why);
}

/** The switch first: it counts within seconds; then the mapping, after which nothing is received any more. */
export async function pauseConsumer(
  operator: Operator,
  consumer: ControlledConsumer,
  why: string,
): Promise<void> {
  await setSwitch(operator, { consumer: consumer.name }, 'paused', why);
  await enableMappings(operator.lambda, consumer, false);
}

export async function resumeConsumer(
  operator: Operator,
  consumer: ControlledConsumer,
  why: string,
): Promise<void> {
  await setSwitch(operator, { consumer: consumer.name }, undefined, why);
  await enableMappings(operator.lambda, consumer, true);
}

/**
 * Forces a breaker open or closed, until it is `auto` again: then it is closed, and measures.
 * Not undone by calls; the generation rises, so that no result of an earlier call counts.
 */
export async function forceBreaker(
  operator: Operator,
  dependency: string,
  to: 'open' | 'closed' | 'auto',
  why: string,
): Promise<void> {
  const auto = to === 'auto';
  await operator.table.call('UpdateItem', {
    Key: { pk: { S: breakerPartition(dependency) }, sk: { S: 'state' } },
    UpdateExpression: auto
      ? 'SET #state = :closed, openings = :none, openUntil = :none ADD generation :one REMOVE forced, probeUntil'
      : 'SET forced = :to ADD generation :one REMOVE probeUntil',
    ...(auto && { ExpressionAttributeNames: { '#state': 'state' } }),
    ExpressionAttributeValues: {
      ':one': { N: '1' },
      ...(auto ? { ':closed': { S: 'closed' }, ':none': { N: '0' } } : { ':to': { S: to } }),
    },
  });
  await audit(operator, `breaker#${dependency} ${to}`, why);
}

export async function switchesOf(operator: Pick<Operator, 'table'>): Promise<readonly SwitchView[]> {
  const items = await queryAll(operator, SWITCHES);
  return items.map((item) => ({
    target: textOf(item, 'sk') ?? '',
    state: textOf(item, 'state') ?? '',
    by: textOf(item, 'by') ?? '',
    at: textOf(item, 'at') ?? '',
    why: textOf(item, 'why') ?? '',
  }));
}

export async function breakerOf(
  operator: Pick<Operator, 'table'>,
  dependency: string,
): Promise<BreakerState> {
  const { Item: item } = await operator.table.call('GetItem', {
    Key: { pk: { S: breakerPartition(dependency) }, sk: { S: 'state' } },
    ConsistentRead: true,
  });
  return stateOf(item);
}

/** The last changes, the newest first. */
export async function auditOf(operator: Pick<Operator, 'table'>): Promise<readonly SwitchView[]> {
  const items = await queryAll(operator, AUDIT);
  return items.toReversed().map((item) => ({
    target: textOf(item, 'what') ?? '',
    state: '',
    by: textOf(item, 'by') ?? '',
    at: textOf(item, 'at') ?? '',
    why: textOf(item, 'why') ?? '',
  }));
}

export interface ParkedCount {
  readonly messages: number;
  /** Milliseconds since the epoch; undefined where nothing is parked. */
  readonly oldestAt: number | undefined;
}

/** What is parked, or released and not yet handled: of all tenants, or of one. */
export async function parkedOf(
  operator: Pick<Operator, 'table'>,
  consumer: string,
  tenantId?: string,
): Promise<ParkedCount> {
  const prefix = tenantId === undefined ? undefined : parkedPrefix(tenantId);
  const items = await queryAll(operator, parkedPartition(consumer), prefix);
  const times = items.map((item) => numberOf(item, 'parkedAt') ?? Number.POSITIVE_INFINITY);
  return {
    messages: items.length,
    // By a loop: a spread of a hundred thousand arguments is too much.
    oldestAt: times.length === 0 ? undefined : times.reduce((oldest, time) => Math.min(oldest, time)),
  };
}

/** Forgets the notes of messages that will never be handled, because SQS itself has dead-lettered them. */
export async function forgetParkedNotes(
  operator: Operator,
  consumer: string,
  tenantId: string,
): Promise<number> {
  const items = await queryAll(operator, parkedPartition(consumer), parkedPrefix(tenantId));
  for (const { pk, sk } of items) await operator.table.call('DeleteItem', { Key: { pk, sk } });
  return items.length;
}

async function audit(operator: Operator, what: string, why: string): Promise<void> {
  const now = operator.clock.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      const at = new Date(now).toISOString();
      await operator.table.call('PutItem', {
        Item: {
          pk: { S: AUDIT },
          // Two changes within a millisecond are both kept.
          sk: { S: `${at}#${attempt}` },
          what: { S: what },
          by: { S: operator.who },
          at: { S: at },
          why: { S: why },
          expiresAt: expiryAfter(now, AUDIT_KEPT),
        },
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      return;
    } catch (error) {
      if (!isConditionFailed(error)) throw error;
    }
  }
}

async function queryAll(
  { table }: Pick<Operator, 'table'>,
  partition: string,
  prefix?: string,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  let from: Item | undefined;
  do {
    const answer = await table.call('Query', {
      KeyConditionExpression: prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: {
        ':pk': { S: partition },
        ...(prefix !== undefined && { ':prefix': { S: prefix } }),
      },
      ConsistentRead: true,
      ...(from !== undefined && { ExclusiveStartKey: from }),
    });
    items.push(...(answer.Items ?? []));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}
