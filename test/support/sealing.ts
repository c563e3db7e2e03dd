/** A sealer for tests: data keys without KMS, wrapped by keeping them, and bound to their context as the real ones are. */
import { randomBytes } from 'node:crypto';
import { createSealer, SealingError } from '../../lambda/runtime/sealing/index.ts';
import type { DataKeys, Sealer, SubjectKeys } from '../../lambda/runtime/sealing/index.ts';

/** One key for each tenant and event type. */
export function keptDataKeys(): DataKeys {
  const kept = new Map<string, Buffer>();
  return {
    async current({ tenantId, eventType }) {
      const wrapped = `${tenantId} ${eventType}`;
      const plaintext = kept.get(wrapped) ?? randomBytes(32);
      kept.set(wrapped, plaintext);
      return { plaintext, wrapped };
    },
    async unwrap(wrapped, { tenantId, eventType }) {
      const key = wrapped === `${tenantId} ${eventType}` ? kept.get(wrapped) : undefined;
      if (key === undefined) throw new Error('InvalidCiphertextException');
      return key;
    },
  };
}

/** What a process has whose role may not use the key for anything. */
export function refusedDataKeys(): DataKeys {
  const refuse = (): never => {
    throw new SealingError('WAYBILL_SEALING_NOT_GRANTED', 'the event is not granted');
  };
  return { current: async () => refuse(), unwrap: async () => refuse() };
}

export function testSealer(subjectKeys?: SubjectKeys, dataKeys: DataKeys = keptDataKeys()): Sealer {
  return createSealer({ dataKeys, ...(subjectKeys !== undefined && { subjectKeys }) });
}
