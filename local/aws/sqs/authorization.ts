/**
 * The permissions that each action of SQS needs: one on the queue, and the use of its key when it is encrypted under one.
 * AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html, sqs-key-management.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { DECRYPTING, ENCRYPTING, keyUse } from '../iam/key-use.ts';
import type { QueueRecord, Queues } from './queues.ts';

type Input = Readonly<Record<string, unknown>>;

/** What a sender, and a receiver, needs of the key of an encrypted queue. */
const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  SendMessage: ENCRYPTING,
  ReceiveMessage: DECRYPTING,
};
/** What moving messages out of a dead-letter queue takes on that queue, beside the action itself. */
const MOVE_ACTIONS = ['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
const URL_END = /\/(\d{12})\/([\w.-]+)$/;

export function sqsAuthorization(
  context: AwsContext,
  queues: Queues,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  if (action === 'ListQueues') return [{ action: 'sqs:ListQueues', resourceArn: '*' }];
  if (action.includes('MessageMoveTask')) return moveTask(queues, action, input);
  // A batch needs what its single action needs: there is no permission of its name.
  const single = action.endsWith('Batch') ? action.slice(0, -'Batch'.length) : action;
  return queueRequests(context, queues, single, queueArnOf(context, input));
}

/** What a service or a caller needs to do this with the queue of this ARN. */
export function queueRequests(
  context: AwsContext,
  queues: Queues,
  action: string,
  queueArn: string,
): readonly AuthorizationRequest[] {
  const record = queues.byArn(queueArn);
  const onQueue = queueRequest(action, queueArn, record);
  const keyId = record?.attributes['KmsMasterKeyId'];
  const keyActions = KEY_ACTIONS[action];
  if (keyId === undefined || keyActions === undefined) return [onQueue];
  return [onQueue, ...keyUse(context, 'sqs', keyId, keyActions, { 'aws:sqs:arn': queueArn })];
}

function queueRequest(
  action: string,
  queueArn: string,
  record: QueueRecord | undefined,
): AuthorizationRequest {
  const resourcePolicy = record?.attributes['Policy'];
  const request = { action: `sqs:${action}`, resourceArn: queueArn };
  return resourcePolicy === undefined ? request : { ...request, resourcePolicy };
}

function moveTask(queues: Queues, action: string, input: Input): readonly AuthorizationRequest[] {
  const source = text(input, 'SourceArn') ?? sourceOfTask(text(input, 'TaskHandle') ?? '');
  const destination = text(input, 'DestinationArn');
  const actions = action === 'StartMessageMoveTask' ? MOVE_ACTIONS : [action];
  return [
    ...actions.map((one) => queueRequest(one, source, queues.byArn(source))),
    ...(destination === undefined
      ? []
      : [queueRequest('SendMessage', destination, queues.byArn(destination))]),
  ];
}

/** The queue that a task's handle is about; `*` for a handle that is none. */
function sourceOfTask(handle: string): string {
  try {
    const { sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString('utf8')) as {
      sourceArn?: unknown;
    };
    return typeof sourceArn === 'string' ? sourceArn : '*';
  } catch {
    return '*';
  }
}

function queueArnOf({ region, accountId }: AwsContext, input: Input): string {
  const [, account = accountId, name] = URL_END.exec(text(input, 'QueueUrl') ?? '') ?? [];
  return `arn:aws:sqs:${region}:${account}:${name ?? text(input, 'QueueName') ?? '*'}`;
}

function text(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}
