/** The answer of an SNS or SQS batch call, back in the order of the entries. */
import { entryFailure } from './call-error.ts';
import type { EntryFailure } from './call-error.ts';

export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined;
        readonly Code?: string | undefined;
        readonly Message?: string | undefined;
        readonly SenderFault?: boolean | undefined;
      }[]
    | undefined;
}

/**
 * Entry ids are positions, so that the same event may be twice in a batch. HTTP 200 says nothing about the
 * entries: only what is listed as successful was accepted.
 */
export function positional(entries: number, answer: BatchAnswer): (EntryFailure | undefined)[] {
  const results: (EntryFailure | undefined)[] = Array.from({ length: entries }, () =>
    entryFailure(
      'WAYBILL_NO_ANSWER',
      'the service listed the entry neither as successful nor as failed',
      false,
    ),
  );
  for (const { Id } of answer.Successful ?? []) results[Number(Id)] = undefined;
  for (const { Id, Code, Message, SenderFault } of answer.Failed ?? []) {
    results[Number(Id)] = entryFailure(Code ?? 'UnknownError', Message ?? '', SenderFault ?? false);
  }
  return results;
}
