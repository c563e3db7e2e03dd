/** What a queued message takes in memory: a process for each project, a million messages sent in-process. */
import { spawnSync } from 'node:child_process';
import { fauxqsFolder } from './peers.ts';

const MESSAGES = 1_000_000;

export interface MemoryUse {
  readonly what: string;
  readonly messages: number;
  /** Heap a message takes, without the bytes of its body. */
  readonly overheadBytes: number;
  readonly heapMegabytes: number;
  readonly rssMegabytes: number;
}

export function measureMemory(withFauxqs: boolean): readonly MemoryUse[] {
  const cases = [
    ['ours, standard queue', 'standard', ''],
    ['ours, FIFO queue with a thousand groups', 'fifo', ''],
    ...(withFauxqs ? [['fauxqs, standard queue', 'fauxqs', fauxqsFolder()]] : []),
  ] as const;
  return cases.map(([what = '', kind = '', folder = '']) => {
    const child = spawnSync(
      process.execPath,
      [
        '--expose-gc',
        '--max-old-space-size=4096',
        'bench/local/fill-queue.ts',
        kind,
        String(MESSAGES),
        folder,
      ],
      { encoding: 'utf8' },
    );
    if (child.status !== 0) throw new Error(`Filling a queue failed: ${child.stderr}`);
    return { what, ...(JSON.parse(child.stdout) as Omit<MemoryUse, 'what'>) };
  });
}
