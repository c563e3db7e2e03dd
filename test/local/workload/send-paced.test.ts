/** Sending what was planned: how many at once, in which order, and what ends it. */
import { expect, test } from '@jest/globals';
import { sendPaced } from '../../../local/workload/send-paced.ts';
import { letSettle } from '../../support/waiting.ts';

/** Requests that are answered when the test says so. */
function answering() {
  const sent: number[] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  const send = (place: number): Promise<void> => {
    sent.push(place);
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    return answer.promise;
  };
  return { sent, answers, send };
}

test('so many are on their way at once, and it ends when the last one is answered', async () => {
  const { sent, answers, send } = answering();
  const before: number[] = [];
  let isOver = false;
  const sending = sendPaced({ count: 3, inFlight: 2, send, before: (place) => void before.push(place) });
  void sending.then(() => (isOver = true));
  await letSettle();
  expect(sent).toEqual([0, 1]);
  answers[1]!.resolve();
  await letSettle();
  expect([sent, before]).toEqual([
    [0, 1, 2],
    [0, 1, 2],
  ]);
  answers[2]!.resolve();
  await letSettle();
  expect(isOver).toBe(false);
  answers[0]!.resolve();
  await sending;
});

test('the first that fails is the last, and is told when the others are answered', async () => {
  const { sent, answers, send } = answering();
  const sending = sendPaced({ count: 9, inFlight: 2, send });
  const told = expect(sending).rejects.toThrow('refused');
  await letSettle();
  answers[0]!.reject(new Error('refused'));
  await letSettle();
  answers[1]!.resolve();
  await told;
  expect(sent).toEqual([0, 1]);
});

test('when it is stopped nothing further is sent, and what fails then is no failure', async () => {
  const stopping = new AbortController();
  const { sent, answers, send } = answering();
  const sending = sendPaced({ count: Infinity, inFlight: 1, signal: stopping.signal, send });
  await letSettle();
  stopping.abort();
  answers[0]!.reject(new Error('cut off'));
  await sending;
  expect(sent).toEqual([0]);
});

test('a pace that is not reached holds nothing up', async () => {
  const times: number[] = [];
  const send = async (place: number): Promise<void> => void times.push(place);
  await sendPaced({ count: 5, inFlight: 1, perSecond: 1_000_000, send });
  expect(times).toEqual([0, 1, 2, 3, 4]);
});
