/**
 * A message that waits, put back on its standard queue as a copy with a delay: the copy has been received never, so
 * that waiting uses up none of the receives that the queue allows a message. Only then is the message itself done with.
 */
import type { Envelope } from '../../../lib/contracts/index.ts';
import { sqs } from '../clients.ts';
import type { SqsSender } from '../clients.ts';
import type { Random } from '../clock.ts';
import { requiredVariable } from '../environment.ts';
import { RuntimeError } from '../errors.ts';
import { positional } from '../transports/batch-answer.ts';
import type { SqsRecord } from '../types.ts';
import { attributesWith } from './dead-letter.ts';

export interface PutBackProps {
  /**
   * Milliseconds from the event's timestamp for which it is put back. A copy is kept for as long as a new message, so
   * without a bound of its own an event would wait for ever. What is older fails as any message does.
   */
  readonly longestWait: number;
  /** @default - WAYBILL_QUEUE_URL */
  readonly queueUrl?: string;
  /** @default - one client per process, see clients.ts */
  readonly client?: SqsSender;
  /** For tests. */
  readonly random?: Random;
  /** For tests. Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

export interface PutBack {
  /**
   * Whoever is interrupted between this and the end of the message leaves two of them: the handler must take a copy.
   * @throws RuntimeError WAYBILL_WAITED_TOO_LONG, or an Error with the code of SQS: the message was then not put back
   */
  send(record: SqsRecord, event: Envelope, seconds: number): Promise<'put-back'>;
}

/** Seconds. Source: SQS API, SendMessageBatchRequestEntry: DelaySeconds, at most 15 minutes, not on a FIFO queue. */
export const MAX_DELAY_SECONDS = 900;

/** Share that is added by chance, so that what began to wait together does not come back together. */
const SPREAD = 0.1;

/**
 * @example
 * export const handler = consume(JobRequested, run, { putBack: putBackCopies({ longestWait: 86_400_000 }) });
 */
export function putBackCopies(props: PutBackProps): PutBack {
  const { longestWait, random = Math.random, now = Date.now } = props;
  return {
    async send(record, event, seconds) {
      if (now() - Date.parse(event.timestamp) > longestWait) {
        throw new RuntimeError(
          'WAYBILL_WAITED_TOO_LONG',
          `the event is older than ${longestWait} ms, and still has to wait`,
        );
      }
      const { api, client } = await sqs(props.client);
      const groupId = record.attributes.MessageGroupId;
      const answer = await client.send(
        new api.SendMessageBatchCommand({
          QueueUrl: props.queueUrl ?? requiredVariable(process.env, 'WAYBILL_QUEUE_URL'),
          Entries: [
            {
              Id: '0',
              MessageBody: record.body,
              MessageAttributes: attributesWith(record, {}),
              DelaySeconds: Math.min(MAX_DELAY_SECONDS, Math.ceil(seconds * (1 + SPREAD * random()))),
              ...(groupId !== undefined && { MessageGroupId: groupId }),
            },
          ],
        }),
      );
      const failure = positional(1, answer)[0];
      if (failure === undefined) return 'put-back';
      throw Object.assign(new Error(failure.message), { name: 'PutBackError', code: failure.code });
    },
  };
}
