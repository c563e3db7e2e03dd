/** What agents on a transport cost: the load, the sizes, and the answer line by line. */
import type { PriceItem } from '../prices/index.ts';

export const TRANSPORTS = ['postgres', 'redis', 'sns-sqs'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** On average over a month. */
export interface TransportLoad {
  readonly eventsPerSecond: number;
  /** Events handled, of all agents together. */
  readonly deliveriesPerSecond: number;
  /** Of an event as JSON. */
  readonly averageBytes: number;
  readonly agents: number;
}

/** Of the environment's configuration. */
export interface TransportSizes {
  /** Of each long-running service. `cpu` in units of 1,024. */
  readonly service: { readonly desiredCount: number; readonly cpu: number; readonly memoryMiB: number };
  readonly redis: {
    readonly service: 'memorydb' | 'elasticache-durable' | 'elasticache';
    readonly nodeType: string;
    readonly shards: number;
    readonly replicas: number;
  };
}

/** US dollars a month. */
export interface TransportCostLine {
  readonly item: string;
  readonly units: number;
  readonly priceItem: PriceItem;
  readonly usd: number;
}

export interface TransportCost {
  readonly transport: TransportKind;
  /** US dollars a month; null where a price is missing. */
  readonly total: number | null;
  readonly lines: readonly TransportCostLine[];
  /** What is not in the total, and why. */
  readonly unpriced: readonly string[];
}
