/**
 * Seals the personal data of an event before it leaves the process, and opens it where a consumer may read it (D13).
 * In between, in outbox, topics, queues, archives, dead letters and logs, it is sealed.
 */
import { hkdfSync } from 'node:crypto';
import { valueAt } from '../../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import type { Queryable } from '../postgres/query.ts';
import type { DataKeys } from './data-keys.ts';
import { SealingError } from './errors.ts';
import { hasSealed, replaceAtPaths, replaceSealed } from './fields.ts';
import { ERASED, openText, sealText } from './sealed-text.ts';
import type { SubjectKeys } from './subject-keys.ts';

/** What an envelope says of its sealed fields, as `metadata.sealing`. */
export interface SealingMark {
  /** The data key as KMS wrapped it, base64. */
  readonly key: string;
  /** Whose data it is, where the contract declares a `dataSubject`. An opaque id. */
  readonly subject?: string;
}

export interface SealerProps {
  readonly dataKeys: DataKeys;
  /**
   * Needed for events that declare a `dataSubject`.
   * @default - such events are refused
   */
  readonly subjectKeys?: SubjectKeys;
}

export interface Sealer {
  /**
   * The event with the fields of `contract.pii` sealed; the same event where it has none. What is sealed already
   * stays as it is. Data of an erased subject is replaced by ERASED, for good.
   *
   * @param tx the writer's transaction, where there is one
   * @throws SealingError WAYBILL_PII_NOT_TEXT, WAYBILL_SEALED_ELSEWHERE, WAYBILL_SEALING_KEY_UNUSABLE,
   * WAYBILL_SEALING_SUBJECT_KEYS_MISSING
   */
  seal<Event extends Envelope>(contract: AnyEventContract, event: Event, tx?: Queryable): Promise<Event>;
  /**
   * The event with every sealed field opened, those of an erased subject as ERASED.
   *
   * @throws SealingError WAYBILL_SEALING_KEY_UNUSABLE (worth a retry), WAYBILL_SEAL_BROKEN (it never is),
   * WAYBILL_SEALING_SUBJECT_KEYS_MISSING
   */
  open<Event extends Envelope>(event: Event): Promise<Event>;
}

export function createSealer({ dataKeys, subjectKeys }: SealerProps): Sealer {
  return {
    async seal(contract, event, tx) {
      if (contract.pii.length === 0 || isMarked(event)) return event;
      const subject = subjectOf(contract, event);
      let subjectKey: Buffer | undefined;
      if (subject !== undefined) {
        const found = await required(subjectKeys, event).sealingKey(event.tenantId, subject, tx);
        if (found === null) {
          return { ...event, data: replaceAtPaths(event.data, contract.pii, () => ERASED) };
        }
        subjectKey = found;
      }
      const { tenantId, eventType, eventId } = event;
      const dataKey = await dataKeys.current({ tenantId, eventType });
      const key = eventKey(dataKey.plaintext, subjectKey, eventId);
      const data = replaceAtPaths(event.data, contract.pii, (text, path) =>
        sealText(text, key, { tenantId, eventType, eventId, path }),
      );
      const sealing: SealingMark = { key: dataKey.wrapped, ...(subject !== undefined && { subject }) };
      return hasSealed(data) ? { ...event, data, metadata: { ...event.metadata, sealing } } : event;
    },

    async open(event) {
      if (!hasSealed(event.data)) return event;
      const mark = event.metadata['sealing'];
      if (!isMark(mark)) throw broken(event, 'metadata.sealing is missing or damaged');
      const { tenantId, eventType, eventId } = event;
      let subjectKey: Buffer | undefined;
      if (mark.subject !== undefined) {
        const found = await required(subjectKeys, event).openingKey(tenantId, mark.subject);
        if (found === null) return { ...event, data: replaceSealed(event.data, () => ERASED) };
        subjectKey = found;
      }
      const dataKey = await dataKeys.unwrap(mark.key, { tenantId, eventType });
      const key = eventKey(dataKey, subjectKey, eventId);
      const data = replaceSealed(event.data, (sealed, path) => {
        const text = openText(sealed, key, { tenantId, eventType, eventId, path });
        if (text === undefined)
          throw broken(event, `field '${path}' was changed or moved after it was sealed`);
        return text;
      });
      return { ...event, data };
    },
  };
}

/** One key for each event, so that no key seals more texts than AES-GCM allows; RFC 5869. */
function eventKey(dataKey: Buffer, subjectKey: Buffer | undefined, eventId: string): Buffer {
  const secret = subjectKey === undefined ? dataKey : Buffer.concat([dataKey, subjectKey]);
  return Buffer.from(hkdfSync('sha256', secret, eventId, 'waybill sealing 1', 32));
}

function subjectOf(contract: AnyEventContract, event: Envelope): string | undefined {
  if (contract.dataSubject === undefined) return undefined;
  const value = valueAt(event.data, contract.dataSubject);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function required(subjectKeys: SubjectKeys | undefined, { eventType }: Envelope): SubjectKeys {
  if (subjectKeys !== undefined) return subjectKeys;
  throw new SealingError(
    'WAYBILL_SEALING_SUBJECT_KEYS_MISSING',
    `${eventType} is sealed for a data subject, and this sealer has no subject keys: give createSealer() subjectKeys, for example postgresSubjectKeys({ pool })`,
  );
}

function isMarked(event: Envelope): boolean {
  return isMark(event.metadata['sealing']);
}

function isMark(value: unknown): value is SealingMark {
  const mark = value as Partial<Record<keyof SealingMark, unknown>> | null | undefined;
  return (
    typeof mark === 'object' &&
    mark !== null &&
    typeof mark.key === 'string' &&
    (mark.subject === undefined || typeof mark.subject === 'string')
  );
}

function broken({ eventType, eventId }: Envelope, what: string): SealingError {
  return new SealingError(
    'WAYBILL_SEAL_BROKEN',
    `${eventType} ${eventId} can't be opened: ${what}; publish it again from its source`,
  );
}
