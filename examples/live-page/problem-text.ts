/** What went wrong, for the person in front of the page. */
import { ProblemError, UnreachableError } from '../../browser/index.ts';

export function problemText(error: unknown): string {
  if (error instanceof UnreachableError) return 'The server can not be reached. Check the connection.';
  if (error instanceof ProblemError) return `${error.title}: ${error.message}`.replace(/^(.*): \1$/, '$1');
  return error instanceof Error ? error.message : String(error);
}
