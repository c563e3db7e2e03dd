/** The order saga as it is synthesized, with its queues and its role, in an embedded AWS; workers are scripted. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import {
  commerceCommands,
  inventoryCommands,
  notificationCommands,
  orderSagaSteps,
  paymentCommands,
  priorityEvents,
  screeningCommands,
  shippingCommands,
} from '../../../../catalog/index.ts';
import type { OrderSagaInput, OrderSagaStep } from '../../../../catalog/index.ts';
import { AlertTopic, EventQueue, MessagingKey, TaskMachine } from '../../../../lib/constructs/index.ts';
import { decode, parseEnvelope, uuidv7 } from '../../../../lib/contracts/index.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { orderSagaDefinition } from '../../../../lib/stacks/commerce-saga-definition.ts';
import { deployAssembly } from '../../../../local/assembly/index.ts';
import { manualClock, rootCaller, startEmbeddedAws } from '../../../../local/aws/index.ts';

const QUEUES = {
  Payment: { publishes: paymentCommands, fifo: true },
  Screening: { publishes: screeningCommands, fifo: false },
  Inventory: { publishes: inventoryCommands, fifo: false },
  Shipping: { publishes: shippingCommands, fifo: false },
  Notification: { publishes: notificationCommands, fifo: false },
  Priority: { publishes: priorityEvents, fifo: false },
} as const;
type QueueName = keyof typeof QUEUES;

const QUEUE_OF_STEP: Readonly<Record<OrderSagaStep, QueueName>> = {
  ReservePayment: 'Payment',
  ScreenOrder: 'Screening',
  ReserveInventory: 'Inventory',
  ArrangeShipping: 'Shipping',
  CapturePayment: 'Payment',
  NotifyFulfilled: 'Notification',
  CancelShipping: 'Shipping',
  ReleaseInventory: 'Inventory',
  RefundPayment: 'Payment',
  NotifyCancelled: 'Notification',
};

const ENV = { account: '000000000000', region: 'us-east-1' };

function synthesize(outdir: string): void {
  process.env['CDK_VALIDATION'] = 'false';
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Saga', { env: ENV });
  new AlertTopic(stack, 'Alerts');
  const encryptionKey = new MessagingKey(stack, 'Key');
  const queues = Object.fromEntries(
    Object.entries(QUEUES).map(([name, props]) => [
      name,
      new EventQueue(stack, name, { ...props, encryptionKey }),
    ]),
  ) as Record<QueueName, EventQueue>;
  const references = Object.entries(QUEUE_OF_STEP).map(([step, name]) => [
    step,
    { queueUrl: queues[name].queue.queueUrl, fifo: queues[name].fifo },
  ]);
  new TaskMachine(stack, 'OrderSaga', {
    definition: orderSagaDefinition({
      partition: stack.partition,
      queues: Object.fromEntries(references) as Parameters<typeof orderSagaDefinition>[0]['queues'],
      errorQueueUrl: queues.Priority.queue.queueUrl,
    }),
    publishesTo: Object.values(queues),
    encryptionKey,
  });
  app.synth();
}

/** The input that the starter makes of an order: whole envelopes, to which the machine adds the token. */
export function inputOf(orderId: string): OrderSagaInput {
  const customerId = 'cus_1';
  const commands = Object.entries(orderSagaSteps).map(([step, contract]) => {
    const outcome = step === 'NotifyCancelled' ? { outcome: 'CANCELLED' } : {};
    const { taskToken: _, ...data } = { ...contract.examples[0]!, orderId, customerId, ...outcome };
    const command: Envelope<Readonly<Record<string, unknown>>> = {
      eventId: uuidv7(),
      eventType: contract.name,
      eventVersion: contract.version,
      source: contract.source,
      timestamp: '2026-11-21T12:00:00.000Z',
      correlationId: 'correlation-1',
      causationId: 'placed-1',
      tenantId: 'acme',
      data,
      metadata: { hopCount: 1 },
    };
    return [step, command];
  });
  return {
    orderId,
    customerId,
    tenantId: 'acme',
    orderingKey: `acme#${customerId}`,
    correlationId: 'correlation-1',
    commands: Object.fromEntries(commands) as OrderSagaInput['commands'],
  };
}

export interface Command {
  readonly envelope: Envelope<Record<string, unknown>>;
  readonly token: string;
  readonly groupId: string | undefined;
}

/** What a worker does with a command. `silent`: nothing at all. */
export type Answer = 'succeed' | 'silent' | { readonly fail: string };

export interface SagaUnderTest {
  /** Names of the commands in the order in which they came. */
  readonly commands: Command[];
  /** What came to the priority queue. */
  readonly errors: Envelope[];
  start(orderId: string): Promise<string>;
  /** Lets workers answer until the execution has ended, or nothing happens any more. */
  run(
    executionArn: string,
    answer: (name: string, attempt: number, command: Command) => Answer,
  ): Promise<void>;
  /** Receives what is there, without an answer. */
  receive(): Promise<readonly Command[]>;
  succeed(token: string, output?: object): Promise<unknown>;
  heartbeat(token: string): Promise<unknown>;
  pass(milliseconds: number): Promise<void>;
  outcome(
    executionArn: string,
  ): Promise<{ status: string; output: unknown; error: string | undefined; cause: string | undefined }>;
  close(): Promise<void>;
}

/** Shorter than any limit of the saga, so that no answer comes too late by accident. */
const STEP_OF_TIME_MS = 60_000;

export async function startSaga(): Promise<SagaUnderTest> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-saga-'));
  synthesize(directory);
  const clock = manualClock();
  const aws = await startEmbeddedAws({ port: 0, clock });
  const { notRun } = await deployAssembly({ assemblyDirectory: directory, aws: aws.context });
  if (notRun.length > 0) throw new Error(JSON.stringify(notRun));
  const { states, sqs } = aws.services;
  const root = rootCaller(aws.context);
  const stateMachineArn = states.machines()[0]?.arn ?? '';
  const { QueueUrls: urls } = (await sqs.handle('ListQueues', {}, root)) as { QueueUrls: string[] };
  const live = urls.filter((url) => !/DeadLetter/.test(url));
  const commands: Command[] = [];
  const errors: Envelope[] = [];

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn += 1) await clock.advance(0);
  };
  const receive = async (): Promise<readonly Command[]> => {
    await settle();
    const received: Command[] = [];
    for (const QueueUrl of live) {
      const { Messages: messages = [] } = (await sqs.handle(
        'ReceiveMessage',
        { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0, AttributeNames: ['All'] },
        root,
      )) as {
        Messages?: { Body: string; ReceiptHandle: string; Attributes?: Record<string, string> }[];
      };
      for (const { Body, ReceiptHandle, Attributes } of messages) {
        await sqs.handle('DeleteMessage', { QueueUrl, ReceiptHandle }, root);
        const envelope = parseEnvelope(Body);
        // Every message has to pass the catalogue, as it would in a consumer.
        await decode([...commerceCommands, ...priorityEvents], envelope);
        if (envelope.source === 'ecommerce.platform') {
          errors.push(envelope);
          continue;
        }
        const data = envelope.data as Record<string, unknown>;
        received.push({
          envelope: { ...envelope, data },
          token: String(data['taskToken']),
          groupId: Attributes?.['MessageGroupId'],
        });
      }
    }
    commands.push(...received);
    return received;
  };
  const answerWith = (action: string, input: Record<string, unknown>) => states.handle(action, input, root);
  const isRunning = (executionArn: string): boolean =>
    states.executions(stateMachineArn).find(({ arn }) => arn === executionArn)?.status === 'RUNNING';

  return {
    commands,
    errors,
    async start(orderId) {
      const answer = (await answerWith('StartExecution', {
        stateMachineArn,
        name: orderId,
        input: JSON.stringify(inputOf(orderId)),
      })) as { executionArn: string };
      return answer.executionArn;
    },
    async run(executionArn, answer) {
      const attempts = new Map<string, number>();
      for (let round = 0; round < 2000; round += 1) {
        const received = await receive();
        if (!isRunning(executionArn)) return;
        for (const command of received) {
          const name = stepOf(command.envelope);
          const attempt = (attempts.get(name) ?? 0) + 1;
          attempts.set(name, attempt);
          const what = answer(name, attempt, command);
          if (what === 'succeed') {
            await answerWith('SendTaskSuccess', { taskToken: command.token, output: '{}' });
          } else if (what !== 'silent') {
            await answerWith('SendTaskFailure', {
              taskToken: command.token,
              error: what.fail,
              cause: 'scripted',
            });
          }
        }
        if (received.length === 0) await clock.advance(STEP_OF_TIME_MS);
      }
      throw new Error('the execution does not end');
    },
    receive,
    succeed: (taskToken, output = {}) =>
      answerWith('SendTaskSuccess', { taskToken, output: JSON.stringify(output) }),
    heartbeat: (taskToken) => answerWith('SendTaskHeartbeat', { taskToken }),
    async pass(milliseconds) {
      await clock.advance(milliseconds);
      await settle();
    },
    async outcome(executionArn) {
      await settle();
      const described = (await answerWith('DescribeExecution', { executionArn })) as {
        status: string;
        output?: string;
        error?: string;
        cause?: string;
      };
      return {
        status: described.status,
        output: described.output === undefined ? undefined : (JSON.parse(described.output) as unknown),
        error: described.error,
        cause: described.cause,
      };
    },
    async close() {
      await aws.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** NotifyCustomer is two steps. */
function stepOf({ eventType, data }: Envelope<Record<string, unknown>>): string {
  if (eventType !== 'NotifyCustomer') return eventType;
  return data['outcome'] === 'FULFILLED' ? 'NotifyFulfilled' : 'NotifyCancelled';
}

export function namesOf(commands: readonly Command[]): readonly string[] {
  return commands.map(({ envelope }) => stepOf(envelope));
}
