/** What dies in a chaos run: long-running processes, and commands that move an agent; all with `kill -9`, none prepared for it. */
import { seededRandom } from '../random.ts';

export interface KillableTasks {
  tasks(): readonly { readonly arn: string; readonly status: string }[];
  kill(taskArn: string, signal: NodeJS.Signals): void;
}

export interface KillTurns {
  /** Kills the next process that runs; each has its turn. Their services start others. */
  killProcess(): void;
  /**
   * A move begins: every second one loses a process meanwhile, and every third one its own command.
   * @returns milliseconds after which the command is to be killed
   */
  readonly onMove: () => number | undefined;
  /** Processes that were killed. */
  killed(): number;
}

/** Milliseconds from the start of a command to the moment in which it is killed, at least and at most: before, in and behind its work. */
const COMMAND_LIVES = { from: 300, to: 1_500 };

export function killTurns(ecs: KillableTasks, seed: number): KillTurns {
  const random = seededRandom(seed);
  let killed = 0;
  let moves = 0;
  const killProcess = (): void => {
    const running = ecs.tasks().filter(({ status }) => status === 'RUNNING');
    const task = running[killed % Math.max(1, running.length)];
    if (task === undefined) return;
    ecs.kill(task.arn, 'SIGKILL');
    killed += 1;
  };
  return {
    killProcess,
    killed: () => killed,
    onMove() {
      moves += 1;
      if (moves % 2 === 0) killProcess();
      if (moves % 3 !== 0) return undefined;
      return COMMAND_LIVES.from + random.whole(COMMAND_LIVES.to - COMMAND_LIVES.from);
    },
  };
}
