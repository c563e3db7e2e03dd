/** DynamoDB on demand: the calls that messages and requests make. What a table holds, and its backups, are not known. */
import type { Resource } from '../../assembly/index.ts';
import { listAt } from '../context.ts';
import type { EstimateContext } from '../context.ts';
import { MONTH_SECONDS } from '../load.ts';
import { requestsTo } from '../requests.ts';
import { linesOf, MILLION } from './lines.ts';
import type { CostLine } from './lines.ts';

const READS: ReadonlySet<string> = new Set(['BatchGetItem', 'GetItem', 'Query', 'Scan']);
const WRITES: ReadonlySet<string> = new Set(['BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem']);

/**
 * Each message and request is taken to make every call once that its function may make, of one unit each: an item of up
 * to 1 KB written, up to 4 KB read. A write is paid again for each index. Transactions, which cost twice as much, larger
 * items and calls that are repeated come on top; functions that nothing is known of, such as those that a schedule
 * invokes or that answer a WebSocket, are left out.
 */
export function dynamoDbCost(context: EstimateContext): readonly CostLine[] {
  const { assembly, topology, average, nodeIdOf, resourceOf } = context;
  const requests = requestsTo(context, average);
  return assembly.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').flatMap((table) => {
    if (table.properties['BillingMode'] !== 'PAY_PER_REQUEST') return [];
    const id = nodeIdOf(table);
    let read = 0;
    let written = 0;
    for (const edge of topology.edges) {
      if (edge.kind !== 'accesses' || edge.to !== id) continue;
      const fn = resourceOf(edge.from);
      const perSecond = average.into(edge.from).perSecond + (fn === undefined ? 0 : (requests.get(fn) ?? 0));
      const count = (calls: ReadonlySet<string>): number =>
        edge.actions.filter((action) => calls.has(action)).length;
      read += perSecond * (count(READS) + (edge.indexes?.length ?? 0));
      written += perSecond * count(WRITES);
    }
    const millions = (perSecond: number): number => (perSecond * MONTH_SECONDS) / MILLION;
    return linesOf(context, table, [
      { service: 'DynamoDB', item: 'reads', priceItem: 'dynamoDbReads', idle: 0, load: millions(read) },
      {
        service: 'DynamoDB',
        item: 'writes',
        priceItem: 'dynamoDbWrites',
        idle: 0,
        load: millions(written * (1 + indexesOf(table))),
      },
    ]);
  });
}

function indexesOf({ properties }: Resource): number {
  return listAt(properties, 'GlobalSecondaryIndexes').length;
}
