/**
 * DynamoDB: tables, items, expressions, transactions, time to live, and streams (in `streams/`), in this process.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
 */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import { AwsError } from '../errors.ts';
import { requiredPermissions } from './authorization.ts';
import { batchGetItem, batchWriteItem } from './batch.ts';
import { createConsumption, type Consumption } from './capacity.ts';
import { DYNAMODB_NAMESPACE } from './errors.ts';
import type { Input } from './input.ts';
import type { Item } from './model.ts';
import { getItem, query, scan } from './reads.ts';
import { createTableActions } from './table-actions.ts';
import { createTables, tableNameOf } from './tables.ts';
import { createTransactions } from './transactions.ts';
import type { ReplicatedWrite } from './replication.ts';
import type { TableSettings } from './table.ts';
import { readItem } from './values.ts';
import { readWrite, runWrite } from './writes.ts';

export type { AttributeValue, Item } from './model.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly dynamodb: DynamoDbService;
  }
}

/** A table as {@link DynamoDbService.table} shows it. */
export interface TableView {
  readonly arn: string;
  readonly itemCount: number;
  readonly bytes: number;
  /** The stream that is on now. */
  readonly streamArn: string | undefined;
}

/** The in-process face of DynamoDB. Tables are named by name or ARN; an unknown one is `ResourceNotFoundException`. */
export interface DynamoDbService extends AwsService {
  readonly name: 'dynamodb';
  tableNames(): readonly string[];
  table(tableName: string): TableView;
  /** All items in the order of a scan. Costs nothing and counts as no read. */
  items(tableName: string): readonly Item[];
  /** The item under a key, as it is now. */
  item(tableName: string, key: Item): Item | undefined;
  /** Puts an item without a condition, as PutItem does: checks, indexes, stream and time to live included. */
  put(tableName: string, item: Item): void;
  /** Takes a write of another region. */
  replicate(write: ReplicatedWrite): void;
  /** Makes the replica of a table of another region; `replicas` are the regions of all others. */
  createReplica(settings: TableSettings, replicas: readonly string[]): void;
}

type DataAction = (input: Input, consumption: Consumption) => unknown;

/** DynamoDB without tables. Needs `dynamodbstreams` in the same context once a table has a stream. */
export function createDynamoDbService(context: AwsContext): DynamoDbService {
  const tables = createTables(context);
  const tableActions = createTableActions(context, tables);
  const transactions = createTransactions(context, tables);
  const dataActions: Readonly<Record<string, DataAction>> = {
    PutItem: (input, consumption) => runWrite(tables, 'Put', input, consumption),
    UpdateItem: (input, consumption) => runWrite(tables, 'Update', input, consumption),
    DeleteItem: (input, consumption) => runWrite(tables, 'Delete', input, consumption),
    GetItem: (input, consumption) => getItem(tables, input, consumption),
    Query: (input, consumption) => query(tables, input, consumption),
    Scan: (input, consumption) => scan(tables, input, consumption),
    BatchGetItem: (input, consumption) => batchGetItem(context, tables, input, consumption),
    BatchWriteItem: (input, consumption) => batchWriteItem(context, tables, input, consumption),
    TransactWriteItems: (input, consumption) => transactions.write(input, consumption),
    TransactGetItems: (input, consumption) => transactions.get(input, consumption),
  };

  const runData = (action: string, run: DataAction, input: Input): unknown => {
    const consumption = createConsumption();
    const started = performance.now();
    try {
      const output = run(input, consumption);
      publishSuccess(context, action, input, output, performance.now() - started);
      return output;
    } catch (error) {
      if (error instanceof AwsError) publishFailure(context, input, error);
      throw error;
    } finally {
      consumption.publish(context);
    }
  };

  return {
    name: 'dynamodb',
    protocols: {
      json: {
        version: '1.0',
        targetPrefix: 'DynamoDB_20120810',
        errorNamespace: DYNAMODB_NAMESPACE,
        checksum: true,
      },
    },
    async handle(action, input) {
      const data = Object.hasOwn(dataActions, action) ? dataActions[action] : undefined;
      if (data) return runData(action, data, input);
      return actionNamed(tableActions, 'DynamoDB', action)(input) ?? {};
    },
    authorization: (action, input) => requiredPermissions(context, tables, action, input),
    replicate: (write) => tables.replicate(write),
    createReplica(settings, replicas) {
      const { stream, latestStream: _latest, ...rest } = settings;
      const arn = settings.arn.replace(/:dynamodb:[^:]*:/, `:dynamodb:${context.region}:`);
      const known = tables.find(settings.name);
      if (known) return tables.change(known, { replicas });
      const table = tables.create({ ...rest, arn, replicas });
      if (stream) tables.setStream(table, stream.viewType);
    },
    tableNames: () => tables.all().map(({ settings }) => settings.name),
    table(tableName) {
      const { settings, items } = tables.described(tableName);
      return {
        arn: settings.arn,
        itemCount: items.count(),
        bytes: items.bytes(),
        streamArn: settings.stream?.arn,
      };
    },
    items: (tableName) => [...tables.existing(tableName).items.entries().all()].map(({ item }) => item),
    item: (tableName, key) => tables.existing(tableName).items.get(readItem(key))?.item,
    put(tableName, item) {
      const write = readWrite(tables, 'Put', { TableName: tableName, Item: item });
      tables.write(write.table, write.key, write.after(undefined));
    },
    close: () => tables.close(),
  };
}

const NAMESPACE = 'AWS/DynamoDB';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html */
function publishSuccess(
  context: AwsContext,
  action: string,
  input: Input,
  output: unknown,
  milliseconds: number,
): void {
  for (const tableName of tableNamesIn(input)) {
    const dimensions = { TableName: tableName, Operation: action };
    context.metrics.put({
      namespace: NAMESPACE,
      name: 'SuccessfulRequestLatency',
      dimensions,
      value: milliseconds,
      unit: 'Milliseconds',
    });
    if (action !== 'Query' && action !== 'Scan') continue;
    const { Count: value } = output as { readonly Count: number };
    context.metrics.put({ namespace: NAMESPACE, name: 'ReturnedItemCount', dimensions, value });
  }
}

function publishFailure(context: AwsContext, input: Input, error: AwsError): void {
  const failedConditions =
    error.code === 'ConditionalCheckFailedException'
      ? 1
      : ((error.fields['CancellationReasons'] ?? []) as readonly { readonly Code: string }[]).filter(
          ({ Code }) => Code === 'ConditionalCheckFailed',
        ).length;
  const [tableName] = tableNamesIn(input);
  if (failedConditions > 0 && tableName !== undefined) {
    context.metrics.put({
      namespace: NAMESPACE,
      name: 'ConditionalCheckFailedRequests',
      dimensions: { TableName: tableName },
      value: failedConditions,
    });
  }
  if (error.senderFault && error.code !== 'ConditionalCheckFailedException') {
    context.metrics.put({ namespace: NAMESPACE, name: 'UserErrors', dimensions: {}, value: 1 });
  }
}

/** The tables that a request on items names, each once. */
function tableNamesIn(input: Input): readonly string[] {
  const { TableName: one, RequestItems: batch, TransactItems: actions } = input;
  const references =
    typeof one === 'string'
      ? [one]
      : typeof batch === 'object' && batch !== null
        ? Object.keys(batch)
        : Array.isArray(actions)
          ? (actions as Readonly<Record<string, Input>>[]).flatMap((action) =>
              Object.values(action ?? {}).map((part) => part?.['TableName']),
            )
          : [];
  const names = references.flatMap((name) => (typeof name === 'string' && name !== '' ? [name] : []));
  return [...new Set(names)].map((name) => (name.startsWith('arn:') ? tableNameOf(name) : name));
}
