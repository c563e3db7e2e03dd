/**
 * What a handler weighs and how long it takes to load, with the options that are deployed:
 * `npm run bench -- bundle`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import { bundleOptions } from '../lib/constructs/bundle-options.ts';

const KIBIBYTE = 1024;
const TARGET_TOTAL = 345 * KIBIBYTE;
const TARGET_RUNTIME = 25 * KIBIBYTE;
const LOADS = 15;

const repository = fileURLToPath(new URL('..', import.meta.url));

const withZod = `
  import * as z from 'zod/mini';
  const data = z.object({ orderId: z.string(), customerId: z.string() });`;
const withoutZod = `
  const data = { '~standard': { version: 1, vendor: 'none', validate: (value) => ({ value }) } };`;
const declaration = `
  import { event } from './lib/contracts/index.ts';
  const OrderPlaced = event('OrderPlaced', { version: '1.0', source: 'shop', data });`;
const consumer = `
  import { consume } from './lambda/runtime/index.ts';
  export const handler = consume(OrderPlaced, async () => {});`;
const consumerAndPublisher = `
  import { consume, createPublisher, snsTransport, sqsTransport } from './lambda/runtime/index.ts';
  const contracts = [OrderPlaced];
  const publisher = createPublisher({ contracts, transport: snsTransport({ topicArn: 'arn' }) });
  const queue = createPublisher({ contracts, transport: sqsTransport({ queueUrl: 'url' }) });
  export const handler = consume(OrderPlaced, async (event, context) => {
    await context.publish(OrderPlaced, event.data);
    await queue.publish(event);
  }, { publisher });`;
const routed = `
  import { consume, publisherFromEnvironment } from './lambda/runtime/index.ts';
  export const handler = consume(OrderPlaced, async (event, context) => {
    await context.publish(OrderPlaced, event.data);
  }, { publisher: publisherFromEnvironment([OrderPlaced]) });`;
const sdkAlone = `
  import { SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
  import { SNSClient, PublishBatchCommand } from '@aws-sdk/client-sns';
  export const handler = () => [
    new SQSClient({}), new SNSClient({}), SendMessageBatchCommand, PublishBatchCommand,
  ];`;

/** What the numbers are compared with: the same SDK, bundled as NodejsFunction does by default. */
const usual: BuildOptions = {
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node24',
  outExtension: { '.js': '.cjs' },
};

interface Case {
  readonly name: string;
  readonly source: string;
  readonly options?: BuildOptions;
}

const CASES: readonly Case[] = [
  { name: 'SQS + SNS clients alone, esbuild defaults', source: sdkAlone, options: usual },
  {
    name: 'SQS + SNS clients alone, ES modules first',
    source: sdkAlone,
    options: { ...usual, mainFields: ['module', 'main'] },
  },
  { name: 'SQS + SNS clients alone, our options', source: sdkAlone },
  { name: 'consume, no schema library', source: withoutZod + declaration + consumer },
  { name: 'consume, zod/mini', source: withZod + declaration + consumer },
  {
    name: 'consume + publish SNS + SQS, no schema library',
    source: withoutZod + declaration + consumerAndPublisher,
  },
  { name: 'consume + publish SNS + SQS, zod/mini', source: withZod + declaration + consumerAndPublisher },
  { name: 'consume + routes (SNS, SQS, EventBridge), zod/mini', source: withZod + declaration + routed },
];

export interface BundleResult {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Of `lambda/runtime`. */
  readonly runtimeBytes: number;
  /** Of `lib/contracts`. */
  readonly contractsBytes: number;
  /** Milliseconds to load the bundle in a fresh process, median. */
  readonly loadMilliseconds: number;
}

export async function measure(loads = LOADS): Promise<BundleResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-bundle-'));
  try {
    const results: BundleResult[] = [];
    for (const [index, { name, source, options }] of CASES.entries()) {
      const file = join(directory, `bundle-${index}.cjs`);
      const { metafile } = await build({
        ...(options ?? bundleOptions()),
        stdin: { contents: source, resolveDir: repository, sourcefile: 'handler.ts', loader: 'ts' },
        outfile: file,
        metafile: true,
        absWorkingDir: repository,
      });
      const inputs = Object.entries(Object.values(metafile.outputs)[0]!.inputs);
      const bytesOf = (folder: string): number =>
        inputs.reduce(
          (sum, [path, { bytesInOutput }]) => sum + (path.startsWith(folder) ? bytesInOutput : 0),
          0,
        );
      const contents = readFileSync(file);
      results.push({
        name,
        bytes: contents.length,
        gzipBytes: gzipSync(contents).length,
        runtimeBytes: bytesOf('lambda/runtime/'),
        contractsBytes: bytesOf('lib/contracts/'),
        loadMilliseconds: loadTime(file, loads),
      });
    }
    return results;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function loadTime(file: string, loads: number): number {
  const script = `const from = process.hrtime.bigint(); require(${JSON.stringify(file)}); process.stdout.write(String(process.hrtime.bigint() - from))`;
  const env = { ...process.env, WAYBILL_PUBLISH_ROUTES: '[]' };
  const times = Array.from({ length: loads }, () =>
    Number(execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' })),
  );
  return times.toSorted((a, b) => a - b)[Math.floor(loads / 2)]! / 1e6;
}

export async function run(): Promise<void> {
  const results = await measure();
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const kilobytes = (bytes: number): string => (bytes / KIBIBYTE).toFixed(1).padStart(7);
  write(`${'bundle'.padEnd(52)}      KB    (gz)  runtime contracts  load ms`);
  for (const result of results) {
    write(
      `${result.name.padEnd(52)} ${kilobytes(result.bytes)} ${kilobytes(result.gzipBytes)}  ${kilobytes(result.runtimeBytes)}   ${kilobytes(result.contractsBytes)}  ${result.loadMilliseconds.toFixed(1).padStart(7)}`,
    );
  }
  const target = results.find(({ name }) => name === 'consume + publish SNS + SQS, zod/mini')!;
  const verdict = (value: number, limit: number): string =>
    `${kilobytes(value).trim()} of ${limit / KIBIBYTE} KB: ${value <= limit ? 'met' : 'MISSED'}`;
  write('');
  write(`handler with SQS + SNS clients: ${verdict(target.bytes, TARGET_TOTAL)}`);
  const withContracts = kilobytes(target.runtimeBytes + target.contractsBytes).trim();
  write(
    `our runtime in it: ${verdict(target.runtimeBytes, TARGET_RUNTIME)} (with the contracts ${withContracts})`,
  );
}
