/** Moves by commands: which command is run, and what follows one that is refused, killed, or half done. */
import { expect, test } from '@jest/globals';
import { agentNames } from '../../../../catalog/agents/index.ts';
import { killTurns } from '../../../../local/workload/agents/kills.ts';
import { createMover, parityOf, plannedMoves, statusOf } from '../../../../local/workload/agents/moves.ts';
import type { AgentsRoute, AgentWork } from '../../../../local/workload/agents/moves.ts';
import { codeOf } from '../../../../local/workload/agents/operator.ts';
import type { CommandAnswer, Operator } from '../../../../local/workload/agents/operator.ts';

const DONE: CommandAnswer = { ok: true, json: { leftGivenUp: 0 }, stderr: '', isCutOff: false };
const CUT_OFF: CommandAnswer = { ok: false, json: undefined, stderr: '', isCutOff: true };
const refused = (code: string): CommandAnswer => ({
  ok: false,
  json: undefined,
  stderr: `waybill: it was refused\n  Code: ${code}`,
  isCutOff: false,
});
const liveOn = (transport: string): CommandAnswer => ({
  ...DONE,
  json: { consumers: [{ consumer: 'sentiment', liveOn: transport, moves: [{}] }] },
});

/** Answers in turn to the commands of `sentiment`; those of the others succeed. */
function operatorThat(...answers: readonly CommandAnswer[]) {
  const asked: string[] = [];
  const left = [...answers];
  const operator: Operator = async (args) => {
    if (args[1] !== 'sentiment') return DONE;
    asked.push(args.join(' '));
    return left.shift() ?? DONE;
  };
  return { asked, operator };
}

const IDLE: AgentWork = { handled: 0, waiting: 0 };

async function movedBy(
  operator: Operator,
  route: AgentsRoute,
  killAfter?: number,
  progress: (agent: string) => Promise<AgentWork> = async () => IDLE,
) {
  const { signal } = new AbortController();
  const mover = createMover({ operator, route, signal, progress, onMove: () => killAfter });
  await mover.reached(1);
  await mover.finish();
  return mover.moves();
}

test('each agent goes by itself, and back by a rollback', async () => {
  const { asked, operator } = operatorThat();
  const moves = await movedBy(operator, ['postgres', 'redis', 'postgres', 'sns-sqs']);
  expect(moves.map(({ agent, to, command }) => `${agent} ${to} ${command}`)).toEqual([
    ...agentNames.map((agent) => `${agent} redis move`),
    ...agentNames.map((agent) => `${agent} postgres rollback`),
    ...agentNames.map((agent) => `${agent} sns-sqs move`),
  ]);
  // What leaves Redis looks at its dead letters.
  expect(asked).toEqual([
    'move sentiment --to redis --why the route of this run --yes',
    'rollback sentiment --why the route of this run --yes --stream feedback --partitions 8',
    'move sentiment --to sns-sqs --why the route of this run --yes',
  ]);
});

test('on to a third transport is a move, not a rollback', () => {
  expect(plannedMoves(['postgres', 'sns-sqs', 'redis']).some(({ isBack }) => isBack)).toBe(false);
});

test('a rollback that was killed when it was made is ended by a move: another rollback would go forth again', async () => {
  const { asked, operator } = operatorThat(DONE, CUT_OFF, liveOn('postgres'));
  const moves = await movedBy(operator, ['postgres', 'redis', 'postgres'], 1);
  expect(asked.slice(1).map((command) => command.split(' ').slice(0, 4).join(' '))).toEqual([
    'rollback sentiment --why the',
    'status sentiment',
    'move sentiment --to postgres',
  ]);
  expect(moves[agentNames.length]).toMatchObject({ command: 'rollback', cutOff: 1 });
});

test('a rollback that was killed before it was made is run again', async () => {
  const { asked, operator } = operatorThat(DONE, CUT_OFF, liveOn('redis'));
  await movedBy(operator, ['postgres', 'redis', 'postgres'], 1);
  expect(asked.slice(1).map((command) => command.split(' ')[0])).toEqual(['rollback', 'status', 'rollback']);
});

test('an agent moves on when it has had an effect where it is', async () => {
  const { asked, operator } = operatorThat();
  const looks: AgentWork[] = [
    { handled: 3, waiting: 4 }, // before the first move
    { handled: 5, waiting: 4 }, // behind it
    { handled: 5, waiting: 9 }, // not at work yet
    { handled: 6, waiting: 8 },
  ];
  const moved: number[] = [];
  await movedBy(operator, ['postgres', 'redis', 'postgres'], undefined, async (agent) => {
    if (agent !== 'sentiment') return IDLE;
    moved.push(asked.length);
    return looks.shift() ?? { handled: 7, waiting: 0 };
  });
  // How many commands had been run at each look: the second one comes behind the effect.
  expect(moved).toEqual([0, 1, 1, 1, 2]);
});

test('what passes is tried again, anything else is told', async () => {
  const passing = operatorThat(refused('WAYBILL_TRANSPORT_MOVE_BLOCKED'));
  expect((await movedBy(passing.operator, ['postgres', 'redis']))[0]).not.toHaveProperty('refused');
  expect(passing.asked).toHaveLength(2);

  const final = operatorThat(refused('WAYBILL_TRANSPORT_MOVED_MEANWHILE'));
  expect((await movedBy(final.operator, ['postgres', 'redis']))[0]).toMatchObject({
    refused: expect.stringContaining('WAYBILL_TRANSPORT_MOVED_MEANWHILE'),
  });
  expect(final.asked).toHaveLength(1);
});

test('a parity report that nobody gives is told as unknown, not as equal', async () => {
  const operator: Operator = async () => refused('ECONNREFUSED');
  const ended = AbortSignal.abort();
  const [first] = await parityOf(operator, ['postgres', 'redis'], ended);
  expect(first).toMatchObject({ agent: agentNames[0], transport: 'redis', unknown: expect.any(String) });
});

test('a shadow that has not seen all is asked again, and each agent has its report', async () => {
  const report = (arrived: number): CommandAnswer => ({
    ...DONE,
    ok: arrived === 2,
    json: {
      missing: 2 - arrived,
      extra: 0,
      reordered: 0,
      repeated: 0,
      arrived,
      latency: { difference: { p50: 4 } },
    },
  });
  const { asked, operator } = operatorThat(report(1), report(2));
  const others: Operator = async (args) => (args[1] === 'sentiment' ? operator(args) : report(2));
  const reports = await parityOf(others, ['postgres', 'redis', 'postgres'], new AbortController().signal);
  expect(asked).toHaveLength(2);
  expect(reports.map(({ agent, transport }) => `${agent} ${transport}`)).toEqual(
    agentNames.map((agent) => `${agent} redis`),
  );
  expect(reports[0]).toEqual({
    agent: agentNames[0],
    transport: 'redis',
    arrived: 2,
    missing: 0,
    extra: 0,
    reordered: 0,
    repeated: 0,
    differenceMs: 4,
  });
});

test('where an agent is, and how often it moved, is what the status says', async () => {
  expect(await statusOf(async () => liveOn('redis'))).toEqual([
    { agent: 'sentiment', liveOn: 'redis', moves: 1 },
  ]);
  expect(await statusOf(async () => CUT_OFF)).toEqual([]);
});

test('the code of a refusal is found in what is said of it', () => {
  expect(codeOf(refused('WAYBILL_TRANSPORT_MOVE_UNSAFE'))).toBe('WAYBILL_TRANSPORT_MOVE_UNSAFE');
  expect(codeOf(DONE)).toBeUndefined();
});

test('every second move loses a process, each in turn, and every third one its command', () => {
  const killed: string[] = [];
  const turns = killTurns(
    {
      tasks: () =>
        ['a', 'stopped', 'b'].map((arn) => ({ arn, status: arn === 'stopped' ? 'STOPPED' : 'RUNNING' })),
      kill: (arn, signal) => killed.push(`${arn} ${signal}`),
    },
    1,
  );
  const lives = Array.from({ length: 6 }, () => turns.onMove());
  expect(killed).toEqual(['a SIGKILL', 'b SIGKILL', 'a SIGKILL']);
  expect(turns.killed()).toBe(3);
  expect(lives.map((life) => life !== undefined)).toEqual([false, false, true, false, false, true]);
});
