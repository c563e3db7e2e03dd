import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';

import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';
import { zip } from '../../../conformance/zip.ts';
import { codeOf } from './code.ts';
import { letSettle, until } from '../../../support/waiting.ts';

const running: EmbeddedAws[] = [];
const directories: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((aws) => aws.close()));
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true, force: true })));
});

async function start(options: Parameters<typeof startEmbeddedAws>[0] = {}): Promise<EmbeddedAws> {
  const aws = await startEmbeddedAws({ port: 0, ...options });
  running.push(aws);
  return aws;
}

const root = { accountId: '000000000000', arn: 'arn:aws:iam::000000000000:root' };
const valueOf = async (aws: EmbeddedAws, name: string): Promise<unknown> => {
  const { payload } = await aws.services.lambda.invoke(name, {});
  return JSON.parse(payload ?? 'null') as unknown;
};

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'waybill-lambda-state-'));
  directories.push(path);
  return path;
}

describe('hot reload', () => {
  test('changed code runs from the next event on, the running event finishes with the old', async () => {
    const aws = await start({ lambda: { hotReload: true } });
    const codeDirectory = await codeOf({
      'index.mjs':
        'export const handler = async ({ wait = 0 }) => { await new Promise((r) => setTimeout(r, wait)); return 1; };',
    });
    directories.push(codeDirectory);
    const { lambda } = aws.services;
    lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory, timeoutSeconds: 5 });
    expect(await valueOf(aws, 'f')).toBe(1);
    const slow = lambda.invoke('f', { wait: 500 });

    await writeFile(join(codeDirectory, 'index.mjs'), 'export const handler = async () => 2;');

    let seen: unknown;
    await until(() => {
      void valueOf(aws, 'f').then((value) => (seen = value));
      return seen === 2;
    });
    expect((await slow).payload).toBe('1');
  });
});

describe('with a state directory', () => {
  test('functions, aliases, mappings and their checkpoints are there after a restart', async () => {
    const stateDirectory = await directory();
    const first = await start({ stateDirectory });
    const ZipFile = zip({
      'index.mjs':
        "export const handler = async ({ Records = [] }) => Records.length > 0 ? console.log(Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64')).join(' ')) : 1;",
    });
    const call = (aws: EmbeddedAws, service: 'lambda' | 'kinesis', action: string, input: object) =>
      aws.services[service].handle(action, { ...input }, root);
    const put = (aws: EmbeddedAws, text: string) =>
      call(aws, 'kinesis', 'PutRecord', {
        StreamName: 's',
        PartitionKey: 'a',
        Data: Buffer.from(text).toString('base64'),
      });
    await call(first, 'kinesis', 'CreateStream', { StreamName: 's', ShardCount: 1 });
    await call(first, 'lambda', 'CreateFunction', {
      FunctionName: 'f',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/f',
      Code: { ZipFile: ZipFile.toString('base64') },
    });
    await call(first, 'lambda', 'PublishVersion', { FunctionName: 'f' });
    await call(first, 'lambda', 'CreateAlias', { FunctionName: 'f', Name: 'live', FunctionVersion: '1' });
    await call(first, 'lambda', 'CreateEventSourceMapping', {
      FunctionName: 'f',
      EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
      StartingPosition: 'TRIM_HORIZON',
    });
    const before: string[] = [];
    first.services.lambda.observeLogs(({ text }) => before.push(text));
    await put(first, 'one');
    // The position in the shard is noted when the invocation has returned.
    await until(() => before.length === 1 && first.services.lambda.busy() === 0);
    await letSettle();
    await running.pop()?.close();

    const second = await start({ stateDirectory });
    const after: string[] = [];
    second.services.lambda.observeLogs(({ text }) => after.push(text));
    await put(second, 'two');

    await until(() => after.length > 0);
    expect(before).toEqual(['one']);
    expect(after).toEqual(['two']);
    expect(await valueOf(second, 'f:live')).toBe(1);
    expect(second.services.kinesis.records('arn:aws:kinesis:us-east-1:000000000000:stream/s')).toHaveLength(
      2,
    );
  });

  test('an asynchronous event that was accepted and not run is run after a restart', async () => {
    const stateDirectory = await directory();
    const codeDirectory = await codeOf({
      'index.mjs': 'export const handler = async (event) => console.log(event.n);',
    });
    directories.push(codeDirectory);
    const first = await start({ stateDirectory });
    first.services.lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory });
    first.services.lambda.putFunctionConcurrency('f', 0);
    await first.services.lambda.invoke('f', { n: 7 }, { type: 'Event' });
    await running.pop()?.close();

    const second = await start({ stateDirectory });
    const lines: string[] = [];
    second.services.lambda.observeLogs(({ text }) => lines.push(text));
    second.services.lambda.putFunctionConcurrency('f', undefined);

    await until(() => lines.length === 1);
    expect(lines).toEqual(['7']);
  });
});

describe('logs', () => {
  test('lines go to the function’s group, between START and REPORT', async () => {
    const aws = await start();
    const codeDirectory = await codeOf({
      'index.mjs': 'export const handler = async () => console.log("hello");',
    });
    directories.push(codeDirectory);
    aws.services.lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory });

    await aws.services.lambda.invoke('f', {});
    await until(() => aws.services.logs.logs('/aws/lambda/f').length === 4);

    const messages = aws.services.logs.logs('/aws/lambda/f').map(({ message }) => message);
    expect(messages[0]).toMatch(/^START RequestId: [\da-f-]{36} Version: \$LATEST$/);
    expect(messages[1]).toMatch(/^\d{4}-.*Z\t[\da-f-]{36}\tINFO\thello$/);
    expect(messages[2]).toMatch(/^END RequestId: /);
    expect(messages[3]).toMatch(
      /^REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t$/,
    );
  });

  test('in the JSON format lines are objects, below the level they are left out', async () => {
    const aws = await start();
    const codeDirectory = await codeOf({
      'index.mjs':
        'export const handler = async () => { console.debug("quiet"); console.warn({ order: 1 }); console.log("text"); };',
    });
    directories.push(codeDirectory);
    aws.services.lambda.createFunction({
      functionName: 'f',
      handler: 'index.handler',
      codeDirectory,
      logFormat: 'JSON',
    });

    await aws.services.lambda.invoke('f', {});
    await until(() => aws.services.logs.logs('/aws/lambda/f').length === 4);

    const lines = aws.services.logs
      .logs('/aws/lambda/f')
      .map(({ message }) => JSON.parse(message) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { type: 'platform.start', record: { version: '$LATEST' } },
      { level: 'WARN', message: { order: 1 } },
      { level: 'INFO', message: 'text' },
      { type: 'platform.report', record: { status: 'success' } },
    ]);
  });
});

describe('fault rules', () => {
  test('the second invocation fails, and only that one', async () => {
    const aws = await start();
    const codeDirectory = await codeOf({ 'index.mjs': 'export const handler = async () => 1;' });
    directories.push(codeDirectory);
    const { lambda } = aws.services;
    lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory });
    lambda.faults.add({
      functionName: 'f',
      from: 2,
      times: 1,
      fault: { kind: 'fail', errorType: 'Injected', errorMessage: 'on purpose' },
    });

    const values = [await valueOf(aws, 'f'), await valueOf(aws, 'f'), await valueOf(aws, 'f')];

    expect(values).toEqual([1, expect.objectContaining({ errorType: 'Injected' }), 1]);
    expect(lambda.faults.injected()).toEqual({ fail: 1 });
  });

  test('a throttle refuses, a slow start runs into the timeout', async () => {
    const aws = await start();
    const codeDirectory = await codeOf({ 'index.mjs': 'export const handler = async () => 1;' });
    directories.push(codeDirectory);
    const { lambda } = aws.services;
    lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory, timeoutSeconds: 1 });
    lambda.faults.add({ functionName: 'f', times: 1, fault: { kind: 'throttle' } });
    await expect(lambda.invoke('f', {})).rejects.toMatchObject({ code: 'TooManyRequestsException' });
    lambda.faults.add({ functionName: 'f', times: 1, fault: { kind: 'slow', milliseconds: 3000 } });

    expect((await lambda.invoke('f', {})).error).toMatchObject({ errorType: 'Sandbox.Timedout' });
  });

  test('failed items are named for about the share that was asked for, the same for the same seed', async () => {
    const answers: unknown[] = [];
    for (const _run of [1, 2]) {
      const aws = await start({ faultSeed: 7 });
      const codeDirectory = await codeOf({ 'index.mjs': 'export const handler = async () => ({});' });
      directories.push(codeDirectory);
      const { lambda } = aws.services;
      lambda.createFunction({ functionName: 'f', handler: 'index.handler', codeDirectory });
      lambda.faults.add({ functionName: '*', fault: { kind: 'fail-items', share: 0.5 } });
      const Records = Array.from({ length: 20 }, (_, index) => ({ messageId: String(index) }));
      const { payload } = await lambda.invoke('f', { Records });
      answers.push(JSON.parse(payload ?? ''));
    }

    const [first, second] = answers as { batchItemFailures: unknown[] }[];
    expect(first?.batchItemFailures.length).toBeGreaterThan(3);
    expect(first?.batchItemFailures.length).toBeLessThan(17);
    expect(second).toEqual(first);
  });
});
