/** A small system of our own constructs, with its topology, whose templates the tests of the guards change. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stack } from 'aws-cdk-lib';
import { assemblyOf, messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Messaging, Template } from '../../../lib/assembly/index.ts';
import {
  AlertTopic,
  EventFunction,
  EventTopic,
  MessageBus,
  OutboxRelay,
  QueueConsumer,
} from '../../../lib/constructs/index.ts';
import { readTopology } from '../../../lib/topology/index.ts';
import {
  aDatabase,
  ENTRY,
  OrderCancelled,
  OrderPlaced,
  Orders,
  StockReserved,
  testApp,
} from '../constructs/support.ts';

export interface MutableResource {
  Type: string;
  Properties: Record<string, unknown>;
}
export type MutableResources = Record<string, MutableResource>;

export interface WaybillSystem {
  /** A copy of what the template has. */
  resources(): MutableResources;
  /** The messaging of a copy of the template. Logical ids are those of CDK, see `only`. */
  changed(change: (resources: MutableResources) => void): Messaging;
}

const PLACE = { account: '111111111111', region: 'eu-west-1' };

/** Api -> topic Orders -> Fulfilment; Api -> bus -> Fulfilment; a relay with its schedule. */
export function waybillSystem(): WaybillSystem {
  const app = testApp();
  const stack = new Stack(app, 'Ours', { env: PLACE });
  new AlertTopic(stack, 'Alerts');
  const orders = new EventTopic(stack, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const bus = new MessageBus(stack, 'Bus');
  new EventFunction(stack, 'Api', { publishesTo: [orders, bus.publishing([StockReserved])], entry: ENTRY });
  new QueueConsumer(stack, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced), bus.event(StockReserved)],
    entry: ENTRY,
  });
  new OutboxRelay(stack, 'Relay', { database: aDatabase(stack), publishesTo: [orders] });
  const { directory } = app.synth();
  const topology = readTopology(directory);
  const paths = new Map(
    readAssembly(directory).resources.map(({ logicalId, constructPath }) => [logicalId, constructPath]),
  );
  const template = readFileSync(join(directory, 'Ours.template.json'), 'utf8');
  const copied = () => JSON.parse(template) as { Resources: MutableResources };
  return {
    resources: () => copied().Resources,
    changed(change) {
      const copy = copied();
      change(copy.Resources);
      const source = {
        stackName: 'Ours',
        ...PLACE,
        template: copy as unknown as Template,
        constructPath: (logicalId: string) => paths.get(logicalId),
      };
      return messagingOf(assemblyOf([source], topology));
    },
  };
}

/** The only resource of a type whose logical id begins so. */
export function only(resources: MutableResources, type: string, prefix = ''): [string, MutableResource] {
  const found = Object.entries(resources).filter(([id, { Type }]) => Type === type && id.startsWith(prefix));
  if (found.length !== 1) {
    throw new Error(`${found.length} of ${type} ${prefix}: ${found.map(([id]) => id).join(', ')}`);
  }
  return found[0]!;
}
