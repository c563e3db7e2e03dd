/** W3C Trace Context, the little of it that events need: one trace id through all hops, a new span id for each. */
import { randomBytes } from 'node:crypto';

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = '01';

/**
 * The traceparent of what is done because of `parent`: same trace, same sampling decision, new span id.
 * Without a parent, or with one that breaks the format, a new trace begins.
 * Source: W3C Trace Context, section 3.2.2 and 4.2.
 */
export function childTraceparent(parent: string | undefined): string {
  const match = parent === undefined ? null : TRACEPARENT.exec(parent);
  const spanId = randomBytes(8).toString('hex');
  if (match === null || match[1] === 'ff' || /^0+$/.test(match[2]!)) {
    return `00-${randomBytes(16).toString('hex')}-${spanId}-${SAMPLED}`;
  }
  return `00-${match[2]}-${spanId}-${match[4]}`;
}
