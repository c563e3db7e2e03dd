/** One line of a cost: what one resource is charged for one item, idle and at the declared load. */
import type { Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import type { PriceItem } from '../prices/index.ts';

export type CostService =
  | 'API Gateway'
  | 'Aurora'
  | 'CloudWatch'
  | 'EventBridge'
  | 'KMS'
  | 'Lambda'
  | 'Network'
  | 'Secrets Manager'
  | 'SNS'
  | 'SQS';

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
    const { usd } = context.prices.prices[priceItem];
    return [
      {
        service,
        item,
        priceItem,
        constructPath: resource.constructPath,
        owner: ownerOf(context, resource),
        stack: resource.stack.stackName,
        units: { idle, load },
        idle: idle * usd,
        load: load * usd,
      },
    ];
  });
}

/**
 * The owner of the nearest construct around the resource that is a node, or whose nodes all belong to one service or
 * consumer. A construct with a single node in it is not taken for that node's: an API is not its authorizer's.
 */
export function ownerOf({ topology, nodeIdOf, nodeOf }: EstimateContext, resource: Resource): string | null {
  const own = nodeIdOf(resource);
  if (own !== undefined) return nodeOf(own)?.owner ?? null;
  const parts = resource.constructPath.split('/');
  // The stack itself, with one part, belongs to nobody.
  for (let length = parts.length; length > 1; length -= 1) {
    const scope = parts.slice(0, length).join('/');
    const within = topology.nodes.filter(({ id }) => id === scope || id.startsWith(`${scope}/`));
    if (within.length === 0 || (within.length === 1 && within[0]!.id !== scope)) continue;
    const owners = new Set(within.map(({ owner }) => owner));
    return owners.size === 1 ? ([...owners][0] ?? null) : null;
  }
  return null;
}

export const MILLION = 1_000_000;
/** Of network, messages and logs. */
export const GIGABYTE = 1_000_000_000;
