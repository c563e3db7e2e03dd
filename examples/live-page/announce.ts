/** What a screen reader is told: ends and changes that matter, never each step, and one after another. */
import { find, write } from './dom.ts';

/** What comes together is told together, instead of one cutting the other off. */
const GATHER_MS = 400;
/** Of those that come together; the others are counted. */
const SPOKEN = 3;

let waiting: string[] = [];

export function announce(text: string): void {
  waiting.push(text);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const texts = [...new Set(waiting)];
    waiting = [];
    const left = texts.length - SPOKEN;
    write(
      find(document, '#announcer'),
      [...texts.slice(0, SPOKEN), ...(left > 0 ? [`And ${left} more.`] : [])].join(' '),
    );
  }, GATHER_MS);
}
