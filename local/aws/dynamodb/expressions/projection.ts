/**
 * ProjectionExpression: a list of document paths.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html
 */
import { pathClash, type Path } from './path.ts';
import { createReader } from './reader.ts';
import type { Scope } from './scope.ts';

const RANKS = { reserved: 0, name: 1, value: 1, clash: 2 };

/** Throws an ExpressionError. */
export function parseProjection(expression: string, scope: Scope): readonly Path[] {
  const reader = createReader(expression, scope, RANKS);
  const paths: Path[] = [];
  do {
    const path = reader.path();
    for (const other of paths) {
      const clash = pathClash(other, path);
      if (clash !== undefined) reader.report(RANKS.clash, clash);
    }
    paths.push(path);
  } while (reader.takes(','));
  if (reader.peek().kind !== 'end') throw reader.unexpected();
  reader.finish();
  return paths;
}
