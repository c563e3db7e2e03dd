/** A Custom Event Bus beside real queues, on a still clock. */
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import {
  type AwsContext,
  createAwsContext,
  type Happening,
  rootCaller,
} from '../../../../local/aws/context.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createEventsV2Service, type EventsV2Service } from '../../../../local/aws/eventsv2/index.ts';
import type { MetricSample } from '../../../../local/aws/metrics.ts';
import { createSqsService, type MessageView, type SqsService } from '../../../../local/aws/sqs/index.ts';
import type { StateStore } from '../../../../local/aws/state/index.ts';

export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
export const ROLE = 'arn:aws:iam::000000000000:role/delivery';
/** Wednesday, 21 January 2026, 12:00 UTC. */
export const START = Date.UTC(2026, 0, 21, 12);

type Members = Record<string, unknown>;

export interface Harness {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly eventsv2: EventsV2Service;
  readonly sqs: SqsService;
  readonly happenings: Happening[];
  readonly metrics: MetricSample[];
  call(action: string, input: Members): Promise<Members>;
  createQueues(...names: string[]): Promise<void>;
  /** A bus; gives its ARN. */
  bus(members?: Members): Promise<string>;
  /** A subscriber to a queue; gives its ARN. */
  subscribe(busArn: string, queue: string, members?: Members): Promise<string>;
  put(busArn: string, detail: Members, systemMetadata?: Members): Promise<Members>;
  /** Lets what was started run, without moving the clock. */
  settle(): Promise<void>;
  messages(queue: string): readonly MessageView[];
  /** The bodies in a queue, parsed. */
  bodies(queue: string): readonly unknown[];
  /** Names of the metrics of `AWS/EventsV2` that were counted. */
  counted(name: string): number;
  close(): void;
}

export function createHarness(state?: StateStore, clock: ManualClock = manualClock(START)): Harness {
  const context = createAwsContext({ clock, ...(state && { state }) });
  const happenings: Happening[] = [];
  const metrics: MetricSample[] = [];
  context.events.observe((happening) => happenings.push(happening));
  context.metrics.observe((sample) => metrics.push(sample));
  const sqs = createSqsService(context);
  const eventsv2 = createEventsV2Service(context);
  for (const service of [sqs, eventsv2]) context.services.register(service);
  const messages = (queue: string) => sqs.messages(queueArn(queue));
  const call = async (action: string, input: Members) =>
    (await eventsv2.handle(action, input, rootCaller(context))) as Members;
  const settle = async () => {
    for (let round = 0; round < 10; round++) await new Promise((resolve) => setImmediate(resolve));
  };
  let names = 0;
  return {
    context,
    clock,
    eventsv2,
    sqs,
    happenings,
    metrics,
    call,
    settle,
    async createQueues(...queues) {
      for (const QueueName of queues) {
        const Attributes = QueueName.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
        await sqs.handle('CreateQueue', { QueueName, Attributes }, rootCaller(context));
      }
    },
    async bus(members = {}) {
      return (await call('CreateEventBus', { Name: `bus-${++names}`, ...members }))['EventBusArn'] as string;
    },
    async subscribe(busArn, queue, { InvokeConfiguration, ...members } = {}) {
      const fifo = queue.endsWith('.fifo');
      const SqsParameters = {
        MessageGroupId: '{% $events.SystemMetadata.EventGroupId %}',
        MessageDeduplicationId: '{% $events.SystemMetadata."aws:EventId" %}',
      };
      const { SubscriberArn } = await call('CreateSubscriber', {
        Name: `subscriber-${++names}`,
        EventBusArn: busArn,
        Type: fifo ? 'FIFO' : 'UNORDERED',
        InvokeConfiguration: {
          TargetArn: queueArn(queue),
          RoleArn: ROLE,
          ...(fifo && { SqsParameters }),
          ...(InvokeConfiguration as Members | undefined),
        },
        ...members,
      });
      return SubscriberArn as string;
    },
    async put(busArn, detail, systemMetadata) {
      const answer = await call('PutEvents', {
        EventBusArn: busArn,
        Entries: [
          {
            Source: 'shop',
            DetailType: 'OrderPlaced',
            Detail: JSON.stringify(detail),
            ...(systemMetadata && { SystemMetadata: systemMetadata }),
          },
        ],
      });
      await settle();
      return (answer['Entries'] as Members[])[0]!;
    },
    messages,
    bodies: (queue) => messages(queue).map(({ body }) => JSON.parse(body) as unknown),
    counted: (name) =>
      metrics
        .filter((sample) => sample.namespace === 'AWS/EventsV2' && sample.name === name)
        .reduce((sum, { value }) => sum + value, 0),
    close() {
      eventsv2.close();
      void sqs.close?.();
    },
  };
}

export async function refusal(action: () => unknown): Promise<readonly [code: string, message: string]> {
  try {
    await action();
  } catch (error) {
    if (error instanceof AwsError) return [error.code, error.message];
    throw error;
  }
  return ['', 'not refused'];
}
