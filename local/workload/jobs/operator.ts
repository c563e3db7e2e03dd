/**
 * What an operator does while a chaos run goes on: a job whose worker was killed until SQS has dead-lettered its request
 * is sent again, once for each dead letter. Letters with a reason of the runtime's stay as they are.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { rootCaller } from '../../aws/index.ts';
import type { AwsContext } from '../../aws/index.ts';

export interface Operator {
  /** How many were sent again. */
  redriven(): number;
  stop(): Promise<void>;
}

export interface OperatorOptions {
  readonly context: AwsContext;
  readonly queueUrl: string;
  readonly deadLetterQueueArn: string;
  /** Whether the job has come to its end. */
  readonly hasEnded: (jobId: string) => Promise<boolean>;
}

const LOOK_MS = 1_000;

export function redriveLostRequests(options: OperatorOptions): Operator {
  const seen = new Set<string>();
  const stopping = new AbortController();
  let redriven = 0;
  const looks = (async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      redriven += await look(options, seen);
      await delay(LOOK_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    redriven: () => redriven,
    async stop() {
      stopping.abort();
      await looks;
    },
  };
}

async function look(
  { context, queueUrl, deadLetterQueueArn, hasEnded }: OperatorOptions,
  seen: Set<string>,
): Promise<number> {
  const sqs = context.services.get('sqs');
  let sent = 0;
  for (const { messageId, body, messageAttributes, messageGroupId } of sqs.messages(deadLetterQueueArn)) {
    const jobId = jobIdOf(body);
    if (seen.has(messageId) || messageAttributes['deadLetterReason'] !== undefined || jobId === undefined)
      continue;
    seen.add(messageId);
    if (await hasEnded(jobId)) continue;
    const input = {
      QueueUrl: queueUrl,
      MessageBody: body,
      MessageAttributes: messageAttributes,
      ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
    };
    await sqs.handle('SendMessage', input, rootCaller(context));
    sent += 1;
  }
  return sent;
}

function jobIdOf(body: string): string | undefined {
  try {
    const { data } = JSON.parse(body) as { data?: { jobId?: unknown } };
    return typeof data?.jobId === 'string' ? data.jobId : undefined;
  } catch {
    return undefined;
  }
}
