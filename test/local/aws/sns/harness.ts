// An SNS beside a queue and a function that keep what they are given, on a clock that stands still.

import {
  type AwsContext,
  type AwsService,
  createAwsContext,
  type Happening,
} from '../../../../local/aws/context.ts';
import { manualClock, type ManualClock } from '../../../../local/aws/clock.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createSnsService, type SnsService } from '../../../../local/aws/sns/index.ts';

export interface Received {
  readonly queue: string;
  readonly body: string;
  readonly attributes: Record<string, { DataType: string; StringValue?: string; BinaryValue?: string }>;
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
  /** Makes sends to a queue fail until it is removed. */
  readonly failing: Map<string, AwsError>;
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
  const happenings: Happening[] = [];
  context.events.observe((happening) => happenings.push(happening));

  context.services.register(
    fakeService('sqs', (input) => {
      const queue = String(input['QueueUrl']).split('/').at(-1) ?? '';
      const error = failing.get(queue);
      if (error) throw error;
      received.push({
        queue,
        body: String(input['MessageBody']),
        attributes: (input['MessageAttributes'] ?? {}) as Received['attributes'],
        groupId: input['MessageGroupId'] as string | undefined,
        deduplicationId: input['MessageDeduplicationId'] as string | undefined,
      });
      return {};
    }),
  );
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
  return { context, clock, sns, received, invoked, happenings, failing, bodies };
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
