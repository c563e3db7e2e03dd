/** The signed calls against the embedded Step Functions. */
import {
  CreateActivityCommand,
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetActivityTaskCommand,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withHeartbeat } from '../../../lambda/commerce/saga/heartbeat.ts';
import { sagaStarter, taskCallbacks } from '../../../lambda/commerce/saga/step-functions.ts';
import type { SagaStarter, TaskCallbacks } from '../../../lambda/commerce/saga/step-functions.ts';
import { startEmbeddedAws } from '../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../local/aws/index.ts';

let aws: EmbeddedAws;
let client: SFNClient;
let activityArn: string;
let stateMachineArn: string;
let callbacks: TaskCallbacks;
let starter: SagaStarter;

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0 });
  const environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  };
  client = new SFNClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  activityArn = (await client.send(new CreateActivityCommand({ name: 'step' }))).activityArn!;
  const definition = {
    StartAt: 'Step',
    States: { Step: { Type: 'Task', Resource: activityArn, TimeoutSeconds: 600, End: true } },
  };
  stateMachineArn = (
    await client.send(
      new CreateStateMachineCommand({
        name: 'saga',
        roleArn: 'arn:aws:iam::111122223333:role/saga',
        definition: JSON.stringify(definition),
      }),
    )
  ).stateMachineArn!;
  callbacks = taskCallbacks(environment);
  starter = sagaStarter(stateMachineArn, environment);
});
afterAll(async () => {
  client.destroy();
  await aws.close();
});

const token = async (): Promise<string> =>
  (await client.send(new GetActivityTaskCommand({ activityArn }))).taskToken!;
const execution = (name: string) =>
  client.send(
    new DescribeExecutionCommand({
      executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`,
    }),
  );

describe('an execution', () => {
  test('is started once by its name, and answered with the output', async () => {
    expect(await starter.start('ord_1', { orderId: 'ord_1' })).toBe(true);
    const taskToken = await token();

    expect(await callbacks.heartbeat(taskToken)).toBe('accepted');
    expect(await callbacks.succeed(taskToken, { paymentId: 'pay_1' })).toBe('accepted');

    const ended = await execution('ord_1');
    expect([ended.status, ended.output]).toEqual(['SUCCEEDED', '{"paymentId":"pay_1"}']);
    expect(await starter.start('ord_1', { orderId: 'ord_1' })).toBe(false);
  });

  test('fails with the code as its error', async () => {
    await starter.start('ord_2', {});

    await callbacks.fail(await token(), 'PAYMENT_DECLINED');

    expect(await execution('ord_2')).toMatchObject({ status: 'FAILED', error: 'PAYMENT_DECLINED' });
  });

  test('a token that was answered before is late, and no error', async () => {
    await starter.start('ord_3', {});
    const taskToken = await token();
    await callbacks.succeed(taskToken, {});

    expect(await callbacks.succeed(taskToken, {})).toBe('late');
    expect(await callbacks.fail(taskToken, 'X')).toBe('late');
    expect(await callbacks.heartbeat(taskToken)).toBe('late');
  });

  test('what is no token, or no state machine, is an error', async () => {
    await expect(callbacks.succeed('nonsense', {})).rejects.toMatchObject({ name: 'InvalidToken' });
    const nowhere = sagaStarter(`${stateMachineArn}-gone`, {
      AWS_ENDPOINT_URL: aws.endpointUrl,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
    await expect(nowhere.start('ord_4', {})).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
  });
});

describe('heartbeats', () => {
  test('are sent as long as the work lasts, and end with it, whatever becomes of them', async () => {
    const three = Promise.withResolvers<string>();
    let beats = 0;
    const beating = {
      ...callbacks,
      heartbeat: () => {
        beats += 1;
        if (beats === 3) three.resolve('worked');
        return Promise.reject(new Error('no network'));
      },
    };

    expect(await withHeartbeat(beating, 'token', () => three.promise, 1)).toBe('worked');

    const ended = beats;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(beats).toBe(ended);
  });
});
