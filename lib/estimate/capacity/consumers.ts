/**
 * Whether each consumer keeps up with its declared peak: concurrency, batches, pollers, messages in flight.
 *
 * | rule | number                                                       | limit                                   |
 * | ---- | ------------------------------------------------------------ | --------------------------------------- |
 * | C2   | rate x (invocation / batchSize + message) seconds, at once   | maxConcurrency, else 1,250              |
 * | C3   | invocation + batchSize x message, seconds                    | the function's timeout                  |
 * | C4   | batchSize x bytes of a message                               | 6 MB payload of an invocation           |
 * | C5   | minutes from 5 invocations at once to those needed, 300 more | 1 minute                                |
 * | C6   | maxConcurrency x batchSize messages received, not yet deleted| 120,000 in flight                       |
 *
 * Where the rate is too high for small batches a backlog builds up and batches fill: so C2 counts full batches.
 */
import type { EstimateContext, QueueMapping } from '../context.ts';
import { numberOf, valueAt } from '../context.ts';
import { averageBytes } from '../flow.ts';
import { messageMillisecondsOf } from '../load.ts';
import { QUOTAS } from '../quotas.ts';
import { verdict } from '../verdict.ts';
import type { Verdict } from '../verdict.ts';
import { figure } from './figures.ts';

/** Longer than this until a burst is served at full speed, and provisioned pollers are worth a thought. */
const SLOW_START_MINUTES = 1;

export function consumerVerdicts(context: EstimateContext): readonly Verdict[] {
  return context.mappings.flatMap((mapping) => {
    const { consumes } = mapping;
    if (consumes === undefined || consumes.events.length === 0) return [];
    return [
      concurrencyShort(context, mapping),
      batchOverTimeout(context, mapping),
      batchOverPayload(context, mapping),
      pollersSlow(context, mapping),
      inFlight(mapping),
    ].filter((found) => found !== undefined);
  });
}

/** Invocations at once that the peak takes, with full batches. */
export function requiredConcurrency(
  context: EstimateContext,
  { consumes, queueNodeId }: QueueMapping,
): number {
  if (consumes === undefined || queueNodeId === undefined) return 0;
  const { perSecond } = context.peak.into(queueNodeId);
  return Math.ceil(
    (perSecond * invocationMilliseconds(context, consumes.consumer, consumes.batchSize)) /
      consumes.batchSize /
      1000,
  );
}

/** What a mapping may use at once. */
export function allowedConcurrency({ mapping, consumes }: QueueMapping): number {
  return (
    numberOf(valueAt(mapping.properties, 'ScalingConfig', 'MaximumConcurrency')) ??
    consumes?.maxConcurrency ??
    QUOTAS.mappingConcurrency.value
  );
}

/** Milliseconds of an invocation with so many messages, which are handled one after the other. */
export function invocationMilliseconds(
  { assumptions }: EstimateContext,
  consumer: string,
  messages: number,
): number {
  return assumptions.invocationMilliseconds + messages * messageMillisecondsOf(assumptions, consumer);
}

function isProvisioned({ mapping }: QueueMapping): boolean {
  return mapping.properties['ProvisionedPollerConfig'] !== undefined;
}

function concurrencyShort(context: EstimateContext, mapping: QueueMapping): Verdict | undefined {
  const required = requiredConcurrency(context, mapping);
  if (isProvisioned(mapping)) return undefined;
  const allowed = allowedConcurrency(mapping);
  if (required <= allowed) return undefined;
  const { perSecond } = context.peak.into(mapping.queueNodeId!);
  return verdict('WAYBILL_CAPACITY_CONCURRENCY_SHORT', {
    severity: 'warning',
    constructPath: mapping.queue.constructPath,
    received: `${figure(perSecond)} messages a second take ${required} invocations at once, ${durationOf(context, mapping)}`,
    allowed: `${allowed} invocations at once (maxConcurrency)`,
    fix: `${remedyOf(required)}, or make the handler faster, or take larger batches; until then the queue grows while the peak lasts`,
    source: QUOTAS.mappingConcurrency.source,
  });
}

function remedyOf(required: number): string {
  return required <= QUOTAS.mappingMaximumConcurrency.value
    ? `set maxConcurrency to at least ${required}`
    : 'give the mapping a ProvisionedPollerConfig instead of maxConcurrency';
}

function durationOf({ assumptions }: EstimateContext, { consumes }: QueueMapping): string {
  return `assuming ${messageMillisecondsOf(assumptions, consumes!.consumer)} ms a message and ${assumptions.invocationMilliseconds} ms an invocation`;
}

function batchOverTimeout(context: EstimateContext, mapping: QueueMapping): Verdict | undefined {
  const { consumer, batchSize, timeoutSeconds } = mapping.consumes!;
  const seconds = invocationMilliseconds(context, consumer, batchSize) / 1000;
  if (seconds <= timeoutSeconds) return undefined;
  return verdict('WAYBILL_CAPACITY_BATCH_OVER_TIMEOUT', {
    severity: 'warning',
    constructPath: mapping.queue.constructPath,
    received: `a full batch of ${batchSize} takes ${figure(seconds)} s, ${durationOf(context, mapping)}`,
    allowed: `${timeoutSeconds} s (timeout of the function)`,
    fix: 'take smaller batches or a longer timeout; what is not reached comes back and uses up a receive',
    source: 'lambda/latest/dg/services-sqs-configure.html',
  });
}

function batchOverPayload(context: EstimateContext, mapping: QueueMapping): Verdict | undefined {
  const bytes = averageBytes(context.peak.into(mapping.queueNodeId!));
  const { batchSize } = mapping.consumes!;
  const { value, unit, source } = QUOTAS.invocationPayloadBytes;
  if (batchSize * bytes <= value) return undefined;
  return verdict('WAYBILL_CAPACITY_BATCH_OVER_PAYLOAD', {
    severity: 'warning',
    constructPath: mapping.queue.constructPath,
    received: `${batchSize} messages of ${figure(bytes)} bytes are ${figure(batchSize * bytes)} bytes`,
    allowed: `${figure(value)} ${unit}`,
    fix: `a batch never holds more than ${Math.floor(value / bytes)} messages: set batchSize so, or keep large payloads in S3`,
    source,
  });
}

function pollersSlow(context: EstimateContext, mapping: QueueMapping): Verdict | undefined {
  if (isProvisioned(mapping)) return undefined;
  const required = Math.min(requiredConcurrency(context, mapping), allowedConcurrency(mapping));
  const minutes = (required - QUOTAS.mappingStartConcurrency.value) / QUOTAS.mappingGrowthPerMinute.value;
  if (minutes <= SLOW_START_MINUTES) return undefined;
  return verdict('WAYBILL_CAPACITY_POLLERS_SLOW', {
    severity: 'warning',
    constructPath: mapping.queue.constructPath,
    received: `${figure(minutes)} minutes until ${required} invocations run at once`,
    allowed: `${SLOW_START_MINUTES} minute; a mapping begins with ${QUOTAS.mappingStartConcurrency.value} and adds ${QUOTAS.mappingGrowthPerMinute.value} a minute`,
    fix: 'take larger batches, or give the mapping a ProvisionedPollerConfig where a burst must be served at once',
    source: QUOTAS.mappingGrowthPerMinute.source,
  });
}

function inFlight(mapping: QueueMapping): Verdict | undefined {
  const atOnce = allowedConcurrency(mapping) * mapping.consumes!.batchSize;
  const { value, unit, source } = QUOTAS.sqsInFlight;
  if (atOnce <= value) return undefined;
  return verdict('WAYBILL_CAPACITY_IN_FLIGHT', {
    severity: 'warning',
    constructPath: mapping.queue.constructPath,
    received: `${allowedConcurrency(mapping)} invocations of ${mapping.consumes!.batchSize} messages are ${figure(atOnce)} in flight`,
    allowed: `${figure(value)} ${unit}`,
    fix: 'lower maxConcurrency or batchSize: above it a standard queue answers OverLimit and a FIFO queue nothing',
    source,
  });
}
