/** REST and WebSocket APIs from templates as CDK writes them, with queues and functions behind them. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { App, Duration, Stack } from 'aws-cdk-lib';
import {
  AwsIntegration,
  JsonSchemaType,
  LambdaIntegration,
  PassthroughBehavior,
  RestApi,
  TokenAuthorizer,
} from 'aws-cdk-lib/aws-apigateway';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { WebSocket } from 'ws';
import { startAws, type TestAws } from '../../../local/testing/index.ts';

/** Inside the project, so that the functions find its node_modules. */
const outdir = `.waybill/test-api-gateway-${process.pid}`;
let aws: TestAws;
let restUrl: string;
let socketUrl: string;

const AUTHORIZER = `exports.handler = async ({ authorizationToken, methodArn }) => {
  if (authorizationToken !== 'Bearer good') throw new Error('Unauthorized');
  const Statement = [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: methodArn }];
  return { principalId: 'u', policyDocument: { Version: '2012-10-17', Statement }, context: { tenantId: 't-1' } };
};`;
const STATUS = `exports.handler = async ({ pathParameters }) => ({ statusCode: 200, body: pathParameters.jobId });`;
const ECHO = `const { ApiGatewayManagementApiClient, PostToConnectionCommand } = require('@aws-sdk/client-apigatewaymanagementapi');
exports.handler = async ({ body, requestContext: { connectionId } }) => {
  const client = new ApiGatewayManagementApiClient({ endpoint: process.env.CALLBACK_URL });
  await client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: 'echo ' + body }));
  return { statusCode: 200 };
};`;

function functionOf(scope: Stack, id: string, code: string, environment: Record<string, string> = {}) {
  return new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline(code),
    timeout: Duration.seconds(10),
    environment,
  });
}

beforeAll(async () => {
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Jobs');
  const requests = new Queue(stack, 'Requests');
  const role = new Role(stack, 'ApiRole', { assumedBy: new ServicePrincipal('apigateway.amazonaws.com') });
  requests.grantSendMessages(role);
  const api = new RestApi(stack, 'Api');
  const jobs = api.root.addResource('jobs');
  jobs.addMethod(
    'POST',
    new AwsIntegration({
      service: 'sqs',
      path: `${stack.account}/${requests.queueName}`,
      integrationHttpMethod: 'POST',
      options: {
        credentialsRole: role,
        passthroughBehavior: PassthroughBehavior.NEVER,
        requestParameters: {
          'integration.request.header.Content-Type': "'application/x-www-form-urlencoded'",
        },
        requestTemplates: {
          'application/json':
            'Action=SendMessage&MessageBody=$util.urlEncode($input.body)' +
            '&MessageAttribute.1.Name=tenantId&MessageAttribute.1.Value.DataType=String' +
            '&MessageAttribute.1.Value.StringValue=$context.authorizer.tenantId',
        },
        integrationResponses: [
          { statusCode: '202', responseTemplates: { 'application/json': '{"accepted":true}' } },
        ],
      },
    }),
    {
      authorizer: new TokenAuthorizer(stack, 'Jwt', { handler: functionOf(stack, 'Authorizer', AUTHORIZER) }),
      methodResponses: [{ statusCode: '202' }],
      requestValidatorOptions: { validateRequestBody: true },
      requestModels: {
        'application/json': api.addModel('Job', {
          schema: { type: JsonSchemaType.OBJECT, required: ['prompt'] },
        }),
      },
    },
  );
  jobs.addResource('{jobId}').addMethod('GET', new LambdaIntegration(functionOf(stack, 'Status', STATUS)));

  const sockets = new WebSocketApi(stack, 'Sockets');
  const stage = new WebSocketStage(stack, 'Prod', {
    webSocketApi: sockets,
    stageName: 'prod',
    autoDeploy: true,
  });
  const echo = functionOf(stack, 'Echo', ECHO, { CALLBACK_URL: stage.callbackUrl });
  stage.grantManagementApiAccess(echo);
  sockets.addRoute('$default', { integration: new WebSocketLambdaIntegration('Echo', echo) });
  stack.exportValue(stage.url, { name: 'SocketUrl' });
  app.synth();

  aws = await startAws();
  const deployed = await aws.deploy(outdir);
  const outputs = Object.entries(deployed.stacks[0]?.outputs ?? {}) as [string, string][];
  restUrl = outputs.find(([name]) => name.startsWith('ApiEndpoint'))?.[1] ?? '';
  socketUrl = outputs.find(([name]) => name.includes('Export') || name.includes('Prod'))?.[1] ?? '';
});

afterAll(async () => {
  await aws.stop();
  rmSync(outdir, { recursive: true, force: true });
});

const post = (body: object, authorization = 'Bearer good') =>
  fetch(`${restUrl}jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify(body),
  });

test('a job goes straight into the queue, with the tenant that the authorizer named', async () => {
  const response = await post({ prompt: 'a cat' });

  expect([response.status, await response.json()]).toEqual([202, { accepted: true }]);
  expect(aws.queue('Requests').messages()).toMatchObject([
    { body: '{"prompt":"a cat"}', messageAttributes: { tenantId: { StringValue: 't-1' } } },
  ]);
  expect(aws.denied()).toEqual([]);
});

test('the wrong body and the wrong token are refused at the edge', async () => {
  expect((await post({})).status).toBe(400);
  expect((await post({ prompt: 'x' }, 'Bearer bad')).status).toBe(401);
});

test('a function behind the API answers', async () => {
  expect(await (await fetch(`${restUrl}jobs/j-7`)).text()).toBe('j-7');
});

test('a function answers through the management API at the address that its template gave it', async () => {
  const socket = new WebSocket(socketUrl);
  const answer = new Promise((resolve) =>
    socket.on('message', (data) => resolve((data as Buffer).toString())),
  );
  await new Promise((resolve) => socket.on('open', resolve));

  socket.send('hello');

  expect(await answer).toBe('echo hello');
  expect(aws.denied()).toEqual([]);
  socket.close();
});
