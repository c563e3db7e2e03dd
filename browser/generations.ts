/** Image generations from a page: ask for one, read and list them, and the ticket for their notifications. */
import { createHttp, httpEnvironment } from './http.ts';
import type { HttpOptions } from './http.ts';
import type { Signalled, SubmitOptions } from './jobs.ts';
import type { Ticket } from './notifications/types.ts';

export interface GenerationRequest {
  /** 1 to 4,000 characters. */
  readonly prompt: string;
  /** @default 'image-small' */
  readonly model?: string;
  /** Pixels. @default 1024 */
  readonly width?: number;
  readonly height?: number;
}

export interface Generation {
  readonly generationId: string;
  readonly status: 'PENDING' | 'COMPLETE' | 'ERROR';
  readonly prompt?: string;
  /** Null, as are its sides, unless the status is COMPLETE. */
  readonly imageUrl?: string | null;
  readonly imageHeight?: number | null;
  readonly imageWidth?: number | null;
  readonly coreModel?: string;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  /** Of the status ERROR, where it was read from the API: a notification does not tell it. */
  readonly errorCode?: string | null;
}

export interface GenerationPage {
  /** Newest first. */
  readonly items: readonly Generation[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** All reject with ProblemError for what the API refuses, and UnreachableError when it does not answer in five tries. */
export interface GenerationsClient {
  request(request: GenerationRequest, options?: SubmitOptions): Promise<Generation>;
  get(generationId: string, options?: Signalled): Promise<Generation>;
  list(options?: Signalled & { readonly limit?: number; readonly cursor?: string }): Promise<GenerationPage>;
  /** For `createNotificationClient({ ticket })`. */
  ticket(): Promise<Ticket>;
}

export function createGenerationsClient(options: HttpOptions): GenerationsClient {
  const http = createHttp(options);
  const { newId } = { ...httpEnvironment(), ...options.environment };
  return {
    request: async (request, { idempotencyKey = newId(), signal } = {}) => {
      const { body } = await http<Generation>({
        method: 'POST',
        path: '/generations',
        headers: { 'idempotency-key': idempotencyKey },
        body: request,
        signal,
        repeatable: true,
      });
      return body;
    },
    get: async (generationId, { signal } = {}) => {
      const path = `/generations/${encodeURIComponent(generationId)}`;
      return (await http<Generation>({ method: 'GET', path, signal, repeatable: true })).body;
    },
    list: async ({ signal, ...query } = {}) =>
      (await http<GenerationPage>({ method: 'GET', path: '/generations', query, signal, repeatable: true }))
        .body,
    // The notification client repeats it, with its own backoff.
    ticket: async () => (await http<Ticket>({ method: 'POST', path: '/tickets', repeatable: false })).body,
  };
}
