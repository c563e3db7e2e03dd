/** A table per behaviour, and shorthands for calls on it. */
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
  type AttributeValue,
  type CreateTableCommandInput,
  type DeleteItemCommandInput,
  type GetItemCommandInput,
  type PutItemCommandInput,
  type QueryCommandInput,
  type ScanCommandInput,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { Conformance } from '../harness.ts';

export const api = (action: string) =>
  `https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_${action}.html`;
export const guide = (page: string) =>
  `https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/${page}.html`;

export const VALIDATION = 'ValidationException';
export const CONDITION_FAILED = 'ConditionalCheckFailedException';

export type Item = Record<string, AttributeValue>;
type Without<Input> = Omit<Input, 'TableName'>;

export interface TestTable {
  readonly name: string;
  readonly client: DynamoDBClient;
  put(item: Item, more?: Partial<PutItemCommandInput>): Promise<Item | undefined>;
  get(key: Item, more?: Partial<GetItemCommandInput>): Promise<Item | undefined>;
  update(key: Item, expression: string, more?: Partial<UpdateItemCommandInput>): Promise<Item | undefined>;
  delete(key: Item, more?: Partial<DeleteItemCommandInput>): Promise<Item | undefined>;
  query(input: Without<QueryCommandInput>): Promise<Page>;
  scan(input?: Without<ScanCommandInput>): Promise<Page>;
}

export interface Page {
  readonly items: readonly Item[];
  readonly count: number;
  readonly scanned: number;
  readonly last: Item | undefined;
}

/** The key of an item: `pk` is text, `sk` a number. */
export const key = (pk: string, sk?: number): Item => ({
  pk: { S: pk },
  ...(sk !== undefined && { sk: { N: String(sk) } }),
});

export const n = (value: number | string): AttributeValue => ({ N: String(value) });
export const s = (value: string): AttributeValue => ({ S: value });

/** The sort keys of a page. */
export const sorts = ({ items }: Page) => items.map(({ sk }) => Number(sk?.N));

/** A table with partition key `pk` and, when wanted, sort key `sk`. Deleted afterwards. */
export async function table(
  aws: Conformance,
  sorted = false,
  more: Partial<CreateTableCommandInput> = {},
): Promise<TestTable> {
  const client = aws.client(DynamoDBClient);
  const TableName = aws.uniqueName('table');
  aws.cleanup(() => client.send(new DeleteTableCommand({ TableName })));
  await client.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        ...(sorted ? [{ AttributeName: 'sk', AttributeType: 'N' } as const] : []),
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        ...(sorted ? [{ AttributeName: 'sk', KeyType: 'RANGE' } as const] : []),
      ],
      BillingMode: 'PAY_PER_REQUEST',
      ...more,
    }),
  );
  await active(aws, TableName);
  const page = (answer: {
    Items?: Item[] | undefined;
    Count?: number | undefined;
    ScannedCount?: number | undefined;
    LastEvaluatedKey?: Item | undefined;
  }): Page => ({
    items: answer.Items ?? [],
    count: answer.Count ?? 0,
    scanned: answer.ScannedCount ?? 0,
    last: answer.LastEvaluatedKey,
  });
  return {
    name: TableName,
    client,
    async put(Item, input = {}) {
      return (await client.send(new PutItemCommand({ TableName, Item, ...input }))).Attributes;
    },
    async get(Key, input = {}) {
      return (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true, ...input }))).Item;
    },
    async update(Key, UpdateExpression, input = {}) {
      const command = new UpdateItemCommand({ TableName, Key, UpdateExpression, ...input });
      return (await client.send(command)).Attributes;
    },
    async delete(Key, input = {}) {
      return (await client.send(new DeleteItemCommand({ TableName, Key, ...input }))).Attributes;
    },
    query: async (input) => page(await client.send(new QueryCommand({ TableName, ...input }))),
    scan: async (input = {}) => page(await client.send(new ScanCommand({ TableName, ...input }))),
  };
}

/** Waits until the table and its indexes are there. */
export async function active(aws: Conformance, TableName: string): Promise<void> {
  const client = aws.client(DynamoDBClient);
  await aws.eventually(async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const statuses = [
      Table?.TableStatus,
      ...(Table?.GlobalSecondaryIndexes ?? []).map(({ IndexStatus }) => IndexStatus),
    ];
    if (statuses.some((status) => status !== 'ACTIVE'))
      throw new Error(`${TableName} is ${statuses.join(', ')}`);
  }, 55);
}
