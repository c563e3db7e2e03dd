/** The Region that stands by for the commerce system: what is replicated into it and what is not, and what is off there. */
import { describe, expect, test } from '@jest/globals';
import { readAssembly } from '../../../lib/assembly/index.ts';
import { environmentConfig, onlySystems, withStandby } from '../../../lib/config/index.ts';
import { checkAssembly, describeFinding } from '../../../lib/guards/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { broken } from '../proofs/support.ts';
import { differencesOf, synthesize } from './synthesize.ts';
import type { Resource, Synthesized } from './synthesize.ts';

const ACCOUNT = '111122223333';
const DATABASE_SECRET = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:DatabaseSecret-Ab12-AbCdEf`;
const TOKEN_SECRET = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:TokenSecret-Ab12-AbCdEf`;
const SEALING_KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/mrk-0123456789abcdef0123456789abcdef`;
const CONTROLS_KEY = `arn:aws:kms:us-west-2:${ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef`;
const OUTPUTS = {
  'waybill-prod-data': { DatabaseSecretArn: DATABASE_SECRET },
  'waybill-prod-commerce': {
    TokenSecretArn: TOKEN_SECRET,
    SealingKeyArn: SEALING_KEY,
    ControlsTableName: 'waybill-prod-commerce-ControlsTable-1A2B',
  },
  'waybill-prod-commercestandby': { ControlsKeyArn: CONTROLS_KEY },
};

const commerce = { systems: onlySystems(['commerce']) };
const first = once(() => synthesize('prod', commerce));
const standby = once(() => synthesize('prod', withStandby(environmentConfig('prod'), 'true', OUTPUTS)));

function once(make: () => Synthesized): () => Synthesized {
  let made: Synthesized | undefined;
  return () => (made ??= make());
}

function resourcesOf(of: Synthesized, type: string): [id: string, Resource][] {
  return Object.entries(of.templates).flatMap(([stack, { Resources = {} }]) =>
    Object.entries(Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, resource]): [string, Resource] => [`${stack}/${id}`, resource]),
  );
}

function only(of: Synthesized, type: string, idPart = ''): Readonly<Record<string, unknown>> {
  const found = resourcesOf(of, type).filter(([id]) => id.includes(idPart));
  expect({ type, ids: found.map(([id]) => id) }).toEqual({ type, ids: [expect.any(String)] });
  return found[0]?.[1].Properties ?? {};
}

describe('the first Region', () => {
  test('has the primary cluster of a global database', () => {
    expect(only(first(), 'AWS::RDS::GlobalCluster')).toEqual({
      DeletionProtection: true,
      GlobalClusterIdentifier: 'waybill-prod-database',
      SourceDBClusterIdentifier: expect.anything(),
    });
    expect(only(first(), 'AWS::RDS::DBCluster')).toMatchObject({ MasterUsername: expect.anything() });
  });

  test('replicates the secrets that both Regions use, and not that of its own broker', () => {
    const replicated = resourcesOf(first(), 'AWS::SecretsManager::Secret').map(([id, { Properties }]) => [
      id.replace(/[0-9A-F]{8}[0-9a-f]*$/, ''),
      Properties?.['ReplicaRegions'],
    ]);
    expect(Object.fromEntries(replicated)).toEqual({
      'Data/DataDatabaseSecret': [{ Region: 'us-west-2' }],
      'Commerce/TokenSecret': [{ Region: 'us-west-2' }],
      'CommerceLegacy/LegacyBrokerUser': undefined,
    });
  });

  test('has a replica of the controls, under a key that is made before it, there', () => {
    const { Replicas, StreamSpecification } = only(first(), 'AWS::DynamoDB::GlobalTable');
    const { AliasName } = only(first(), 'AWS::KMS::Alias', 'CommerceStandby/');
    expect(AliasName).toBe('alias/waybill-prod-commercestandby');
    expect(StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(Replicas).toEqual([
      expect.objectContaining({ Region: { Ref: 'AWS::Region' } }),
      {
        Region: 'us-west-2',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        SSESpecification: { KMSMasterKeyId: joined(`:alias/waybill-prod-commercestandby`) },
      },
    ]);
  });

  test('forwards every new event of its bus to the bus of the same name', () => {
    const name = 'waybill-prod-commerce-ecommerce-events';
    const { EventPattern, State, Targets } = only(first(), 'AWS::Events::Rule', 'ToStandby');
    expect({ EventPattern, State }).toEqual({
      EventPattern: { source: [{ prefix: '' }], 'replay-name': [{ exists: false }] },
      State: 'ENABLED',
    });
    expect(Targets).toEqual([
      expect.objectContaining({
        Arn: joined(`:event-bus/${name}`),
        DeadLetterConfig: expect.anything(),
        RoleArn: expect.anything(),
      }),
    ]);
    expect(only(standby(), 'AWS::Events::EventBus', 'Commerce/')).toMatchObject({ Name: name });
  });
});

/** An `Fn::Join` that ends so. */
function joined(end: string): unknown {
  return { 'Fn::Join': ['', expect.arrayContaining([expect.stringMatching(`${end}$`)])] };
}

describe('the Region that stands by', () => {
  test('has a cluster that follows: no user, no database, no secret and no migrations of its own', () => {
    const cluster = only(standby(), 'AWS::RDS::DBCluster');
    expect(cluster).toMatchObject({
      GlobalClusterIdentifier: 'waybill-prod-database',
      KmsKeyId: expect.anything(),
      StorageEncrypted: true,
    });
    for (const absent of ['MasterUsername', 'MasterUserPassword', 'DatabaseName'])
      expect(cluster).not.toHaveProperty(absent);
    expect(resourcesOf(standby(), 'AWS::RDS::GlobalCluster')).toEqual([]);
    expect(resourcesOf(standby(), 'AWS::CloudFormation::CustomResource')).toEqual([]);
    expect(JSON.stringify(standby().templates)).not.toContain('"none"');
  });

  test('tells that its database is behind, or does not follow any more; the first Region has nothing to follow', () => {
    const behind = (of: ReturnType<typeof standby>) =>
      resourcesOf(of, 'AWS::CloudWatch::Alarm')
        .map(([, { Properties = {} }]) => Properties)
        .filter(({ MetricName }) => MetricName === 'AuroraGlobalDBRPOLag');
    const [cluster] = resourcesOf(standby(), 'AWS::RDS::DBCluster')[0]!;

    expect(behind(first())).toEqual([]);
    expect(behind(standby())).toMatchObject([
      {
        Namespace: 'AWS/RDS',
        Dimensions: [{ Name: 'DBClusterIdentifier', Value: { Ref: cluster.split('/')[1] } }],
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 5,
        Threshold: 10_000,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'missing',
        AlarmActions: [expect.anything()],
        InsufficientDataActions: [expect.anything()],
      },
    ]);
  });

  test('differs from the first Region in the database only as a follower does', () => {
    const [ofFirst, ofStandby] = [first(), standby()].map((of) => only(of, 'AWS::RDS::DBCluster'));
    const properties = differencesOf(ofFirst, ofStandby).map((line) => line.split(/[.:]/)[0] ?? '');
    expect([...new Set(properties)].toSorted()).toEqual([
      'DatabaseName',
      'GlobalClusterIdentifier',
      'KmsKeyId',
      'MasterUserPassword',
      'MasterUsername',
    ]);
  });

  test('every function that uses the database has the replica of its secret, and the endpoint of its own cluster', () => {
    const users = resourcesOf(standby(), 'AWS::Lambda::Function')
      .map(([, { Properties }]) => Properties as { Environment?: { Variables?: Record<string, unknown> } })
      .map(({ Environment }) => Environment?.Variables ?? {})
      .filter((variables) => 'WAYBILL_DATABASE_SECRET_ARN' in variables);
    expect(users.length).toBeGreaterThan(10);
    for (const variables of users) {
      expect(JSON.stringify(variables['WAYBILL_DATABASE_SECRET_ARN'])).toContain(
        DATABASE_SECRET.replace('us-east-1', 'us-west-2'),
      );
      expect(JSON.stringify(variables['WAYBILL_DATABASE_HOST'])).toContain('Endpoint');
      expect(JSON.stringify(variables['WAYBILL_DATABASE_PORT'])).toContain('Endpoint');
    }
    expect(JSON.stringify(standby().templates['Commerce'])).toContain(
      TOKEN_SECRET.replace('us-east-1', 'us-west-2'),
    );
  });

  test('has the sealing key as a replica, and the controls by their name', () => {
    expect(only(standby(), 'AWS::KMS::ReplicaKey')).toMatchObject({ PrimaryKeyArn: SEALING_KEY });
    expect(resourcesOf(standby(), 'AWS::DynamoDB::GlobalTable')).toEqual([]);
    expect(JSON.stringify(standby().templates)).toContain('waybill-prod-commerce-ControlsTable-1A2B');
  });

  test('keeps the events of the bus, and hands none out; the relay does not run', () => {
    const archives = resourcesOf(standby(), 'AWS::Events::Archive').map(([id]) => id);
    expect(archives).toContainEqual(expect.stringMatching(/^Commerce\//));
    const states = resourcesOf(standby(), 'AWS::Events::Rule').map(
      ([, { Properties }]) => Properties?.['State'],
    );
    expect([...new Set(states)]).toEqual(['DISABLED']);
    expect(only(standby(), 'AWS::Scheduler::Schedule', 'Relay')).toMatchObject({ State: 'DISABLED' });
    expect(only(standby(), 'AWS::Lambda::EventSourceMapping', 'RelayNudge')).toMatchObject({
      Enabled: false,
    });
  });

  test('has taken over: rules, relay and migrations are on', () => {
    const active = synthesize('prod', withStandby(environmentConfig('prod'), 'active', OUTPUTS));
    const states = resourcesOf(active, 'AWS::Events::Rule').map(
      ([, { Properties }]) => Properties?.['State'],
    );
    expect([...new Set(states)]).toEqual(['ENABLED']);
    expect(only(active, 'AWS::Lambda::EventSourceMapping', 'RelayNudge')).toMatchObject({ Enabled: true });
    expect(only(active, 'AWS::Scheduler::Schedule', 'Relay')['State']).not.toBe('DISABLED');
    expect(resourcesOf(active, 'AWS::CloudFormation::CustomResource')).toHaveLength(2);
  });

  test('what holds messages, and brokers, are its own: a queue, topic or stream has no replica', () => {
    const own = [
      'AWS::SQS::Queue',
      'AWS::SNS::Topic',
      'AWS::Kinesis::Stream',
      'AWS::MSK::Cluster',
      'AWS::AmazonMQ::Broker',
      'AWS::StepFunctions::StateMachine',
    ];
    const ids = (of: Synthesized, type: string) =>
      resourcesOf(of, type)
        .map(([id]) => id)
        .filter((id) => !id.includes('ToStandby'))
        .toSorted();
    for (const type of own)
      expect({ type, ids: ids(standby(), type) }).toEqual({ type, ids: ids(first(), type) });
  });

  test('no guard, no rule of cdk-nag finds anything, and everything is proven', () => {
    const { directory, violations } = standby();
    const assembly = readAssembly(directory);
    expect(violations).toEqual([]);
    expect(checkAssembly(assembly).map(({ guard, finding }) => describeFinding(guard, finding))).toEqual([]);
    const proofs = proveAssembly(assembly);
    expect(broken(proofs)).toEqual([]);
    expect(proofs.length).toBeGreaterThan(500);
  });

  test('the templates that hold something of the first Region', () => {
    const changed = Object.entries(standby().templates).map(([stack, template]) => [
      stack,
      differencesOf(first().templates[stack] ?? {}, template).map((line) =>
        line.replaceAll(/-[0-9A-F]{8}(?=["./])/g, '-HASH'),
      ),
    ]);
    expect(
      Object.fromEntries(changed.filter(([stack]) => ['Data', 'Commerce'].includes(String(stack)))),
    ).toMatchSnapshot();
  });
});
