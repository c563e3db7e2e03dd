/** Builders for Lambda tests: a function whose code is a text, in a directory of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createAwsContext } from '../../../../local/aws/context.ts';
import type { AwsContext, AwsContextOptions } from '../../../../local/aws/context.ts';
import { createLambdaService } from '../../../../local/aws/lambda/index.ts';
import type { FunctionProps, LambdaOptions, LambdaService } from '../../../../local/aws/lambda/index.ts';

/** More than a busy machine takes for anything, and as much as the visibility timeout of a queue may be by default. */
const TIMEOUT_SECONDS = 30;

export interface LambdaUnderTest {
  readonly context: AwsContext;
  readonly lambda: LambdaService;
  /** Creates a function from the source of its `index.mjs`. */
  create(functionName: string, source: string, props?: Partial<FunctionProps>): Promise<void>;
  /** Invokes and parses the answer. */
  call(functionName: string, event?: unknown): Promise<{ readonly value: unknown; readonly failed: boolean }>;
  close(): Promise<void>;
}

export function lambdaUnderTest(
  options: LambdaOptions = {},
  contextOptions: AwsContextOptions = {},
): LambdaUnderTest {
  const context = createAwsContext(contextOptions);
  const lambda = createLambdaService(context, options);
  const directories: string[] = [];
  context.services.register(lambda);
  return {
    context,
    lambda,
    async create(functionName, source, props = {}) {
      const codeDirectory = await codeOf({ 'index.mjs': source });
      directories.push(codeDirectory);
      lambda.createFunction({
        functionName,
        handler: 'index.handler',
        codeDirectory,
        timeoutSeconds: TIMEOUT_SECONDS,
        ...props,
      });
    },
    async call(functionName, event = {}) {
      const result = await lambda.invoke(functionName, event);
      return { value: JSON.parse(result.payload ?? 'null') as unknown, failed: result.error !== undefined };
    },
    async close() {
      await lambda.close();
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
    },
  };
}

/** A temporary directory with these files. */
export async function codeOf(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'waybill-function-'));
  for (const [name, source] of Object.entries(files)) await writeFile(join(directory, name), source);
  return directory;
}
