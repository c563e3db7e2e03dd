/** A state machine as CDK writes it, with the role and the grants that CDK gives it, run in the embedded AWS. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';

import { deployAssembly } from '../../../local/assembly/index.ts';
import { manualClock, rootCaller, startEmbeddedAws } from '../../../local/aws/index.ts';

const directory = mkdtempSync(join(tmpdir(), 'waybill-states-cdk-'));
afterAll(() => rmSync(directory, { recursive: true }));

const { DISCARD } = sfn.JsonPath;

function synthesize(): void {
  process.env['CDK_VALIDATION'] = 'false';
  const app = new App({
    outdir: directory,
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const stack = new Stack(app, 'Orders', { env: { account: '000000000000', region: 'us-east-1' } });
  const partitionKey = { name: 'id', type: AttributeType.STRING };
  const table = new TableV2(stack, 'Table', { partitionKey });
  const id = tasks.DynamoAttributeValue.fromString(sfn.JsonPath.stringAt('$$.Execution.Name'));
  const failed = new sfn.Fail(stack, 'Failed', { errorPath: '$.error.Error' });
  const message = sfn.TaskInput.fromJsonPathAt('$.items');
  const each = new sfn.Map(stack, 'Each', {
    itemsPath: '$.items',
    resultPath: '$.mapped',
    itemSelector: { 'v.$': '$$.Map.Item.Value' },
  });
  const both = new sfn.Parallel(stack, 'Both', {
    resultPath: '$.both',
    resultSelector: { 'first.$': '$[0].id' },
  });
  const entry = {
    eventBus: new EventBus(stack, 'Bus'),
    source: 'orders',
    detailType: 'Placed',
    detail: sfn.TaskInput.fromObject({ a: 1 }),
  };
  const chain = new tasks.SqsSendMessage(stack, 'Send', {
    queue: new Queue(stack, 'Queue'),
    messageBody: message,
    resultPath: DISCARD,
  })
    .addCatch(failed, { resultPath: '$.error' })
    .next(
      new tasks.SnsPublish(stack, 'Publish', {
        topic: new Topic(stack, 'Topic'),
        message,
        resultPath: DISCARD,
      }),
    )
    .next(new tasks.EventBridgePutEvents(stack, 'Put', { entries: [entry], resultPath: DISCARD }))
    .next(new tasks.DynamoPutItem(stack, 'Keep', { table, item: { id }, resultPath: DISCARD }))
    .next(new tasks.DynamoGetItem(stack, 'Get', { table, key: { id }, resultPath: '$.kept' }))
    .next(new sfn.Wait(stack, 'Wait', { time: sfn.WaitTime.duration(Duration.minutes(5)) }))
    .next(each.itemProcessor(new sfn.Pass(stack, 'One')))
    .next(both.branch(new sfn.Pass(stack, 'Left'), new sfn.Pass(stack, 'Right')))
    .next(
      new sfn.Choice(stack, 'Choose')
        .when(sfn.Condition.isPresent('$.kept.Item.id.S'), new sfn.Succeed(stack, 'Done'))
        .otherwise(failed),
    );
  const machine = new sfn.StateMachine(stack, 'Machine', {
    definitionBody: sfn.DefinitionBody.fromChainable(chain),
    timeout: Duration.hours(1),
    logs: { destination: new LogGroup(stack, 'Log'), level: sfn.LogLevel.ALL },
  });
  void machine;
  app.synth();
}

test('queue, topic, bus, table, wait, map, parallel and choice, within the grants of CDK', async () => {
  synthesize();
  const clock = manualClock();
  const aws = await startEmbeddedAws({ port: 0, clock });
  const { ignoredProperties, notRun } = await deployAssembly({
    assemblyDirectory: directory,
    aws: aws.context,
  });
  expect([ignoredProperties, notRun]).toEqual([[], []]);
  const { states } = aws.services;
  const stateMachineArn = states.machines()[0]?.arn ?? '';

  const input = { stateMachineArn, name: 'order-1', input: '{"items":["a","b"],"id":7}' };
  await states.handle('StartExecution', input, rootCaller(aws.context));
  const [execution] = states.executions(stateMachineArn);
  for (let turn = 0; turn < 20; turn++) await clock.advance(0);
  expect(states.history(execution?.arn ?? '').at(-1)?.type).toBe('WaitStateEntered');
  await clock.advance(5 * 60_000);
  const ended = await states.outcome(execution?.arn ?? '');

  expect(ended.cause).toBeUndefined();
  expect(JSON.parse(ended.output ?? '{}')).toMatchObject({
    kept: { Item: { id: { S: 'order-1' } } },
    mapped: [{ v: 'a' }, { v: 'b' }],
    both: { first: 7 },
  });
  await aws.close();
});
