/** Where a consumer is live, as a metric of CloudWatch: a number for each transport. `waybill advise --stage` reads it. */
import type { MeasuredTransport } from './types.ts';

/** With the dimensions of the environment and `Consumer`. */
export const LIVE_ON_METRIC = 'LiveOn';

/** The place is the number: what is added comes behind. */
const NUMBERED: readonly MeasuredTransport[] = ['postgres', 'redis', 'sns-sqs'];

export function liveOnValue(transport: MeasuredTransport): number {
  return NUMBERED.indexOf(transport);
}

/** Undefined for a number that stands for none. */
export function transportOfValue(value: number): MeasuredTransport | undefined {
  return NUMBERED[value];
}
