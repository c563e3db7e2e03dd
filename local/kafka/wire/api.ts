/** One API of Kafka's protocol: its key, the versions the broker speaks, and the shapes of request and response. */
import type { Codec } from './codec.ts';

export interface Api<Request, Response> {
  readonly key: number;
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Versions from here on use compact lengths and tagged fields. */
  readonly flexibleFrom: number;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

export type RequestOf<Of> = Of extends Api<infer Request, infer _Response> ? Request : never;
export type ResponseOf<Of> = Of extends Api<infer _Request, infer Response> ? Response : never;

export function isFlexible(api: Pick<Api<unknown, unknown>, 'flexibleFrom'>, version: number): boolean {
  return version >= api.flexibleFrom;
}
