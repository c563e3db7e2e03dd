/** The second Region: which it is, and what its stacks are told of the first one's. See docs/adr/0041. */
import { ConfigError, onlySystems } from './environments.ts';
import type { EnvironmentConfig } from './environments.ts';
import { stackNameOf } from './names.ts';

/** How the stacks of the Region that stands by are made. */
export interface Standby {
  /**
   * Whether it has taken over. Then a deployment leaves its rules, its relay and its migrations switched on, as the
   * failover has left them.
   */
  readonly active: boolean;
  readonly first: FirstRegion;
}

/** What the stacks that stand by take from the first Region's: names that only AWS knows. */
export interface FirstRegion {
  /** Of the first Region; the secret has a replica in the standby. */
  readonly databaseSecretArn: string;
  /** Of the first Region; the secret has a replica in the standby. */
  readonly tokenSecretArn: string;
  /** The key under which personal data is sealed: the standby makes a replica of it. */
  readonly sealingKeyArn: string;
  /** The same in both Regions. */
  readonly controlsTableName: string;
  /** Of the replica of that table: a key of the standby Region. */
  readonly controlsKeyArn: string;
}

/** Each is the output of this name of the first Region's stack of this part, `waybill-prod-data`. */
const OUTPUTS: Readonly<
  Record<keyof FirstRegion, { readonly part: string; readonly output: string; readonly form: RegExp }>
> = {
  databaseSecretArn: {
    part: 'data',
    output: 'DatabaseSecretArn',
    form: /^arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$/,
  },
  tokenSecretArn: {
    part: 'commerce',
    output: 'TokenSecretArn',
    form: /^arn:[^:]+:secretsmanager:[^:]+:[0-9]{12}:secret:.+-[A-Za-z0-9]{6}$/,
  },
  // Only such a key has replicas, kms/latest/developerguide/multi-region-keys-overview.html.
  sealingKeyArn: {
    part: 'commerce',
    output: 'SealingKeyArn',
    form: /^arn:[^:]+:kms:[^:]+:[0-9]{12}:key\/mrk-/,
  },
  controlsTableName: { part: 'commerce', output: 'ControlsTableName', form: /^[a-zA-Z0-9_.-]{3,255}$/ },
  controlsKeyArn: {
    part: 'commercestandby',
    output: 'ControlsKeyArn',
    form: /^arn:[^:]+:kms:[^:]+:[0-9]{12}:key\/.+$/,
  },
};

/** Where the commerce system's stacks of the first Region have something in another one. Undefined in the standby itself. */
export function standbyRegionOf(config: EnvironmentConfig): string | undefined {
  return config.standby === undefined && config.systems.commerce ? config.standbyRegion : undefined;
}

/**
 * The environment with another standby Region than its own, or with one where it has none: `-c standbyRegion=us-west-2`.
 *
 * @param region anything but a text leaves the environment as it is
 */
export function withStandbyRegion(config: EnvironmentConfig, region: unknown): EnvironmentConfig {
  return typeof region === 'string' && region !== '' ? { ...config, standbyRegion: region } : config;
}

/**
 * The environment as it is deployed to the Region that stands by: the commerce system, and no other.
 *
 * | standby | the stacks are |
 * |---|---|
 * | 'true' | those of the standby: relay and rules are off, the database is read only |
 * | 'active' | those of the standby after it has taken over |
 * | anything else | the first Region's |
 *
 * @param standby as in `-c standby=true`
 * @param outputs what `cdk deploy --outputs-file` wrote for the first Region's stacks, parsed; by stack name
 * @throws ConfigError WAYBILL_STANDBY_IMPOSSIBLE, WAYBILL_STANDBY_OUTPUT_MISSING with every output that is not there
 */
export function withStandby(
  config: EnvironmentConfig,
  standby: unknown,
  outputs: unknown,
): EnvironmentConfig {
  const active = standby === 'active';
  if (!active && standby !== true && standby !== 'true') return config;
  const why = whyImpossible(config);
  if (why !== undefined) {
    throw new ConfigError(
      'WAYBILL_STANDBY_IMPOSSIBLE',
      `the environment ${config.name} has no standby: ${why}`,
    );
  }
  const first = readOutputs(config, outputs);
  return {
    ...config,
    // Policies name the account of what they let in.
    account: config.account ?? first.sealingKeyArn.split(':')[4]!,
    region: config.standbyRegion!,
    systems: onlySystems(['commerce']),
    standby: { active, first },
  };
}

function whyImpossible({ standbyRegion, systems, database, network, region }: EnvironmentConfig) {
  if (standbyRegion === undefined) return 'give it a standbyRegion in lib/config/environments.ts';
  if (region === standbyRegion) return `its standbyRegion ${standbyRegion} is the Region it is in`;
  if (!systems.commerce) return 'only the commerce system has one, which is switched off';
  if (database.kind === 'existing')
    return 'its database is there already, so that its replica is not ours to make; give it one of kind aurora';
  if (network.kind === 'existing')
    return 'its network is there already, and is one of the first Region; give it one of kind new';
  return undefined;
}

function readOutputs({ name: environment, standbyRegion }: EnvironmentConfig, outputs: unknown): FirstRegion {
  const wrong: string[] = [];
  const read = Object.entries(OUTPUTS).map(([name, { part, output, form }]) => {
    const stack = stackNameOf(environment, part);
    const value = valueAt(outputs, stack, output);
    // Every ARN but that of the replica's key is the first Region's.
    const region = value?.startsWith('arn:') === true ? value.split(':')[3] : undefined;
    const isThere = region === undefined || (region === standbyRegion) === (name === 'controlsKeyArn');
    if (value === undefined || !form.test(value) || !isThere) {
      wrong.push(`${output} of ${stack}${value === undefined ? '' : `, which is ${JSON.stringify(value)}`}`);
    }
    return [name, value];
  });
  if (wrong.length === 0) return Object.fromEntries(read) as FirstRegion;
  throw new ConfigError(
    'WAYBILL_STANDBY_OUTPUT_MISSING',
    `the standby cannot be made without these outputs of the first Region's stacks: ${wrong.join('; ')}. Deploy those with --outputs-file first-region.json, keep the file, and give it: -c standby=true -c firstRegion=first-region.json`,
  );
}

function valueAt(outputs: unknown, stack: string, output: string): string | undefined {
  const ofStack = isObject(outputs) ? outputs[stack] : undefined;
  const value = isObject(ofStack) ? ofStack[output] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
