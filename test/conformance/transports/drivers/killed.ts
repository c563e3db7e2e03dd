/** A member in a process of its own, which is killed while it handles its first event. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Resolves when the process has begun an event and is dead. `address` is what member-process.ts is told. */
export async function killWhileHandling(address: MemberAddress): Promise<void> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '..', 'member-process.ts'), JSON.stringify(address)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  const begun = (async () => {
    for await (const chunk of child.stdout!) if (String(chunk).includes('begun')) return true;
    return false;
  })();
  const isBegun = await begun;
  child.kill('SIGKILL');
  await ended;
  if (!isBegun) throw new Error('the process ended before it began an event');
}

/** Where a member reads, as plain data. */
export type MemberAddress =
  | { readonly kind: 'postgres'; readonly url: string; readonly group: string }
  | {
      readonly kind: 'sqs';
      readonly queueUrl: string;
      readonly deadLetterQueueUrl: string;
      readonly endpoint: string;
    }
  | { readonly kind: 'redis'; readonly url: string; readonly stream: string; readonly group: string }
  | {
      readonly kind: 'kafka';
      readonly bootstrapServers: string;
      readonly topic: string;
      readonly group: string;
      readonly hasRetryTopics: boolean;
    }
  | { readonly kind: 'amqp'; readonly url: string; readonly queue: string };
