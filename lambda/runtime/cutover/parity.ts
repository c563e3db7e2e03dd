/** `parityReport()`: what a shadow saw, against the record. */
import type { Pool } from 'pg';

import type { ParityOptions, ParityReport } from './types.ts';

/** @throws RuntimeError WAYBILL_TRANSPORT_CONSUMER_UNKNOWN, WAYBILL_TRANSPORT_TYPES_UNKNOWN, WAYBILL_TRANSPORT_NOT_MIGRATED */
export function parityReport(_pool: Pick<Pool, 'query'>, _options: ParityOptions): Promise<ParityReport> {
  throw new Error('not built yet');
}
