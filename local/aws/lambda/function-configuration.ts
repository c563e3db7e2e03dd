/** What a function is: its code, its settings and the limits AWS sets to them. */
import type { AccessKey } from '../credentials.ts';
import { AwsError } from '../errors.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const TIMEOUT_SECONDS = { minimum: 1, maximum: 900, default: 3 };
const MEMORY_MEGABYTES = { minimum: 128, maximum: 10_240, default: 128 };
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: all environment variables together. */
const ENVIRONMENT_BYTES = 4096;

export interface FunctionConfiguration {
  readonly functionName: string;
  readonly functionArn: string;
  /** `nodejs24.x`. Only Node.js functions can run here. */
  readonly runtime: string;
  /** `index.handler`: file without its ending, then the exported name. */
  readonly handler: string;
  /** The directory that AWS would mount as `/var/task`. */
  readonly codeDirectory: string;
  readonly roleArn: string;
  readonly description: string;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logGroupName: string;
  readonly logFormat: 'Text' | 'JSON';
  /** JSON format only: lines below this level are not written. */
  readonly applicationLogLevel: string;
  readonly systemLogLevel: string;
  /** What it was made from, for updates and for the state directory. */
  readonly props: FunctionProps;
  /** Undefined: the function shares the account's unreserved concurrency. 0: it never runs. */
  readonly reservedConcurrency: number | undefined;
  /** Where events go that an asynchronous invocation could not deliver (`DeadLetterConfig.TargetArn`). */
  readonly deadLetterTargetArn: string | undefined;
}

/** The settings of `CreateFunction` that this Lambda honours; absent ones take AWS's defaults. */
export interface FunctionProps {
  readonly functionName: string;
  readonly runtime?: string;
  readonly handler: string;
  readonly codeDirectory: string;
  readonly roleArn?: string;
  readonly description?: string;
  readonly timeoutSeconds?: number;
  readonly memoryMegabytes?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly logGroupName?: string;
  /** `Text` when absent. */
  readonly logFormat?: 'Text' | 'JSON';
  /** `INFO` when absent. */
  readonly applicationLogLevel?: string;
  readonly systemLogLevel?: string;
  /** Base64 SHA-256 of an uploaded archive. */
  readonly codeSha256?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
  readonly deadLetterTargetArn?: string;
}

/** The full configuration, every limit checked. */
export function configureFunction(
  props: FunctionProps,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): FunctionConfiguration {
  const { functionName, environment = {}, runtime = 'nodejs24.x' } = props;
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(functionName)) {
    throw invalid(
      `Value '${functionName}' at 'functionName' must have 1 to 64 letters, digits, hyphens or underscores`,
    );
  }
  if (!runtime.startsWith('nodejs')) {
    throw invalid(`The runtime ${runtime} of ${functionName} cannot run here: only Node.js functions can`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(environment));
  if (bytes > ENVIRONMENT_BYTES) {
    throw invalid(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit: ${functionName} has ${bytes} bytes`,
    );
  }
  return {
    functionName,
    functionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    runtime,
    handler: props.handler,
    codeDirectory: props.codeDirectory,
    roleArn: props.roleArn ?? `arn:aws:iam::${accountId}:role/${functionName}`,
    description: props.description ?? '',
    timeoutSeconds: within('timeout', props.timeoutSeconds, TIMEOUT_SECONDS),
    memoryMegabytes: within('memorySize', props.memoryMegabytes, MEMORY_MEGABYTES),
    environment,
    logGroupName: props.logGroupName ?? `/aws/lambda/${functionName}`,
    logFormat: props.logFormat ?? 'Text',
    applicationLogLevel: props.applicationLogLevel ?? 'INFO',
    systemLogLevel: props.systemLogLevel ?? 'INFO',
    props,
    reservedConcurrency: props.reservedConcurrency,
    // An empty ARN takes the queue away, as in UpdateFunctionConfiguration.
    deadLetterTargetArn: props.deadLetterTargetArn || undefined,
  };
}

/** The environment of a running instance, as the Lambda runtime documents it, pointed at the local endpoint. */
export function instanceEnvironment(
  configuration: FunctionConfiguration,
  place: {
    readonly region: string;
    readonly endpointUrl: string;
    readonly instanceId: string;
    readonly credentials: AccessKey;
  },
): Record<string, string> {
  const { functionName, memoryMegabytes } = configuration;
  return {
    // The endpoint knows the role by the access key.
    AWS_ACCESS_KEY_ID: place.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: place.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: place.credentials.sessionToken,
    AWS_ENDPOINT_URL: place.endpointUrl,
    ...configuration.environment,
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${configuration.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMegabytes),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: configuration.logGroupName,
    AWS_LAMBDA_LOG_FORMAT: configuration.logFormat,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName(place.instanceId),
    LAMBDA_TASK_ROOT: configuration.codeDirectory,
    _HANDLER: configuration.handler,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
  };
}

export function logStreamName(instanceId: string): string {
  return `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${instanceId}`;
}

function within(
  name: string,
  value: number | undefined,
  range: { readonly minimum: number; readonly maximum: number; readonly default: number },
): number {
  if (value === undefined) return range.default;
  if (!Number.isInteger(value) || value < range.minimum || value > range.maximum) {
    throw invalid(
      `Value '${value}' at '${name}' must be a whole number from ${range.minimum} to ${range.maximum}`,
    );
  }
  return value;
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidParameterValueException', message);
}
