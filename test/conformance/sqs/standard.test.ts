/** Standard queues: sending, receiving, deleting. */
import { behavioursOf, bodies, expect } from '../harness.ts';

const behaviour = behavioursOf('sqs');
const API = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference';

behaviour('a message sent is received with its body', `${API}/API_SendMessage.html`, async (aws) => {
  const queue = await aws.queue();
  await queue.send('hello');

  expect(bodies(await queue.receive(1))).toEqual(['hello']);
});

behaviour(
  'a message received and not deleted comes back after its visibility timeout',
  `${API}/API_ReceiveMessage.html`,
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '2' });
    await queue.send('hello');
    await queue.receive(1);
    expect(await queue.receiveOnce()).toEqual([]);

    await aws.wait(2);

    expect(bodies(await queue.receive(1))).toEqual(['hello']);
  },
);
