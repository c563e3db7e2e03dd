/**
 * What the same agents at the same load cost by the month on each transport. The event store in PostgreSQL is the record
 * whatever carries the events, so each append and each effect is in all three.
 */
import { MONTH_HOURS, MONTH_SECONDS, assumptionsOf } from '../load.ts';
import type { Assumptions, LoadProfile } from '../load.ts';
import { pricesOf } from '../prices/index.ts';
import type { PriceItem } from '../prices/index.ts';
import { TRANSPORTS } from './types.ts';
import type {
  TransportCost,
  TransportCostLine,
  TransportKind,
  TransportLoad,
  TransportSizes,
} from './types.ts';

const MILLION = 1_000_000;
const GIGABYTE = 1_000_000_000;
/** One SQS request is charged for each begun 64 KB. aws.amazon.com/sqs/pricing */
const REQUEST_BYTES = 65_536;
/** Of a mapping that nothing scales, each asking every 20 s: lambda/latest/dg/services-sqs-scaling.html */
const EMPTY_POLLS_PER_SECOND = 5 / 20;
/** Of an agent's function: the constructs' default. */
const FUNCTION_MIB = 512;
/** A reader of the event store marks at most so often; without events it polls once. lambda/runtime/subscription */
const MARKS_PER_SECOND = 20;
const POLLS_PER_SECOND = 1;

export interface TransportCostOptions {
  /** Whose prices. @default - us-east-1 */
  readonly region?: string;
  readonly load?: LoadProfile;
}

/** In the order of growth. */
export function transportCosts(
  load: TransportLoad,
  sizes: TransportSizes,
  options: TransportCostOptions = {},
): readonly TransportCost[] {
  const { prices } = pricesOf(options.region);
  const assumptions = assumptionsOf(options.load);
  return TRANSPORTS.map((transport) => {
    const charges = [
      ...recordCharges(load, assumptions),
      ...ofTransport[transport](load, sizes, assumptions),
    ];
    const unpriced = charges.flatMap((charge) => ('unpriced' in charge ? [charge.unpriced] : []));
    const lines = charges.flatMap((charge): TransportCostLine[] =>
      'unpriced' in charge || charge.units === 0
        ? []
        : [{ ...charge, usd: charge.units * prices[charge.priceItem].usd }],
    );
    const total = unpriced.length > 0 ? null : lines.reduce((sum, { usd }) => sum + usd, 0);
    return { transport, total, lines, unpriced };
  });
}

interface Charge {
  readonly item: string;
  readonly units: number;
  readonly priceItem: PriceItem;
}
type Charges = readonly (Charge | { readonly unpriced: string })[];
type Calculator = (load: TransportLoad, sizes: TransportSizes, assumptions: Assumptions) => Charges;

const ofTransport: Readonly<Record<TransportKind, Calculator>> = {
  postgres: (load, sizes, assumptions) => [
    ...serviceCharges('agents', sizes),
    ...readingCharges('agents', load.agents, load.deliveriesPerSecond, sizes, assumptions),
  ],
  redis: (load, sizes, assumptions) => [
    ...serviceCharges('agents', sizes),
    ...mirrorCharges(load, sizes, assumptions),
    ...redisCharges(load, sizes),
  ],
  'sns-sqs': (load, sizes, assumptions) => [
    ...mirrorCharges(load, sizes, assumptions),
    ...topicCharges(load),
    ...queueCharges(load),
    ...functionCharges(load, assumptions),
  ],
};

function recordCharges(load: TransportLoad, assumptions: Assumptions): Charges {
  const transactions = load.eventsPerSecond + load.deliveriesPerSecond;
  return databaseCharges('the record and the effects', transactions, transactions, assumptions);
}

/** Pages that are read, marks of what was done, and polls. What is read is in memory: it has just been written. */
function readingCharges(
  what: string,
  readers: number,
  eventsPerSecond: number,
  { service }: TransportSizes,
  assumptions: Assumptions,
): Charges {
  const marks = readers * Math.min(eventsPerSecond / Math.max(1, readers), MARKS_PER_SECOND);
  const polls = readers * service.desiredCount * POLLS_PER_SECOND;
  return databaseCharges(`${what} read and mark`, 2 * marks + polls, marks, assumptions);
}

function databaseCharges(
  what: string,
  transactionsPerSecond: number,
  writesPerSecond: number,
  assumptions: Assumptions,
): Charges {
  const capacity = transactionsPerSecond / assumptions.transactionsPerCapacityUnit;
  const requests = writesPerSecond * assumptions.storageRequestsPerTransaction;
  return [
    { item: `Aurora capacity: ${what}`, units: capacity * MONTH_HOURS, priceItem: 'auroraCapacityHours' },
    {
      item: `Aurora storage: ${what}`,
      units: (requests * MONTH_SECONDS) / MILLION,
      priceItem: 'auroraStorageRequests',
    },
  ];
}

function serviceCharges(what: string, { service }: TransportSizes): Charges {
  const hours = service.desiredCount * MONTH_HOURS;
  return [
    {
      item: `Fargate processors: ${what}`,
      units: (hours * service.cpu) / 1024,
      priceItem: 'fargateArm64CpuHours',
    },
    {
      item: `Fargate memory: ${what}`,
      units: (hours * service.memoryMiB) / 1024,
      priceItem: 'fargateArm64MemoryHours',
    },
  ];
}

/** Copies each event from the store to the other transport. */
function mirrorCharges(load: TransportLoad, sizes: TransportSizes, assumptions: Assumptions): Charges {
  return [
    ...serviceCharges('mirror', sizes),
    ...readingCharges('mirror', 1, load.eventsPerSecond, sizes, assumptions),
  ];
}

/** ElastiCache's synchronous writes have no price of their own here: its nodes are the same. */
const NODE_PRICES: Readonly<Record<string, PriceItem>> = {
  'cache.t4g.micro': 'cacheMicroHours',
  'cache.r7g.large': 'cacheLargeHours',
  'db.t4g.small': 'memoryDbSmallHours',
  'db.r7g.large': 'memoryDbLargeHours',
};

function redisCharges(load: TransportLoad, { redis }: TransportSizes): Charges {
  const nodes = redis.shards * (1 + redis.replicas);
  const priceItem = NODE_PRICES[redis.nodeType];
  return [
    priceItem === undefined
      ? { unpriced: `${nodes} nodes of ${redis.nodeType}: there is no price for them here` }
      : { item: `${nodes} nodes of ${redis.nodeType}`, units: nodes * MONTH_HOURS, priceItem },
    ...(redis.service === 'memorydb'
      ? [
          {
            item: 'MemoryDB, bytes written',
            units: (load.eventsPerSecond * load.averageBytes * MONTH_SECONDS) / GIGABYTE,
            priceItem: 'memoryDbBytesWritten',
          } as const,
        ]
      : []),
  ];
}

function topicCharges({ eventsPerSecond, deliveriesPerSecond, averageBytes }: TransportLoad): Charges {
  const month = (perSecond: number, unit: number): number => (perSecond * MONTH_SECONDS) / unit;
  return [
    { item: 'SNS FIFO, publishes', units: month(eventsPerSecond, MILLION), priceItem: 'snsFifoPublishes' },
    {
      item: 'SNS FIFO, bytes published',
      units: month(eventsPerSecond * averageBytes, GIGABYTE),
      priceItem: 'snsFifoPublishedBytes',
    },
    {
      item: 'SNS FIFO, deliveries',
      units: month(deliveriesPerSecond, MILLION),
      priceItem: 'snsFifoDeliveries',
    },
    {
      item: 'SNS FIFO, bytes delivered',
      units: month(deliveriesPerSecond * averageBytes, GIGABYTE),
      priceItem: 'snsFifoDeliveredBytes',
    },
  ];
}

function queueCharges({ deliveriesPerSecond, averageBytes, agents }: TransportLoad): Charges {
  const requests = Math.max(1, Math.ceil(averageBytes / REQUEST_BYTES));
  // One message an invocation, the dearest case: sent, received, deleted.
  const perSecond = deliveriesPerSecond * (2 * requests + 1);
  return [
    {
      item: 'SQS FIFO, requests',
      units: (perSecond * MONTH_SECONDS) / MILLION,
      priceItem: 'sqsFifoRequests',
    },
    {
      item: 'SQS FIFO, polls that find nothing',
      units: (agents * EMPTY_POLLS_PER_SECOND * MONTH_SECONDS) / MILLION,
      priceItem: 'sqsFifoRequests',
    },
  ];
}

function functionCharges({ deliveriesPerSecond }: TransportLoad, assumptions: Assumptions): Charges {
  const { messageMilliseconds, invocationMilliseconds, logBytesPerInvocation } = assumptions;
  const seconds = (messageMilliseconds + invocationMilliseconds) / 1_000;
  const invocations = deliveriesPerSecond * MONTH_SECONDS;
  return [
    { item: 'Lambda, requests', units: invocations / MILLION, priceItem: 'lambdaRequests' },
    {
      item: 'Lambda, duration',
      units: invocations * seconds * (FUNCTION_MIB / 1024),
      priceItem: 'lambdaArm64',
    },
    {
      item: 'CloudWatch, logs written',
      units: (invocations * logBytesPerInvocation) / GIGABYTE,
      priceItem: 'logIngestion',
    },
  ];
}
