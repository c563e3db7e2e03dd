/** Executions go on after the process was killed: what each kind of state does is in docs/embedded-aws.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';

import { openStateStore } from '../../../../local/aws/state/index.ts';
import { createHarness, functionArn, only, outputOf, SECOND } from './harness.ts';
import type { Handler, Harness } from './harness.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

/** Two lives of one Step Functions: the first is left without a word when the second begins. */
function twoLives() {
  const directory = mkdtempSync(join(tmpdir(), 'waybill-states-'));
  directories.push(directory);
  let store = openStateStore(directory);
  return (handlers: Readonly<Record<string, Handler>>, before?: Harness): Harness => {
    if (before) {
      store.flush();
      store.close();
      store = openStateStore(directory);
    }
    return createHarness({ handlers, state: store, ...(before && { clock: before.clock }) });
  };
}

test('a Wait ends when it would have ended, and what was done is not done again', async () => {
  const calls: string[] = [];
  const handlers = { work: () => void calls.push('work') };
  const begin = twoLives();
  const first = begin(handlers);
  const machine = await first.machine({
    StartAt: 'Work',
    States: {
      Work: { Type: 'Task', Resource: functionArn('work'), ResultPath: null, Assign: { v: 5 }, Next: 'Wait' },
      Wait: { Type: 'Wait', Seconds: 60, Next: 'Show' },
      Show: { Type: 'Pass', Parameters: { 'v.$': '$v', 'in.$': '$' }, End: true },
    },
  });
  const { arn } = await first.start(machine, { a: 1 }, 'n');
  await first.clock.advance(20 * SECOND);

  const second = begin(handlers, first);
  await second.settle();
  const [execution] = second.states.executions(machine);
  expect(execution).toMatchObject({ arn, status: 'RUNNING' });
  await second.clock.advance(40 * SECOND - 1);
  expect(execution?.status).toBe('RUNNING');
  await second.clock.advance(1);
  expect(outputOf(execution!)).toEqual({ v: 5, in: { a: 1 } });
  expect(calls).toEqual(['work']);
  expect(second.types(execution!).filter((type) => type === 'WaitStateEntered')).toHaveLength(1);
  await second.close();
});

test('a callback waits on: its token is good after the restart, and nothing is sent twice', async () => {
  const tokens: string[] = [];
  const handlers = { ask: (input: unknown) => void tokens.push((input as { token: string }).token) };
  const begin = twoLives();
  const first = begin(handlers);
  const machine = await first.machine(
    only({
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: functionArn('ask'), Payload: { 'token.$': '$$.Task.Token' } },
      TimeoutSeconds: 100,
    }),
  );
  await first.start(machine, {}, 'answered');
  await first.start(machine, {}, 'silent');
  await first.clock.advance(50 * SECOND);

  const second = begin(handlers, first);
  await second.settle();
  await second.call('SendTaskSuccess', { taskToken: tokens[0], output: '"yes"' });
  await second.settle();
  const [answered, silent] = second.states.executions(machine);
  expect(outputOf(answered!)).toBe('yes');
  expect(tokens).toHaveLength(2);
  // The time before the restart counts.
  await second.clock.advance(50 * SECOND);
  expect(silent).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
  await second.close();
});

test('branches and iterations go on where each stood; a call in flight is made again', async () => {
  const calls: string[] = [];
  let answer = false;
  const handlers = {
    quick: () => void calls.push('quick'),
    slow: () => {
      calls.push('slow');
      return answer ? 'slow' : new Promise(() => undefined);
    },
  };
  const begin = twoLives();
  const first = begin(handlers);
  const task = (name: string, fn: string) => ({
    StartAt: name,
    States: { [name]: { Type: 'Task', Resource: functionArn(fn), End: true } },
  });
  const machine = await first.machine(
    only({ Type: 'Parallel', Branches: [task('Quick', 'quick'), task('Slow', 'slow')] }),
  );
  await first.start(machine);
  expect(calls).toEqual(['quick', 'slow']);

  answer = true;
  const second = begin(handlers, first);
  await second.settle();
  expect(outputOf(second.states.executions(machine)[0]!)).toEqual([null, 'slow']);
  expect(calls).toEqual(['quick', 'slow', 'slow']);
  await second.close();
});

test('ended executions keep their outcome, history and name', async () => {
  const begin = twoLives();
  const first = begin({});
  const machine = await first.machine(only({ Type: 'Pass', Result: 1 }));
  const before = await first.start(machine, {}, 'n');

  const second = begin({}, first);
  await second.settle();
  const [after] = second.states.executions(machine);
  expect(after).toEqual(before);
  expect(second.history(after!)).toEqual(first.history(before));
  await expect(
    second.call('StartExecution', { stateMachineArn: machine, name: 'n', input: '{}' }),
  ).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
  await second.close();
});
