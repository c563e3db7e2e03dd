/** Batch calls: what refuses the whole request, and one answer per entry for the rest. */
import { asAwsError } from '../errors.ts';
import { batchIdsNotDistinct, emptyBatch, invalidBatchEntryId, tooManyEntries } from './errors.ts';
import { structureList, type Input } from './input.ts';
import { MAXIMUM_BATCH_ENTRIES, MAXIMUM_ENTRY_ID_LENGTH } from './limits.ts';

export interface BatchFailure {
  readonly Id: string;
  readonly Code: string;
  readonly Message: string;
  readonly SenderFault: boolean;
}

export interface BatchOutput {
  readonly Successful?: readonly Input[];
  readonly Failed?: readonly BatchFailure[];
}

/** The entries of a batch request; throws when the request as a whole is refused. */
export function batchEntries(input: Input, entryType: string): readonly Input[] {
  const entries = structureList(input, 'Entries');
  if (entries.length === 0) throw emptyBatch(entryType);
  if (entries.length > MAXIMUM_BATCH_ENTRIES) throw tooManyEntries(entries.length);
  const ids = new Set<string>();
  for (const { Id: id } of entries) {
    if (typeof id !== 'string' || id.length > MAXIMUM_ENTRY_ID_LENGTH || !/^[\w-]+$/.test(id)) {
      throw invalidBatchEntryId();
    }
    if (ids.has(id)) throw batchIdsNotDistinct(id);
    ids.add(id);
  }
  return entries;
}

/** Runs each entry on its own; one that throws fails alone. */
export function runEntries(entries: readonly Input[], run: (entry: Input) => object): BatchOutput {
  const successful: Input[] = [];
  const failed: BatchFailure[] = [];
  for (const entry of entries) {
    const id = String(entry['Id']);
    try {
      successful.push({ Id: id, ...run(entry) });
    } catch (thrown) {
      const { queryCode, message, senderFault } = asAwsError(thrown);
      failed.push({ Id: id, Code: queryCode, Message: message, SenderFault: senderFault });
    }
  }
  return {
    ...(successful.length > 0 && { Successful: successful }),
    ...(failed.length > 0 && { Failed: failed }),
  };
}
