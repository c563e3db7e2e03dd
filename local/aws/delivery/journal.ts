/**
 * Deliveries that outlive the process: what was accepted from a publisher and has not arrived yet is kept before
 * the publisher gets its answer, and tried again by the next process.
 */
import type { AwsContext } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import type { Collection, StateStore } from '../state/index.ts';

export interface DeliveryJournal<Value> {
  /** Notes a delivery that begins; the returned function notes its end. `key` names it for good. */
  begin(key: string, value: () => Value): () => void;
  /** Keeps what has begun and not ended. Called before whatever caused the deliveries is acknowledged. */
  save(): void;
  /** What an earlier process left, in the order in which it began. */
  left(): readonly (readonly [key: string, value: Value])[];
}

const nothingToEnd = () => {};

/** How long after a restart a missing target may still come, in milliseconds. */
const RESTART_GRACE_MS = 60_000;

/**
 * An attempt that an earlier process left: a refusal for good is taken for one that passes as long as the resources
 * of a deployment may still be on their way.
 */
export function patientAfterRestart(context: AwsContext): (attempt: () => Promise<void>) => Promise<void> {
  const end = context.clock.now() + RESTART_GRACE_MS;
  return async (attempt) => {
    try {
      await attempt();
    } catch (thrown) {
      const error = asAwsError(thrown);
      if (!error.senderFault || context.clock.now() > end) throw error;
      throw new AwsError(error.code, error.message, 503);
    }
  };
}

/** `name` is the collection's, e.g. `sns.deliveries`. Costs nothing when nothing is kept. */
export function createDeliveryJournal<Value>(state: StateStore, name: string): DeliveryJournal<Value> {
  if (!state.persistent) return { begin: () => nothingToEnd, save: () => {}, left: () => [] };
  const collection: Collection<Value> = state.collection<Value>(name);
  const left = collection.entries();
  const kept = new Set(left.map(([key]) => key));
  const begun = new Map<string, () => Value>();
  return {
    begin(key, value) {
      if (!kept.has(key)) begun.set(key, value);
      return () => {
        begun.delete(key);
        if (kept.delete(key)) collection.delete(key);
      };
    },
    save() {
      for (const [key, value] of begun) {
        collection.put(key, value());
        kept.add(key);
      }
      begun.clear();
    },
    left: () => left,
  };
}
