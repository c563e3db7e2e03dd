/**
 * The conformance suite's harness: one `behaviour` per documented behaviour, with the page it comes from, run
 * against the embedded AWS (`npm test`) or any other endpoint (`npm run conformance -- --endpoint URL`).
 *
 *     const behaviour = behavioursOf('sns');
 *
 *     behaviour('what AWS promises, in a few words', 'https://docs.aws.amazon.com/sns/...', async (aws) => {
 *       const queue = await aws.queue({ VisibilityTimeout: '2' });       // deleted when the behaviour ends
 *       await aws.allow(queue, 'sns.amazonaws.com', topicArn);           // the policy that real AWS asks for
 *       await aws.sns.send(new PublishCommand({ TopicArn: topicArn, Message: 'a' }));
 *       const messages = await queue.receive(1);                         // waits until one came
 *       await aws.wait(2);                                               // skips our clock, sleeps elsewhere
 *       await refused(aws.sqs.send(...), 'InvalidParameterValue');       // by any of the codes given
 *     });
 *
 * Rules: unique names only (`aws.uniqueName()`), no assumption about the account id (`aws.accountId()`), every
 * resource made goes away (`aws.cleanup(async () => ...)`), waits as short as the behaviour allows: a behaviour
 * that waits longer than {@link LONGEST_WAIT_SECONDS} in sum is not run against a foreign endpoint without `--slow`.
 * `aws.client(SchedulerClient)` makes a client of any other service for the endpoint. `aws.request` sends a signed
 * request over the wire, for what an SDK would not send and for the Query protocol. `aws.notRun(reason)` ends a
 * behaviour that this endpoint can't be asked about.
 */
import { afterAll, expect, test } from '@jest/globals';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { NotRun, recordResult } from './results.ts';
import { createTestQueue, type TestQueue } from './queues.ts';
import { sendSigned, type WireAnswer, type WireRequest } from './signed-request.ts';
import { openTarget, type ClientConfiguration, type Target } from './target.ts';

export type { TestQueue } from './queues.ts';
export type { WireAnswer, WireRequest } from './signed-request.ts';

/** Seconds a behaviour may wait in sum on an endpoint whose clock can't be skipped, without `--slow`. */
export const LONGEST_WAIT_SECONDS = 8;

/** Milliseconds until a behaviour counts as failed because nothing happened. */
const TIMEOUT_MILLISECONDS = 240_000;
const SLOW_TIMEOUT_MILLISECONDS = 20 * 60_000;

/** How long {@link Conformance.eventually} asks again, in milliseconds, and how often. */
const PATIENCE_MILLISECONDS = 60_000;
const ASK_AGAIN_MILLISECONDS = 50;

/** What a behaviour is given. */
export interface Conformance {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly events: EventBridgeClient;
  readonly region: string;
  /** True for the embedded AWS of this process, whose clock is skipped. */
  readonly embedded: boolean;
  /** A client of another service for this endpoint: `aws.client(SchedulerClient)`. One of each kind. */
  client<Client extends { destroy(): void }>(
    kind: new (configuration: ClientConfiguration) => Client,
  ): Client;
  accountId(): Promise<string>;
  /** A name nobody else uses, for a resource; letters, digits and hyphens, under 40 characters. */
  uniqueName(stem?: string): string;
  /** Runs after the behaviour, last registered first; what it throws is ignored. */
  cleanup(undo: () => Promise<unknown>): void;
  /** Lets time pass: skips the embedded AWS's clock, sleeps elsewhere. */
  wait(seconds: number): Promise<void>;
  /** Waits until changed attributes hold: 60 seconds in AWS, no time in emulators. */
  applied(): Promise<void>;
  /** Asks again until `check` does not throw any more; its last error is the behaviour's. */
  eventually<Value>(check: () => Promise<Value> | Value, patienceSeconds?: number): Promise<Value>;
  /** A new queue, FIFO when the attributes say so. Deleted afterwards. */
  queue(attributes?: Readonly<Record<string, string>>): Promise<TestQueue>;
  /** Lets a service deliver into a queue for one of its resources, as real AWS asks for. */
  allow(queue: TestQueue, servicePrincipal: string, sourceArn: string): Promise<void>;
  /** A signed request as written, not as an SDK would write it. */
  request(request: WireRequest): Promise<WireAnswer>;
  /** A call of the embedded AWS without HTTP, for behaviours that need thousands; `notRun` anywhere else. */
  inProcess(service: string, action: string, input: Record<string, unknown>): Promise<unknown>;
  /** Ends the behaviour: this endpoint can't be asked about it, for the reason given. */
  notRun(reason: string): never;
}

/** Declares one behaviour of the service: title, page of AWS's documentation, and what shows it. */
export type Behaviour = (title: string, source: string, show: (aws: Conformance) => Promise<void>) => void;

/** The `behaviour` function for a service; its name is the one the table and `--service` use. */
export function behavioursOf(service: string): Behaviour {
  let opened: Promise<Target> | undefined;
  afterAll(async () => (await opened)?.close());
  const timeout = process.env['CONFORMANCE_SLOW'] ? SLOW_TIMEOUT_MILLISECONDS : TIMEOUT_MILLISECONDS;

  return (title, source, show) => {
    test(
      `${service}: ${title}`,
      async () => {
        const target = await (opened ??= openTarget());
        const undo: (() => Promise<unknown>)[] = [];
        const record = (outcome: 'passed' | 'failed' | 'not run', reason?: string) =>
          recordResult({
            service,
            behaviour: title,
            source,
            outcome,
            ...(reason !== undefined && { reason }),
          });
        try {
          await show(conformance(target, undo));
          record('passed');
        } catch (error) {
          if (error instanceof NotRun) return record('not run', error.message);
          record('failed', error instanceof Error ? error.message : String(error));
          throw error;
        } finally {
          for (const step of undo.toReversed()) await step().catch(() => undefined);
        }
      },
      timeout,
    );
  };
}

/** Expects a call to be refused with one of the codes, in either protocol's spelling; gives the error. */
export async function refused(
  call: Promise<unknown>,
  ...codes: readonly string[]
): Promise<{ readonly message: string; readonly status: number | undefined }> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (thrown) {
    if (thrown instanceof NotRun) throw thrown;
    const error = thrown as {
      readonly name: string;
      readonly Code?: string;
      readonly message: string;
      readonly $metadata?: { readonly httpStatusCode?: number };
    };
    const given = [error.name, error.Code].filter((code) => code !== undefined);
    // Emulators that put AWS's prefix before every code are right about the refusal; the codes' exact spelling
    // in each protocol has behaviours of its own.
    const wanted = codes.map(withoutPrefix);
    if (!given.some((code) => wanted.includes(withoutPrefix(code)))) {
      throw new Error(
        `refused with ${given.join(' / ')} (${error.message}), expected ${codes.join(' or ')}`,
        {
          cause: thrown,
        },
      );
    }
    return { message: error.message, status: error.$metadata?.httpStatusCode };
  }
  throw new Error(
    `was not refused, expected ${codes.join(' or ')}; got ${JSON.stringify(answer)?.slice(0, 200)}`,
  );
}

function withoutPrefix(code: string): string {
  return code.replace(/^AWS\.SimpleQueueService\./, '');
}

function conformance(target: Target, undo: (() => Promise<unknown>)[]): Conformance {
  let waited = 0;
  const aws: Conformance = {
    get sqs() {
      return target.client(SQSClient);
    },
    get sns() {
      return target.client(SNSClient);
    },
    get events() {
      return target.client(EventBridgeClient);
    },
    region: target.region,
    embedded: target.kind === 'embedded',
    client: (kind) => target.client(kind),
    accountId: () => target.accountId(),
    uniqueName: (stem) => target.uniqueName(stem),
    cleanup: (step) => void undo.push(step),
    async wait(seconds) {
      waited += seconds;
      if (target.kind !== 'embedded' && !target.slow && waited > LONGEST_WAIT_SECONDS) {
        throw new NotRun(`waits ${waited} seconds or more, run with --slow`);
      }
      await target.wait(seconds);
    },
    async applied() {
      if (target.kind === 'aws') await aws.wait(60);
    },
    async eventually(check, patienceSeconds = PATIENCE_MILLISECONDS / 1000) {
      const end = Date.now() + patienceSeconds * 1000;
      for (;;) {
        try {
          return await check();
        } catch (error) {
          if (error instanceof NotRun || Date.now() > end) throw error;
          await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MILLISECONDS));
        }
      }
    },
    queue: (attributes) => createTestQueue(aws, attributes),
    allow: (queue, servicePrincipal, sourceArn) =>
      queue.setAttributes({
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: servicePrincipal },
              Action: 'sqs:SendMessage',
              Resource: queue.arn,
              Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
            },
          ],
        }),
      }),
    request: (request) => sendSigned(target, request),
    inProcess(service, action, input) {
      if (!target.inProcess) throw new NotRun('needs thousands of calls');
      return target.inProcess(service, action, input);
    },
    notRun(reason) {
      throw new NotRun(reason);
    },
  };
  return aws;
}

/** Shorthand of the suites: the bodies of messages, in the order they came. */
export function bodies(messages: readonly { readonly Body?: string | undefined }[]): readonly string[] {
  return messages.map(({ Body }) => Body ?? '');
}

export { expect };
