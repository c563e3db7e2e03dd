/** The kill switches, as a function sees them: read together, kept for some seconds. */
import type { DynamoDbClient, Item } from '../aws/dynamodb.ts';
import { cached } from './cached.ts';
import type { Cached, CachedProps } from './cached.ts';
import { consumerSwitch, consumerTenantSwitch, SWITCHES, tenantSwitch, textOf } from './control-keys.ts';

/**
 * `paused`: off. `draining`: on again, and what was parked meanwhile goes first. A tenant's switch goes from
 * paused over draining to none; a consumer's is paused or none.
 */
export type SwitchState = 'paused' | 'draining';

export type Switches = ReadonlyMap<string, SwitchState>;

export function cachedSwitches(
  client: DynamoDbClient,
  settings: Pick<CachedProps<Switches>, 'maxAge' | 'clock' | 'onFailure'>,
): Cached<Switches> {
  return cached({ ...settings, initial: new Map(), read: () => readSwitches(client) });
}

async function readSwitches(client: DynamoDbClient): Promise<Switches> {
  const switches = new Map<string, SwitchState>();
  let from: Item | undefined;
  do {
    const answer = await client.call('Query', {
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: SWITCHES } },
      // A switch that an operator has thrown counts for everybody within the time of the cache, so no stale read.
      ConsistentRead: true,
      ...(from !== undefined && { ExclusiveStartKey: from }),
    });
    for (const item of answer.Items ?? []) {
      const state = textOf(item, 'state');
      const name = textOf(item, 'sk');
      if (name !== undefined && (state === 'paused' || state === 'draining')) switches.set(name, state);
    }
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return switches;
}

export function isConsumerPaused(switches: Switches, consumer: string): boolean {
  return switches.get(consumerSwitch(consumer)) === 'paused';
}

/** The stricter of the tenant's own switch and of the one for this consumer. */
export function tenantState(switches: Switches, consumer: string, tenantId: string): SwitchState | undefined {
  if (switches.size === 0) return undefined;
  const states = [
    switches.get(tenantSwitch(tenantId)),
    switches.get(consumerTenantSwitch(consumer, tenantId)),
  ];
  if (states.includes('paused')) return 'paused';
  return states.includes('draining') ? 'draining' : undefined;
}
