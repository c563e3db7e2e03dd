/** The small JSON services, called over HTTP as any SDK does: X-Amz-Target in, JSON out. */
import {
  manualClock,
  startEmbeddedAws,
  type EmbeddedAws,
  type ManualClock,
} from '../../../local/aws/index.ts';

export type Json = Record<string, unknown>;

export interface JsonClient {
  readonly aws: EmbeddedAws;
  readonly clock: ManualClock;
  call(action: string, input?: Json): Promise<Json>;
  /** The error type an action is refused with, or undefined when it succeeds. */
  refusal(action: string, input?: Json): Promise<string | undefined>;
}

export async function jsonClient(targetPrefix: string): Promise<JsonClient> {
  const clock = manualClock();
  const aws = await startEmbeddedAws({ clock });
  const post = async (action: string, input: Json) => {
    const response = await fetch(aws.endpointUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${targetPrefix}.${action}` },
      body: JSON.stringify(input),
    });
    return { ok: response.ok, body: (await response.json()) as Json };
  };
  return {
    aws,
    clock,
    async call(action, input = {}) {
      const { ok, body } = await post(action, input);
      if (!ok) throw new Error(`${action}: ${JSON.stringify(body)}`);
      return body;
    },
    async refusal(action, input = {}) {
      const { body } = await post(action, input);
      return body['__type'] as string | undefined;
    },
  };
}
