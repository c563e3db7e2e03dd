/** The two queues of the jobs system for services: send a job or its result, receive, delete, and see how full they are. */
import { randomBytes } from 'node:crypto';
import { AIJobEnded, AIJobRequested, JOB_ID_PREFIX_LENGTH } from '../../../catalog/jobs/index.ts';
import { createEnvelope, uuidv7 } from '../../../lib/contracts/index.ts';
import type { InputOf } from '../../../lib/contracts/index.ts';
import { s3ClaimCheck } from '../../runtime/claim-check/index.ts';
import type { ClaimCheck } from '../../runtime/claim-check/index.ts';
import { sqs } from '../../runtime/clients.ts';
import type { SqsSender } from '../../runtime/clients.ts';
import { receive } from '../../runtime/poller/receive.ts';
import { createPublisher } from '../../runtime/publisher.ts';
import { sqsTransport } from '../../runtime/transports/sqs.ts';
import { queueUrl } from './queues.ts';
import type { JobQueue, JobQueueUrls } from './queues.ts';
import { receivedMessage } from './received.ts';
import type { ReceivedJobMessage } from './received.ts';

export interface JobsClientProps extends JobQueueUrls {
  /** @default - one client per process, with the endpoint and the time limits of the runtime */
  readonly client?: SqsSender;
  /**
   * Where events are kept that are too large for a message.
   * @default - the bucket of WAYBILL_CLAIM_CHECK_BUCKET; without one, large events are not sent and not read
   */
  readonly claimCheck?: ClaimCheck;
}

type RequestData = InputOf<typeof AIJobRequested>;
type ResultData = InputOf<typeof AIJobEnded>;

export interface JobToSend extends Omit<RequestData, 'jobId'> {
  readonly tenantId: string;
  /**
   * The same id is the same job, however often it is sent.
   * @default - a new one, with a prefix that is no caller's of the REST API: only services see such a job
   */
  readonly jobId?: string;
  /** @default - a new one */
  readonly correlationId?: string;
}

export interface ResultToSend extends ResultData {
  readonly tenantId: string;
  readonly correlationId?: string;
}

export interface ReceiveOptions {
  /** 1 to 10. @default 10 */
  readonly maxMessages?: number;
  /** Seconds until a message that is not deleted comes back. @default - 900 of requests, 300 of results */
  readonly visibilityTimeout?: number;
  /** Ends a parked poll; it rejects with an AbortError. @default - the poll ends after 20 seconds */
  readonly signal?: AbortSignal;
}

export interface JobQueueAttributes {
  /** Messages that may be received. SQS's counts are approximate. */
  readonly visible: number;
  /** Messages that were received and not deleted yet. */
  readonly inFlight: number;
  readonly delayed: number;
  /** Seconds. */
  readonly visibilityTimeout: number;
  /** Seconds. */
  readonly retentionPeriod: number;
  readonly arn: string;
  /** Undefined for a queue without one. */
  readonly deadLetterQueueArn: string | undefined;
}

/** Its functions need no `this`: they can be taken out of it. */
export interface JobsClient {
  /** @throws PublishError with SQS's code, ContractError for a job that is not valid, JobsError without a URL */
  readonly sendAIJobRequest: (
    job: JobToSend,
  ) => Promise<{ readonly jobId: string; readonly eventId: string }>;
  /** @throws as `sendAIJobRequest` */
  readonly sendAIJobResult: (result: ResultToSend) => Promise<{ readonly eventId: string }>;
  /** One long poll of at most 20 seconds. What is not deleted comes back. */
  readonly receiveMessages: <Queue extends JobQueue>(
    queue: Queue,
    options?: ReceiveOptions,
  ) => Promise<readonly ReceivedJobMessage<Queue>[]>;
  readonly deleteMessage: (queue: JobQueue, receiptHandle: string) => Promise<void>;
  readonly getQueueAttributes: (queue: JobQueue) => Promise<JobQueueAttributes>;
  /** Messages in the queue, visible, in flight and delayed. */
  readonly getQueueMessageCount: (queue: JobQueue) => Promise<number>;
}

/** Seconds, as the queues' own. */
const VISIBILITY: Readonly<Record<JobQueue, number>> = { request: 900, response: 300 };
const MAX_RECEIVED = 10;

/**
 * @example
 * const jobs = createJobsClient();
 * const { jobId } = await jobs.sendAIJobRequest({
 *   tenantId: 'acme', userId: 'usr_7f1c', model: 'echo-small', prompt: 'Say hello.',
 * });
 */
export function createJobsClient(props: JobsClientProps = {}): JobsClient {
  const given = props.client === undefined ? {} : { client: props.client };
  const claimCheck = props.claimCheck ?? s3ClaimCheck();
  const publisherTo = (queue: JobQueue) =>
    createPublisher({
      contracts: [AIJobRequested, AIJobEnded],
      claimCheck,
      transport: sqsTransport({ queueUrl: queueUrl(queue, props), ...given }),
    });

  const getQueueAttributes = async (queue: JobQueue): Promise<JobQueueAttributes> => {
    const QueueUrl = queueUrl(queue, props);
    const [{ client }, api] = await Promise.all([sqs(props.client), import('./aws-sqs.ts')]);
    const { Attributes } = await client.send(
      new api.GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    return attributesOf(Attributes ?? {});
  };

  return {
    async sendAIJobRequest({ tenantId, correlationId, jobId = newJobId(), ...rest }) {
      const event = createEnvelope(AIJobRequested, {
        tenantId,
        data: { jobId, ...rest },
        ...(correlationId !== undefined && { correlationId }),
      });
      await publisherTo('request').publish(event);
      return { jobId, eventId: event.eventId };
    },
    async sendAIJobResult({ tenantId, correlationId, ...data }) {
      const event = createEnvelope(AIJobEnded, {
        tenantId,
        data,
        ...(correlationId !== undefined && { correlationId }),
      });
      await publisherTo('response').publish(event);
      return { eventId: event.eventId };
    },
    async receiveMessages(queue, options = {}) {
      const records = await receive({
        queueUrl: queueUrl(queue, props),
        maximum: options.maxMessages ?? MAX_RECEIVED,
        visibilityTimeoutSeconds: options.visibilityTimeout ?? VISIBILITY[queue],
        signal: options.signal ?? new AbortController().signal,
        ...given,
      });
      return Promise.all(records.map((record) => receivedMessage(queue, record, claimCheck)));
    },
    async deleteMessage(queue, receiptHandle) {
      const QueueUrl = queueUrl(queue, props);
      const [{ client }, api] = await Promise.all([sqs(props.client), import('./aws-sqs.ts')]);
      await client.send(new api.DeleteMessageCommand({ QueueUrl, ReceiptHandle: receiptHandle }));
    },
    getQueueAttributes,
    async getQueueMessageCount(queue) {
      const { visible, inFlight, delayed } = await getQueueAttributes(queue);
      return visible + inFlight + delayed;
    },
  };
}

function newJobId(): string {
  return `${randomBytes(JOB_ID_PREFIX_LENGTH / 2).toString('hex')}-${uuidv7()}`;
}

function attributesOf(attributes: Readonly<Partial<Record<string, string>>>): JobQueueAttributes {
  const count = (name: string): number => Number(attributes[name] ?? 0);
  const redrive = JSON.parse(attributes['RedrivePolicy'] ?? '{}') as {
    readonly deadLetterTargetArn?: string;
  };
  return {
    visible: count('ApproximateNumberOfMessages'),
    inFlight: count('ApproximateNumberOfMessagesNotVisible'),
    delayed: count('ApproximateNumberOfMessagesDelayed'),
    visibilityTimeout: count('VisibilityTimeout'),
    retentionPeriod: count('MessageRetentionPeriod'),
    arn: attributes['QueueArn'] ?? '',
    deadLetterQueueArn: redrive.deadLetterTargetArn,
  };
}
