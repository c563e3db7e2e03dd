/** Asks before something is changed that others depend on. */
import { createInterface } from 'node:readline/promises';
import { CommandError } from './command-error.ts';

/** @throws CommandError WAYBILL_CONFIRMATION_MISSING where nobody is there to ask, or the answer is another */
export async function confirm(what: string, effect: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new CommandError('WAYBILL_CONFIRMATION_MISSING', `${what} was not confirmed. ${effect}`, {
      fix: 'look with --dry-run, then give --yes',
    });
  }
  const questions = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await questions.question(`${effect}\nType "${what}" to go on: `);
  questions.close();
  if (answer.trim() === what) return;
  throw new CommandError('WAYBILL_CONFIRMATION_MISSING', `${what} was not confirmed`, {
    fix: 'type the text as it stands there',
  });
}
