/** Conformance of Lambda: functions, versions, aliases, and invoking them. */
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  AddPermissionCommand,
  InvokeCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionRole, lambdaFunction, lambdaOf } from '../functions.ts';
import { behavioursOf, expect, refused } from '../harness.ts';
import { zip } from '../zip.ts';

const behaviour = behavioursOf('lambda');
const API = 'https://docs.aws.amazon.com/lambda/latest/api';
const GUIDE = 'https://docs.aws.amazon.com/lambda/latest/dg';
const ECHO = 'export const handler = async (event) => event;';

behaviour('an uploaded archive runs and answers', `${API}/API_Invoke.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  expect(await echo.call({ a: 1 })).toMatchObject({ value: { a: 1 }, failed: false, version: '$LATEST' });
});

behaviour('a handler that answers nothing answers null', `${GUIDE}/nodejs-handler.html`, async (aws) => {
  const silent = await lambdaFunction(aws, 'export const handler = async () => {};');

  expect((await silent.call()).value).toBeNull();
});

behaviour(
  'an error is Unhandled, with type, message and trace',
  `${GUIDE}/nodejs-exceptions.html`,
  async (aws) => {
    const failing = await lambdaFunction(
      aws,
      'export const handler = async () => { throw new RangeError("too far"); };',
    );

    const { value, failed } = await failing.call();

    expect(failed).toBe(true);
    expect(value).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'too far',
      trace: expect.arrayContaining(['RangeError: too far']) as unknown,
    });
  },
);

behaviour('a function that takes too long is stopped', `${GUIDE}/configuration-timeout.html`, async (aws) => {
  const slow = await lambdaFunction(
    aws,
    'export const handler = async () => new Promise((resolve) => setTimeout(resolve, 5000));',
    { Timeout: 1 },
  );

  const { value, failed } = await slow.call();

  expect(failed).toBe(true);
  expect((value as { errorMessage: string }).errorMessage).toMatch(/Task timed out after 1\.00 seconds/);
});

behaviour(
  'a function that exits fails with Runtime.ExitError',
  `${GUIDE}/lambda-runtime-environment.html`,
  async (aws) => {
    const exiting = await lambdaFunction(aws, 'export const handler = async () => process.exit(1);');

    expect((await exiting.call()).value).toMatchObject({ errorType: 'Runtime.ExitError' });
  },
);

behaviour(
  'an instance is used again: what a module holds stays',
  `${GUIDE}/lambda-runtime-environment.html`,
  async (aws) => {
    const counting = await lambdaFunction(aws, 'let count = 0; export const handler = async () => ++count;');

    expect((await counting.call()).value).toBe(1);
    expect((await counting.call()).value).toBe(2);
  },
);

behaviour(
  'events at the same time run in instances of their own',
  `${GUIDE}/lambda-concurrency.html`,
  async (aws) => {
    const source = `let running = 0;
    export const handler = async () => {
      running++;
      await new Promise((resolve) => setTimeout(resolve, 600));
      return running--;
    };`;
    const function_ = await lambdaFunction(aws, source);

    const answers = await Promise.all([function_.call(), function_.call(), function_.call()]);

    expect(answers.map(({ value }) => value)).toEqual([1, 1, 1]);
  },
);

behaviour(
  'the environment holds the function’s variables and Lambda’s own',
  `${GUIDE}/configuration-envvars.html`,
  async (aws) => {
    const printing = await lambdaFunction(
      aws,
      `export const handler = async () => [
       process.env.STAGE, process.env.AWS_LAMBDA_FUNCTION_NAME, process.env.AWS_REGION,
       process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, process.env._HANDLER];`,
      { Environment: { Variables: { STAGE: 'test' } }, MemorySize: 256 },
    );

    expect((await printing.call()).value).toEqual([
      'test',
      printing.name,
      aws.region,
      '256',
      'index.handler',
    ]);
  },
);

behaviour(
  'the context names the function and counts the time down',
  `${GUIDE}/nodejs-context.html`,
  async (aws) => {
    const telling = await lambdaFunction(
      aws,
      `export const handler = async (event, context) => ({
       name: context.functionName, version: context.functionVersion, arn: context.invokedFunctionArn,
       memory: context.memoryLimitInMB, left: context.getRemainingTimeInMillis() });`,
    );

    const { value } = await telling.call();

    expect(value).toMatchObject({
      name: telling.name,
      version: '$LATEST',
      arn: telling.arn,
      memory: '128',
    });
    const { left } = value as { left: number };
    expect(left > 0 && left <= 5000).toBe(true);
  },
);

behaviour('a dry run checks and does not run', `${API}/API_Invoke.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  const answer = await lambdaOf(aws).send(
    new InvokeCommand({ FunctionName: echo.name, InvocationType: 'DryRun' }),
  );

  expect(answer.StatusCode).toBe(204);
});

behaviour('an asynchronous invocation is accepted with 202', `${API}/API_Invoke.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  expect(await echo.start()).toBe(202);
});

behaviour('an event that is no JSON is refused', `${API}/API_Invoke.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  await refused(
    lambdaOf(aws).send(new InvokeCommand({ FunctionName: echo.name, Payload: Buffer.from('{') })),
    'InvalidRequestContentException',
  );
});

behaviour('an asynchronous event is at most 1 MB', `${GUIDE}/gettingstarted-limits.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  await refused(
    echo.start('x'.repeat(1024 * 1024 + 1)),
    'RequestTooLargeException',
    'RequestEntityTooLargeException',
  );
});

behaviour('a synchronous event is at most 6 MB', `${GUIDE}/gettingstarted-limits.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  await refused(
    echo.call('x'.repeat(6 * 1024 * 1024 + 100)),
    'RequestTooLargeException',
    'RequestEntityTooLargeException',
  );
});

behaviour(
  'an answer above 6 MB is an error of the function',
  `${GUIDE}/gettingstarted-limits.html`,
  async (aws) => {
    const large = await lambdaFunction(
      aws,
      'export const handler = async () => "x".repeat(6 * 1024 * 1024 + 100);',
    );

    expect((await large.call()).value).toMatchObject({ errorType: 'Function.ResponseSizeTooLarge' });
  },
);

behaviour('a function that is not there is not found', `${API}/API_Invoke.html`, async (aws) => {
  await refused(
    lambdaOf(aws).send(new InvokeCommand({ FunctionName: aws.uniqueName() })),
    'ResourceNotFoundException',
  );
});

behaviour(
  'a reserved concurrency of zero throttles every event',
  `${GUIDE}/configuration-concurrency.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO);
    await lambdaOf(aws).send(
      new PutFunctionConcurrencyCommand({ FunctionName: echo.name, ReservedConcurrentExecutions: 0 }),
    );

    const { status } = await refused(echo.call(), 'TooManyRequestsException');

    expect(status).toBe(429);
  },
);

behaviour('changed code runs from the next event on', `${API}/API_UpdateFunctionCode.html`, async (aws) => {
  const changing = await lambdaFunction(aws, 'export const handler = async () => 1;');
  await changing.call();
  const ZipFile = zip({ 'index.mjs': 'export const handler = async () => 2;' });
  await lambdaOf(aws).send(new UpdateFunctionCodeCommand({ FunctionName: changing.name, ZipFile }));

  await aws.eventually(async () => expect((await changing.call()).value).toBe(2), 60);
});

behaviour(
  'changed settings are shown, others stay',
  `${API}/API_UpdateFunctionConfiguration.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO, { Description: 'old', MemorySize: 256 });

    await lambdaOf(aws).send(
      new UpdateFunctionConfigurationCommand({ FunctionName: echo.name, Description: 'new', Timeout: 9 }),
    );

    expect(
      await lambdaOf(aws).send(new GetFunctionConfigurationCommand({ FunctionName: echo.name })),
    ).toMatchObject({ Description: 'new', Timeout: 9, MemorySize: 256 });
  },
);

behaviour(
  'a function has 3 seconds and 128 MB unless it says more',
  `${API}/API_CreateFunction.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO, { Timeout: undefined });

    const { Configuration } = await lambdaOf(aws).send(new GetFunctionCommand({ FunctionName: echo.name }));

    expect(Configuration).toMatchObject({
      Timeout: 3,
      MemorySize: 128,
      State: 'Active',
      PackageType: 'Zip',
      LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${echo.name}` },
    });
  },
);

behaviour('a name is taken once', `${API}/API_CreateFunction.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);

  const { status } = await refused(
    lambdaOf(aws).send(
      new CreateFunctionCommand({
        FunctionName: echo.name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: await functionRole(aws),
        Code: { ZipFile: zip({ 'index.mjs': ECHO }) },
      }),
    ),
    'ResourceConflictException',
  );
  expect(status).toBe(409);
});

behaviour('a timeout above 15 minutes is refused', `${API}/API_CreateFunction.html`, async (aws) => {
  await refused(
    lambdaFunction(aws, ECHO, { Timeout: 901 }),
    'ValidationException',
    'InvalidParameterValueException',
  );
});

behaviour('a role that is no ARN is refused', `${API}/API_CreateFunction.html`, async (aws) => {
  await refused(lambdaFunction(aws, ECHO, { Role: 'worker' }), 'ValidationException');
});

behaviour('what is no archive is refused', `${API}/API_CreateFunction.html`, async (aws) => {
  await refused(
    lambdaFunction(aws, ECHO, { Code: { ZipFile: Buffer.from('no archive') } }),
    'InvalidParameterValueException',
  );
});

behaviour(
  'a handler that is not there is an error of the function',
  `${GUIDE}/nodejs-handler.html`,
  async (aws) => {
    const missing = await lambdaFunction(aws, ECHO, { Handler: 'other.handler' });

    expect((await missing.call()).value).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
  },
);

behaviour(
  'a version is numbered, listed and invoked',
  `${GUIDE}/configuration-versions.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO);
    const { Version } = await lambdaOf(aws).send(new PublishVersionCommand({ FunctionName: echo.name }));
    const { Versions } = await lambdaOf(aws).send(
      new ListVersionsByFunctionCommand({ FunctionName: echo.name }),
    );

    expect(Version).toBe('1');
    expect(Versions?.map(({ Version: number }) => number)).toEqual(['$LATEST', '1']);
    expect((await echo.call({}, '1')).version).toBe('1');
  },
);

behaviour('an alias leads to its version', `${GUIDE}/configuration-aliases.html`, async (aws) => {
  const client = lambdaOf(aws);
  const echo = await lambdaFunction(aws, ECHO);
  await client.send(new PublishVersionCommand({ FunctionName: echo.name }));
  const { AliasArn } = await client.send(
    new CreateAliasCommand({ FunctionName: echo.name, Name: 'live', FunctionVersion: '1' }),
  );

  expect(AliasArn).toBe(`${echo.arn}:live`);
  expect(await client.send(new GetAliasCommand({ FunctionName: echo.name, Name: 'live' }))).toMatchObject({
    FunctionVersion: '1',
  });
  expect((await echo.call({}, 'live')).version).toBe('1');
});

behaviour(
  'an alias of a version that is not there is refused',
  `${API}/API_CreateAlias.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO);

    await refused(
      lambdaOf(aws).send(
        new CreateAliasCommand({ FunctionName: echo.name, Name: 'live', FunctionVersion: '7' }),
      ),
      'ResourceNotFoundException',
    );
  },
);

behaviour('a deleted function is gone', `${API}/API_DeleteFunction.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);
  await lambdaOf(aws).send(new DeleteFunctionCommand({ FunctionName: echo.name }));

  await refused(
    lambdaOf(aws).send(new GetFunctionCommand({ FunctionName: echo.name })),
    'ResourceNotFoundException',
  );
});

behaviour('a function without permissions has no policy', `${API}/API_GetPolicy.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);
  await refused(
    lambdaOf(aws).send(new GetPolicyCommand({ FunctionName: echo.name })),
    'ResourceNotFoundException',
  );

  await lambdaOf(aws).send(
    new AddPermissionCommand({
      FunctionName: echo.name,
      StatementId: 'sns',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
    }),
  );

  const { Policy } = await lambdaOf(aws).send(new GetPolicyCommand({ FunctionName: echo.name }));
  expect((JSON.parse(Policy ?? '') as { Statement: unknown[] }).Statement).toHaveLength(1);
});

behaviour('a FIFO queue is no destination', `${GUIDE}/invocation-async-retain-records.html`, async (aws) => {
  const echo = await lambdaFunction(aws, ECHO);
  const fifo = await aws.queue({ FifoQueue: 'true' });

  await refused(
    lambdaOf(aws).send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: echo.name,
        DestinationConfig: { OnFailure: { Destination: fifo.arn } },
      }),
    ),
    'InvalidParameterValueException',
  );
});

behaviour(
  'more than two retries of an asynchronous event are refused',
  `${API}/API_PutFunctionEventInvokeConfig.html`,
  async (aws) => {
    const echo = await lambdaFunction(aws, ECHO);

    await refused(
      lambdaOf(aws).send(
        new PutFunctionEventInvokeConfigCommand({ FunctionName: echo.name, MaximumRetryAttempts: 3 }),
      ),
      'InvalidParameterValueException',
      'ValidationException',
    );
  },
);
