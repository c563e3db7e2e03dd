/**
 * The packed file that the package's checks share: with `WAYBILL_PACKED_FILE` set, `npm run package:check` leaves it
 * there and the others take it, so that CI builds once. Without, each packs for itself.
 */
import { resolve } from 'node:path';

/** Absolute; undefined where each is to pack for itself. */
export function sharedPackedFile(): string | undefined {
  const file = process.env['WAYBILL_PACKED_FILE'];
  return file === undefined || file === '' ? undefined : resolve(file);
}
