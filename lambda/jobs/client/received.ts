/** A received message as the client gives it: the event, or why it is none. */
import { AIJobEnded, AIJobRequested } from '../../../catalog/jobs/index.ts';
import { decode, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { SqsRecord } from '../../runtime/types.ts';
import type { JobQueue } from './queues.ts';

/** What is in each queue. */
export interface JobEvents {
  readonly request: EnvelopeOf<typeof AIJobRequested>;
  readonly response: EnvelopeOf<typeof AIJobEnded>;
}

export interface ReceivedJobMessage<Queue extends JobQueue> {
  readonly messageId: string;
  /** For `deleteMessage`. A later receive of the same message has another one. */
  readonly receiptHandle: string;
  /** How often the message was received, this time included. */
  readonly receiveCount: number;
  /** Undefined for a message that can not be read; `unreadable` says why. It stays in its queue like any other. */
  readonly event: JobEvents[Queue] | undefined;
  /** A stable code of the contracts. */
  readonly unreadable?: string;
}

export async function receivedMessage<Queue extends JobQueue>(
  queue: Queue,
  record: SqsRecord,
): Promise<ReceivedJobMessage<Queue>> {
  const { messageId, receiptHandle } = record;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount ?? 1);
  const message = { messageId, receiptHandle, receiveCount };
  try {
    const contract = queue === 'request' ? AIJobRequested : AIJobEnded;
    const event = await decode([contract], parseEnvelope(record.body));
    return { ...message, event: event as JobEvents[Queue] };
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return {
      ...message,
      event: undefined,
      unreadable: typeof code === 'string' ? code : 'WAYBILL_ENVELOPE_INVALID',
    };
  }
}
