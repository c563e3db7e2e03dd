/** Wakes the relay through its queue. What the message says does not matter: the relay looks at the outbox. */
import { sqs } from '../runtime/clients.ts';

/** Does nothing where no queue is named: the relay's schedule publishes the events then. */
export async function nudgeQueue(): Promise<void> {
  const queueUrl = process.env['WAYBILL_OUTBOX_NUDGE_QUEUE_URL'];
  if (queueUrl === undefined || queueUrl === '') return;
  const { api, client } = await sqs();
  await client.send(
    new api.SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [{ Id: 'nudge', MessageBody: '{}' }] }),
  );
}
