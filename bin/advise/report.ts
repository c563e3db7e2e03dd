/** The advice as one object, and as text. */
import { transportCosts } from '../../lib/estimate/transports/index.ts';
import type { TransportCost, TransportLoad, TransportSizes } from '../../lib/estimate/transports/index.ts';
import { pricesOf } from '../../lib/estimate/prices/index.ts';
import { advise } from './advice.ts';
import type { Advice } from './advice.ts';
import type { Measured } from './measured.ts';
import { stepsOf } from './steps.ts';
import { judged } from './thresholds.ts';
import type { Needs, ThresholdResult, Thresholds } from './thresholds.ts';

export interface AdviceReport extends Advice {
  readonly schemaVersion: '1.0';
  readonly environment: string;
  readonly measured: Measured;
  readonly thresholds: readonly ThresholdResult[];
  readonly costs: {
    /** What the costs are of. Null: too little is measured, as `why` says. */
    readonly load: TransportLoad | null;
    readonly why: string | null;
    /** Deliveries were not measured: each agent is taken to get each event. */
    readonly isUpperBound: boolean;
    readonly transports: readonly TransportCost[];
    readonly note: string;
  };
  readonly steps: readonly string[];
}

export interface ReportOptions {
  readonly environment: string;
  readonly sizes: TransportSizes;
  readonly needs: Needs;
  readonly thresholds: Thresholds;
  readonly region?: string | undefined;
}

export function reportOf(measured: Measured, options: ReportOptions): AdviceReport {
  const { environment, sizes, needs, region } = options;
  const thresholds = judged(measured, needs, options.thresholds);
  const advice = advise(measured, thresholds);
  const { load, why, isUpperBound } = loadOf(measured);
  const prices = pricesOf(region ?? 'us-east-1');
  return {
    schemaVersion: '1.0',
    environment,
    measured,
    thresholds,
    ...advice,
    costs: {
      load,
      why,
      isUpperBound,
      transports: load === null ? [] : transportCosts(load, sizes, region === undefined ? {} : { region }),
      note: prices.note ?? `prices of ${prices.region}`,
    },
    steps: stepsOf(advice),
  };
}

const SECONDS_OF_HOUR = 3_600;

interface CostLoad {
  readonly load: TransportLoad | null;
  readonly why: string | null;
  readonly isUpperBound: boolean;
}

/** The average of the day that was counted, not of the last minutes. */
function loadOf({
  eventsLastDay,
  countedHours,
  eventsPerSecond,
  handledPerSecond,
  averageBytes,
  agents,
}: Measured): CostLoad {
  const missing = (why: string): CostLoad => ({ load: null, why, isUpperBound: false });
  if (eventsLastDay === null || countedHours === null || countedHours === 0)
    return missing('the events of the day are not measured');
  if (averageBytes === null) return missing('the size of events is not measured');
  if (agents === null) return missing('the number of agents is not measured');
  const perSecond = eventsLastDay / (countedHours * SECONDS_OF_HOUR);
  // Each event by so many agents, as in the window. Without events in it, by all: it can't be more.
  const isUpperBound =
    handledPerSecond === null || eventsPerSecond === null || eventsPerSecond === 0 || handledPerSecond === 0;
  const fanOut = isUpperBound ? agents : Math.min(agents, handledPerSecond / eventsPerSecond);
  return {
    load: { eventsPerSecond: perSecond, deliveriesPerSecond: perSecond * fanOut, averageBytes, agents },
    why: null,
    isUpperBound,
  };
}
