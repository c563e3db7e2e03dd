/** CloudFormation over the wire, with the AWS SDK. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  RollbackStackCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
  type CreateChangeSetCommandInput,
} from '@aws-sdk/client-cloudformation';
import { rootCaller, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';

let aws: EmbeddedAws;
let client: CloudFormationClient;

beforeEach(async () => {
  aws = await startEmbeddedAws();
  client = new CloudFormationClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

const queue = (Properties: object = {}, more: object = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties,
  ...more,
});
const body = (Resources: object, more: object = {}) => JSON.stringify({ Resources, ...more });
const create = async (StackName: string, TemplateBody: string, input: object = {}) =>
  client.send(new CreateStackCommand({ StackName, TemplateBody, ...input }));
const described = async (StackName: string) =>
  (await client.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
const queues = () => aws.services.sqs.queueArns().map((arn) => arn.split(':').at(-1));
const changeSet = async (input: Partial<CreateChangeSetCommandInput>) => {
  const { Id, StackId } = await client.send(
    new CreateChangeSetCommand({ StackName: 'demo', ChangeSetName: 'set', ...input }),
  );
  const shown = await client.send(
    new DescribeChangeSetCommand({ ChangeSetName: Id, IncludePropertyValues: true }),
  );
  return { Id, StackId, shown };
};

describe('stacks', () => {
  test('are created from YAML with parameters, outputs, tags and events', async () => {
    const yaml = [
      'Parameters:',
      '  Seconds: { Type: Number, Default: 10 }',
      'Resources:',
      '  Main:',
      '    Type: AWS::SQS::Queue',
      '    Properties:',
      '      QueueName: !Sub "${AWS::StackName}-main"',
      '      VisibilityTimeout: !Ref Seconds',
      'Outputs:',
      '  Arn:',
      '    Value: !GetAtt Main.Arn',
      '    Export: { Name: !Sub "${AWS::StackName}:Arn" }',
    ].join('\n');
    const input = {
      Parameters: [{ ParameterKey: 'Seconds', ParameterValue: '45' }],
      Tags: [{ Key: 'team', Value: 'core' }],
    };
    const { StackId } = await create('demo', yaml, input);

    const arn = 'arn:aws:sqs:us-east-1:000000000000:demo-main';
    expect(await described('demo')).toMatchObject({
      StackId,
      StackStatus: 'CREATE_COMPLETE',
      Parameters: [{ ParameterKey: 'Seconds', ParameterValue: '45' }],
      Outputs: [{ OutputKey: 'Arn', OutputValue: arn, ExportName: 'demo:Arn' }],
      Tags: [{ Key: 'team', Value: 'core' }],
      CreationTime: expect.any(Date),
    });
    expect(aws.services.sqs.attributes(arn)['VisibilityTimeout']).toBe('45');
    const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'demo' }));
    expect(
      StackEvents?.map(({ LogicalResourceId, ResourceStatus }) => `${LogicalResourceId} ${ResourceStatus}`),
    ).toEqual([
      'demo CREATE_COMPLETE',
      'Main CREATE_COMPLETE',
      'Main CREATE_IN_PROGRESS',
      'demo CREATE_IN_PROGRESS',
    ]);
    const { Exports } = await client.send(new ListExportsCommand({}));
    expect(Exports).toEqual([{ ExportingStackId: StackId, Name: 'demo:Arn', Value: arn }]);
    const template = await client.send(new GetTemplateCommand({ StackName: 'demo' }));
    expect(template.TemplateBody).toBe(yaml);
  });

  test('are updated, and an update without changes is refused', async () => {
    await create('demo', body({ A: queue({ QueueName: 'a' }) }));
    const update = (TemplateBody: string) =>
      client.send(new UpdateStackCommand({ StackName: 'demo', TemplateBody }));

    await update(body({ A: queue({ QueueName: 'a', DelaySeconds: 7 }) }));

    expect(await described('demo')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
    await expect(update(body({ A: queue({ QueueName: 'a', DelaySeconds: 7 }) }))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'No updates are to be performed.',
    });
  });

  test('that fail are rolled back, left, or deleted, as asked for', async () => {
    const bad = body({
      A: queue({ QueueName: 'a' }),
      B: queue({ VisibilityTimeout: -1 }, { DependsOn: 'A' }),
    });
    await create('back', bad);
    expect(await described('back')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    expect(queues()).toEqual([]);
    await expect(
      client.send(new UpdateStackCommand({ StackName: 'back', TemplateBody: body({ A: queue() }) })),
    ).rejects.toThrow(/ROLLBACK_COMPLETE state and can not be updated/);

    await create('gone', bad.replace('"a"', '"b"'), { OnFailure: 'DELETE' });
    await expect(described('gone')).rejects.toThrow('Stack with id gone does not exist');

    await create('left', bad.replace('"a"', '"c"'), { DisableRollback: true });
    expect(await described('left')).toMatchObject({
      StackStatus: 'CREATE_FAILED',
      StackStatusReason: expect.stringContaining('B'),
    });
    expect(queues()).toEqual(['c']);
  });

  test('whose update failed without rollback go back on request', async () => {
    await create('demo', body({ A: queue({ QueueName: 'a', DelaySeconds: 1 }) }));
    await client.send(
      new UpdateStackCommand({
        StackName: 'demo',
        DisableRollback: true,
        TemplateBody: body({
          A: queue({ QueueName: 'a', DelaySeconds: 2 }),
          B: queue({ VisibilityTimeout: -1 }, { DependsOn: 'A' }),
        }),
      }),
    );
    expect(await described('demo')).toMatchObject({ StackStatus: 'UPDATE_FAILED' });

    await client.send(new RollbackStackCommand({ StackName: 'demo' }));

    expect(await described('demo')).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    const arn = 'arn:aws:sqs:us-east-1:000000000000:a';
    expect(aws.services.sqs.attributes(arn)['DelaySeconds']).toBe('1');
  });

  test('are deleted, but not while protected or in use', async () => {
    const Outputs = { Q: { Value: { Ref: 'A' }, Export: { Name: 'shared' } } };
    await create('producer', body({ A: queue() }, { Outputs }));
    const parameter = {
      Type: 'AWS::SSM::Parameter',
      Properties: { Name: 'p', Type: 'String', Value: { 'Fn::ImportValue': 'shared' } },
    };
    await create('consumer', body({ P: parameter }));
    const remove = (StackName: string) => client.send(new DeleteStackCommand({ StackName }));
    const protect = (EnableTerminationProtection: boolean) =>
      client.send(
        new UpdateTerminationProtectionCommand({ StackName: 'consumer', EnableTerminationProtection }),
      );

    expect((await client.send(new ListImportsCommand({ ExportName: 'shared' }))).Imports).toEqual([
      'consumer',
    ]);
    await remove('producer');
    expect(await described('producer')).toMatchObject({ StackStatus: 'DELETE_FAILED' });
    await protect(true);
    await expect(remove('consumer')).rejects.toThrow(/TerminationProtection is enabled/);
    await protect(false);
    await remove('consumer');
    await remove('producer');

    expect(queues()).toEqual([]);
    await expect(remove('none')).resolves.toBeDefined();
    const { StackSummaries } = await client.send(
      new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }),
    );
    expect(StackSummaries?.map(({ StackName }) => StackName)).toEqual(['consumer', 'producer']);
  });

  test('list what does not run here with the reason', async () => {
    await create('demo', body({ Job: { Type: 'AWS::Batch::JobQueue' }, A: queue() }));
    const { StackResourceSummaries } = await client.send(
      new ListStackResourcesCommand({ StackName: 'demo' }),
    );
    const { StackResources } = await client.send(
      new DescribeStackResourcesCommand({ StackName: 'demo', LogicalResourceId: 'A' }),
    );
    expect(StackResourceSummaries?.[0]).toMatchObject({
      LogicalResourceId: 'Job',
      ResourceStatusReason: expect.stringMatching(/^Does not run here/),
    });
    expect(StackResources?.[0]?.PhysicalResourceId).toContain('demo-A-');
  });
});

describe('change sets', () => {
  test('of a new stack wait in review, and are executed', async () => {
    const { shown, Id } = await changeSet({ ChangeSetType: 'CREATE', TemplateBody: body({ A: queue() }) });
    expect(shown).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
    expect(shown.Changes?.[0]?.ResourceChange).toMatchObject({ Action: 'Add', LogicalResourceId: 'A' });
    expect(await described('demo')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    expect(queues()).toEqual([]);

    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }));

    expect(await described('demo')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
    expect(queues()).toHaveLength(1);
  });

  test('tell changes in place, replacements, what refers to them, and removals', async () => {
    await create(
      'demo',
      body({
        Kept: queue({ DelaySeconds: 1 }),
        Replaced: queue(),
        Refers: queue({
          RedriveAllowPolicy: {
            redrivePermission: 'byQueue',
            sourceQueueArns: [{ 'Fn::GetAtt': ['Replaced', 'Arn'] }],
          },
        }),
        Removed: queue(),
      }),
    );
    const { shown } = await changeSet({
      TemplateBody: body({
        Kept: queue({ DelaySeconds: 2 }),
        Replaced: queue({ FifoQueue: true }),
        Refers: queue({
          RedriveAllowPolicy: {
            redrivePermission: 'byQueue',
            sourceQueueArns: [{ 'Fn::GetAtt': ['Replaced', 'Arn'] }],
          },
        }),
      }),
    });

    const changes = shown.Changes?.map(({ ResourceChange }) => ResourceChange);
    expect(
      changes?.map((change) => [change?.LogicalResourceId, change?.Action, change?.Replacement]),
    ).toEqual([
      ['Kept', 'Modify', 'False'],
      ['Replaced', 'Modify', 'True'],
      ['Refers', 'Modify', 'False'],
      ['Removed', 'Remove', undefined],
    ]);
    expect(changes?.[0]?.Details?.[0]?.Target).toMatchObject({
      Name: 'DelaySeconds',
      RequiresRecreation: 'Never',
      BeforeValue: '1',
      AfterValue: '2',
    });
    expect(changes?.[1]?.Details?.[0]?.Target).toMatchObject({
      Name: 'FifoQueue',
      RequiresRecreation: 'Always',
    });
    expect(changes?.[2]?.AfterContext).toContain('{{changeSet:KNOWN_AFTER_APPLY}}');
  });

  test('without changes fail with the words that clients look for', async () => {
    const TemplateBody = body({ A: queue() });
    await create('demo', TemplateBody);
    const { shown, Id } = await changeSet({ TemplateBody });

    expect(shown).toMatchObject({
      Status: 'FAILED',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    await expect(client.send(new ExecuteChangeSetCommand({ ChangeSetName: Id }))).rejects.toMatchObject({
      name: 'InvalidChangeSetStatusException',
    });
    await client.send(new DeleteChangeSetCommand({ ChangeSetName: Id }));
    await expect(client.send(new DescribeChangeSetCommand({ ChangeSetName: Id }))).rejects.toMatchObject({
      name: 'ChangeSetNotFoundException',
    });
  });

  test('for a stack that is or is not there are refused', async () => {
    const TemplateBody = body({ A: queue() });
    await expect(changeSet({ TemplateBody, ChangeSetType: 'UPDATE' })).rejects.toThrow(
      'Stack [demo] does not exist',
    );
    await create('demo', TemplateBody);
    await expect(changeSet({ TemplateBody, ChangeSetType: 'CREATE' })).rejects.toThrow(/already exists/);
  });
});

describe('templates', () => {
  const refused = async (TemplateBody: string, input: object = {}) =>
    create('demo', TemplateBody, input).then(
      () => undefined,
      (error: Error) => `${error.name}: ${error.message}`,
    );

  test('are taken from S3', async () => {
    const s3 = (action: string, input: object) =>
      aws.services.s3.handle(action, { Bucket: 'templates', ...input }, rootCaller(aws.context));
    await s3('CreateBucket', {});
    await s3('PutObject', { Key: 'a/b.json', Body: body({ A: queue({ QueueName: 'a' }) }) });
    await client.send(
      new CreateStackCommand({
        StackName: 'demo',
        TemplateURL: 'https://s3.us-east-1.amazonaws.com/templates/a/b.json',
      }),
    );
    expect(queues()).toEqual(['a']);
  });

  test('that are wrong are refused as in AWS', async () => {
    expect(await refused('{')).toMatch(/^ValidationError: Template format error/);
    expect(await refused('{"Resources":{}}')).toBe(
      'ValidationError: Template format error: At least one Resources member must be defined.',
    );
    expect(
      await refused(body({ A: queue() }), { Parameters: [{ ParameterKey: 'X', ParameterValue: '1' }] }),
    ).toBe('ValidationError: Parameters: [X] do not exist in the template');
    expect(await refused(body({ A: queue() }, { Parameters: { X: { Type: 'String' } } }))).toBe(
      'ValidationError: Parameters: [X] must have values',
    );
  });

  test('with IAM resources need their capability', async () => {
    const role = (RoleName?: string) => ({
      Type: 'AWS::IAM::Role',
      Properties: { ...(RoleName && { RoleName }), AssumeRolePolicyDocument: { Statement: [] } },
    });
    expect(await refused(body({ R: role() }))).toBe(
      'InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]',
    );
    expect(await refused(body({ R: role('r') }), { Capabilities: ['CAPABILITY_IAM'] })).toBe(
      'InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_NAMED_IAM]',
    );
  });

  test('are summed up', async () => {
    const TemplateBody = body(
      { A: queue() },
      { Parameters: { X: { Type: 'String', Default: 'd', NoEcho: true } } },
    );
    const summary = await client.send(new GetTemplateSummaryCommand({ TemplateBody }));
    const validated = await client.send(new ValidateTemplateCommand({ TemplateBody }));
    expect(summary).toMatchObject({
      ResourceTypes: ['AWS::SQS::Queue'],
      Parameters: [{ ParameterKey: 'X', DefaultValue: 'd', NoEcho: true, ParameterType: 'String' }],
    });
    expect(validated.Parameters).toMatchObject([{ ParameterKey: 'X' }]);
  });
});
