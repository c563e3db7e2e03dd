/** One line of a cost: what one resource is charged for one item, idle and at the declared load. */
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { pricesOf } from '../prices/index.ts';
import type { PriceItem } from '../prices/index.ts';

export type CostService =
  | 'API Gateway'
  | 'Aurora'
  | 'CloudWatch'
  | 'DynamoDB'
  | 'ElastiCache'
  | 'EventBridge'
  | 'Fargate'
  | 'Amazon MQ'
  | 'Kinesis'
  | 'KMS'
  | 'Lambda'
  | 'MemoryDB'
  | 'MSK'
  | 'Network'
  | 'Secrets Manager'
  | 'SNS'
  | 'SQS'
  | 'Step Functions';

export interface CostLine {
  readonly service: CostService;
  /** What is charged, in words. */
  readonly item: string;
  readonly priceItem: PriceItem;
  readonly constructPath: string;
  /** The service or consumer of the topology; null for what is shared. */
  readonly owner: string | null;
  /** The stack's name. */
  readonly stack: string;
  /** Units of the price in a month. */
  readonly units: { readonly idle: number; readonly load: number };
  /** US dollars a month. */
  readonly idle: number;
  readonly load: number;
}

export interface Charge {
  readonly service: CostService;
  readonly item: string;
  readonly priceItem: PriceItem;
  /** Units of the price in a month, without any message. */
  readonly idle: number;
  /**
   * The same at the declared load.
   * @default - as idle
   */
  readonly load?: number;
}

/** What everything about one kind of resource costs. */
export type Calculator = (context: EstimateContext) => readonly CostLine[];

/** Charges nothing are left out. */
export function linesOf(
  context: EstimateContext,
  resource: Resource,
  charges: readonly Charge[],
): readonly CostLine[] {
  return charges.flatMap(({ service, item, priceItem, idle, load = idle }) => {
    if (idle === 0 && load === 0) return [];
    const { usd } = pricesOf(context.regionOf(resource)).prices[priceItem];
    return [
      {
        service,
        item,
        priceItem,
        constructPath: resource.constructPath,
        owner: context.ownerOf(resource),
        stack: resource.stack.stackName,
        units: { idle, load },
        idle: idle * usd,
        load: load * usd,
      },
    ];
  });
}

export const MILLION = 1_000_000;
/** Of network, messages and logs. */
export const GIGABYTE = 1_000_000_000;
