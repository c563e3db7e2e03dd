/** Starts several regions of one account in this process, joined, on one clock. */
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { EmbeddedAwsOptions } from './index.ts';
import { startEmbeddedAws } from './index.ts';
import { joinRegions, pausableClock, type Companions, type Region, type RegionToJoin } from './regions.ts';

/** How the brokers of one region are started. They are lost with it. */
export interface RegionBrokers extends Companions, Pick<EmbeddedAwsOptions, 'startKafka' | 'startRabbitmq'> {}

export interface EmbeddedRegionsOptions extends Omit<
  EmbeddedAwsOptions,
  'region' | 'sameAccountAs' | 'stateDirectory' | 'port' | 'startKafka' | 'startRabbitmq'
> {
  /** Names; the first one is where the port is listened on. */
  readonly regions: readonly [string, ...string[]];
  /** Of the first region; the others take a free one. @default - a free one */
  readonly port?: number;
  /** @default - the machine's */
  readonly clock?: Clock;
  /** @default - embedded ones */
  readonly brokersOf?: (region: string) => RegionBrokers;
}

export interface EmbeddedRegions {
  /** @throws when there is no such region */
  region(name: string): Region;
  readonly all: readonly Region[];
  close(): Promise<void>;
}

/** Rejects with an EndpointError when the port is taken. */
export async function startEmbeddedRegions(options: EmbeddedRegionsOptions): Promise<EmbeddedRegions> {
  const { regions: names, clock = systemClock(), port, brokersOf, ...shared } = options;
  const started: RegionToJoin[] = [];
  try {
    for (const region of names) {
      const own = pausableClock(clock);
      const companions = brokersOf?.(region);
      const first = started[0]?.aws.context;
      const aws = await startEmbeddedAws({
        ...shared,
        ...(companions?.startKafka && { startKafka: companions.startKafka }),
        ...(companions?.startRabbitmq && { startRabbitmq: companions.startRabbitmq }),
        region,
        clock: own,
        ...(first ? { sameAccountAs: first } : { port: port ?? 0 }),
      });
      started.push({ aws, clock: own, ...(companions && { companions }) });
    }
  } catch (error) {
    for (const { aws } of started) await aws.close();
    throw error;
  }
  const regions = joinRegions(started);
  return {
    all: [...regions.values()],
    region(name) {
      const found = regions.get(name);
      if (found === undefined) {
        throw new Error(`no region ${name} runs here, only ${[...regions.keys()].join(', ')}`);
      }
      return found;
    },
    async close() {
      // What is down would wait for its end.
      for (const region of regions.values()) await region.recover();
      for (const { aws } of started.toReversed()) await aws.close();
    },
  };
}
