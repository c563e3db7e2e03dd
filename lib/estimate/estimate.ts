/** What an assembly costs by the month and whether its capacity suffices: the data behind every table. */
import type { Assembly } from '../assembly/index.ts';
import { capacityOf } from './capacity/index.ts';
import { stackBudgets } from './capacity/stacks.ts';
import { estimateContext } from './context.ts';
import type { EstimateOptions } from './context.ts';
import { costLines, unpricedTypes } from './cost/index.ts';
import type { CostLine } from './cost/index.ts';
import type { Assumptions } from './load.ts';
import { datesOf } from './prices/index.ts';
import type { PriceDates } from './prices/index.ts';
import { systemsOf } from './systems.ts';
import type { QuotaRequest, Verdict } from './verdict.ts';

/** US dollars a month. */
export interface Cost {
  readonly idle: number;
  readonly load: number;
}

export interface NamedCost extends Cost {
  readonly name: string;
  /** The dearest services in it at the declared load, dearest first. */
  readonly services: readonly (Cost & { readonly service: string })[];
}

export interface Estimate {
  /** MAJOR.MINOR of this shape, for what reads the JSON. */
  readonly schemaVersion: '1.1';
  readonly environment: string;
  /** Undefined where the stacks name none. */
  readonly region: string | undefined;
  readonly prices: PriceDates & { readonly region: string; readonly note: string | undefined };
  readonly assumptions: Assumptions;
  readonly total: Cost;
  /** By system: a stack, and those over which its consumers are spread. */
  readonly systems: readonly NamedCost[];
  /** By service or consumer of the topology; `shared` for the rest. */
  readonly owners: readonly NamedCost[];
  readonly services: readonly NamedCost[];
  readonly lines: readonly CostLine[];
  /** Types of resources that are left out. */
  readonly unpriced: readonly string[];
  readonly stacks: readonly {
    readonly stack: string;
    readonly resources: number;
    readonly limit: number;
    readonly consumers: number;
    readonly moreConsumers: number | undefined;
  }[];
  readonly verdicts: readonly Verdict[];
  /** What to ask AWS for before the declared peak comes. Since 1.1. */
  readonly quotaRequests: readonly QuotaRequest[];
}

/**
 * @example
 * const { total, verdicts } = estimate(readAssembly('cdk.out'), { load: { averageShare: 0.3 } });
 */
export function estimate(assembly: Assembly, options: EstimateOptions = {}): Estimate {
  const context = estimateContext(assembly, options);
  const lines = costLines(context);
  const verdicts = capacityOf(context);
  const systemOf = systemsOf(assembly.stacks.map(({ stackName }) => stackName));
  const { region, note } = context.prices;
  return {
    schemaVersion: '1.1',
    environment: context.topology.environment,
    region: context.region,
    prices: { region, note, ...datesOf(context.prices) },
    assumptions: context.assumptions,
    total: sumOf(lines),
    systems: grouped(lines, ({ stack }) => systemOf(stack)),
    owners: grouped(lines, ({ owner }) => owner ?? 'shared'),
    services: grouped(lines, ({ service }) => service),
    lines,
    unpriced: unpricedTypes(context),
    stacks: stackBudgets(context).map(({ stack, resources, limit, consumers, moreConsumers }) => ({
      stack: stack.stackName,
      resources,
      limit,
      consumers,
      moreConsumers,
    })),
    verdicts,
    quotaRequests: verdicts.flatMap(({ request }) => request ?? []),
  };
}

export function sumOf(lines: readonly Cost[]): Cost {
  return {
    idle: lines.reduce((sum, { idle }) => sum + idle, 0),
    load: lines.reduce((sum, { load }) => sum + load, 0),
  };
}

/** The dearest at the declared load first. */
function grouped(lines: readonly CostLine[], nameOf: (line: CostLine) => string): readonly NamedCost[] {
  return [...Map.groupBy(lines, nameOf)]
    .map(([name, ofName]) => ({
      name,
      ...sumOf(ofName),
      services: [...Map.groupBy(ofName, ({ service }) => service)]
        .map(([service, ofService]) => ({ service, ...sumOf(ofService) }))
        .sort((a, b) => b.load - a.load),
    }))
    .sort((a, b) => b.load - a.load || (a.name < b.name ? -1 : 1));
}
