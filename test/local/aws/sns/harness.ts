/** An SNS beside a queue and a function that keep what they are given, on a clock that stands still. */
import {
  type AwsContext,
  type AwsService,
  createAwsContext,
  type Happening,
} from '../../../../local/aws/context.ts';
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createSnsService, type SnsService } from '../../../../local/aws/sns/index.ts';
import {
  createSqsService,
  type Delivery,
  type DeliveryResult,
  type MessageAttributes,
} from '../../../../local/aws/sqs/index.ts';

export interface Received {
  readonly queue: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

export interface Harness {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly sns: SnsService;
  /** What came into the queues, in order. */
  readonly received: Received[];
  /** Events of functions, parsed. */
  readonly invoked: { readonly functionArn: string; readonly event: SnsEvent }[];
  readonly happenings: Happening[];
  /** Makes deliveries to a queue fail until it is removed. */
  readonly failing: Map<string, AwsError>;
  /** Makes so many deliveries of a message with this body fail as throttled. */
  readonly throttled: Map<string, number>;
  bodies(queue?: string): string[];
}

export interface SnsEvent {
  readonly Records: readonly [{ readonly EventSource: string; readonly Sns: Record<string, unknown> }];
}

export const ACCOUNT = '000000000000';
export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;

export function createHarness(): Harness {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const received: Received[] = [];
  const invoked: Harness['invoked'] = [];
  const failing = new Map<string, AwsError>();
  const throttled = new Map<string, number>();
  const happenings: Happening[] = [];
  context.events.observe((happening) => happenings.push(happening));

  const sqs = {
    ...createSqsService(context),
    deliverToQueue(arn: string, delivery: Delivery): DeliveryResult {
      const queue = arn.split(':').at(-1) ?? '';
      const left = throttled.get(delivery.body) ?? 0;
      throttled.set(delivery.body, left - 1);
      const error = left > 0 ? new AwsError('ThrottlingException', 'slow down') : failing.get(queue);
      if (error) return { delivered: false, error };
      received.push({
        queue,
        body: delivery.body,
        attributes: delivery.messageAttributes ?? {},
        groupId: delivery.messageGroupId,
        deduplicationId: delivery.messageDeduplicationId,
      });
      return { delivered: true, messageId: '1' };
    },
  };
  context.services.register(sqs);
  context.services.register(
    fakeService('lambda', (input) => {
      invoked.push({
        functionArn: String(input['FunctionName']),
        event: JSON.parse(String(input['Payload'])) as SnsEvent,
      });
      return { StatusCode: 202 };
    }),
  );
  const sns = createSnsService(context);
  context.services.register(sns);
  const bodies = (queue?: string) =>
    received.filter((one) => queue === undefined || one.queue === queue).map(({ body }) => body);
  return { context, clock, sns, received, invoked, happenings, failing, throttled, bodies };
}

function fakeService(name: string, run: (input: Record<string, unknown>) => unknown): AwsService {
  return { name, protocols: {}, handle: async (_action, input) => run(input) };
}

/** The error of an action: its code on the wire, and its message. */
export async function refusal(action: () => unknown): Promise<readonly [code: string, message: string]> {
  try {
    await action();
  } catch (error) {
    if (error instanceof AwsError) return [error.queryCode, error.message];
    throw error;
  }
  return ['', 'not refused'];
}
