import { rm } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Happening } from '../../../../local/aws/context.ts';
import { codeOf, lambdaUnderTest } from './code.ts';
import type { LambdaUnderTest } from './code.ts';

let it: LambdaUnderTest;

beforeEach(() => {
  it = lambdaUnderTest({ scaleOutDelayMilliseconds: 5 });
});
afterEach(() => it.close());

describe('running a function', () => {
  test('the event goes in as JSON and the answer comes out as JSON', async () => {
    await it.create('echo', 'export const handler = async (event) => ({ got: event });');

    expect(await it.call('echo', { a: [1, null] })).toEqual({
      value: { got: { a: [1, null] } },
      failed: false,
    });
  });

  test('a function that returns nothing answers null', async () => {
    await it.create('silent', 'export const handler = async () => {};');

    expect(await it.call('silent')).toEqual({ value: null, failed: false });
  });

  test('the context says what Lambda says', async () => {
    await it.create(
      'context',
      `export const handler = async (event, context) => ({
         name: context.functionName, memory: context.memoryLimitInMB, arn: context.invokedFunctionArn,
         version: context.functionVersion, group: context.logGroupName, id: context.awsRequestId.length,
         left: context.getRemainingTimeInMillis(),
       });`,
      { timeoutSeconds: 5, memoryMegabytes: 256 },
    );

    const { value } = await it.call('context');

    expect(value).toMatchObject({
      name: 'context',
      memory: '256',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:context',
      version: '$LATEST',
      group: '/aws/lambda/context',
      id: 36,
    });
    expect((value as { left: number }).left).toBeGreaterThan(4000);
    expect((value as { left: number }).left).toBeLessThanOrEqual(5000);
  });

  test('an instance sees its own environment and nothing of ours', async () => {
    process.env['WAYBILL_TEST_LEAK'] = 'ours';
    await it.create('environment', 'export const handler = async () => process.env;', {
      environment: { QUEUE: 'q1' },
    });

    const { value } = await it.call('environment');
    delete process.env['WAYBILL_TEST_LEAK'];

    expect(value).toMatchObject({
      QUEUE: 'q1',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_ENDPOINT_URL: it.context.endpointUrl,
      _HANDLER: 'index.handler',
    });
    expect(value).not.toHaveProperty('WAYBILL_TEST_LEAK');
    expect(value).not.toHaveProperty('HOME');
  });

  test('CommonJS code without a package.json is CommonJS', async () => {
    const codeDirectory = await codeOf({
      'index.js':
        "const { name } = require('./other'); exports.handler = async () => name + (typeof module);",
      'other.js': "module.exports = { name: 'other-' };",
    });
    it.lambda.createFunction({ functionName: 'cjs', handler: 'index.handler', codeDirectory });

    expect(await it.call('cjs')).toEqual({ value: 'other-object', failed: false });
    await rm(codeDirectory, { recursive: true });
  });

  test('a callback handler runs on Node.js 22 and is refused on Node.js 24, as on AWS', async () => {
    const source = 'export const handler = (event, context, callback) => callback(null, "called back");';
    await it.create('older', source, { runtime: 'nodejs22.x' });
    await it.create('newer', source, { runtime: 'nodejs24.x' });

    expect(await it.call('older')).toEqual({ value: 'called back', failed: false });
    expect(await it.call('newer')).toMatchObject({
      failed: true,
      value: { errorType: 'Runtime.CallbackHandlerDeprecated' },
    });
  });

  test('what a function prints is observed line by line, before its answer', async () => {
    const lines: string[] = [];
    it.lambda.observeLogs(({ functionName, stream, text }) =>
      lines.push(`${functionName} ${stream} ${text}`),
    );
    await it.create(
      'loud',
      'export const handler = async () => { console.log("one %d", 1); console.error("two"); process.stdout.write("three\\n"); };',
    );

    await it.call('loud');

    expect(lines).toEqual(['loud stdout one 1', 'loud stderr two', 'loud stdout three']);
  });
});

describe('warm and cold instances', () => {
  test('an idle instance is used again', async () => {
    await it.create('counter', 'let calls = 0; export const handler = async () => ++calls;');

    expect((await it.call('counter')).value).toBe(1);
    expect((await it.call('counter')).value).toBe(2);
  });

  test('an instance runs one event at a time; a slow one makes another start', async () => {
    // Each stays until all three are there, however long starting them takes.
    const directory = await codeOf({});
    await it.create(
      'slow',
      `import { readdirSync, writeFileSync } from 'node:fs';
       let running = 0; const id = Math.random();
       export const handler = async () => {
         running++; const seen = running;
         writeFileSync(${JSON.stringify(directory)} + '/' + id, '');
         while (readdirSync(${JSON.stringify(directory)}).length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
         running--; return { seen, id };
       };`,
      { timeoutSeconds: 120 },
    );

    const results = await Promise.all([it.call('slow'), it.call('slow'), it.call('slow')]);

    const values = results.map(({ value }) => value as { seen: number; id: number });
    expect(values.map(({ seen }) => seen)).toEqual([1, 1, 1]);
    expect(new Set(values.map(({ id }) => id)).size).toBe(3);
  });

  test('a prewarmed function starts no instance at its first event', async () => {
    const starts: unknown[] = [];
    it.context.events.observe((happening: Happening) => {
      if (happening.kind === 'returned') starts.push(happening.detail?.['coldStart']);
    });
    await it.create('warm', 'export const handler = async () => 1;');

    await it.lambda.prewarm();
    await it.call('warm');
    await it.call('warm');

    expect(starts).toEqual([true, false]);
  });
});

describe('failures', () => {
  test('a failed invocation is in the log with its error', async () => {
    const lines: string[] = [];
    it.lambda.observeLogs(({ text }) => lines.push(text));
    await it.create('failing', 'export const handler = async () => { throw new Error("no stock"); };');

    await it.call('failing');

    expect(lines).toEqual([
      expect.stringMatching(/^ERROR\tInvoke Error\t\{"errorType":"Error","errorMessage":"no stock"/),
    ]);
  });

  test('a thrown error is answered in Lambda’s form and the instance lives on', async () => {
    await it.create(
      'thrower',
      'let calls = 0; export const handler = async () => { if (++calls === 1) throw new TypeError("bad"); return calls; };',
    );

    const { value, failed } = await it.call('thrower');

    expect(failed).toBe(true);
    expect(value).toMatchObject({ errorType: 'TypeError', errorMessage: 'bad' });
    expect((value as { trace: string[] }).trace[0]).toBe('TypeError: bad');
    expect((await it.call('thrower')).value).toBe(2);
  });

  test('a timeout ends the instance, even one that never yields', async () => {
    await it.create(
      'stuck',
      'let calls = 0; export const handler = async (event) => { calls++; while (event.hang) {} return calls; };',
      { timeoutSeconds: 1 },
    );

    const { value } = await it.call('stuck', { hang: true });

    expect(value).toMatchObject({ errorType: 'Sandbox.Timedout' });
    expect((value as { errorMessage: string }).errorMessage).toMatch(/Task timed out after 1\.00 seconds$/);
    expect((await it.call('stuck', {})).value).toBe(1);
  });

  test.each([
    [
      'an unhandled rejection',
      'Promise.reject(new Error("lost")); await new Promise(() => {});',
      'Runtime.UnhandledPromiseRejection',
    ],
    [
      'an uncaught exception',
      'setTimeout(() => { throw new RangeError("later"); }, 1); await new Promise(() => {});',
      'RangeError',
    ],
    ['process.exit', 'process.exit(7);', 'Runtime.ExitError'],
  ])('%s ends the instance with an error', async (_name, body, errorType) => {
    await it.create(
      'crash',
      `export const handler = async (event) => { if (event.crash) { ${body} } return 'fine'; };`,
    );

    expect(await it.call('crash', { crash: true })).toMatchObject({ failed: true, value: { errorType } });
    expect(await it.call('crash')).toEqual({ value: 'fine', failed: false });
  });

  test('more memory than the function has ends the instance', async () => {
    await it.create(
      'hungry',
      'export const handler = async (event) => { const kept = []; while (event.eat) kept.push(new Array(1e5).fill({})); return 1; };',
      { memoryMegabytes: 128, timeoutSeconds: 200 },
    );

    expect(await it.call('hungry', { eat: true })).toMatchObject({
      value: { errorType: 'Runtime.OutOfMemory' },
    });
    expect((await it.call('hungry')).value).toBe(1);
  });

  test.each([
    ['a missing file', 'nothing.handler', 'Runtime.ImportModuleError'],
    ['a missing export', 'index.other', 'Runtime.HandlerNotFound'],
  ])('%s is an init error that names the handler', async (_name, handler, errorType) => {
    await it.create('broken', 'export const handler = async () => 1;', { handler });

    const { value } = await it.call('broken');

    expect(value).toMatchObject({ errorType });
    expect((value as { errorMessage: string }).errorMessage).toContain(handler);
  });

  test('code that throws while it loads fails the invocation, and the next one tries again', async () => {
    await it.create('init', 'throw new Error("no database"); export const handler = 1;');

    expect(await it.call('init')).toMatchObject({ value: { errorMessage: 'no database' } });
    expect(await it.call('init')).toMatchObject({ value: { errorMessage: 'no database' } });
  });

  test('an answer over 6 MB is an error', async () => {
    await it.create('large', 'export const handler = async () => "x".repeat(7 * 1024 * 1024);');

    expect(await it.call('large')).toMatchObject({ value: { errorType: 'Function.ResponseSizeTooLarge' } });
  });

  test('an event over 6 MB is refused', async () => {
    await it.create('small', 'export const handler = async () => 1;');

    await expect(it.call('small', 'x'.repeat(7 * 1024 * 1024))).rejects.toMatchObject({
      code: 'RequestTooLargeException',
    });
  });

  test('an unknown function is named by its ARN', async () => {
    await expect(it.call('nobody')).rejects.toThrow('arn:aws:lambda:us-east-1:000000000000:function:nobody');
  });
});

describe('concurrency', () => {
  test('reserved concurrency throttles what is above it', async () => {
    await it.create(
      'narrow',
      'export const handler = async () => new Promise((resolve) => setTimeout(resolve, 100, 1));',
      {
        reservedConcurrency: 1,
      },
    );

    const results = await Promise.allSettled([it.call('narrow'), it.call('narrow')]);

    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({
      reason: {
        code: 'TooManyRequestsException',
        fields: { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' },
      },
    });
  });

  test('a reservation of 0 stops the function', async () => {
    await it.create('stopped', 'export const handler = async () => 1;', { reservedConcurrency: 0 });

    await expect(it.call('stopped')).rejects.toMatchObject({
      code: 'TooManyRequestsException',
      httpStatus: 429,
    });
  });

  test('reservations leave 100 for everybody else', async () => {
    const source = 'export const handler = async () => 1;';
    await it.create('one', source, { reservedConcurrency: 900 });

    await expect(it.create('two', source, { reservedConcurrency: 1 })).rejects.toThrow(
      'minimum value of [100]',
    );
  });

  test('an event above what the machine holds waits for room', async () => {
    const crowded = lambdaUnderTest({ maximumInstances: 1, scaleOutDelayMilliseconds: 0 });
    const source = 'export const handler = async () => new Promise((resolve) => setTimeout(resolve, 30, 1));';
    await crowded.create('first', source);
    await crowded.create('second', source);

    const results = await Promise.all(
      ['first', 'second', 'first', 'second'].map((name) => crowded.call(name)),
    );

    expect(results.map(({ value }) => value)).toEqual([1, 1, 1, 1]);
    await crowded.close();
  });
});

describe('references to a function', () => {
  test('name, ARN, partial ARN, version and alias all find it', async () => {
    await it.create('named', 'export const handler = async () => 1;');
    const version = it.lambda.publishVersion('named');
    it.lambda.putAlias('named', 'live', version);

    const references = [
      'named',
      'named:live',
      `named:${version}`,
      'named:$LATEST',
      '000000000000:function:named',
      'arn:aws:lambda:us-east-1:000000000000:function:named:live',
    ];
    const answers = await Promise.all(references.map((reference) => it.call(reference)));

    expect(answers.map(({ value }) => value)).toEqual([1, 1, 1, 1, 1, 1]);
    await expect(it.call('named:canary')).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
  });
});
