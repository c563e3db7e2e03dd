/**
 * What a state directory costs: messages a second through the AWS SDK with and without one, bytes that a message puts
 * into the journal, and how long a server takes to come back with many messages. `npm run bench -- state`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startEmbeddedAws } from '../local/aws/index.ts';
import { median } from './local/statistics.ts';
import { measureThroughSdk } from './local/through-sdk.ts';

const KEPT_MESSAGES = 100_000;
const BODY = 'x'.repeat(500);
const STARTS = 5;

export async function run(): Promise<void> {
  const rates = await measureThroughSdk(['waybill', 'waybill --state']);
  const without = rates.get('waybill') ?? 0;
  const withState = rates.get('waybill --state') ?? 0;
  print('through the AWS SDK: PublishBatch of 10 -> queue -> ReceiveMessage of 10 -> DeleteMessageBatch');
  print(`  nothing kept       ${whole(without)} messages/s`);
  print(`  state directory    ${whole(withState)} messages/s (${(withState / without).toFixed(2)} of that)`);

  const directory = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  const empty = mkdtempSync(join(tmpdir(), 'waybill-bench-'));
  try {
    const { sent, cycle } = await fill(directory);
    print(`journal, bodies of ${BODY.length} bytes`);
    print(`  a message that waits             ${whole(sent)} bytes`);
    print(`  its receive and its delete       ${whole(cycle)} bytes more`);
    print('start of the process to listening');
    print(`  empty directory                  ${whole(await startMilliseconds(empty))} ms`);
    print(
      `  ${whole(KEPT_MESSAGES)} kept messages            ${whole(await startMilliseconds(directory))} ms`,
    );
  } finally {
    rmSync(directory, { recursive: true });
    rmSync(empty, { recursive: true });
  }
}

/** Leaves the kept messages in a queue. Gives bytes of the journal a message. */
async function fill(directory: string): Promise<{ readonly sent: number; readonly cycle: number }> {
  const journal = (): number => statSync(join(directory, 'journal.jsonl')).size;
  const { services, context, close } = await startEmbeddedAws({ stateDirectory: directory });
  const caller = { accountId: context.accountId, arn: `arn:aws:iam::${context.accountId}:root` };
  await services.sqs.handle('CreateQueue', { QueueName: 'bench' }, caller);
  const arn = `arn:aws:sqs:${context.region}:${context.accountId}:bench`;
  const QueueUrl = services.sqs.queueUrl(arn);
  context.state.flush();
  const before = journal();
  for (let count = 0; count < KEPT_MESSAGES; count++) {
    services.sqs.deliverToQueue(arn, { body: BODY });
    if (count % 10 === 0) context.state.flush();
  }
  context.state.flush();
  const filled = journal();

  const received = 1_000;
  for (let count = 0; count < received; count += 10) {
    const input = { QueueUrl, MaxNumberOfMessages: 10 };
    const { Messages } = (await services.sqs.handle('ReceiveMessage', input, caller)) as {
      readonly Messages: readonly { readonly ReceiptHandle: string }[];
    };
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await services.sqs.handle('DeleteMessageBatch', { QueueUrl, Entries }, caller);
  }
  context.state.flush();
  const cycled = journal();
  for (let count = 0; count < received; count++) services.sqs.deliverToQueue(arn, { body: BODY });
  await close();
  return { sent: (filled - before) / KEPT_MESSAGES, cycle: (cycled - filled) / received };
}

/** The median of a few starts, each ended by kill -9. */
async function startMilliseconds(directory: string): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const startedAt = performance.now();
    const child = spawn(
      process.execPath,
      ['bin/waybill.mjs', 'aws', '--port', '0', '--json', '--state', directory],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(createInterface({ input: child.stdout }), 'line');
    times.push(performance.now() - startedAt);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  return median(times);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
