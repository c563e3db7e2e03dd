/** What a screen reader is told: ends and changes that matter, never each step, and one after another. */
import { find, write } from './dom.ts';

/** Together in one sentence instead of cutting each other off. */
const GATHER_MS = 400;

let waiting: string[] = [];

export function announce(text: string): void {
  waiting.push(text);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const [first, ...others] = waiting;
    waiting = [];
    write(find(document, '#announcer'), `${first}${others.length > 0 ? ` And ${others.length} more.` : ''}`);
  }, GATHER_MS);
}
