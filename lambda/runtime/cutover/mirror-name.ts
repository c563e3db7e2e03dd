/** How mirrors are named. */
import type { TransportName } from './types.ts';

/** The name of the mirror's subscription. */
export function mirrorName(transport: TransportName): string {
  return `mirror-${transport}`;
}
