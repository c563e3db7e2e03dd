/** Pages of a list, newest first. A cursor is the place of the last item that was given, and opaque to callers. */
import { Problem } from '../../http/problem.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

export interface Place {
  /** ISO 8601, in microseconds: as exact as PostgreSQL's. */
  readonly createdAt: string;
  readonly generationId: string;
}

export interface Page {
  readonly limit: number;
  readonly after: Place | undefined;
}

/** @throws Problem 400 */
export function pageOf(query: Readonly<Record<string, string | undefined>>): Page {
  const limit = query['limit'] === undefined ? DEFAULT_LIMIT : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new Problem({
      status: 400,
      code: 'WAYBILL_PAGE_INVALID',
      title: 'The page is not valid',
      detail: `Give \`limit\` as a whole number from 1 to ${MAX_LIMIT}.`,
    });
  }
  return { limit, after: query['cursor'] === undefined ? undefined : placeOf(query['cursor']) };
}

export function cursorOf({ createdAt, generationId }: Place): string {
  return Buffer.from(JSON.stringify([createdAt, generationId])).toString('base64url');
}

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/;

function placeOf(cursor: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const [createdAt, generationId] = place as readonly unknown[];
    const isPlace =
      typeof createdAt === 'string' && TIME.test(createdAt) && !Number.isNaN(Date.parse(createdAt));
    if (isPlace && typeof generationId === 'string' && !generationId.includes('\0')) {
      return { createdAt, generationId };
    }
  } catch {
    // The same as a place that is none.
  }
  throw new Problem({
    status: 400,
    code: 'WAYBILL_PAGE_INVALID',
    title: 'The page is not valid',
    detail: 'Give `cursor` as it stood in `nextCursor`, unchanged, or leave it out.',
  });
}
