/** `mirrorEvents()`: copies each event of the record to another transport, in the order of each key. */
import type { EventSubscription } from '../subscription/types.ts';
import type { MirrorOptions, TransportName } from './types.ts';

/** The name of the mirror's subscription. */
export function mirrorName(transport: TransportName): string {
  return `mirror-${transport}`;
}

/**
 * The dual write: what is appended to the record is copied, byte for byte, until it is stopped. Any number of instances
 * share the work. An event whose copy is not taken is tried again and holds its key, and nothing else.
 *
 * @throws as `subscribe`
 */
export function mirrorEvents(_options: MirrorOptions): Promise<EventSubscription> {
  throw new Error('not built yet');
}
