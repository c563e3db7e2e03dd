/**
 * A custom resource's side of CloudFormation: a handler that always answers, for CloudFormation waits for an hour
 * otherwise. Source: "Custom resource response objects", AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html.
 */
import type { CloudFormationCustomResourceEvent, CloudFormationCustomResourceResponse } from 'aws-lambda';

/** CloudFormation takes at most 4096 bytes of response; the rest of it is short. */
const REASON_MAX_LENGTH = 1024;
const SEND_ATTEMPTS = 3;
const SEND_TIMEOUT_MS = 10_000;

export type Outcome =
  | { readonly Status: 'SUCCESS'; readonly Data: Readonly<Record<string, string>> }
  | { readonly Status: 'FAILED'; readonly Reason: string };

/** What CloudFormation shows as the reason of the failure. */
export function failed(error: unknown): Outcome {
  const reason = error instanceof Error ? error.message : String(error);
  return { Status: 'FAILED', Reason: reason.slice(0, REASON_MAX_LENGTH) };
}

/** @param physicalResourceId another one than before replaces the resource */
export async function respond(
  event: CloudFormationCustomResourceEvent,
  physicalResourceId: string,
  outcome: Outcome,
): Promise<void> {
  const response: CloudFormationCustomResourceResponse = {
    ...outcome,
    PhysicalResourceId: physicalResourceId,
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Bytes, not text: fetch would name a content type, which the signed URL does not allow.
      const answer = await fetch(event.ResponseURL, {
        method: 'PUT',
        body: new TextEncoder().encode(JSON.stringify(response)),
        signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
      });
      if (answer.ok) return;
      throw new Error(`CloudFormation's response URL answered ${answer.status}`);
    } catch (error) {
      if (attempt === SEND_ATTEMPTS) throw error;
    }
  }
}
