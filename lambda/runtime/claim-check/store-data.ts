/** The publisher's side of a claim check: moves the data of large events to the store before they are sent. */
import { createHash } from 'node:crypto';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { describeError } from '../logger.ts';
import type { EncodedMessage, PublishFailure, Transport } from '../types.ts';
import { claimKey, CLAIM_CHECK_BYTES, hasClaim } from './claim.ts';
import type { Claim, ClaimStore } from './claim.ts';

/** A transport that stores first. With a store that is off what is large goes out whole. */
export function storingClaims(store: ClaimStore): (transport: Transport) => Transport {
  return (transport) => ({
    async send(messages) {
      if (store.isOff === true || !messages.some(({ body }) => isLarge(body)))
        return transport.send(messages);
      const stored = await storeData(messages, store);
      const sent = stored.messages.length === 0 ? { failed: [] } : await transport.send(stored.messages);
      return { failed: [...stored.failed, ...sent.failed] };
    },
  });
}

interface StoredMessages {
  readonly messages: readonly EncodedMessage[];
  readonly failed: readonly PublishFailure[];
}

/**
 * The messages as they can be sent. One that could not be stored has failed, and so have those behind it with the same
 * ordering key: they must not overtake it.
 */
async function storeData(given: readonly EncodedMessage[], store: ClaimStore): Promise<StoredMessages> {
  const failed: PublishFailure[] = [];
  const messages: EncodedMessage[] = [];
  const held = new Map<string, string>();
  for (const message of given) {
    const before = held.get(message.orderingKey);
    if (before !== undefined) {
      failed.push(
        failure(
          message,
          'WAYBILL_ORDER_HELD',
          `not sent, to keep the order of its key: event ${before} before it could not be stored`,
        ),
      );
      continue;
    }
    try {
      messages.push(isLarge(message.body) ? await stored(message, store) : message);
    } catch (error) {
      held.set(message.orderingKey, message.eventId);
      failed.push(
        failure(
          message,
          'WAYBILL_CLAIM_NOT_STORED',
          `its data was not written to the claim check bucket: ${describeError(error)}`,
        ),
      );
    }
  }
  return { messages, failed };
}

/** Whether the text is above the limit, without measuring what is small beyond doubt. */
function isLarge(body: string): boolean {
  return body.length * 3 > CLAIM_CHECK_BYTES && Buffer.byteLength(body) > CLAIM_CHECK_BYTES;
}

async function stored(message: EncodedMessage, store: ClaimStore): Promise<EncodedMessage> {
  const envelope = JSON.parse(message.body) as Envelope;
  // A redriven or forwarded event: its data is there already, and what is large is something else.
  if (hasClaim(envelope)) return message;
  const content = Buffer.from(JSON.stringify(envelope.data));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const claim: Claim = { key: claimKey(envelope, sha256), bytes: content.byteLength, sha256 };
  await store.put(claim.key, content);
  const metadata = { ...envelope.metadata, claimCheck: claim };
  return { ...message, body: JSON.stringify({ ...envelope, data: shortFields(envelope.data), metadata }) };
}

/** Bytes, as JSON: of a field that stays, and of all that stay. */
const SHORT_BYTES = 256;
const STAYING_BYTES = 16 * 1024;

/**
 * What stays in the envelope: the short fields, so that filters, patterns and ordering keys that read the data go on to
 * work. Nothing where even these are too much. The reader gets all of the data from the store.
 */
function shortFields(data: unknown): unknown {
  const short = withoutLong(data);
  return Buffer.byteLength(JSON.stringify(short)) > STAYING_BYTES ? {} : short;
}

function withoutLong(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
      if (Buffer.byteLength(JSON.stringify(inner)) <= SHORT_BYTES) return [[name, inner]];
      return typeof inner === 'object' && !Array.isArray(inner) ? [[name, withoutLong(inner)]] : [];
    }),
  );
}

function failure({ eventId }: EncodedMessage, code: string, message: string): PublishFailure {
  return { eventId, code, message, retryable: true };
}
