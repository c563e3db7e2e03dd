/** `waybill region`: moves a system to the Region that stands by, and back. docs/runbooks/region-failover.md */
import { Client } from 'pg';
import { fence, failOver } from '../../local/failover/failover.ts';
import { regionControl } from '../../local/failover/region-control.ts';
import type { RegionControl } from '../../local/failover/region-control.ts';
import { readTopology } from '../../lib/topology/index.ts';
import type { Topology } from '../../lib/topology/index.ts';
import { CommandError, EXIT } from '../command-error.ts';

export interface RegionOptions {
  /** That of each Region; one where both are deployed from the same. */
  readonly assembly: readonly string[];
  readonly system: string;
}

export interface FailoverOptions extends RegionOptions {
  readonly from: string;
  readonly to: string;
  readonly databaseUrl?: string;
  readonly since?: Date;
  readonly dryRun?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** @throws CommandError without a database; exits with 1 when the Region that is left could not be stopped */
export async function failover(options: FailoverOptions): Promise<void> {
  const connectionString = options.databaseUrl ?? process.env['DATABASE_URL'];
  if (connectionString === undefined || connectionString === '') {
    throw new CommandError('WAYBILL_DATABASE_URL_MISSING', 'no database was given', {
      fix: 'give --database-url, or set DATABASE_URL: the writer in the Region that takes over',
    });
  }
  const [from, to] = await Promise.all([controlOf(options.from, options), controlOf(options.to, options)]);
  const database = new Client({ connectionString });
  await database.connect();
  try {
    const { fenced } = await failOver({
      database: { query: (text, values) => database.query(text, [...(values ?? [])]) },
      schema: options.system,
      from,
      to,
      since: options.since,
      dryRun: options.dryRun === true,
      say,
    });
    if (!fenced && options.dryRun !== true) {
      say(
        `as soon as ${options.from} answers: waybill region fence ${options.from} --assembly ${options.assembly.join(' ')}`,
      );
    }
  } finally {
    await database.end();
  }
}

export async function fenceRegion(region: string, options: RegionOptions): Promise<void> {
  if (!(await fence(await controlOf(region, options), say))) process.exitCode = EXIT.failed;
}

/** The stacks whose names have the system's after the environment's: `waybill-prod-commerce`. */
async function controlOf(region: string, { assembly, system }: RegionOptions): Promise<RegionControl> {
  const isOurs = (stackName: string): boolean => stackName.includes(`-${system}`);
  const topologies = assembly.map((directory) => readTopology(directory));
  return regionControl({ region, topology: topologyOf(region, topologies, isOurs), isOurs });
}

/**
 * What is deployed in the Region, by where the relay is.
 *
 * | an assembly | |
 * |---|---|
 * | whose stacks are of this Region | that one: the standby's always are |
 * | whose stacks are of any Region | that one, unless it forwards events to this Region: then this is its standby |
 *
 * @throws CommandError WAYBILL_REGION_ASSEMBLY_MISSING
 */
export function topologyOf(
  region: string,
  topologies: readonly Topology[],
  isOurs: (stackName: string) => boolean,
): Topology {
  const relayRegion = ({ nodes }: Topology) =>
    nodes.find(({ kind, stack }) => kind === 'relay' && isOurs(stack ?? ''))?.region;
  const forwardsHere = ({ nodes }: Topology) =>
    nodes.some(
      ({ kind, logicalId, name }) => kind === 'bus' && logicalId === null && name.endsWith(` in ${region}`),
    );
  const found =
    topologies.find((one) => relayRegion(one) === region) ??
    topologies.find((one) => relayRegion(one) === undefined && !forwardsHere(one));
  if (found !== undefined) return found;
  throw new CommandError(
    'WAYBILL_REGION_ASSEMBLY_MISSING',
    `no assembly that was given is deployed in ${region}`,
    {
      fix: 'give the assembly of each Region: --assembly cdk.out cdk.out-standby, the second one synthesized with -c standby=true',
    },
  );
}
