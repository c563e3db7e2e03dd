/** Where a page of jobs ended, as text that callers pass back. Whose pages they are, the caller says, not the text. */
import { Problem } from '../../http/problem.ts';
import type { PagePosition } from '../job-queries.ts';

export function encodeCursor({ createdKey, jobId }: PagePosition): string {
  return Buffer.from(JSON.stringify([createdKey, jobId])).toString('base64url');
}

/** @throws Problem 400 for what is no cursor */
export function decodeCursor(text: string): PagePosition {
  const [createdKey, jobId] = parsed(text);
  if (typeof createdKey === 'string' && typeof jobId === 'string' && createdKey.endsWith(`#${jobId}`)) {
    return { createdKey, jobId };
  }
  throw new Problem({
    status: 400,
    code: 'WAYBILL_QUERY_INVALID',
    title: 'The query is not valid',
    detail: 'cursor is the text that the page before gave, unchanged.',
  });
}

function parsed(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
