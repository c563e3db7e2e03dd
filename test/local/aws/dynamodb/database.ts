/** DynamoDB without HTTP, on a clock that tests move. */
import {
  callService,
  createAwsContext,
  manualClock,
  rootCaller,
  type AwsContext,
  type AwsContextOptions,
  type ManualClock,
} from '../../../../local/aws/index.ts';
import {
  createDynamoDbService,
  type DynamoDbService,
  type Item,
} from '../../../../local/aws/dynamodb/index.ts';
import {
  createDynamoDbStreamsService,
  type DynamoDbStreamsService,
} from '../../../../local/aws/dynamodb/streams/index.ts';

export type Json = Record<string, unknown>;

export interface Database {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly dynamodb: DynamoDbService;
  readonly streams: DynamoDbStreamsService;
  call(action: string, input: Json): Promise<Json>;
  stream(action: string, input: Json): Promise<Json>;
  /** `Code: message` of the refusal; fails when there is none. */
  refusal(action: string, input: Json): Promise<string>;
  /** A table `orders` with partition key `pk` (S) and, when wanted, sort key `sk` (N). */
  table(more?: Json, sorted?: boolean): Promise<void>;
}

export function database(options: AwsContextOptions = {}, clock: ManualClock = manualClock()): Database {
  const context = createAwsContext({ clock, ...options });
  const streams = createDynamoDbStreamsService(context);
  context.services.register(streams);
  const dynamodb = createDynamoDbService(context);
  context.services.register(dynamodb);
  const caller = rootCaller(context);
  const call = async (action: string, input: Json) =>
    (await callService(context, dynamodb, action, input, caller)) as Json;
  return {
    context,
    clock,
    dynamodb,
    streams,
    call,
    stream: async (action, input) => (await callService(context, streams, action, input, caller)) as Json,
    async refusal(action, input) {
      try {
        await call(action, input);
      } catch (error) {
        return `${(error as { code: string }).code}: ${(error as Error).message}`;
      }
      throw new Error(`${action} was not refused`);
    },
    async table(more = {}, sorted = false) {
      const definitions = [{ AttributeName: 'pk', AttributeType: 'S' }];
      const keys = [{ AttributeName: 'pk', KeyType: 'HASH' }];
      if (sorted) {
        definitions.push({ AttributeName: 'sk', AttributeType: 'N' });
        keys.push({ AttributeName: 'sk', KeyType: 'RANGE' });
      }
      await call('CreateTable', {
        TableName: 'orders',
        AttributeDefinitions: definitions,
        KeySchema: keys,
        BillingMode: 'PAY_PER_REQUEST',
        ...more,
      });
    },
  };
}

/** Puts items into `orders`. */
export async function put({ call }: Database, ...items: readonly Item[]): Promise<void> {
  for (const Item of items) await call('PutItem', { TableName: 'orders', Item });
}
