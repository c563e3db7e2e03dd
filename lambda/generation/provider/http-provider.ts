/** A provider that takes orders over HTTP. */
import { PermanentError } from '../../runtime/errors.ts';
import { signatureOf } from '../callback/signature.ts';
import type { ImageProvider } from './image-provider.ts';

export interface HttpProviderProps {
  /** Where orders are posted to. */
  readonly url: string;
  /** Where it posts callbacks to. */
  readonly callbackUrl: string;
  /** Signs orders as callbacks are signed; the first one is used. */
  readonly secrets: () => Promise<readonly string[]>;
  readonly fetch?: typeof fetch;
}

/** Milliseconds. */
const ORDER_TIMEOUT = 10_000;

/** What says nothing about the order itself. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/**
 * | answer             | what becomes of the order              |
 * |--------------------|----------------------------------------|
 * | 2xx                | taken                                  |
 * | 408, 409, 425, 429, 5xx, none | tried again                 |
 * | other 3xx, 4xx     | refused: the generation ends as ERROR  |
 */
export function httpProvider({
  url,
  callbackUrl,
  secrets,
  fetch: send = fetch,
}: HttpProviderProps): ImageProvider {
  return {
    name: 'http',
    async order(order, signal) {
      const body = JSON.stringify({ ...order, callbackUrl });
      const response = await send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': order.generationId,
          'x-waybill-signature': signatureOf(await secrets(), body, Date.now()),
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ORDER_TIMEOUT)]),
      });
      await response.arrayBuffer();
      if (response.ok) return;
      const isLater = response.status >= 500 || NOT_NOW.has(response.status);
      if (isLater) throw new Error(`the provider answered ${response.status}`);
      throw new PermanentError('ORDER_REFUSED', `the provider answered ${response.status}`);
    },
  };
}
