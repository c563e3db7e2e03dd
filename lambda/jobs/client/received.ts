/** A received message as the client gives it: the event, or why it is none. */
import { AIJobEnded, AIJobRequested } from '../../../catalog/jobs/index.ts';
import { decode, parseEnvelope } from '../../../lib/contracts/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import { hasClaim } from '../../runtime/claim-check/claim.ts';
import type { ClaimCheck } from '../../runtime/claim-check/claim.ts';
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
  /** A stable code of the contracts or of the claim check; the name of an error of S3, after which it may be read later. */
  readonly unreadable?: string;
}

export async function receivedMessage<Queue extends JobQueue>(
  queue: Queue,
  record: SqsRecord,
  claimCheck: Pick<ClaimCheck, 'fetch'>,
): Promise<ReceivedJobMessage<Queue>> {
  const { messageId, receiptHandle } = record;
  const receiveCount = Number(record.attributes.ApproximateReceiveCount ?? 1);
  const message = { messageId, receiptHandle, receiveCount };
  try {
    const contract = queue === 'request' ? AIJobRequested : AIJobEnded;
    const envelope = parseEnvelope(record.body);
    const whole = hasClaim(envelope) ? await claimCheck.fetch(envelope) : envelope;
    const event = await decode([contract], whole);
    return { ...message, event: event as JobEvents[Queue] };
  } catch (error) {
    const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
    return {
      ...message,
      event: undefined,
      unreadable: typeof code === 'string' ? code : String(name),
    };
  }
}
