import { describe, expect, test } from '@jest/globals';
import { ENVIRONMENT_NAMES, jobsConfig, onlySystems } from '../../../lib/config/index.ts';
import { perEnvironment, testSystem } from './system.ts';
import { synthesize } from './synthesize.ts';

testSystem('jobs', {
  stacks: ['Jobs'],
  resources: {
    'AWS::SQS::Queue': 5,
    'AWS::Lambda::Function': 5,
    'AWS::ApiGateway::Method': 4,
    'AWS::ApiGateway::GatewayResponse': 20,
    'AWS::DynamoDB::GlobalTable': 2,
    'AWS::CloudWatch::Alarm': 20,
    'AWS::S3::Bucket': 1,
    'AWS::CE::AnomalySubscription': 1,
  },
  proofs: { publish: 3, delivery: 2, privilege: 6, alarm: 20 },
  edges: ['publishes', 'consumes', 'deadLetters', 'accesses', 'invokes', 'alerts'],
});

const alone = perEnvironment((environment) => synthesize(environment, { systems: onlySystems(['jobs']) }));

describe.each(ENVIRONMENT_NAMES)('%s', (environment) => {
  const ofType = (type: string) =>
    Object.values(alone(environment).templates['Jobs']?.Resources ?? {}).filter(({ Type }) => Type === type);

  test('the queues have the names and the numbers that other services rely on', () => {
    const queues = Object.fromEntries(
      ofType('AWS::SQS::Queue').map(({ Properties: properties }) => [properties?.['QueueName'], properties]),
    );

    const shared = { MessageRetentionPeriod: 1_209_600 };
    expect(queues).toMatchObject({
      [`waybill-ai-job-request-${environment}`]: {
        ...shared,
        VisibilityTimeout: 900,
        ReceiveMessageWaitTimeSeconds: 20,
        RedrivePolicy: { maxReceiveCount: 3 },
      },
      [`waybill-ai-job-request-dlq-${environment}`]: shared,
      [`waybill-ai-job-response-${environment}`]: {
        ...shared,
        VisibilityTimeout: 300,
        ReceiveMessageWaitTimeSeconds: 20,
        RedrivePolicy: { maxReceiveCount: 3 },
      },
      [`waybill-ai-job-response-dlq-${environment}`]: shared,
    });
    for (const name of Object.keys(queues).filter((one) => one.startsWith('waybill-'))) {
      expect(queues[name]?.['Tags']).toEqual(
        expect.arrayContaining([
          { Key: 'Application', Value: 'waybill' },
          { Key: 'Environment', Value: environment },
          { Key: 'Service', Value: 'jobs' },
        ]),
      );
    }
  });

  test('the worker: ten jobs at a time, 15 minutes, 3 GB, three receives, and what waits is put back', () => {
    const worker = ofType('AWS::Lambda::Function').find(
      ({ Properties: properties }) => properties?.['MemorySize'] === 3072,
    );

    expect(worker?.Properties).toMatchObject({
      Timeout: 900,
      // Its own copies invoke it, which Lambda would take for a loop.
      RecursiveLoop: 'Allow',
      Environment: {
        Variables: {
          WAYBILL_MAX_FAILURES: '3',
          WAYBILL_MAX_RECEIVE_COUNT: '3',
          JOBS_MAX_RUNNING_PER_TENANT: String(jobsConfig(environment).maxRunningPerTenant),
        },
      },
    });
    expect(ofType('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties)).toContainEqual(
      expect.objectContaining({
        BatchSize: 10,
        MaximumBatchingWindowInSeconds: 5,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: jobsConfig(environment).workerConcurrency },
      }),
    );
  });

  test('a large result is kept for longer than the row that names it', () => {
    const [bucket] = ofType('AWS::S3::Bucket');
    // Its message may have been in the response queue and its dead-letter queue; DynamoDB deletes within two days.
    const longest = 14 + 14 + jobsConfig(environment).retentionDays + 2;

    const rules = bucket?.Properties?.['LifecycleConfiguration'] as {
      Rules: { ExpirationInDays?: number }[];
    };
    expect(rules.Rules).toHaveLength(1);
    expect(rules.Rules[0]?.ExpirationInDays).toBeGreaterThanOrEqual(longest);
  });

  test('no log of the API says who called or what was sent', () => {
    const [stage] = ofType('AWS::ApiGateway::Stage');

    expect(JSON.stringify(stage?.Properties?.['AccessLogSetting'])).not.toMatch(
      /sourceIp|userAgent|caller|context\.requestId|authorizer\.(?!status)/i,
    );
    expect(stage?.Properties?.['MethodSettings']).toEqual([
      expect.objectContaining({
        DataTraceEnabled: false,
        ThrottlingRateLimit: jobsConfig(environment).apiRateLimit,
        ThrottlingBurstLimit: jobsConfig(environment).apiBurstLimit,
      }),
    ]);
  });

  test('every method is authorized', () => {
    for (const { Properties: properties } of ofType('AWS::ApiGateway::Method')) {
      expect(properties).toMatchObject({ AuthorizationType: 'CUSTOM' });
    }
  });
});
