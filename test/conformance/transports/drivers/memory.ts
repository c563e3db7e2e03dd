/** The bus inside one process. */
import { memoryBus } from '../../../../lambda/runtime/bus/memory-bus.ts';
import { declarationOf } from '../../../../lambda/runtime/consumer/declaration.ts';
import type { AnyEventContract } from '../../../../lib/contracts/index.ts';
import { until } from '../../../support/waiting.ts';
import type { Channel, TransportDriver } from '../driver.ts';

export const memory: TransportDriver = {
  name: 'memory',
  leaseMilliseconds: 0,
  claims: {
    sharesWork: false,
    waitsForReaders: false,
    lateGroupsSeeAll: false,
    deduplicates: false,
    ordersByKey: true,
    oneAtATime: true,
    keysAreIndependent: true,
    ordersAll: 'there is no such option',
    countsDeliveries: true,
    countsFailuresByEvent: true,
    delaysRetries: false,
    keepsGivenUp: true,
    redrives: 'for unit tests: dead letters are looked at',
    marksRedriven: 'for unit tests: dead letters are looked at',
    keepsHidden: 'a subscription has its events to itself',
    stopsGracefully: 'closing waits for what runs, and has no time limit',
    survivesCrash: 'what is in the process ends with it',
  },
  costs: {
    largestEvent: undefined,
    deduplicationWindow: undefined,
    crash: 'everything: nothing outlives the process',
    reader: '`memoryBus()`, for unit tests',
  },
  leftOut: {},
  start: async () => ({
    broker: 'this process',
    now: () => Date.now(),
    until: (condition) => until(condition),
    channel: async () => openChannel(),
    stop: async () => undefined,
  }),
};

function openChannel(): Channel {
  const bus = memoryBus({ contracts: [] });
  const open: { close(): Promise<void> }[] = [];
  return {
    transport: bus,
    async group(name) {
      return {
        async start(consumer) {
          const { contracts, handler, options } = declarationOf(consumer);
          const subscription = bus.subscribe<readonly AnyEventContract[]>(contracts, handler, {
            ...options,
            consumer: name,
          });
          open.push(subscription);
          return {
            async stop() {
              await subscription.close();
              return { abandoned: 0 };
            },
          };
        },
        async deadLetters(count) {
          await until(() => bus.deadLetters.length >= count);
          return bus.deadLetters.map(({ reason, message }) => ({
            reason,
            receiveCount: undefined,
            body: message.body,
          }));
        },
        redrive: notOffered,
        crash: notOffered,
      };
    },
    async close() {
      await Promise.all(open.map((subscription) => subscription.close()));
    },
  };
}

async function notOffered(): Promise<void> {
  throw new Error('not offered');
}
