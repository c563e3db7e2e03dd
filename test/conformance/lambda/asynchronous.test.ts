/** Conformance of Lambda: what becomes of asynchronous events. */
import { PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda';
import { lambdaFunction, lambdaOf, reportingFunction } from '../functions.ts';
import { behavioursOf, expect, type Conformance } from '../harness.ts';

const behaviour = behavioursOf('lambda');
const GUIDE = 'https://docs.aws.amazon.com/lambda/latest/dg';
const FAILING = 'export const handler = async () => { throw new Error("no"); };';

const settings = (
  aws: Conformance,
  FunctionName: string,
  more: { MaximumRetryAttempts?: number; success?: string; failure?: string },
) =>
  lambdaOf(aws).send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: more.MaximumRetryAttempts,
      DestinationConfig: {
        OnSuccess: { Destination: more.success },
        OnFailure: { Destination: more.failure },
      },
    }),
  );

behaviour(
  'a failing event is tried again after one minute, and after two more',
  `${GUIDE}/invocation-async-error-handling.html`,
  async (aws) => {
    const reports = await aws.queue();
    const failing = await reportingFunction(aws, reports, 'throw new Error("no");');
    await failing.start({ n: 1 });
    await reports.drain(1);
    expect(await reports.receiveOnce()).toEqual([]);

    await aws.wait(61);
    await reports.drain(1);
    await aws.wait(121);
    await reports.drain(1);
    await aws.wait(600);

    expect(await reports.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'the destination of a success gets the event and the answer',
  `${GUIDE}/invocation-async-retain-records.html`,
  async (aws) => {
    const done = await aws.queue();
    const worker = await lambdaFunction(aws, 'export const handler = async ({ n }) => ({ doubled: n * 2 });');
    await settings(aws, worker.name, { success: done.arn });

    await worker.start({ n: 2 });

    const [message] = await done.receive(1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      version: '1.0',
      requestContext: {
        functionArn: `${worker.arn}:$LATEST`,
        condition: 'Success',
        approximateInvokeCount: 1,
      },
      requestPayload: { n: 2 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: { doubled: 4 },
    });
  },
);

behaviour(
  'the destination of a failure gets the error when the retries are used up',
  `${GUIDE}/invocation-async-retain-records.html`,
  async (aws) => {
    const failed = await aws.queue();
    const worker = await lambdaFunction(aws, FAILING);
    await settings(aws, worker.name, { MaximumRetryAttempts: 0, failure: failed.arn });

    await worker.start({ n: 1 });

    const [message] = await failed.receive(1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      requestPayload: { n: 1 },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorType: 'Error', errorMessage: 'no' },
    });
  },
);

behaviour(
  'the dead-letter queue gets the event itself, and the error as attributes',
  `${GUIDE}/invocation-async-retain-records.html`,
  async (aws) => {
    const dead = await aws.queue();
    const worker = await lambdaFunction(aws, FAILING, { DeadLetterConfig: { TargetArn: dead.arn } });
    await settings(aws, worker.name, { MaximumRetryAttempts: 0 });

    await worker.start({ n: 1 });

    const [message] = await dead.receive(1);
    expect(JSON.parse(message?.Body ?? '')).toEqual({ n: 1 });
    expect(message?.MessageAttributes).toMatchObject({
      ErrorCode: { StringValue: '200' },
      ErrorMessage: { StringValue: 'no' },
      RequestID: { DataType: 'String' },
    });
  },
);

behaviour(
  'another function as destination gets the record as its event',
  `${GUIDE}/invocation-async-retain-records.html`,
  async (aws) => {
    const reports = await aws.queue();
    const next = await reportingFunction(aws, reports);
    const worker = await lambdaFunction(aws, 'export const handler = async () => "done";');
    await settings(aws, worker.name, { success: next.arn });

    await worker.start();

    const [message] = await reports.receive(1);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({ responsePayload: 'done' });
  },
);
