/** `shadowOf()`: a consumer that only notes what arrives. */
import type { SqsHandler } from '../consume.ts';
import type { ShadowOptions } from './types.ts';

/** The name of a consumer's shadow. */
export function shadowName(consumer: string): string {
  return `${consumer}-shadow`;
}

/**
 * A consumer of the same events, named `NAME-shadow`, with a group or queue of its own: it notes each arrival in
 * `shadow_arrival` and has no other effect. Runs wherever `consume(...)` does: as a function, by `subscribe`, by
 * `pollRedis({ consumer })`. Needs no `claimEffect`.
 *
 * @param consumer what `consume(...)` returned
 * @throws RuntimeError WAYBILL_OPTION_INVALID, WAYBILL_ENVIRONMENT_MISSING
 */
export function shadowOf(_consumer: SqsHandler, _options: ShadowOptions): SqsHandler {
  throw new Error('not built yet');
}
