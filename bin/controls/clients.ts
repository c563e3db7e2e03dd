/** The AWS clients of `waybill controls`: with the operator's own credentials, profiles and SSO included. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { DynamoDbClient } from '../../lambda/runtime/aws/dynamodb.ts';
import { CommandError } from '../command-error.ts';
import { systemClock } from '../../lambda/runtime/clock.ts';
import type { Clock } from '../../lambda/runtime/clock.ts';

export interface Operator {
  readonly table: DynamoDbClient;
  readonly sqs: Pick<SQSClient, 'send'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly clock: Clock;
  /** Who acts, for the audit. */
  readonly who: string;
}

/**
 * AWS_ENDPOINT_URL leads all of them to the embedded AWS.
 * @throws CommandError without a Region or without credentials
 */
export async function lambdaClient(): Promise<LambdaClient> {
  const { LambdaClient: Client } = await import('@aws-sdk/client-lambda');
  const client = new Client({});
  try {
    await client.config.region();
    await client.config.credentials();
  } catch (cause) {
    throw new CommandError('WAYBILL_OPERATOR_UNKNOWN', 'the AWS SDK found no Region, or no credentials', {
      cause,
      fix:
        'set AWS_REGION, and AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; ' +
        'for a local run us-east-1 and any text as both keys',
    });
  }
  return client;
}

/** The calls that the runtime signs by hand, by the SDK's client. */
export async function tableClient(tableName: string): Promise<DynamoDbClient> {
  const api = await import('@aws-sdk/client-dynamodb');
  const client = new api.DynamoDBClient({});
  return {
    async call(action, input) {
      const request = { TableName: tableName, ...input } as never;
      const command = {
        DeleteItem: () => client.send(new api.DeleteItemCommand(request)),
        GetItem: () => client.send(new api.GetItemCommand(request)),
        PutItem: () => client.send(new api.PutItemCommand(request)),
        Query: () => client.send(new api.QueryCommand(request)),
        TransactWriteItems: () => client.send(new api.TransactWriteItemsCommand(input as never)),
        UpdateItem: () => client.send(new api.UpdateItemCommand(request)),
      }[action];
      // The runtime reads the text, number and boolean attributes that it has written.
      return (await command()) as unknown as Awaited<ReturnType<DynamoDbClient['call']>>;
    },
  };
}

export async function operatorOf(tableName: string, lambda: LambdaClient): Promise<Operator> {
  const [{ SQSClient: Sqs }, table, who] = await Promise.all([
    import('@aws-sdk/client-sqs'),
    tableClient(tableName),
    callerName(),
  ]);
  return { table, sqs: new Sqs({}), lambda, clock: systemClock, who };
}

/** The ARN that AWS sees; else the name on this machine. */
async function callerName(): Promise<string> {
  try {
    const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
    const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
    if (Arn !== undefined) return Arn;
  } catch {
    // Without the package or the right, the name below has to do.
  }
  return process.env['USER'] ?? 'unknown';
}
