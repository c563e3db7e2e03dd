import { expect, test } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import {
  EventFunction,
  EventQueue,
  MessagingKey,
  QueueConsumer,
  TaskMachine,
  topologyOf,
} from '../../../lib/constructs/index.ts';
import { ENTRY, OrderPlaced, propertiesOf, reference, statementsOf, testStack } from './support.ts';

function machine() {
  const stack = testStack();
  const encryptionKey = new MessagingKey(stack, 'Key');
  const queue = new EventQueue(stack, 'Steps', { publishes: [OrderPlaced], encryptionKey });
  const workflow = new TaskMachine(stack, 'Workflow', {
    definition: {
      StartAt: 'Ask',
      States: {
        Ask: {
          Type: 'Task',
          Resource: `arn:${stack.partition}:states:::sqs:sendMessage.waitForTaskToken`,
          Parameters: { QueueUrl: queue.queue.queueUrl, 'MessageBody.$': '$' },
          TimeoutSeconds: 60,
          End: true,
        },
      },
    },
    publishesTo: [queue],
    encryptionKey,
  });
  const worker = new QueueConsumer(stack, 'Worker', { subscribesTo: [queue.events()], entry: ENTRY });
  const starter = new EventFunction(stack, 'Starter', { entry: ENTRY });
  workflow.grants.answer(worker);
  workflow.grants.start(starter);
  return { stack, template: Template.fromStack(stack) };
}

test('W22 its role may send to its queues, log and trace, and nothing else', () => {
  const { template } = machine();
  const actions = statementsOf(template, 'WorkflowRole').map(({ Action }) => [Action].flat());

  expect(
    actions
      .flat()
      .filter((action) => !/^(logs|xray):/.test(action))
      .toSorted(),
  ).toEqual(['kms:Decrypt', 'kms:GenerateDataKey', 'sqs:SendMessage']);
  expect(statementsOf(template, 'WorkflowRole')).toContainEqual(
    expect.objectContaining({ Action: 'sqs:SendMessage', Resource: reference('StepsQueue') }),
  );
});

test('it is traced and encrypted, and its log holds no data of executions', () => {
  const { template } = machine();

  expect(propertiesOf(template, 'AWS::StepFunctions::StateMachine', 'Workflow')).toMatchObject({
    StateMachineType: 'STANDARD',
    LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    TracingConfiguration: { Enabled: true },
    EncryptionConfiguration: { Type: 'CUSTOMER_MANAGED_KMS_KEY' },
  });
});

test('who starts it knows it; who answers it may answer it and no other', () => {
  const { template } = machine();
  const arn = {
    'Fn::Join': ['', expect.arrayContaining([expect.stringMatching(/stateMachine:Test-Workflow/)])],
  };

  expect(statementsOf(template, 'StarterRole')).toContainEqual(
    expect.objectContaining({ Action: 'states:StartExecution', Resource: arn }),
  );
  expect(statementsOf(template, 'WorkerHandlerRole')).toContainEqual(
    expect.objectContaining({
      Action: ['states:SendTaskFailure', 'states:SendTaskHeartbeat', 'states:SendTaskSuccess'],
      Resource: arn,
    }),
  );
  expect(propertiesOf(template, 'AWS::Lambda::Function', 'Starter')).toMatchObject({
    Environment: { Variables: { WAYBILL_STATE_MACHINE_ARN: arn } },
  });
});

test('the topology has the machine, what it sends, and who starts it', () => {
  const { stack } = machine();
  const { nodes, edges } = topologyOf(stack);

  expect(nodes).toContainEqual(
    expect.objectContaining({
      id: 'Test/Workflow',
      kind: 'stateMachine',
      resourceType: 'AWS::StepFunctions::StateMachine',
    }),
  );
  expect(edges).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ kind: 'publishes', from: 'Test/Workflow', to: 'Test/Steps/Queue' }),
      expect.objectContaining({ kind: 'starts', from: 'Test/Starter', to: 'Test/Workflow' }),
    ]),
  );
});

test('D14 somebody is told of an execution that failed or ran out of time', () => {
  const { template } = machine();
  const metrics = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    (alarm) => (alarm as { Properties: { MetricName?: string } }).Properties.MetricName,
  );

  expect(metrics).toEqual(
    expect.arrayContaining(['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionThrottled']),
  );
});
