/** Fills a queue in this process and prints what that took: `fill-queue.ts standard|fifo|fauxqs COUNT FOLDER`. */
import { startEmbeddedAws } from '../../local/aws/index.ts';
import { startFauxqs } from './fauxqs.ts';

const BODY_BYTES = 100;
const GROUPS = 1000;

const [kind = 'standard', count = '1000000', folder = ''] = process.argv.slice(2);
const messages = Number(count);
const send = kind === 'fauxqs' ? await fauxqsQueue() : await ourQueue(kind === 'fifo');

const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);
collect();
const before = process.memoryUsage().heapUsed;
for (let sent = 0; sent < messages; sent++) {
  // A copy: text that is put together would keep its parts alive.
  send(Buffer.from(String(sent).padEnd(BODY_BYTES, 'x')).toString('latin1'), sent);
}
collect();
const { heapUsed, rss } = process.memoryUsage();
process.stdout.write(
  JSON.stringify({
    messages,
    overheadBytes: (heapUsed - before) / messages - BODY_BYTES,
    heapMegabytes: heapUsed / 1e6,
    rssMegabytes: rss / 1e6,
  }),
);
process.exit(0);

async function ourQueue(fifo: boolean) {
  const { services, context } = await startEmbeddedAws({ port: 0 });
  const name = fifo ? 'bench.fifo' : 'bench';
  const caller = { accountId: context.accountId, arn: `arn:aws:iam::${context.accountId}:root` };
  const Attributes = fifo ? { FifoQueue: 'true' } : {};
  await services.sqs.handle('CreateQueue', { QueueName: name, Attributes }, caller);
  const arn = `arn:aws:sqs:${context.region}:${context.accountId}:${name}`;
  return (body: string, sent: number) => {
    const { delivered } = services.sqs.deliverToQueue(arn, {
      body,
      ...(fifo && { messageGroupId: `group-${sent % GROUPS}`, messageDeduplicationId: `id-${sent}` }),
    });
    if (!delivered) throw new Error('Not delivered');
  };
}

async function fauxqsQueue() {
  const server = await startFauxqs(folder, 0);
  server.createQueue('bench');
  return (body: string) => server.sendMessage('bench', body);
}
