/** The settings of a mapping of an Amazon MQ broker, and what its poller needs of the broker and the secret. */
import type { AwsContext, Caller } from '../context.ts';
import { call } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';

/** The members of `CreateEventSourceMapping` for a broker. */
export interface RabbitmqMappingInput {
  readonly Queues?: readonly string[] | undefined;
  readonly FunctionResponseTypes?: readonly string[] | undefined;
  readonly SourceAccessConfigurations?:
    | readonly { readonly Type?: string | undefined; readonly URI?: string | undefined }[]
    | undefined;
}

export interface RabbitmqSettings {
  readonly queue: string;
  readonly virtualHost: string;
  readonly secretArn: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-mq-params.html */
export function rabbitmqSettings(input: RabbitmqMappingInput): RabbitmqSettings {
  const [queue] = input.Queues ?? [];
  if (queue === undefined || input.Queues?.length !== 1) {
    throw invalid('Exactly one queue is required for an Amazon MQ event source.');
  }
  if (input.FunctionResponseTypes?.length) {
    throw invalid('Unsupported FunctionResponseTypes for given event source mapping type.');
  }
  const configurations = input.SourceAccessConfigurations ?? [];
  const uriOf = (type: string): string | undefined => configurations.find(({ Type }) => Type === type)?.URI;
  const secretArn = uriOf('BASIC_AUTH');
  if (secretArn === undefined) {
    throw invalid('SourceAccessConfigurations must hold BASIC_AUTH for an Amazon MQ event source.');
  }
  const other = configurations.find(({ Type }) => Type !== 'BASIC_AUTH' && Type !== 'VIRTUAL_HOST');
  if (other !== undefined) {
    throw invalid(`SourceAccessConfigurations of type ${other.Type} is not supported for this event source.`);
  }
  return { queue, virtualHost: uriOf('VIRTUAL_HOST') ?? '/', secretArn };
}

/** @throws AwsError when the role may not describe the broker or read the secret, or either is not there */
export async function rabbitmqAddress(
  context: AwsContext,
  brokerArn: string,
  { secretArn }: RabbitmqSettings,
  caller: Caller,
): Promise<{ readonly endpoint: string; readonly username: string; readonly password: string }> {
  await call(context, 'mq', 'DescribeBroker', { brokerId: brokerArn }, caller);
  const answer = await call(context, 'secretsmanager', 'GetSecretValue', { SecretId: secretArn }, caller);
  const { SecretString: text = '' } = answer as { readonly SecretString?: string };
  let secret: unknown;
  try {
    secret = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which is a secret.
  }
  const { username, password } = Object(secret) as {
    readonly username?: unknown;
    readonly password?: unknown;
  };
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw invalid(`The secret ${secretArn} must be JSON with username and password.`);
  }
  return { endpoint: await context.services.get('mq').endpoint(brokerArn), username, password };
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
