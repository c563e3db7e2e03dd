/** What the core stack names twice, because stacks can't import handlers: both names must be the same. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  adaptersEvents,
  coreApiEvents,
  deliveredEvents,
  entitlementEvents,
  coreEvents,
  insightEvents,
  integrationEvents,
  searchableEvents,
  TenantRegistered,
} from '../../catalog/index.ts';
import { endpointRoutes, gitHubWebhookRoutes } from '../../lambda/core/adapters/routes.ts';
import { controlPlaneRoutes } from '../../lambda/core/control-plane/routes.ts';
import { coreApiRoutes } from '../../lambda/core/core-api/routes.ts';
import { EFFECT_TABLES } from '../../lambda/core/migrations/0002-consumer-tables.ts';
import type { Service } from '../../lambda/service/unit-of-work.ts';
import type { AnyEventContract } from '../../lib/contracts/index.ts';
import { readTopology, subscribersOf } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';
import { onlySystems } from '../../lib/config/index.ts';
import { synthesize } from '../lib/stacks/synthesize.ts';
import type { Synthesized } from '../lib/stacks/synthesize.ts';

/** What each handler gives to `consume`. */
const HANDLED: Readonly<Record<string, readonly AnyEventContract[]>> = {
  'audit-trail': coreEvents,
  'usage-metering': [...coreApiEvents, ...adaptersEvents],
  'search-index': searchableEvents,
  'tenant-provisioning': [TenantRegistered],
  'webhook-delivery': deliveredEvents,
  'entitlement-cache': entitlementEvents,
  'integration-registry': integrationEvents,
  'delivery-insights': insightEvents,
};

let local: Synthesized;
let topology: Topology;
beforeAll(() => {
  local = synthesize('local', { systems: onlySystems(['core']) });
  topology = readTopology(local.directory);
});

const namesOf = (contracts: readonly AnyEventContract[]): string[] =>
  contracts.map(({ name }) => name).toSorted();

describe('each consumer', () => {
  test('has an effect table, and each effect table a consumer', () => {
    const consumers = topology.edges.flatMap((edge) =>
      edge.kind === 'consumes' && edge.events.length > 0 ? [edge.consumer] : [],
    );

    expect(consumers.toSorted()).toEqual(Object.keys(EFFECT_TABLES).toSorted());
  });

  test.each(Object.entries(HANDLED))(
    '%s is subscribed to exactly what its handler handles',
    (name, contracts) => {
      const edge = topology.edges.find(
        (candidate) => candidate.kind === 'consumes' && candidate.consumer === name,
      );

      expect(edge?.kind === 'consumes' ? [...edge.events].toSorted() : []).toEqual(namesOf(contracts));
    },
  );
});

test('every event of the catalogue is published, and somebody gets it', () => {
  expect(topology.events.map(({ name }) => name).toSorted()).toEqual(namesOf(coreEvents));
  for (const { name } of coreEvents) expect(subscribersOf(topology, name)).not.toEqual([]);
});

test('the API has exactly the routes that its functions answer', () => {
  const core = (): Promise<Service> => Promise.reject(new Error('not called'));
  const answered = [
    coreApiRoutes(core, { allowLoopback: false }),
    controlPlaneRoutes(core),
    endpointRoutes(core),
    gitHubWebhookRoutes(core),
  ].flatMap((routes) => Object.keys(routes));
  const routes = Object.values(local.templates['Core']?.Resources ?? {})
    .filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route')
    .map(({ Properties }) => ({
      routeKey: String(Properties?.['RouteKey']),
      open: Properties?.['AuthorizationType'] !== 'CUSTOM',
    }));

  expect(routes.map(({ routeKey }) => routeKey).toSorted()).toEqual(answered.toSorted());
  // Only the webhooks of third parties, which bring their own proof, are open.
  expect(routes.flatMap(({ routeKey, open }) => (open ? [routeKey] : []))).toEqual(
    Object.keys(gitHubWebhookRoutes(core)),
  );
});
