/**
 * What holds for every system's stacks, in every environment: the one test file of a system calls `testSystem` and has
 * all of it. The system is synthesized alone, once for each environment, so that a change to one system touches neither
 * the tests nor the snapshot of another.
 */
import { describe, expect, test } from '@jest/globals';
import { failingHops } from '../../../lib/guards/failing-hops.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { Assembly } from '../../../lib/assembly/index.ts';
import { ENVIRONMENT_NAMES, onlySystems } from '../../../lib/config/index.ts';
import type { EnvironmentName, SystemName } from '../../../lib/config/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import type { ProofKind } from '../../../lib/proofs/index.ts';
import type { TopologyEdgeKind } from '../../../lib/topology/index.ts';
import { broken, countsOf } from '../proofs/support.ts';
import { testLogicalIds } from './logical-ids.ts';
import { differencesOf, isSharedStack, synthesize, withoutNames } from './synthesize.ts';
import type { Resource, Synthesized, SynthesizedTemplate } from './synthesize.ts';

export interface SystemExpectations {
  /** Names of the system's own stacks. Each begins with the system's name, `Core` or `CoreConsumers4`. */
  readonly stacks: readonly string[];
  /** Paths of what prod has besides: whole stacks, and constructs with all below them. @default - none */
  readonly onlyInProd?: readonly string[];
  /** How many of each type the own stacks have in prod, at the least: what nothing is found wrong with is there. */
  readonly resources: Readonly<Record<string, number>>;
  /** How many claims of each kind are proven, at the least, in every environment. */
  readonly proofs: Readonly<Partial<Record<ProofKind, number>>>;
  /** Kinds of edges that the system's topology has in every environment. */
  readonly edges: readonly TopologyEdgeKind[];
  /** Ids of topology nodes that not every environment has. @default - none */
  readonly notEverywhere?: readonly string[];
}

const OTHERS = ENVIRONMENT_NAMES.filter((name) => name !== 'prod');

/** What prod keeps when a stack is deleted. */
const KEPT_TYPES: ReadonlySet<string> = new Set([
  'AWS::AmazonMQ::Broker',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::KMS::Key',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::Kinesis::Stream',
  'AWS::MSK::Cluster',
  'AWS::MemoryDB::Cluster',
  'AWS::RDS::DBCluster',
  'AWS::S3::Bucket',
]);

/**
 * All tests of a system's stacks: snapshots, cdk-nag, guards, proofs, what holds state, and what matters in all of them.
 *
 * @example
 * // test/lib/stacks/jobs.test.ts, whole:
 * testSystem('jobs', {
 *   stacks: ['Jobs', 'JobsConsumers2'],
 *   resources: { 'AWS::SQS::Queue': 4, 'AWS::Lambda::Function': 5, 'AWS::CloudWatch::Alarm': 20 },
 *   proofs: { publish: 2, delivery: 2, privilege: 4, alarm: 20 },
 *   edges: ['publishes', 'deadLetters'],
 * });
 */
export function testSystem(system: SystemName, expected: SystemExpectations): void {
  const alone = perEnvironment((environment) => synthesize(environment, { systems: onlySystems([system]) }));
  const bare = perEnvironment((environment) => synthesize(environment, { systems: onlySystems([]) }));
  const everything = (): (Resource & { readonly environment: EnvironmentName; readonly id: string })[] =>
    ENVIRONMENT_NAMES.flatMap((environment) =>
      Object.values(alone(environment).templates).flatMap((template) =>
        resourcesOf(template).map(([id, resource]) => ({ environment, id, ...resource })),
      ),
    );

  const { onlyInProd = [] } = expected;
  const stacksOfProd = onlyInProd.filter((path) => !path.includes('/'));
  if (stacksOfProd.length > 0) {
    test.each(stacksOfProd)('%s, in prod alone', (stack) => {
      expect(alone('prod').templates[stack]).toMatchSnapshot();
    });
  }

  describe.each(expected.stacks)('%s', (stack) => {
    test('prod', () => {
      expect(alone('prod').templates[stack]).toMatchSnapshot();
    });

    test.each(OTHERS)('%s differs from prod in this and nothing else', (name) => {
      expect(differencesFromProd(alone, stack, name)).toMatchSnapshot();
    });
  });

  describe('what the system adds to the stacks that all share', () => {
    test('prod', () => {
      const added = sharedStacksOf(alone('prod')).map((stack) => [
        stack,
        additions(bare('prod').templates[stack] ?? {}, alone('prod').templates[stack] ?? {}),
      ]);
      expect(Object.fromEntries(added)).toMatchSnapshot();
    });

    test.each(OTHERS)('%s differs from prod in this and nothing else', (name) => {
      const differences = sharedStacksOf(alone(name)).map((stack) => {
        const without = new Set(differencesFromProd(bare, stack, name));
        return [stack, differencesFromProd(alone, stack, name).filter((line) => !without.has(line))];
      });
      expect(Object.fromEntries(differences)).toMatchSnapshot();
    });
  });

  test('every environment has these stacks, with the name of the system', () => {
    for (const environment of ENVIRONMENT_NAMES) {
      const names = Object.keys(alone(environment).templates).filter((name) => !isSharedStack(name));
      const own = [...expected.stacks, ...(environment === 'prod' ? stacksOfProd : [])];
      expect(names.toSorted()).toEqual(own.toSorted());
    }
    for (const name of [...expected.stacks, ...stacksOfProd])
      expect(name.toLowerCase()).toMatch(new RegExp(`^${system}`));
  });

  describe.each(ENVIRONMENT_NAMES)('%s', (environment) => {
    testNag(() => alone(environment));
    testGuardsAndProofs(
      () => readAssembly(alone(environment).directory),
      expected,
      () => alone('prod').topology.nodes.map(({ id }) => id),
    );
  });

  testLogicalIds({
    templates: (environment) => alone(environment).templates,
    isOwn: (stack) => stack.toLowerCase().startsWith(system),
    onlyInProd,
  });

  test('the stacks are not empty: what nothing is found wrong with is there', () => {
    const types = expected.stacks.flatMap((stack) =>
      resourcesOf(alone('prod').templates[stack]).map(([, { Type }]) => Type),
    );
    for (const [type, least] of Object.entries(expected.resources)) {
      const count = types.filter((one) => one === type).length;
      expect({ type, count, enough: count >= least }).toEqual({ type, count, enough: true });
    }
  });

  testWhatMatters(everything);
}

export type PerEnvironment = (environment: EnvironmentName) => Synthesized;

/** Each environment is synthesized when a test first asks for it, and never again in this file. */
export function perEnvironment(make: PerEnvironment): PerEnvironment {
  const made = new Map<EnvironmentName, Synthesized>();
  return (environment) => {
    const found = made.get(environment) ?? make(environment);
    made.set(environment, found);
    return found;
  };
}

function sharedStacksOf({ templates }: Synthesized): string[] {
  return Object.keys(templates).filter(isSharedStack);
}

function resourcesOf(template: SynthesizedTemplate | undefined): [string, Resource][] {
  return Object.entries(template?.Resources ?? {});
}

/** Value by value, names aside. */
export function differencesFromProd(of: PerEnvironment, stack: string, name: EnvironmentName): string[] {
  const values = (environment: EnvironmentName) =>
    withoutNames(of(environment).templates[stack] ?? {}, environment);
  return differencesOf(values('prod'), values(name));
}

/** Resources and other entries that only the second template has, whole; what it changes, value by value. */
function additions(before: SynthesizedTemplate, after: SynthesizedTemplate): Record<string, unknown> {
  const sections = Object.entries(after as Readonly<Record<string, Readonly<Record<string, unknown>>>>);
  const old = before as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  return {
    added: Object.fromEntries(
      sections.flatMap(([section, entries]) =>
        Object.entries(entries)
          .filter(([id]) => old[section]?.[id] === undefined)
          .map(([id, value]) => [`${section}.${id}`, value]),
      ),
    ),
    changed: sections.flatMap(([section, entries]) =>
      Object.entries(old[section] ?? {}).flatMap(([id, value]) =>
        differencesOf(value, entries[id], `${section}.${id}`),
      ),
    ),
  };
}

/** cdk-nag in one environment. */
export function testNag(of: () => Synthesized): void {
  test('cdk-nag finds nothing that is not acknowledged', () => {
    expect(of().violations).toEqual([]);
  });

  test('each acknowledgement suppresses findings of its own construct, of its own rule, with its own reason', () => {
    const { acknowledgements, suppressed } = of();
    const within = (path: string, ancestor: string) => path === ancestor || path.startsWith(`${ancestor}/`);
    for (const { path, id, reason } of acknowledgements) {
      const own = suppressed.filter((finding) => finding.id === id && within(finding.path, path));
      expect({ path, id, found: own.length }).toEqual({ path, id, found: 1 });
      expect(own[0]?.reason).toBe(reason);
    }
    expect(suppressed).toHaveLength(acknowledgements.length);
  });

  test('every reason of an acknowledgement is a sentence', () => {
    for (const { reason } of of().acknowledgements) expect(reason).toMatch(/^[A-Z].{30,}[^.]$/);
  });
}

/** Every guard and every proof, in one environment. */
function testGuardsAndProofs(
  of: () => Assembly,
  { resources, proofs, edges, notEverywhere = [], onlyInProd = [] }: SystemExpectations,
  nodesOfProd: () => readonly string[],
): void {
  test('no guard finds anything', () => {
    const messaging = messagingOf(of());

    const found = checkAssembly(of()).map(({ guard, finding }) => describeFinding(guard, finding));

    expect(found).toEqual([]);
    expect(messaging.queues.length).toBeGreaterThanOrEqual(resources['AWS::SQS::Queue'] ?? 0);
    expect(messaging.alarms.length).toBeGreaterThanOrEqual(proofs.alarm ?? 0);
    expect(failingHops(messaging)).not.toEqual([]);
  });

  test('everything is proven', () => {
    const proven = proveAssembly(of());

    expect(broken(proven)).toEqual([]);
    for (const [kind, least] of Object.entries(proofs)) {
      const count = countsOf(proven)[kind as ProofKind];
      expect({ kind, count, enough: count >= least }).toEqual({ kind, count, enough: true });
    }
    const { topology } = of();
    for (const kind of edges) {
      const found = topology?.edges.filter((edge) => edge.kind === kind) ?? [];
      expect({ kind, edges: found.length }).not.toEqual({ kind, edges: 0 });
    }
    const steps = proven.filter(({ kind }) => kind === 'delivery').flatMap((proof) => proof.steps);
    expect(steps).not.toEqual([]);
  });

  test('the topology has the same nodes as that of prod', () => {
    const isOfProd = (id: string) => onlyInProd.some((path) => id === path || id.startsWith(`${path}/`));
    const common = (ids: readonly string[]) =>
      ids.filter((id) => !notEverywhere.includes(id) && !isOfProd(id));
    expect(common(of().topology?.nodes.map(({ id }) => id) ?? [])).toEqual(common(nodesOfProd()));
  });
}

/** What matters in the templates of every environment. */
export function testWhatMatters(
  everything: () => readonly (Resource & { readonly environment: EnvironmentName; readonly id: string })[],
): void {
  const ofType = (type: string) => everything().filter(({ Type }) => Type === type);

  test('every queue is encrypted, and every key rotates', () => {
    for (const { Properties } of ofType('AWS::SQS::Queue')) {
      expect(Properties?.['KmsMasterKeyId'] ?? Properties?.['SqsManagedSseEnabled']).toBeTruthy();
    }
    for (const { Properties } of ofType('AWS::KMS::Key'))
      expect(Properties?.['EnableKeyRotation']).toBe(true);
  });

  test('D14 every alarm has an action, or a composite alarm with one speaks for it', () => {
    const composites = ofType('AWS::CloudWatch::CompositeAlarm');
    const rules = JSON.stringify(composites.map(({ Properties }) => Properties?.['AlarmRule']));
    for (const { id, Properties } of [...ofType('AWS::CloudWatch::Alarm'), ...composites]) {
      expect({ id, actions: (Properties?.['AlarmActions'] as unknown[] | undefined)?.length ?? 0 }).toEqual({
        id,
        actions: rules.includes(`"${id}"`) ? 0 : 1,
      });
    }
  });

  test('W13 no message shows up again while its function may still be at it', () => {
    for (const { Properties } of ofType('AWS::SQS::Queue').filter(
      ({ Properties }) => Properties?.['RedrivePolicy'],
    )) {
      expect(Properties?.['VisibilityTimeout']).toBeGreaterThanOrEqual(180);
    }
  });

  test('no function has a wildcard action or a managed policy', () => {
    for (const { Properties } of ofType('AWS::IAM::Role'))
      expect(Properties?.['ManagedPolicyArns']).toBeUndefined();
    for (const { Properties } of ofType('AWS::IAM::Policy')) {
      expect(JSON.stringify(Properties?.['PolicyDocument'])).not.toMatch(/"Action":(\[[^\]]*)?"[^"]*\*/);
    }
  });

  test('what is kept in prod is kept: keys, databases, tables, streams, brokers, buckets', () => {
    const kept = everything().filter(
      ({ Type, environment }) => environment === 'prod' && KEPT_TYPES.has(Type),
    );
    expect(kept).not.toEqual([]);
    for (const { id, DeletionPolicy } of kept)
      expect({ id, DeletionPolicy }).toEqual({ id, DeletionPolicy: 'Retain' });
  });
}
