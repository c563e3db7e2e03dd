/** An EventBridge beside the real queues and topics and a function that keeps its events, on a still clock. */
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import {
  type AwsContext,
  type AwsService,
  createAwsContext,
  type Happening,
  rootCaller,
} from '../../../../local/aws/context.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createEventsService, type EventsService } from '../../../../local/aws/events/index.ts';
import { createLogsService, type LogsService } from '../../../../local/aws/logs/index.ts';
import { createSnsService, type SnsService } from '../../../../local/aws/sns/index.ts';
import { createSqsService, type MessageView, type SqsService } from '../../../../local/aws/sqs/index.ts';

export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

export interface Harness {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly events: EventsService;
  readonly sns: SnsService;
  readonly sqs: SqsService;
  readonly logs: LogsService;
  readonly happenings: Happening[];
  /** What functions were invoked with. */
  readonly invoked: unknown[];
  createQueues(...names: string[]): Promise<void>;
  /** A rule with the default pattern `{"source": ["shop"]}` and one target. */
  rule(target: Record<string, unknown>, rule?: Record<string, unknown>): { RuleArn: string };
  put(detail?: Record<string, unknown>, entry?: Record<string, unknown>): Promise<void>;
  messages(queue: string): readonly MessageView[];
  /** The bodies in a queue, parsed. */
  bodies(queue: string): readonly unknown[];
  call(action: string, input: Record<string, unknown>): Promise<unknown>;
  close(): void;
}

/** Wednesday, 21 January 2026, 12:00 UTC. */
export const START = Date.UTC(2026, 0, 21, 12);

export function createHarness(): Harness {
  const clock = manualClock(START);
  const context = createAwsContext({ clock });
  const happenings: Happening[] = [];
  const invoked: unknown[] = [];
  context.events.observe((happening) => happenings.push(happening));
  const sqs = createSqsService(context);
  const sns = createSnsService(context);
  const logs = createLogsService(context);
  const events = createEventsService(context);
  const lambda: AwsService = {
    name: 'lambda',
    protocols: {},
    async handle(_action, input) {
      invoked.push(JSON.parse(String(input['Payload'])));
      return { StatusCode: 202 };
    },
  };
  for (const service of [sqs, sns, logs, events, lambda]) context.services.register(service);

  const messages = (queue: string) => sqs.messages(queueArn(queue));
  let rules = 0;
  return {
    context,
    clock,
    events,
    sns,
    sqs,
    logs,
    happenings,
    invoked,
    async createQueues(...names) {
      for (const QueueName of names) {
        const Attributes = QueueName.endsWith('.fifo')
          ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' }
          : {};
        await sqs.handle('CreateQueue', { QueueName, Attributes }, rootCaller(context));
      }
    },
    rule(target, rule = {}) {
      const input = { Name: `rule-${++rules}`, EventPattern: '{"source":["shop"]}', ...rule };
      const output = events.putRule(input);
      const { EventBusName } = input as { EventBusName?: string };
      events.putTargets({
        Rule: input.Name,
        ...(EventBusName === undefined ? {} : { EventBusName }),
        Targets: [{ Id: 't', ...target }],
      });
      return output;
    },
    async put(detail = {}, entry = {}) {
      await events.putEvents({
        Entries: [{ Source: 'shop', DetailType: 'OrderPlaced', Detail: JSON.stringify(detail), ...entry }],
      });
    },
    messages,
    bodies: (queue) => messages(queue).map(({ body }) => JSON.parse(body) as unknown),
    call: (action, input) => events.handle(action, input, rootCaller(context)),
    close() {
      events.close();
      sns.close();
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
