/**
 * Which messages of a batch failed, by what the function answered. With `ReportBatchItemFailures`:
 *
 *   answer                                            | result
 *   --------------------------------------------------+---------------------------
 *   an error was thrown                               | the whole batch failed
 *   nothing, null, {}, batchItemFailures null or []   | the whole batch succeeded
 *   every item names a message of the batch           | those failed
 *   an item with no, an empty or a null identifier    | the whole batch failed
 *   an identifier that is not in the batch            | the whole batch failed
 *   anything else that is not such an answer          | the whole batch failed
 *
 * Without it, the answer is not looked at.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export type BatchResult =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'partial'; readonly failed: ReadonlySet<string> };

/**
 * @param answer the function's answer as JSON
 * @param identify the message that an `itemIdentifier` names, where it is not the identifier itself
 */
export function readBatchResponse(
  answer: string,
  messageIds: readonly string[],
  identify: (itemIdentifier: unknown) => unknown = (itemIdentifier) => itemIdentifier,
): BatchResult {
  let response: unknown;
  try {
    response = JSON.parse(answer);
  } catch {
    return { kind: 'failed', reason: 'the answer is not JSON' };
  }
  if (response === null || response === undefined) return { kind: 'succeeded' };
  if (typeof response !== 'object' || Array.isArray(response)) {
    return { kind: 'failed', reason: 'the answer is not an object with batchItemFailures' };
  }
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return { kind: 'succeeded' };
  if (!Array.isArray(failures)) return { kind: 'failed', reason: 'batchItemFailures is not a list' };
  if (failures.length === 0) return { kind: 'succeeded' };

  const known = new Set(messageIds);
  const failed = new Set<string>();
  for (const failure of failures as readonly ({ itemIdentifier?: unknown } | null)[]) {
    const identifier = identify(failure?.itemIdentifier);
    if (typeof identifier !== 'string' || identifier === '') {
      return { kind: 'failed', reason: 'an item of batchItemFailures has no itemIdentifier' };
    }
    if (!known.has(identifier)) {
      return { kind: 'failed', reason: 'an itemIdentifier names a message that is not in the batch' };
    }
    failed.add(identifier);
  }
  return { kind: 'partial', failed };
}
