/** What has to be the case before a consumer moves. */
import type { Queryable } from '../postgres/query.ts';
import type { MoveObstacle, MoveOptions } from './types.ts';

export function moveObstacles(
  _queryable: Queryable,
  _options: MoveOptions,
): Promise<readonly MoveObstacle[]> {
  return Promise.resolve([]);
}
