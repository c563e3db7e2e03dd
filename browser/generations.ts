/** Image generations from a page: ask for one, read and list them, and the ticket for their notifications. */
import { createHttp } from './http.ts';
import type { HttpOptions } from './http.ts';
import type { Signalled } from './jobs.ts';
import type { Ticket } from './notifications/types.ts';

export interface GenerationRequest {
  readonly prompt: string;
  readonly model: string;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface Generation {
  readonly generationId: string;
  readonly status: 'PENDING' | 'COMPLETE' | 'ERROR';
  readonly prompt?: string;
  readonly imageUrl?: string | null;
  readonly imageHeight?: number | null;
  readonly imageWidth?: number | null;
  readonly coreModel?: string;
  readonly createdAt?: string;
  readonly updatedAt?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface GenerationPage {
  readonly generations: readonly Generation[];
  /** For the next page; undefined on the last. */
  readonly cursor?: string;
}

/** All reject with ProblemError for what the API refuses, and UnreachableError when it does not answer. */
export interface GenerationsClient {
  /** Not repeated by itself: the API takes each request for a new one. */
  request(request: GenerationRequest, options?: Signalled): Promise<Generation>;
  get(generationId: string, options?: Signalled): Promise<Generation>;
  list(options?: Signalled & { readonly limit?: number; readonly cursor?: string }): Promise<GenerationPage>;
  /** For `createNotificationClient({ ticket })`. */
  ticket(): Promise<Ticket>;
}

export function createGenerationsClient(options: HttpOptions): GenerationsClient {
  const http = createHttp(options);
  return {
    request: async (request, { signal } = {}) => {
      const call = {
        method: 'POST',
        path: '/generations',
        body: request,
        signal,
        repeatable: false,
      } as const;
      return (await http<Generation>(call)).body;
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
