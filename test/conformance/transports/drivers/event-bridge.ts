/** A bus of EventBridge whose rule puts events into a standard queue, read by functions. */
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { eventBridgeTransport } from '../../../../lambda/runtime/transports/event-bridge.ts';
import { EVENT_BRIDGE_LIMITS } from '../../../../lambda/runtime/transports/limits.ts';
import type { Channel, TransportDriver } from '../driver.ts';
import { createQueuePair, runningOn, startAwsUnderTest, VISIBILITY } from './embedded-aws.ts';
import type { AwsUnderTest } from './embedded-aws.ts';
import { FUNCTION_STOPS, invokedGroup, NO_ORDER, QUEUE_CLAIMS } from './sns-sqs.ts';

export const eventBridge: TransportDriver = {
  name: 'EventBridge',
  leaseMilliseconds: VISIBILITY * 1_000,
  claims: {
    ...QUEUE_CLAIMS,
    deduplicates: false,
    ordersByKey: false,
    oneAtATime: false,
    keysAreIndependent: NO_ORDER,
    keepsHidden: "a function's time limit is below its queue's visibility timeout: guard W13",
    stopsGracefully: FUNCTION_STOPS,
  },
  costs: {
    largestEvent: EVENT_BRIDGE_LIMITS.bytes,
    deduplicationWindow: undefined,
    crash: "the queue's visibility timeout",
    reader: '`eventBridgeTransport()`, a rule into a standard queue, and `consume()` in a function',
  },
  leftOut: { 'dead-letter-frees-key': NO_ORDER },
  async start() {
    const under = await startAwsUnderTest();
    const events = new EventBridgeClient(under.settings);
    return {
      ...runningOn(under),
      channel: () => openChannel(under, events),
      async stop() {
        events.destroy();
        await under.stop();
      },
    };
  },
};

async function openChannel(under: AwsUnderTest, events: EventBridgeClient): Promise<Channel> {
  const bus = under.name('channel');
  await events.send(new CreateEventBusCommand({ Name: bus }));
  const closing: (() => Promise<unknown>)[] = [];
  return {
    transport: eventBridgeTransport({ eventBusName: bus }),
    async group(group) {
      const pair = await createQueuePair(under, `${bus}-${group}`);
      const pattern = JSON.stringify({ source: ['shop'] });
      await events.send(new PutRuleCommand({ Name: group, EventBusName: bus, EventPattern: pattern }));
      // As the construct's rules do: the envelope alone.
      const target = { Id: group, Arn: pair.queue.arn, InputPath: '$.detail' };
      await events.send(new PutTargetsCommand({ Rule: group, EventBusName: bus, Targets: [target] }));
      return invokedGroup(under, pair, closing);
    },
    async close() {
      await Promise.all(closing.map((close) => close()));
    },
  };
}
