/** The failover of the runbook, rehearsed in a run with two regions: the first one dies, the other takes over. */
import { fence, failOver } from '../failover/failover.ts';
import type { FailoverOutcome } from '../failover/failover.ts';
import { regionControl } from '../failover/region-control.ts';
import type { RegionControl } from '../failover/region-control.ts';
import type { LocalRun, RunRegion } from './local-run.ts';

export interface Rehearsal {
  /** The region that works dies, and the other one takes over. */
  loseRegion(): Promise<FailoverOutcome>;
  /** The region that died is back, and told that another one works now. */
  recoverRegion(): Promise<void>;
  /** Back to the first region, which answers. */
  failBack(): Promise<FailoverOutcome>;
}

export interface RehearsalOptions {
  /** The PostgreSQL schema of the system. */
  readonly schema: string;
  readonly isOurs: (stackName: string) => boolean;
  readonly say?: (line: string) => void;
}

const CREDENTIALS = { accessKeyId: 'operator', secretAccessKey: 'operator' };

/** Undefined where the run has but one region. */
export function rehearsalOf(run: LocalRun, options: RehearsalOptions): Rehearsal | undefined {
  const { schema, isOurs, say = () => {} } = options;
  const [first, standby] = run.regions;
  if (first === undefined || standby === undefined) return undefined;
  const controlOf = ({ region, topology }: RunRegion): Promise<RegionControl> =>
    regionControl({
      region: region.name,
      endpoint: region.aws.endpointUrl,
      credentials: CREDENTIALS,
      topology,
      isOurs,
    });
  const move = async (from: RunRegion, to: RunRegion): Promise<FailoverOutcome> => {
    const [left, taking] = await Promise.all([controlOf(from), controlOf(to)]);
    run.promoteDatabase(to.region.name);
    say(`${to.region.name}: its database is the writer now`);
    const outcome = await failOver({ database: run.database, schema, from: left, to: taking, say });
    run.use(to.region.name);
    return outcome;
  };
  return {
    loseRegion: async () => {
      say(`${first.region.name} is lost`);
      await first.region.fail();
      return move(first, standby);
    },
    recoverRegion: async () => {
      await first.region.recover();
      say(`${first.region.name} is back`);
      await fence(await controlOf(first), say);
    },
    failBack: () => move(standby, first),
  };
}
