/** What became of each behaviour, kept as lines of JSON in the file that the runner names. */
import { appendFileSync } from 'node:fs';

/** Thrown by a behaviour that can't be shown here; not a failure. */
export class NotRun extends Error {
  override readonly name = 'NotRun';
}

export interface Result {
  readonly service: string;
  readonly behaviour: string;
  readonly source: string;
  readonly outcome: 'passed' | 'failed' | 'not run';
  readonly reason?: string;
}

/** The variable that names the results' file; without it nothing is kept (`npm test`). */
export const RESULTS_FILE_VARIABLE = 'CONFORMANCE_RESULTS';

export function recordResult(result: Result): void {
  const file = process.env[RESULTS_FILE_VARIABLE];
  if (file === undefined) return;
  const { reason } = result;
  const line = { ...result, ...(reason !== undefined && { reason: oneLine(reason) }) };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** The gist of an error message in one line, without colours. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the escape sequences that colour jest's messages
  const plain = text.replace(/\u001B\[[\d;]*m/g, '');
  const lines = plain.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /^(Expected|Received|[-+] )/.test(line));
  return (telling.length > 0 ? telling : lines.filter(Boolean).slice(0, 2)).join(' ').slice(0, 300);
}
