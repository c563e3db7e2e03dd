/** Lambda: requests and memory over time; and what the functions write to their logs. */
import type { Resource } from '../../assembly/index.ts';
import { listAt, numberOf, valueAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { MONTH_DAYS, MONTH_SECONDS } from '../load.ts';
import { invocationsOf } from './invocations.ts';
import { GIGABYTE, linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

/** MemorySize where a function sets none. AWS::Lambda::Function */
const DEFAULT_MEMORY_MIB = 128;

export function lambdaCost(context: EstimateContext): readonly CostLine[] {
  return invocationsOf(context).flatMap((invocations) => {
    const { function: fn, idle, load, idleMilliseconds, loadMilliseconds } = invocations;
    const gibibytes = (numberOf(fn.properties['MemorySize']) ?? DEFAULT_MEMORY_MIB) / 1024;
    const ofMonth = (millisecondsPerSecond: number): number =>
      (millisecondsPerSecond / 1000) * MONTH_SECONDS * gibibytes;
    return [
      ...linesOf(context, fn, [
        {
          service: 'Lambda',
          item: 'requests',
          priceItem: 'lambdaRequests',
          idle: (idle * MONTH_SECONDS) / MILLION,
          load: (load * MONTH_SECONDS) / MILLION,
        },
        {
          service: 'Lambda',
          item: 'duration',
          priceItem: isArm(fn) ? 'lambdaArm64' : 'lambdaX86',
          idle: ofMonth(idleMilliseconds),
          load: ofMonth(loadMilliseconds),
        },
      ]),
      ...logCost(context, fn, { idle, load }),
    ];
  });
}

function isArm({ properties }: Resource): boolean {
  return listAt(properties, 'Architectures').includes('arm64');
}

/** Logs are charged as they are written and, uncompressed here, for as long as they are kept. */
function logCost(
  context: EstimateContext,
  fn: Resource,
  perSecond: { readonly idle: number; readonly load: number },
): readonly CostLine[] {
  const bytes = context.assumptions.logBytesPerInvocation;
  return logLines(context, fn, logGroupOf(context, fn), {
    idle: perSecond.idle * bytes,
    load: perSecond.load * bytes,
  });
}

/** @param group undefined: kept for ever, counted as a year */
export function logLines(
  context: EstimateContext,
  resource: Resource,
  group: Resource | undefined,
  bytesPerSecond: { readonly idle: number; readonly load: number },
): readonly CostLine[] {
  const months = (numberOf(group?.properties['RetentionInDays']) ?? 365) / MONTH_DAYS;
  const ofMonth = (perSecond: number): number => (perSecond * MONTH_SECONDS) / GIGABYTE;
  const { idle, load } = bytesPerSecond;
  return linesOf(context, resource, [
    {
      service: 'CloudWatch',
      item: 'logs written',
      priceItem: 'logIngestion',
      idle: ofMonth(idle),
      load: ofMonth(load),
    },
    {
      service: 'CloudWatch',
      item: 'logs kept',
      priceItem: 'logStorage',
      idle: ofMonth(idle) * months,
      load: ofMonth(load) * months,
    },
  ]);
}

function logGroupOf({ assembly }: EstimateContext, fn: Resource): Resource | undefined {
  const name = valueAt(fn.properties, 'LoggingConfig', 'LogGroup') ?? `/aws/lambda/${fn.name}`;
  return assembly.ofType('AWS::Logs::LogGroup').find((group) => group.name === name || group.ref === name);
}
